/**
 * A person's text says its epoch behind a `#`, which no visitor id contains. What an installation has under the earlier
 * texts (`v:ID`, `v:ID:N`) is made again by a rebuild, which is asked for here and runs beside the server.
 */
import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  // The rebuild asks for every person again, under today's text.
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
