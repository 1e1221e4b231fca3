/**
 * The store of a test server, on the engine that the test runs for: SQLite in the server's folder, or a database of
 * its own on the PostgreSQL that the tests of a run share. Tests read it beside the server, with one SQL.
 */
import { randomUUID } from 'node:crypto'
import { chmodSync, copyFileSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { Pool, types } from 'pg'
import { ask, isShared } from './ask.ts'
import { administer, createOnAll, dropOnAll, hasCitus, joinWorkers, readWorkers, urlOn } from './nodes.ts'

/** The engine under test. */
export const ENGINE = process.env.TEST_ENGINE === 'postgres' ? 'postgres' : 'sqlite'

/** Reads rows, with a value for each `?`. */
export type Query = <T = Record<string, unknown>>(sql: string, ...values: unknown[]) => Promise<T[]>

/** How tests read a store. `env` is the server's environment for it. */
export type TestStore = {
  env: Record<string, string>
  query: Query
  /** Runs work that reads often, on a connection that stays open for so long: to open one takes longer than most reads. */
  reading<T>(work: (query: Query) => Promise<T>): Promise<T>
  /** Runs statements that change it, like a fault or an older version. */
  change(sql: string, ...values: unknown[]): Promise<void>
  tables(): Promise<string[]>
  close(options: { wipe: boolean }): Promise<void>
}

/** The secret shared by processes on one database. */
const SECRET = 'the secret of all test servers'

/** A server restarted in its folder finds its database again. */
const databases = new Map<string, string>()

/**
 * Opens the store of a folder; on PostgreSQL a new database, unless the folder has one or `url` names it. `migrated`: a
 * new one may have the newest schema already.
 */
export async function openStore(dataDir: string, url?: string, { migrated = false } = {}): Promise<TestStore> {
  if (url === undefined && ENGINE === 'sqlite') {
    if (migrated && isShared()) await copyTemplate(dataDir)
    return sqliteStore(dataDir)
  }
  const own = url ?? databases.get(dataDir) ?? (await createDatabase({ migrated }))
  if (url === undefined) databases.set(dataDir, own)
  return postgresStore(own, url === undefined)
}

/** Puts an empty store with the newest schema into a folder that holds nothing: a start makes one from all migrations. */
export async function copyTemplate(dataDir: string): Promise<void> {
  if (!existsSync(dataDir) || readdirSync(dataDir).length > 0) return
  const file = join(dataDir, 'couture.db')
  copyFileSync(await ask('storeFile', null), file)
  chmodSync(file, 0o600)
}

function sqliteStore(dataDir: string): TestStore {
  const query = async <T>(sql: string, ...values: unknown[]) => {
    const db = new BetterSqlite3(`${dataDir}/couture.db`, { readonly: true })
    try {
      return db.prepare(sql).all(...values) as T[]
    } finally {
      db.close()
    }
  }
  return {
    env: {},
    query,
    async reading(work) {
      const db = new BetterSqlite3(`${dataDir}/couture.db`, { readonly: true })
      const statements = new Map<string, BetterSqlite3.Statement>()
      const statementOf = (sql: string) => {
        const statement = statements.get(sql) ?? db.prepare(sql)
        statements.set(sql, statement)
        return statement
      }
      try {
        return await work(async <R>(sql: string, ...values: unknown[]) => statementOf(sql).all(...values) as R[])
      } finally {
        db.close()
      }
    },
    async change(sql, ...values) {
      const db = new BetterSqlite3(`${dataDir}/couture.db`, { timeout: 10_000 })
      db.prepare(sql).run(...values)
      db.close()
    },
    tables: async () => {
      const rows = await query<{ name: string }>("select name from sqlite_master where type = 'table' order by name")
      return rows.map((row) => row.name)
    },
    close: async () => {},
  }
}

const NUMBERS = new Set([types.builtins.INT8, types.builtins.NUMERIC])

function postgresStore(url: string, own: boolean): TestStore {
  const pool = new Pool({
    connectionString: url,
    max: 2,
    types: {
      getTypeParser: ((oid: number, format?: 'text') =>
        NUMBERS.has(oid) ? Number : types.getTypeParser(oid, format)) as typeof types.getTypeParser,
    },
  })
  pool.on('error', () => {})
  const query = async <T>(sql: string, ...values: unknown[]) => {
    let n = 0
    const { rows } = await pool.query(
      sql.replaceAll('?', () => `$${++n}`),
      values,
    )
    return rows as T[]
  }
  return {
    env: { DATABASE_URL: url, COUTURE_SECRET: SECRET },
    query,
    reading: (work) => work(query),
    async change(sql, ...values) {
      await query(sql, ...values)
    },
    tables: async () => {
      const rows = await query<{ name: string }>(
        `select table_name as name from information_schema.tables
         where table_schema = 'public' and table_type = 'BASE TABLE' order by 1`,
      )
      return rows.map((row) => row.name)
    },
    async close({ wipe }) {
      await pool.end()
      if (wipe && own) await dropDatabase(url)
    },
  }
}

/** Where databases are created: a benchmark names its PostgreSQL, and the tests of a run share one. */
const server = async () => process.env.TEST_POSTGRES_URL ?? (await ask('postgres', null))

const WORKERS = readWorkers(process.env.CITUS_WORKERS)

/**
 * Makes a database on the server of the tests and returns its URL. It has Citus where the server's own has it.
 * `migrated`: with the newest schema, where that can be had for less than it takes to make it.
 */
export async function createDatabase({ migrated = false } = {}): Promise<string> {
  const name = `couture_test_${randomUUID().replaceAll('-', '')}`
  const template = migrated && isShared() ? await ask('template', null) : null
  if (template !== null) {
    // Copied as files: by default each of its blocks goes through the log.
    await administer(await server(), `create database ${name} template ${template} strategy file_copy`)
    return urlOn(await server(), name)
  }
  const url = await createOnAll(await server(), name, WORKERS)
  if (WORKERS.length > 0 || (await hasCitus(await server()))) await joinWorkers(url, WORKERS)
  return url
}

/** Removes a database that was made for a test. */
export async function dropDatabase(url: string): Promise<void> {
  await dropOnAll(await server(), new URL(url).pathname.slice(1), WORKERS)
}
