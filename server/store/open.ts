/**
 * Opens the configured store for each of its users: the thread that serves HTTP, the one that lands and derives, and
 * commands. No code outside this file knows which engine it is.
 */
import type { Kysely } from 'kysely'
import { createPostgresStore } from './engine/postgres.ts'
import { createSqliteStore } from './engine/sqlite.ts'
import { createSqliteMaintenance, type SqliteMaintenance } from './engine/sqlite-maintenance.ts'
import { createThreadedSqliteStore } from './engine/sqlite-threads.ts'
import type { Database } from './schema.ts'
import { createLeases } from './work/leases.ts'
import { type Ownership, ownsEverything } from './work/ownership.ts'

/** The location of the store: `databaseUrl`, or a file in `dataDir` if there is no URL. */
export type StoreAt = { databaseUrl: string | null; dataDir: string }

/** Query threads on SQLite, so that one can run a report while another handles a write; connections on PostgreSQL. */
const SERVE_THREADS = 2
const SERVE_CONNECTIONS = 8

/** Connections for landing, deriving and monitoring. */
const PIPELINE_CONNECTIONS = 3

/** No caller waits longer than this for a reply. */
const STATEMENT_TIMEOUT_MS = 60_000

/** How long to wait for a lease that is in use; the next beat tries again. */
const LEASE_LOCK_TIMEOUT_MS = 500

const sqliteFile = (at: StoreAt) => `${at.dataDir}/couture.db`

/** Opens the store for the thread that serves HTTP, which must not block. */
export function openServingStore(at: StoreAt): Kysely<Database> {
  if (at.databaseUrl === null) return createThreadedSqliteStore(sqliteFile(at), SERVE_THREADS)
  const options = { connections: SERVE_CONNECTIONS, name: 'couture serve', statementTimeoutMs: STATEMENT_TIMEOUT_MS }
  return createPostgresStore(at.databaseUrl, options)
}

/** Opens the store for the thread that lands and derives. */
export function openPipelineStore(at: StoreAt): Kysely<Database> {
  if (at.databaseUrl === null) return createSqliteStore(sqliteFile(at))
  const options = {
    connections: PIPELINE_CONNECTIONS,
    name: 'couture pipeline',
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  }
  return createPostgresStore(at.databaseUrl, options)
}

/** The file in which commits wait to be flushed to disk; null if every commit is flushed at once. */
export function unflushedFile(at: StoreAt): string | null {
  return at.databaseUrl === null ? `${sqliteFile(at)}-wal` : null
}

/** Opens the store for commands and migrations, without a time limit. */
export function openCommandStore(at: StoreAt): Kysely<Database> {
  if (at.databaseUrl === null) return createSqliteStore(sqliteFile(at))
  return createPostgresStore(at.databaseUrl, { connections: 2, name: 'couture command', statementTimeoutMs: null })
}

/** Opens the maintenance of the SQLite file; null if the store is a database server. */
export function openMaintenance(at: StoreAt, now: () => number): SqliteMaintenance | null {
  return at.databaseUrl === null ? createSqliteMaintenance(sqliteFile(at), now) : null
}

/** A process's share of the deriving. `beat` renews it, `close` gives it up. */
export type Share = { ownership: Ownership; beat(): Promise<void>; close(): Promise<void> }

/** Opens the share of the process `id`: on SQLite, with its single deriving process, that is everything. */
export function openShare(at: StoreAt, id: string): Share {
  if (at.databaseUrl === null) return { ownership: ownsEverything, beat: async () => {}, close: async () => {} }
  const db = createPostgresStore(at.databaseUrl, {
    connections: 1,
    name: 'couture leases',
    statementTimeoutMs: 2 * LEASE_LOCK_TIMEOUT_MS,
    lockTimeoutMs: LEASE_LOCK_TIMEOUT_MS,
  })
  const leases = createLeases({ db, id })
  return {
    ownership: leases,
    beat: leases.beat,
    async close() {
      try {
        await leases.release()
      } finally {
        await db.destroy()
      }
    },
  }
}
