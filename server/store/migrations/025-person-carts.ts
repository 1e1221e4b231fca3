/**
 * Carts know what closed them, what of them was bought and how far the customer had got, and persons keep the carts that
 * several devices or channels decide about. They are derived by a rebuild, which is asked for here and runs beside the
 * server.
 */
import type { CreateTableBuilder, Kysely } from 'kysely'
import { askForRebuild } from './ask-for-rebuild.ts'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema.alterTable('carts').addColumn('closed_by', text).execute()
  await db.schema.alterTable('carts').addColumn('recovered_value', 'bigint').execute()
  await db.schema
    .alterTable('carts')
    .addColumn('step', text, (column) => column.notNull().defaultTo('cart'))
    .execute()
  await db.schema.alterTable('purchases').addColumn('cart_id', text).execute()
  await db.schema
    .alterTable('persons')
    .addColumn('carts_joined', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute()
  await db.schema.alterTable('persons').addColumn('cart_currency', text).execute()
  await db.schema.alterTable('persons').addColumn('cart_value', 'bigint').execute()
  let table = db.schema.createTable('person_carts') as CreateTableBuilder<string, string>
  for (const name of ['person_id', 'visitor_id', 'id', 'site_id', 'state', 'currency', 'items', 'step', 'left_out']) {
    table = table.addColumn(name, text, (column) => column.notNull())
  }
  for (const name of ['epoch', 'created_at', 'updated_at', 'idle_at', 'joined']) {
    table = table.addColumn(name, 'bigint', (column) => column.notNull())
  }
  for (const name of ['value', 'closed_at', 'recovered_value', 'checkout_at', 'abandoned_at']) {
    table = table.addColumn(name, 'bigint')
  }
  const texts = ['shop_cart_id', 'url', 'closed_by', 'typed_contact_id', 'grade', 'recovered_by', 'recovered_message']
  for (const name of texts) table = table.addColumn(name, text)
  await table.addPrimaryKeyConstraint('person_carts_pk', ['person_id', 'visitor_id', 'id']).execute()
  await db.schema.createIndex('person_carts_by_close').on('person_carts').columns(['state', 'closed_at']).execute()
  await askForRebuild(db)
}
