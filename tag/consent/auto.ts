/**
 * Recognises the consent platform of the page, and reads the first that holds a choice. Platforms come before the frameworks
 * that they feed: some speak to TCF or Consent Mode too, and say less there.
 */
import { c15t } from './c15t.ts'
import { google } from './google.ts'
import { klaro } from './klaro.ts'
import { osano } from './osano.ts'
import type { Watch } from './source.ts'
import { tarteaucitron } from './tarteaucitron.ts'
import { tcf } from './tcf.ts'
import { vanilla } from './vanilla-cookieconsent.ts'
import { type Platforms, watchPlatforms } from './watch.ts'

/** The platforms that the tag can read. */
const PLATFORMS: Platforms = [
  ['klaro', klaro],
  ['tarteaucitron', tarteaucitron],
  ['vanilla-cookieconsent', vanilla],
  ['osano', osano],
  ['c15t', c15t],
  ['tcf', tcf],
  ['google', google],
]

/** Watches them all. */
export const watch: Watch = (tell, settings) => watchPlatforms(PLATFORMS, tell, settings)
