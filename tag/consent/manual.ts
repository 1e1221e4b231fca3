/**
 * The consent source `manual`: the shop calls `couture('consent', {analytics, identity, marketing, policy})` on every
 * page while a choice stands, and whenever it changes.
 *
 * Each call is the complete choice. An omitted purpose is unknown, which means no: if it meant "as before", the same
 * call would mean different things on different pages. `analytics` is required, because omitting it would be a
 * withdrawal, which cannot be undone.
 */
import type { Choice } from './gate.ts'

/** Reads the choice. Throws a sentence that says what it must be. */
export function readChoice(input: unknown): Choice {
  const { analytics, identity, marketing, policy } = Object(input)
  const valid =
    typeof analytics === 'boolean' &&
    /undefined|boolean/.test(typeof identity) &&
    /undefined|boolean/.test(typeof marketing) &&
    /undefined|string/.test(typeof policy)
  if (!valid) throw Error("'consent' must be given {analytics, identity, marketing} as true or false, policy as text")
  return { analytics, identity, marketing, policy }
}
