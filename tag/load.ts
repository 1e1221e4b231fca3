/**
 * Fetches the second stage, once consent is granted. An import holds up no page that is still loading, is let through by a
 * strict policy that trusts the first stage, and fails where something else answers. Then it is asked for again, and what
 * is held waits.
 */
import { guard } from './guard.ts'
import type { StartSecond } from './seam.ts'

/** What the file of the second stage exports. */
type Second = { startSecond: StartSecond }

/** `use` is called once. A browser may remember that an address failed, so that each attempt has its own. */
export function loadSecond(src: string, use: (start: StartSecond) => void, attempt = 0): void {
  import(attempt ? `${src}?${attempt}` : src).then(
    guard(({ startSecond }: Second) => use(startSecond)),
    () => setTimeout(loadSecond, 1000 * 2 ** attempt, src, use, attempt + 1),
  )
}
