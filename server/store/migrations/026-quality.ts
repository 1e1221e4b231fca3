/** What shops sent and nobody could read, by day, and how many events came without consent in the last hours. */
import type { Kysely } from 'kysely'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema
    .createTable('quality_counts')
    .addColumn('site_id', text, (column) => column.notNull())
    .addColumn('day', 'integer', (column) => column.notNull())
    .addColumn('event', text, (column) => column.notNull())
    .addColumn('door', text, (column) => column.notNull())
    .addColumn('problem', text, (column) => column.notNull())
    .addColumn('count', 'bigint', (column) => column.notNull())
    .addColumn('first_at', 'bigint', (column) => column.notNull())
    .addColumn('last_at', 'bigint', (column) => column.notNull())
    .addColumn('example', text)
    .addColumn('example_at', 'bigint')
    .addColumn('example_of', text)
    .addPrimaryKeyConstraint('quality_counts_pk', ['site_id', 'day', 'event', 'door', 'problem'])
    .execute()
  await db.schema.createIndex('quality_counts_by_visitor').on('quality_counts').columns(['example_of']).execute()
  await db.schema
    .createTable('arrivals')
    .addColumn('site_id', text, (column) => column.notNull())
    .addColumn('slot', 'bigint', (column) => column.notNull())
    .addColumn('door', text, (column) => column.notNull())
    .addColumn('events', 'bigint', (column) => column.notNull())
    .addColumn('without_consent', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('arrivals_pk', ['site_id', 'slot', 'door'])
    .execute()
}
