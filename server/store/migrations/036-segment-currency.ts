/** A segment's definition may name the currency of its amounts. */
import type { Kysely } from 'kysely'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  for (const table of ['segments', 'segment_versions']) {
    await db.schema.alterTable(table).addColumn('currency', text).execute()
  }
}
