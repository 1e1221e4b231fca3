/**
 * Contacts of the CRM that have never visited are persons too. A rebuild, which is asked for here and runs beside the server,
 * makes their rows.
 */
import { type Kysely, sql } from 'kysely'
import { askForRebuild } from './ask-for-rebuild.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  await askForRebuild(db)
  const { rows } = await sql`select contact_id from contacts where erased_at is null limit 1`.execute(db)
  if (rows.length === 0) return
  // Without visitors no rebuild was asked for.
  const value = JSON.stringify({ phase: 'crm', after: '', visitors: 0, total: 0 })
  await sql`insert into meta (name, value) values ('rebuilding', ${value}) on conflict (name) do nothing`.execute(db)
}
