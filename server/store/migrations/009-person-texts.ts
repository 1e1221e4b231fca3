/**
 * A person's text has its epoch after a `#`, which no visitor id contains. Rows under the earlier texts (`v:ID`, `v:ID:N`)
 * are derived again by a rebuild, which is requested here and runs while the server runs.
 */
import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  // The rebuild marks every person again, under its current text.
  await sql`delete from dirty_persons where key like 'v:%'`.execute(db)
  await sql`delete from derive_failures where stage = 'person' and key like 'v:%'`.execute(db)
  const { rows: events } = await sql`select 1 from events limit 1`.execute(db)
  const { rows: persons } = await sql`select 1 from persons limit 1`.execute(db)
  if (events.length + persons.length === 0) return
  const { rows } = await sql<{ total: unknown }>`select count(*) as total from visitors`.execute(db)
  const value = JSON.stringify({ phase: 'texts', after: '', visitors: 0, total: Number(rows[0]!.total) })
  await sql`delete from meta where name = 'rebuilding'`.execute(db)
  await sql`insert into meta (name, value) values ('rebuilding', ${value})`.execute(db)
}
