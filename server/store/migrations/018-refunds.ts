/** Purchases hold refunds too. The visitors are derived again, because of the refunds that they have sent so far. */
import type { Kysely } from 'kysely'
import { askForRebuild } from './ask-for-rebuild.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('purchases')
    .addColumn('refund', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute()
  await askForRebuild(db)
}
