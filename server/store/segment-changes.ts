/** Reads the log of entries and exits, and deletes what is old from it; the publisher writes it (`membership-log`). */
import type { Kysely } from 'kysely'
import { transact } from './engine/transact.ts'
import { NOBODY, NOTICE_MS, newestChange } from './membership-log.ts'
import { readMeta, writeMeta } from './meta.ts'
import type { SegmentChangeRow } from './schema/feed.ts'
import type { Database } from './schema.ts'

/** For how long an exit stays in the log, and the entry that it ends. */
const KEPT_MS = 90 * 24 * 3600_000

/** The name under which `meta` keeps the newest `seq` of an exit that was deleted. */
const FORGOTTEN = 'segment_changes_forgotten'

/**
 * A reading of a segment's log: the changes after `from`, up to the newest one when it began. `position` is the last one
 * scanned. What is appended meanwhile belongs to the next reading.
 */
export type ChangesReading = { from: number; position: number; until: number }

/** Begins a reading after a `seq`. Returns null if exits after it have been deleted, so that a reader would miss them. */
export async function beginChanges(db: Kysely<Database>, from: number): Promise<ChangesReading | null> {
  if (from > 0 && from < Number((await readMeta(db, FORGOTTEN)) ?? 0)) return null
  return { from, position: from, until: Math.max(from, await newestChange(db)) }
}

/** The next changes of a reading, and the reading after them. `more`: more may follow. */
export async function readChanges(
  db: Kysely<Database>,
  segmentId: string,
  reading: ChangesReading,
  limit: number,
): Promise<{ changes: SegmentChangeRow[]; reading: ChangesReading; more: boolean }> {
  const { from, position, until } = reading
  const rows = await db
    .selectFrom('segment_changes')
    .selectAll()
    .where('segment_id', '=', segmentId)
    .where('seq', '>', position)
    .where('seq', '<=', until)
    .orderBy('seq')
    .limit(limit + 1)
    .execute()
  const page = rows.slice(0, limit)
  const more = rows.length > limit
  const last = page.at(-1)
  const next = more && last !== undefined ? last.seq : until
  // Of those who are no more, a reader learns the exit if it was told of the entry.
  const told = page.filter((row) => row.person_id !== NOBODY || (row.sealed !== null && from >= Number(row.entry_seq)))
  return { changes: told, reading: { from, position: next, until }, more }
}

/**
 * Deletes up to `limit` exits that are older than 90 days, each with the entry that it ends, and the persons of exits that
 * are no more for 30 days. Returns whether there may be more.
 */
export async function removeOldChanges(db: Kysely<Database>, now: number, limit: number): Promise<boolean> {
  const isOld = now - KEPT_MS
  return transact(db, async (trx) => {
    const told = await trx
      .selectFrom('segment_changes')
      .select('seq')
      .where('sealed', 'is not', null)
      .where('published_at', '<=', now - NOTICE_MS)
      .orderBy('seq')
      .limit(limit)
      .execute()
    for (const { seq } of told) {
      await trx.updateTable('segment_changes').set({ sealed: null }).where('seq', '=', seq).execute()
    }
    // The newest row stays, because the next one is numbered after it.
    const newest = await newestChange(trx)
    const exits = await trx
      .selectFrom('segment_changes')
      .select(['seq', 'segment_id', 'person_id'])
      .where('change', '=', 'left')
      .where('published_at', '<=', isOld)
      .where('seq', '<', newest)
      .orderBy('published_at')
      .limit(limit)
      .execute()
    for (const { seq, segment_id, person_id } of exits) {
      const upTo = trx.deleteFrom('segment_changes').where('seq', '<=', seq)
      if (person_id === NOBODY) await upTo.where('seq', '=', seq).execute()
      else await upTo.where('segment_id', '=', segment_id).where('person_id', '=', person_id).execute()
    }
    if (exits.length > 0) {
      const forgotten = Math.max(...exits.map((row) => row.seq), Number((await readMeta(trx, FORGOTTEN)) ?? 0))
      await writeMeta(trx, FORGOTTEN, String(forgotten))
    }
    return told.length === limit || exits.length === limit
  })
}
