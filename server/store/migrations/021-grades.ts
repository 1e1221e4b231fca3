/**
 * Links, carts and persons have grades, and the feed notes those that it published. They are derived by a rebuild, which
 * is asked for here and runs beside the server; it also applies the rules of clicks and of shared devices to the past.
 */
import { type Kysely, sql } from 'kysely'
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
  const { rows } = await sql<{ total: unknown }>`select count(*) as total from visitors`.execute(db)
  const total = Number(rows[0]!.total)
  if (total === 0) return
  const value = JSON.stringify({ phase: 'visitors', after: '', visitors: 0, total })
  // One that begins with the texts of persons does all of it; another one may be past the visitors.
  await sql`delete from meta where name = 'rebuilding' and value not like '%"phase":"texts"%'`.execute(db)
  await sql`
    insert into meta (name, value) values ('rebuilding', ${value}) on conflict (name) do nothing`.execute(db)
}
