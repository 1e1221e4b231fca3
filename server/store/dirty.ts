/**
 * Dirty marks: which visitors, persons and contacts have to be derived or told again. Marking moves the mark's
 * generation; whoever works on a key removes the mark only if the generation is still the one it read, so that a
 * change which comes in between is never lost.
 *
 * In one transaction the marks of visitors are touched before those of persons, and those before the ones of contacts.
 */
import type { Kysely } from 'kysely'
import { bucketOf } from './buckets.ts'
import { chunks } from './many.ts'
import type { Database } from './schema.ts'

type DirtyTable = 'dirty_visitors' | 'dirty_persons' | 'dirty_contacts'
/** A mark as it was read. */
export type Mark = { key: string; generation: number }

/** Marks keys, in the order of the keys so that concurrent writers do not lock each other out. */
export async function mark(db: Kysely<Database>, table: DirtyTable, keys: Iterable<string>): Promise<void> {
  const sorted = [...new Set(keys)].sort()
  for (const part of chunks(sorted, 500)) {
    await db
      .insertInto(table)
      .values(part.map((key) => ({ key, bucket: bucketOf(key), generation: 1 })))
      .onConflict((conflict) =>
        conflict.column('key').doUpdateSet((eb) => ({ generation: eb(`${table}.generation`, '+', 1) })),
      )
      .execute()
  }
}

/** Marks of a rebuild have this generation or a higher one; no other mark is moved so often. */
export const REBUILD_GENERATION = 2 ** 40

/** Marks keys for a rebuild, which knows its marks by their generation. */
export async function markForRebuild(
  db: Kysely<Database>,
  table: 'dirty_visitors' | 'dirty_persons',
  keys: Iterable<string>,
): Promise<void> {
  const sorted = [...new Set(keys)].sort()
  for (const part of chunks(sorted, 500)) {
    await db
      .insertInto(table)
      .values(part.map((key) => ({ key, bucket: bucketOf(key), generation: REBUILD_GENERATION })))
      .onConflict((conflict) =>
        conflict
          .column('key')
          .doUpdateSet((eb) => ({ generation: eb(`${table}.generation`, '+', REBUILD_GENERATION) })),
      )
      .execute()
  }
}

/** Reads up to `limit` marks of the given buckets (null: of all) whose keys come after `after`. */
export async function readMarks(
  db: Kysely<Database>,
  table: DirtyTable,
  limit: number,
  { buckets = null, after = '' }: { buckets?: readonly number[] | null; after?: string } = {},
): Promise<Mark[]> {
  return db
    .selectFrom(table)
    .select(['key', 'generation'])
    .where('key', '>', after)
    .$if(buckets !== null, (query) => query.where('bucket', 'in', buckets!))
    .orderBy('key')
    .limit(limit)
    .execute()
}

/** Which of these keys are marked. */
export async function markedAmong(db: Kysely<Database>, table: DirtyTable, keys: string[]): Promise<Set<string>> {
  const marked = new Set<string>()
  for (const part of chunks(keys, 500)) {
    const rows = await db.selectFrom(table).select('key').where('key', 'in', part).execute()
    for (const row of rows) marked.add(row.key)
  }
  return marked
}

/**
 * Removes the marks that did not move since they were read. An upsert finds and locks them in the order of their keys,
 * as those who mark do; a plain deletion takes them in any order, and the two would wait for each other.
 */
export async function clearMarks(db: Kysely<Database>, table: DirtyTable, marks: Mark[]): Promise<void> {
  const sorted = [...marks].sort((a, b) => (a.key < b.key ? -1 : 1))
  for (const part of chunks(sorted, 500)) {
    const unmoved = await db
      .insertInto(table)
      .values(part.map(({ key, generation }) => ({ key, bucket: bucketOf(key), generation })))
      .onConflict((conflict) =>
        conflict
          .column('key')
          .doUpdateSet((eb) => ({ generation: eb.ref('excluded.generation') }))
          .whereRef(`${table}.generation`, '=', 'excluded.generation'),
      )
      .returning('key')
      .execute()
    const keys = unmoved.map((row) => row.key)
    if (keys.length > 0) await db.deleteFrom(table).where('key', 'in', keys).execute()
  }
}
