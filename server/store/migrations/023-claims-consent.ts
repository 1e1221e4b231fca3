/** A claim keeps the time of the choice under which it was sent: a page may not know yet of a later one. */
import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('claims').addColumn('consent_at', 'bigint').execute()
}
