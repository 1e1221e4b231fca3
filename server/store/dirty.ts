/**
 * Dirty marks: which visitors, persons and contacts have to be derived or told again. Marking moves the mark's
 * generation; whoever works on a key removes the mark only if the generation is still the one it read, so that a
 * change which comes in between is never lost.
 */
import type { Kysely } from 'kysely'
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
      .values(part.map((key) => ({ key, generation: 1 })))
      .onConflict((conflict) =>
        conflict.column('key').doUpdateSet((eb) => ({ generation: eb(`${table}.generation`, '+', 1) })),
      )
      .execute()
  }
}

/** Reads up to `limit` marks whose keys come after `after`. */
export async function readMarks(db: Kysely<Database>, table: DirtyTable, limit: number, after = ''): Promise<Mark[]> {
  return db
    .selectFrom(table)
    .select(['key', 'generation'])
    .where('key', '>', after)
    .orderBy('key')
    .limit(limit)
    .execute()
}

/** Removes the marks that did not move since they were read. */
export async function clearMarks(db: Kysely<Database>, table: DirtyTable, marks: Mark[]): Promise<void> {
  const byGeneration = new Map<number, string[]>()
  for (const { key, generation } of marks) {
    byGeneration.set(generation, [...(byGeneration.get(generation) ?? []), key])
  }
  for (const [generation, keys] of byGeneration) {
    for (const part of chunks(keys, 500)) {
      await db.deleteFrom(table).where('key', 'in', part).where('generation', '=', generation).execute()
    }
  }
}
