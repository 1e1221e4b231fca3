/**
 * Empty stores, one after the other, for tests that drive landing and deriving themselves: a folder each on SQLite, and
 * on PostgreSQL one database per test file, emptied each time.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Kysely, sql } from 'kysely'
import { createPostgresStore } from '../../server/store/engine/postgres.ts'
import { createSqliteStore } from '../../server/store/engine/sqlite.ts'
import { migrate } from '../../server/store/migrate.ts'
import type { Database } from '../../server/store/schema.ts'
import { createDatabase, dropDatabase, type ENGINE } from './store.ts'

/** A migrated store without rows. `open` connects to it any number of times; `done` removes it. */
export type Place = { open(): Kysely<Database>; done(): Promise<void> }

const CONNECTIONS = { connections: 2, name: 'test', statementTimeoutMs: 30_000 }
let database: Promise<string> | null = null

/** The next empty store of an engine. The previous one must be done. */
export async function placeOf(engine: typeof ENGINE): Promise<Place> {
  const place = engine === 'sqlite' ? sqlitePlace() : await postgresPlace()
  const db = place.open()
  await migrate(db)
  if (engine === 'postgres') await emptyStore(db)
  await db.destroy()
  return place
}

function sqlitePlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), 'couture-place-'))
  const open = () => createSqliteStore(join(folder, 'couture.db'))
  return { open, done: async () => rmSync(folder, { recursive: true, force: true }) }
}

async function postgresPlace(): Promise<Place> {
  database ??= createDatabase({ migrated: true })
  const url = await database
  return { open: () => createPostgresStore(url, CONNECTIONS), done: async () => {} }
}

/** Removes all rows of a store on PostgreSQL and the owners of its leases. Citus' own tables stay. */
export async function emptyStore(db: Kysely<Database>): Promise<void> {
  const tables = (await db.introspection.getTables()).filter((table) => table.schema === 'public' && !table.isView)
  const emptied = tables.map((table) => table.name).filter((name) => !/^kysely_|^leases$/.test(name))
  await sql`truncate ${sql.join(emptied.map((name) => sql.table(name)))}`.execute(db)
  await sql`update leases set owner = '', expires_at = 0`.execute(db)
}

/** Removes the databases and folders of this file's stores. */
export async function dropPlaces(): Promise<void> {
  if (database !== null) await dropDatabase(await database)
  database = null
}
