/**
 * Empty stores, one after the other, for tests that drive landing and deriving themselves: a folder each on SQLite, and
 * on PostgreSQL one database per test file, emptied each time.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Kysely } from 'kysely'
import { createPostgresStore } from '../../server/store/engine/postgres.ts'
import { createSqliteStore } from '../../server/store/engine/sqlite.ts'
import { migrate } from '../../server/store/migrate.ts'
import type { Database } from '../../server/store/schema.ts'
import { TABLE_NAMES } from '../../server/store/tables.ts'
import { copyTemplate, createDatabase, dropDatabase, type ENGINE } from './store.ts'

/** A migrated store without rows. `open` connects to it any number of times; `done` removes it. */
export type Place = { open(): Kysely<Database>; done(): Promise<void> }

const CONNECTIONS = { connections: 2, name: 'test', statementTimeoutMs: 30_000 }
let database: Promise<string> | null = null

/** The next empty store of an engine. The previous one must be done. */
export const placeOf = (engine: typeof ENGINE): Promise<Place> =>
  engine === 'sqlite' ? sqlitePlace() : postgresPlace()

async function sqlitePlace(): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'couture-place-'))
  await copyTemplate(folder)
  const open = () => createSqliteStore(join(folder, 'couture.db'))
  return { open, done: async () => rmSync(folder, { recursive: true, force: true }) }
}

async function postgresPlace(): Promise<Place> {
  database ??= migratedDatabase()
  const url = await database
  const open = () => createPostgresStore(url, CONNECTIONS)
  const db = open()
  await emptyStore(db)
  await db.destroy()
  return { open, done: async () => {} }
}

async function migratedDatabase(): Promise<string> {
  const url = await createDatabase({ migrated: true })
  const db = createPostgresStore(url, CONNECTIONS)
  await migrate(db)
  await db.destroy()
  return url
}

/**
 * Removes all rows of a store on PostgreSQL and the owners of its leases; tables of others stay. To truncate would make
 * new files for each table and index, which takes fifteen times as long.
 */
export async function emptyStore(db: Kysely<Database>): Promise<void> {
  for (const name of TABLE_NAMES) if (name !== 'leases') await db.deleteFrom(name).execute()
  await db.updateTable('leases').set({ owner: '', expires_at: 0 }).execute()
}

/** Removes the databases and folders of this file's stores. */
export async function dropPlaces(): Promise<void> {
  if (database !== null) await dropDatabase(await database)
  database = null
}
