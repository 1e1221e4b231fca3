/** Users whose consent a shop's server has ended. */
import type { Kysely } from 'kysely'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema
    .createTable('ended_users')
    .addColumn('key_hash', text, (column) => column.notNull())
    .addColumn('site_id', text, (column) => column.notNull())
    .addColumn('consent_id', text, (column) => column.notNull())
    .addColumn('analytics', 'integer', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('waits', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('ended_users_pk', ['key_hash'])
    .execute()
  await db.schema.createIndex('ended_users_that_wait').on('ended_users').columns(['waits']).execute()
}
