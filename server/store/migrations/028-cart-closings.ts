/**
 * What orders made of carts is recorded for ever, without a word of whose they were. It is filled by a rebuild, which is
 * asked for here and runs beside the server.
 */
import type { Kysely } from 'kysely'
import { askForRebuild } from './ask-for-rebuild.ts'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema
    .createTable('cart_closings')
    .addColumn('order_hash', text, (column) => column.notNull())
    .addColumn('n', 'bigint', (column) => column.notNull())
    .addColumn('site_id', text, (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('abandoned_at', 'bigint')
    .addColumn('currency', text, (column) => column.notNull())
    .addColumn('recovered_by', text)
    .addColumn('recovered_message', text)
    .addColumn('recovered_value', 'bigint')
    .addColumn('rule', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('cart_closings_pk', ['order_hash', 'n'])
    .execute()
  await db.schema.createIndex('cart_closings_by_time').on('cart_closings').columns(['at']).execute()
  // No reader uses the carts that are kept with persons by their state.
  await db.schema.dropIndex('person_carts_by_close').execute()
  await askForRebuild(db)
}
