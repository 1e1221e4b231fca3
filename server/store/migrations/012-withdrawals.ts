/** Journals find new withdrawals and erasures by their time, because anybody can withdraw and there can be many. */
import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.createIndex('erasures_by_time').on('erasures').columns(['at']).execute()
}
