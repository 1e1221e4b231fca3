/**
 * The consent source `manual`: the shop calls `couture('consent', {analytics, identity, marketing, policy})` on every
 * page on which a choice stands, and on every change of it.
 *
 * Each call is the whole choice. A purpose that is left out is unknown, which is no: were it to mean "as before", the
 * same call would mean one thing on this page and another on the next. `analytics` is required, because leaving it out
 * would be a withdrawal, and that cannot be undone.
 */
import type { Choice } from './gate.ts'

/** The choice; throws a sentence that says what it must be. */
export function readChoice(input: unknown): Choice {
  const { analytics, identity, marketing, policy } = Object(input)
  const right =
    typeof analytics === 'boolean' &&
    /undefined|boolean/.test(typeof identity) &&
    /undefined|boolean/.test(typeof marketing) &&
    /undefined|string/.test(typeof policy)
  if (!right) throw Error("'consent' must be given {analytics, identity, marketing} as true or false, policy as text")
  return { analytics, identity, marketing, policy }
}
