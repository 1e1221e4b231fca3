/**
 * What a consent source is: a file beside this one, named after the value of the site's setting `consent_source`, that
 * exports `watch`. The bundler puts only the configured one into a site's tag (server/ops/bundle.ts).
 *
 * A source runs in the tag's first stage, before any consent: it must touch no storage and send nothing of its own. It
 * tells each complete choice as the visitor made it, and says nothing while there is none: "no word" is not a refusal,
 * and a refusal cannot be undone. Telling the same choice again is harmless.
 */
import type { BakedSettings } from '../settings.ts'
import type { ConsentSource } from '../wire.ts'
import type { Choice } from './gate.ts'

/**
 * Reports a choice, which takes effect at once: a source that hears of half states gathers them first. Without one, a choice
 * that stood is gone, as where a platform asks again: nothing is collected until it tells the next.
 */
export type Tell = (choice?: Choice, source?: ConsentSource) => void

/** Begins to watch. Where it returns a function, that is given the argument of the page's `couture('consent', …)`. */
export type Watch = (tell: Tell, settings: BakedSettings) => ((given: unknown) => void) | undefined
