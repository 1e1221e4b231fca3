/**
 * The consent source `manual`: the shop calls `couture('consent', {analytics, identity, marketing, policy})` on every
 * page while a choice stands, and whenever it changes.
 *
 * Each call is the complete choice. An omitted purpose is unknown, which means no: if it meant "as before", the same
 * call would mean different things on different pages. `analytics` is required, because omitting it would be a
 * withdrawal, which cannot be undone.
 */
import type { Watch } from './source.ts'

/** Waits for the page's calls. */
export const watch: Watch = (tell) => (given) => {
  const { analytics, identity, marketing, policy = '' } = Object(given)
  for (const each of [analytics, identity ?? true, marketing ?? true]) if (typeof each !== 'boolean') throw 'consent'
  if (typeof policy !== 'string') throw 'consent'
  tell({ analytics, identity, marketing, policy: policy || undefined }, 'manual')
}
