/** An order keeps its status and whether it stands, its refunds and tax, and the end of its day where its time is unknown. */
import type { Kysely } from 'kysely'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema.alterTable('orders').addColumn('until_at', 'bigint').execute()
  await db.schema.alterTable('orders').addColumn('status', text).execute()
  await db.schema
    .alterTable('orders')
    .addColumn('standing', text, (column) => column.notNull().defaultTo('bought'))
    .execute()
  await db.schema
    .alterTable('orders')
    .addColumn('refunds', text, (column) => column.notNull().defaultTo('[]'))
    .execute()
  await db.schema.alterTable('orders').addColumn('tax', 'bigint').execute()
}
