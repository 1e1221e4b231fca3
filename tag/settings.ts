/**
 * What the server bakes into the tag for one site. The type is exported so that the server can `satisfies` it: a
 * setting that one side knows and the other does not must not compile. There are no values here.
 */

/** The JSON object that takes the place of `__COUTURE_SITE__` in the bundle. */
export type TagSettings = {
  site: string
  /** Who tells the tag about consent. `manual` is the shop's own `couture('consent', …)`. */
  consent_source: 'manual'
  /** Where a mail's link carries its token: `#cl` is the fragment, `clk` a query parameter. Letters, digits, `_`, `-`. */
  link_param: string
  /** Forms whose address is taken on submit. */
  form_selectors: string[]
  /** The pause that ends a session. The tag computes no sessions yet; later signals of engagement will. */
  session_minutes: number
  debug?: never
}
