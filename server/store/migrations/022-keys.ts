/** API keys have names, an expiry and their last use; the audit log is read by time. */
import type { Kysely } from 'kysely'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('api_keys').addColumn('name', textType(db)).execute()
  await db.schema.alterTable('api_keys').addColumn('expires_at', 'bigint').execute()
  await db.schema.alterTable('api_keys').addColumn('last_used_at', 'bigint').execute()
  await db.schema.createIndex('audit_by_time').on('audit').columns(['at', 'id']).execute()
}
