/**
 * Dirty marks: which visitors, persons and contacts have to be derived or published again. Marking raises the mark's
 * generation, and a mark is removed only if its generation is still the one that was read, so that a change in between
 * is never lost.
 *
 * Within a transaction, marks are written in the order visitors, persons, contacts.
 */
import type { Kysely } from 'kysely'
import type { ContactId, PersonId, VisitorId } from '../../domain/ids.ts'
import { ofKeys, ofRows } from '../engine/many.ts'
import type { DirtyRow } from '../schema/work.ts'
import type { Database } from '../schema.ts'
import { bucketOf } from './buckets.ts'

type DirtyTable = 'dirty_visitors' | 'dirty_persons' | 'dirty_contacts'
/** The key type of each table. */
type KeyOf = { dirty_visitors: VisitorId; dirty_persons: PersonId; dirty_contacts: ContactId }
/** A mark and the generation at which it was read. */
export type Mark<Key extends string = string> = { key: Key; generation: number }

const raising = (table: DirtyTable) =>
  ofRows((db, rows: DirtyRow[]) =>
    db
      .insertInto(table)
      .values(rows)
      .onConflict((conflict) =>
        conflict
          .column('key')
          .doUpdateSet((eb) => ({ generation: eb(`${table}.generation`, '+', eb.ref('excluded.generation')) })),
      ),
  )
const raise = {
  dirty_visitors: raising('dirty_visitors'),
  dirty_persons: raising('dirty_persons'),
  dirty_contacts: raising('dirty_contacts'),
}

/** A rebuild's marks have this generation or a higher one; ordinary marks never reach it. */
export const REBUILD_GENERATION = 2 ** 40

/** Whether a rebuild has marked a key. */
export function isOfRebuild({ generation }: Mark): boolean {
  return generation >= REBUILD_GENERATION
}

/**
 * Marks keys, in key order so that concurrent writers do not deadlock. Keys in `ofRebuild` get a generation by which a
 * rebuild recognizes its marks.
 */
export async function mark<T extends DirtyTable>(
  db: Kysely<Database>,
  table: T,
  keys: Iterable<KeyOf[T]>,
  ofRebuild: ReadonlySet<string> = new Set(),
): Promise<void> {
  const sorted = [...new Set(keys)].sort()
  await raise[table](
    db,
    sorted.map((key) => ({ key, bucket: bucketOf(key), generation: ofRebuild.has(key) ? REBUILD_GENERATION : 1 })),
  )
}

/** Marks keys for a rebuild. */
export function markForRebuild<T extends 'dirty_visitors' | 'dirty_persons'>(
  db: Kysely<Database>,
  table: T,
  keys: KeyOf[T][],
): Promise<void> {
  return mark(db, table, keys, new Set(keys))
}

/** Reads up to `limit` marks in the given buckets (null: in all) whose keys sort after `after`. */
export async function readMarks<T extends DirtyTable>(
  db: Kysely<Database>,
  table: T,
  limit: number,
  { buckets = null, after = '' }: { buckets?: readonly number[] | null; after?: string } = {},
): Promise<Mark<KeyOf[T]>[]> {
  const rows = await db
    .selectFrom(table as DirtyTable)
    .select(['key', 'generation'])
    .where('key', '>', after)
    .$call((query) => (buckets === null ? query : query.where('bucket', 'in', buckets)))
    .orderBy('key')
    .limit(limit)
    .execute()
  return rows as Mark<KeyOf[T]>[]
}

/** Whether any key is marked. */
export async function hasMarks(db: Kysely<Database>, table: DirtyTable): Promise<boolean> {
  return (await db.selectFrom(table).select('key').limit(1).execute()).length > 0
}

const selecting = (table: DirtyTable) =>
  ofKeys((db, keys) => db.selectFrom(table).select('key').where('key', 'in', keys))
const selectMarked = {
  dirty_visitors: selecting('dirty_visitors'),
  dirty_persons: selecting('dirty_persons'),
  dirty_contacts: selecting('dirty_contacts'),
}

/** Which of these keys are marked. */
export async function markedAmong<T extends DirtyTable>(
  db: Kysely<Database>,
  table: T,
  keys: KeyOf[T][],
): Promise<Set<string>> {
  return new Set((await selectMarked[table](db, keys)).map((row) => row.key))
}

const clearing = (table: DirtyTable) => ({
  lockUnchanged: ofRows((db, rows: DirtyRow[]) =>
    db
      .insertInto(table)
      .values(rows)
      .onConflict((conflict) =>
        conflict
          .column('key')
          .doUpdateSet((eb) => ({ generation: eb.ref('excluded.generation') }))
          .whereRef(`${table}.generation`, '=', 'excluded.generation'),
      )
      .returning('key'),
  ),
  remove: ofKeys((db, keys) => db.deleteFrom(table).where('key', 'in', keys)),
})
const clear = {
  dirty_visitors: clearing('dirty_visitors'),
  dirty_persons: clearing('dirty_persons'),
  dirty_contacts: clearing('dirty_contacts'),
}

/**
 * Removes the marks whose generation has not changed since they were read. An upsert finds and locks them in key order,
 * as marking does; a plain delete would lock them in any order, and the two could deadlock.
 */
export async function clearMarks(db: Kysely<Database>, table: DirtyTable, marks: Mark[]): Promise<void> {
  const sorted = [...marks].sort((a, b) => (a.key < b.key ? -1 : 1))
  const unchanged = await clear[table].lockUnchanged(
    db,
    sorted.map(({ key, generation }) => ({ key, bucket: bucketOf(key), generation })),
  )
  await clear[table].remove(
    db,
    unchanged.map((row) => row.key),
  )
}
