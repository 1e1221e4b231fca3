/**
 * Fetches a further part of the tag: the second stage, once consent is granted, or what explains a page to whoever debugs
 * it. An import holds up no page that is still loading, is let through by a strict policy that trusts the first stage, and
 * fails where something else answers. Then it is asked for again, and what is held waits.
 */

import type { explain } from './debug.ts'
import { guard } from './guard.ts'
import type { StartSecond } from './seam.ts'

/** What the file of the second stage exports. */
export type Second = { startSecond: StartSecond }
/** What the file that explains exports. */
export type Debug = { explain: typeof explain }

/** `use` is called once. A browser may remember that an address failed, so that each attempt has its own. */
export function loadPart<Part>(src: string, use: (part: Part) => void, attempt = 0): void {
  import(attempt ? `${src}?${attempt}` : src).then(guard(use), () =>
    setTimeout(loadPart, 1000 * 2 ** attempt, src, use, attempt + 1),
  )
}
