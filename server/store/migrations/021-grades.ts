/**
 * Links, carts and persons have grades, and the feed notes those that it published. They are derived by a rebuild, which
 * is asked for here and runs beside the server; it also applies the rules of clicks and of shared devices to the past.
 */
import type { Kysely } from 'kysely'
import { askForRebuild } from './ask-for-rebuild.ts'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema
    .alterTable('links')
    .addColumn('grades', text, (column) => column.notNull().defaultTo('[]'))
    .execute()
  const columns = {
    carts: ['grade'],
    persons: ['grade'],
    feed_state: ['grade', 'cart_grade'],
    match_changes: ['grade', 'cart_grade', 'earlier_grade', 'earlier_cart_grade'],
  }
  for (const [table, names] of Object.entries(columns)) {
    for (const name of names) await db.schema.alterTable(table).addColumn(name, text).execute()
  }
  await askForRebuild(db)
}
