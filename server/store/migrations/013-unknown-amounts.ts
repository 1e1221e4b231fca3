/**
 * An amount that nobody stated is unknown, not zero: the value of a cart and the total of an order may be null. A cart
 * keeps the shop's own id. Carts and purchases are derived again by a rebuild, which is asked for here and runs beside
 * the server.
 */
import { type Kysely, sql } from 'kysely'
import { askForRebuild } from './ask-for-rebuild.ts'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  await allowUnknown(db, 'carts', 'value')
  await allowUnknown(db, 'purchases', 'total')
  await allowUnknown(db, 'orders', 'total')
  await db.schema.alterTable('carts').addColumn('shop_cart_id', textType(db)).execute()
  await askForRebuild(db)
}

/** Moves a column to one that may be null: SQLite cannot change a column in place. */
async function allowUnknown(db: Kysely<unknown>, table: string, column: string): Promise<void> {
  const next = `${column}_or_null`
  await db.schema.alterTable(table).addColumn(next, 'bigint').execute()
  await sql`update ${sql.table(table)} set ${sql.ref(next)} = ${sql.ref(column)}`.execute(db)
  await db.schema.alterTable(table).dropColumn(column).execute()
  await db.schema.alterTable(table).renameColumn(next, column).execute()
}
