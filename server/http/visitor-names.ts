/**
 * How callers of the private routes name a visitor: by its id, or by `s:` and its anonymous id in Segment's API, which
 * is all that a shop's server knows.
 */
import { describeVisitors } from '../store/visitors.ts'
import type { HttpDeps } from './deps.ts'

/** The form of an anonymous id; with `s:` before it, it names a visitor. */
export const ANONYMOUS_ID = /^[A-Za-z0-9._-]{1,62}$/

/** The id of the visitor that a caller names; a name that no visitor has is returned as it is. */
export async function visitorNamed(deps: Pick<HttpDeps, 'db' | 'anonymousVisitors'>, name: string): Promise<string> {
  const anonymousId = name.slice(2)
  if (!name.startsWith('s:') || !ANONYMOUS_ID.test(anonymousId)) return name
  const known = await describeVisitors(deps.db, deps.anonymousVisitors(anonymousId))
  const ids = known.map((row) => row.visitor_id)
  return ids.includes(name) ? name : (ids[0] ?? name)
}
