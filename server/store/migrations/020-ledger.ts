/** The ledger of choices names the page, and a withdrawal where it was made; both are read in the order of time. */
import type { Kysely } from 'kysely'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema.alterTable('consents').addColumn('page', text).execute()
  await db.schema.alterTable('consents').addColumn('page_at', 'bigint').execute()
  await db.schema.alterTable('withdrawals').addColumn('source', text).execute()
  await db.schema.alterTable('withdrawals').addColumn('policy', text).execute()
  await db.schema
    .createIndex('consents_by_time')
    .on('consents')
    .columns(['first_at', 'visitor_id', 'id', 'analytics', 'identity', 'marketing'])
    .execute()
  await db.schema
    .createIndex('withdrawals_by_time')
    .on('withdrawals')
    .columns(['at', 'visitor_hash', 'consent_id'])
    .execute()
}
