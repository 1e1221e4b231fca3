/** Checks whether a PostgreSQL database may be copied to: it must have no tables, or a schema that was never used. */
import { type Kysely, sql } from 'kysely'
import type { Database } from '../store/schema.ts'

/** Whether the database has no tables. */
export async function isEmptyDatabase(db: Kysely<Database>): Promise<boolean> {
  const { rows } = await sql`
    select 1 from information_schema.tables
    where table_schema = current_schema() and table_type = 'BASE TABLE' limit 1`.execute(db)
  return rows.length === 0
}

/** Whether no server or command has used the database. Both start by adding a site or a segment. */
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
