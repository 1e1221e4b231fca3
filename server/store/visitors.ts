/** Reads of visitors and their browsers. */
import type { Kysely } from 'kysely'
import { ofKeys } from './engine/many.ts'
import type { Database } from './schema.ts'
import { findTombstones } from './tombstones.ts'

/** Whether anything of a visitor has landed, or it has withdrawn; `tombstone` is its keyed hash. */
export async function isKnownVisitor(db: Kysely<Database>, visitorId: string, tombstone: string): Promise<boolean> {
  const row = await db
    .selectFrom('consents')
    .select('id')
    .where('visitor_id', '=', visitorId)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined || (await findTombstones(db, [tombstone])).size > 0
}

/** Visitors with what is known about their browsers. */
export async function describeVisitors(db: Kysely<Database>, visitorIds: string[]) {
  if (visitorIds.length === 0) return []
  return db
    .selectFrom('visitors')
    .leftJoin('devices', 'devices.visitor_id', 'visitors.visitor_id')
    .select([
      'visitors.visitor_id',
      'visitors.site_id',
      'visitors.first_seen',
      'visitors.last_seen',
      'visitors.events',
      'visitors.shared',
      'visitors.overactive',
      'visitors.identity',
      'visitors.marketing',
      'devices.device',
      'devices.browser',
      'devices.os',
    ])
    .where('visitors.visitor_id', 'in', visitorIds)
    .orderBy('visitors.first_seen')
    .execute()
}

/** The ids of the visitors in a state, in order, after `after` and at most `limit`. */
export async function listVisitors(
  db: Kysely<Database>,
  state: 'overactive' | 'shared',
  after: string,
  limit: number,
): Promise<string[]> {
  const rows = await db
    .selectFrom('visitors')
    .select('visitor_id')
    // A literal, so that the planner can use the partial index.
    .where((eb) => eb(state, '=', eb.lit(1)))
    .where('visitor_id', '>', after)
    .orderBy('visitor_id')
    .limit(limit)
    .execute()
  return rows.map((row) => row.visitor_id)
}

/** A page of the visitors in a state, in order of their ids. `next` is the id after which the next begins. */
export async function visitorPage(
  db: Kysely<Database>,
  state: 'overactive' | 'shared',
  after: string,
  limit: number,
): Promise<{ visitors: Awaited<ReturnType<typeof describeVisitors>>; next: string | null }> {
  const ids = await listVisitors(db, state, after, limit + 1)
  const page = ids.slice(0, limit)
  const rows = new Map((await describeVisitors(db, page)).map((row) => [row.visitor_id, row]))
  const next = ids.length > limit ? (page.at(-1) ?? null) : null
  return { visitors: page.flatMap((id) => rows.get(id) ?? []), next }
}

const selectSizes = ofKeys((db, visitorIds) =>
  db.selectFrom('visitors').select(['visitor_id', 'events']).where('visitor_id', 'in', visitorIds),
)

/** How many events visitors had when they were last derived; visitors that never were have no entry. */
export async function sizesOf(db: Kysely<Database>, visitorIds: string[]): Promise<Map<string, number>> {
  return new Map((await selectSizes(db, visitorIds)).map((row) => [row.visitor_id, row.events]))
}

/** Those of the given visitors that have been derived and are still there. */
export async function knownVisitors(db: Kysely<Database>, visitorIds: string[]): Promise<Set<string>> {
  return new Set((await selectSizes(db, visitorIds)).map((row) => row.visitor_id))
}
