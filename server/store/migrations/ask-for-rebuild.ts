/** Asks for a rebuild. Frozen, like everything in this folder: migrations that installations have run use it. */
import { type Kysely, sql } from 'kysely'

/** Asks for a rebuild of all visitors, which runs beside the server. A rebuild that is under way begins again. */
export async function askForRebuild(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ total: unknown }>`select count(*) as total from visitors`.execute(db)
  const total = Number(rows[0]!.total)
  if (total === 0) return
  const value = JSON.stringify({ phase: 'visitors', after: '', visitors: 0, total })
  // One that begins with the texts of persons does all of it; another one may be past the visitors.
  await sql`delete from meta where name = 'rebuilding' and value not like '%"phase":"texts"%'`.execute(db)
  await sql`
    insert into meta (name, value) values ('rebuilding', ${value}) on conflict (name) do nothing`.execute(db)
}
