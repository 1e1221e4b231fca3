/**
 * Persons keep their orders, as all channels together report them. They are derived by a rebuild, which is asked for here and
 * runs beside the server.
 */
import type { Kysely } from 'kysely'
import { askForRebuild } from './ask-for-rebuild.ts'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema
    .alterTable('purchases')
    .addColumn('items', text, (column) => column.notNull().defaultTo('[]'))
    .execute()
  await db.schema
    .createTable('person_orders')
    .addColumn('person_id', text, (column) => column.notNull())
    .addColumn('order_id', text, (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('total', 'bigint')
    .addColumn('currency', text, (column) => column.notNull())
    .addColumn('channel', text)
    .addColumn('items', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('person_orders_pk', ['person_id', 'order_id'])
    .execute()
  await askForRebuild(db)
}
