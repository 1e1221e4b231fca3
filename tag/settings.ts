/**
 * What the server bakes into the tag for one site. The server must bake exactly this type: a setting that
 * only one side knows does not compile. There are no values here.
 */
import type { TagConsentSource } from './wire.ts'

/** The JSON object that takes the place of `__COUTURE_SITE__` in the bundle. */
export type TagSettings = {
  site: string
  /** Where the tag reads consent. `manual` is the shop's own `couture('consent', …)`. */
  consent_source: TagConsentSource
  /** Where a mail link carries its token: `#cl` is the fragment, `clk` a query parameter. Letters, digits, `_`, `-`. */
  link_param: string
  /** Whether the tag runs in frames, too. */
  frames: boolean
  /** Forms whose address is read on submit. */
  form_selectors: string[]
  /** The pause that ends a session. The tag does not compute sessions yet; engagement signals will need them. */
  session_minutes: number
}
