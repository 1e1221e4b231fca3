/**
 * A cart notes what its links and pictures led to outside the site's own hosts, and keeps the others only. Carts are derived
 * again by a rebuild, which is asked for here and runs beside the server.
 */
import { type Kysely, sql } from 'kysely'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('carts')
    .addColumn('left_out', textType(db), (column) => column.notNull().defaultTo('[]'))
    .execute()
  const { rows } = await sql<{ total: unknown }>`select count(*) as total from visitors`.execute(db)
  const total = Number(rows[0]!.total)
  if (total === 0) return
  const value = JSON.stringify({ phase: 'visitors', after: '', visitors: 0, total })
  // One that begins with the texts of persons does all of it; another one may be past the visitors.
  await sql`delete from meta where name = 'rebuilding' and value not like '%"phase":"texts"%'`.execute(db)
  await sql`
    insert into meta (name, value) values ('rebuilding', ${value}) on conflict (name) do nothing`.execute(db)
}
