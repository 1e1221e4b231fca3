/** The type of text columns. Frozen, as all of this folder is: migrations that have run in installations use it. */
import { type Kysely, PostgresAdapter, sql } from 'kysely'

/** The type of text columns: compared byte by byte on every engine, whatever the language of the database is. */
export function textType(db: Pick<Kysely<unknown>, 'getExecutor'>) {
  return db.getExecutor().adapter instanceof PostgresAdapter ? sql`text collate "C"` : ('text' as const)
}
