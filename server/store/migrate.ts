/** Brings a store to the newest schema. Safe to run from several processes: the loser of the race finds it done. */
import { type Kysely, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { distribute } from './engine/citus.ts'
import { isPassing } from './engine/transact.ts'
import * as first from './migrations/001-first.ts'
import * as processes from './migrations/002-processes.ts'
import * as throughput from './migrations/003-throughput.ts'
import * as life from './migrations/004-life.ts'
import * as openings from './migrations/005-openings.ts'
import * as acts from './migrations/006-acts.ts'
import * as erasure from './migrations/007-erasure.ts'
import * as erasedSpans from './migrations/008-erased-spans.ts'
import type { Database } from './schema.ts'

const MIGRATIONS: Record<string, Migration> = {
  '001-first': first,
  '002-processes': processes,
  '003-throughput': throughput,
  '004-life': life,
  '005-openings': openings,
  '006-acts': acts,
  '007-erasure': erasure,
  '008-erased-spans': erasedSpans,
}

/** Runs what has not run yet, then spreads new tables on Citus. Throws with the name of the migration that failed. */
export async function migrate(db: Kysely<Database>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } })
  const { error, results } = await migrator.migrateToLatest()
  if (isPassing(error)) throw error
  if (error) {
    const failed = results?.find((result) => result.status === 'Error')?.migrationName ?? 'the schema'
    throw new Error(`migration ${failed} failed: ${error instanceof Error ? error.message : String(error)}`)
  }
  await distribute(db)
}

/** The newest migration that a store has. */
export async function schemaVersion(db: Kysely<Database>): Promise<string> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name desc limit 1`.execute(db)
  return rows[0]?.name ?? 'none'
}

/** How a store's schema stands to the one that this version makes. */
export async function schemaState(db: Kysely<Database>): Promise<'same' | 'older' | 'newer'> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db)
  const had = new Set(rows.map((row) => row.name))
  if (rows.some((row) => !(row.name in MIGRATIONS))) return 'newer'
  return Object.keys(MIGRATIONS).every((name) => had.has(name)) ? 'same' : 'older'
}
