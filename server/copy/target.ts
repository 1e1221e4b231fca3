/** Whether a PostgreSQL database may be copied to: nothing is in it, or a schema in which nothing was ever kept. */
import { type Kysely, sql } from 'kysely'
import type { Database } from '../store/schema.ts'

/** Whether it has no table at all. */
export async function isEmptyDatabase(db: Kysely<Database>): Promise<boolean> {
  const { rows } = await sql`
    select 1 from information_schema.tables
    where table_schema = current_schema() and table_type = 'BASE TABLE' limit 1`.execute(db)
  return rows.length === 0
}

/** Whether no server and no command has kept anything in it: both begin with a site or a segment. */
export async function isUnused(db: Kysely<Database>): Promise<boolean> {
  for (const table of ['sites', 'segments', 'contacts', 'events'] as const) {
    const row = await db
      .selectFrom(table)
      .select((eb) => eb.lit(1).as('one'))
      .limit(1)
      .executeTakeFirst()
    if (row) return false
  }
  return true
}
