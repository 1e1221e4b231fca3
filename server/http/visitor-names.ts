/**
 * How callers of the private routes name a visitor: by its id, or by `s:` and its anonymous id in Segment's API, which
 * is all that a shop's server knows.
 */
import { describeVisitors } from '../store/visitors.ts'
import type { HttpDeps } from './deps.ts'

/** The longest anonymous id that is looked up; with `s:` before it, it names a visitor. */
export const MAX_ANONYMOUS_ID = 1000

/** The id of the visitor that a caller names; a name that no visitor has is returned as it is. */
export async function visitorNamed(deps: Pick<HttpDeps, 'db' | 'anonymousVisitors'>, name: string): Promise<string> {
  const anonymousId = name.slice(2)
  if (!name.startsWith('s:') || anonymousId === '' || anonymousId.length > MAX_ANONYMOUS_ID) return name
  const known = await describeVisitors(deps.db, deps.anonymousVisitors(anonymousId))
  const ids = known.map((row) => row.visitor_id)
  return ids.includes(name) ? name : (ids[0] ?? name)
}
