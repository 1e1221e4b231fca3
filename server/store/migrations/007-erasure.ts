/**
 * Erasure: the erasure notices for readers of the feed (for 30 days the only place that holds a contact's id), what each
 * journal has to remove, and which have done so. Indexes find a contact's published changes and shared devices without a
 * scan.
 */
import { type Kysely, sql } from 'kysely'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema
    .createTable('farewells')
    .addColumn('contact_id', text, (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('farewells_pk', ['contact_id'])
    .execute()
  await db.schema
    .createTable('erasures')
    .addColumn('id', text, (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('spans', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('erasures_pk', ['id'])
    .execute()
  await db.schema
    .createTable('forgotten')
    .addColumn('journal_id', text, (column) => column.notNull())
    .addColumn('erasure_id', text, (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('forgotten_pk', ['journal_id', 'erasure_id'])
    .execute()
  await db.schema
    .createIndex('visitors_shared')
    .on('visitors')
    .column('visitor_id')
    .where(sql<boolean>`shared = 1`)
    .execute()
  await db.schema.createIndex('match_changes_by_contact').on('match_changes').columns(['contact_id']).execute()
}
