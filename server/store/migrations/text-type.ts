/** The type of text columns. Frozen, like everything in this folder: migrations that installations have run use it. */
import { type Kysely, PostgresAdapter, sql } from 'kysely'

/** The type of text columns: compared byte by byte on every engine, whatever the database's locale. */
export function textType(db: Pick<Kysely<unknown>, 'getExecutor'>) {
  return db.getExecutor().adapter instanceof PostgresAdapter ? sql`text collate "C"` : ('text' as const)
}
