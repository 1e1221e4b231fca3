/** The times in which an erased contact used a shared device: late arrivals from these times are kept out. */
import type { Kysely } from 'kysely'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('erased_spans')
    .addColumn('visitor_hash', textType(db), (column) => column.notNull())
    .addColumn('from_at', 'bigint', (column) => column.notNull())
    .addColumn('to_at', 'bigint', (column) => column.notNull())
    .addColumn('erased_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('erased_spans_pk', ['visitor_hash', 'from_at', 'to_at'])
    .execute()
}
