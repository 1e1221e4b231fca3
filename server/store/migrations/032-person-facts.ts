/**
 * Persons know their contact's attributes, the figures of their orders, and what is in their carts. All of it is derived by a
 * rebuild, which is asked for here and runs beside the server.
 */
import type { Kysely } from 'kysely'
import { askForRebuild } from './ask-for-rebuild.ts'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  const add = (name: string, type: 'bigint' | typeof text) =>
    db.schema.alterTable('persons').addColumn(name, type).execute()
  await add('cart_created_at', 'bigint')
  for (const name of ['cart_step', 'cart_items']) await add(name, text)
  for (const name of ['first_order_at', 'last_order_at', 'orders_total']) await add(name, 'bigint')
  for (const name of ['orders_currency', 'attributes']) await add(name, text)
  await add('attributes_at', 'bigint')
  await add('attribute_times', text)
  await db.schema
    .alterTable('person_carts')
    .addColumn('folded_items', text, (column) => column.notNull().defaultTo('[]'))
    .execute()
  await askForRebuild(db)
}
