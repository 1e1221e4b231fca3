/**
 * What the server bakes into the tag for one site. The server must bake exactly this type: a setting that
 * only one side knows does not compile. There are no values here.
 */
/** The JSON object that takes the place of `__COUTURE_SITE__` in the bundle. */
export type TagSettings = {
  site: string
  /** Where a mail link carries its token: `#cl` is the fragment, `clk` a query parameter. Letters, digits, `_`, `-`. */
  link_param: string
  /** Whether the tag runs in frames, too. */
  frames: boolean
  /** Forms whose address is read on submit. */
  form_selectors: string[]
  /** The purposes of each of the consent platform's categories, by their first letters: `,ads=m,allow=aim`. */
  consent_purposes?: string
  /** The name of the page's data layer, if the tag reads it. */
  datalayer?: string
}

/** What stands in a site's first stage. */
export type BakedSettings = TagSettings & {
  /** The file of the second stage, beside the first. */
  second: string
}
