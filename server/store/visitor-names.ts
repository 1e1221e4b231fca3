/**
 * How callers of the private routes and commands name a visitor: by its id, or by `s:` and its anonymous id in Segment's
 * API, which is all that a shop's server knows.
 */
import type { Kysely } from 'kysely'
import type { Database } from './schema.ts'
import { describeVisitors } from './visitors.ts'

/** The longest anonymous id that is looked up; with `s:` before it, it names a visitor. */
export const MAX_ANONYMOUS_ID = 1000

/** What is needed to look a visitor up: `anonymousVisitors` gives the ids that an anonymous id can stand for. */
export type VisitorLookup = { db: Kysely<Database>; anonymousVisitors: (anonymousId: string) => string[] }

/** The id of the visitor that a caller names; a name that no visitor has is returned as it is. */
export async function visitorNamed({ db, anonymousVisitors }: VisitorLookup, name: string): Promise<string> {
  const anonymousId = name.slice(2)
  if (!name.startsWith('s:') || anonymousId === '' || anonymousId.length > MAX_ANONYMOUS_ID) return name
  const known = await describeVisitors(db, anonymousVisitors(anonymousId))
  const ids = known.map((row) => row.visitor_id)
  return ids.includes(name) ? name : (ids[0] ?? name)
}
