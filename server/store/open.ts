/**
 * Opens the store that the settings name, for each who uses it: the thread that serves, the one that lands and
 * derives, and commands. Beyond this file nobody knows which engine it is.
 */
import type { Kysely } from 'kysely'
import { createPostgresStore } from './engine/postgres.ts'
import { createSqliteStore } from './engine/sqlite.ts'
import { createSqliteMaintenance, type SqliteMaintenance } from './engine/sqlite-maintenance.ts'
import { createThreadedSqliteStore } from './engine/sqlite-threads.ts'
import type { Database } from './schema.ts'
import { createLeases } from './work/leases.ts'
import { type Ownership, ownsEverything } from './work/ownership.ts'

/** Where the store is: `databaseUrl`, or without one a file in `dataDir`. */
export type StoreAt = { databaseUrl: string | null; dataDir: string }

/** SQLite: threads that answer queries; one may be busy with a report while another takes a write. */
const SERVE_THREADS = 2
const SERVE_CONNECTIONS = 8

/** For landing, deriving and what looks at both. */
const PIPELINE_CONNECTIONS = 3

/** Nobody waits for an answer longer than this. */
const STATEMENT_TIMEOUT_MS = 60_000

/** A lease that somebody works under is looked at again with the next beat. */
const LEASE_LOCK_TIMEOUT_MS = 500

const sqliteFile = (at: StoreAt) => `${at.dataDir}/couture.db`

/** For the thread that serves HTTP, which must not be blocked. */
export function openServingStore(at: StoreAt): Kysely<Database> {
  if (at.databaseUrl === null) return createThreadedSqliteStore(sqliteFile(at), SERVE_THREADS)
  const options = { connections: SERVE_CONNECTIONS, name: 'couture serve', statementTimeoutMs: STATEMENT_TIMEOUT_MS }
  return createPostgresStore(at.databaseUrl, options)
}

/** For the thread that lands and derives. */
export function openPipelineStore(at: StoreAt): Kysely<Database> {
  if (at.databaseUrl === null) return createSqliteStore(sqliteFile(at))
  const options = {
    connections: PIPELINE_CONNECTIONS,
    name: 'couture pipeline',
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  }
  return createPostgresStore(at.databaseUrl, options)
}

/** Where what is committed waits to be flushed to the disk; null where a commit is on the disk. */
export function unflushedFile(at: StoreAt): string | null {
  return at.databaseUrl === null ? `${sqliteFile(at)}-wal` : null
}

/** For commands and migrations, which take as long as they take. */
export function openCommandStore(at: StoreAt): Kysely<Database> {
  if (at.databaseUrl === null) return createSqliteStore(sqliteFile(at))
  return createPostgresStore(at.databaseUrl, { connections: 2, name: 'couture command', statementTimeoutMs: null })
}

/** Maintenance of the file; null where the store is not ours to maintain. */
export function openMaintenance(at: StoreAt, now: () => number): SqliteMaintenance | null {
  return at.databaseUrl === null ? createSqliteMaintenance(sqliteFile(at), now) : null
}

/** A process's share of what is to be derived. `beat` keeps it, `close` gives it up. */
export type Share = { ownership: Ownership; beat(): Promise<void>; close(): Promise<void> }

/** The share of the process `id`: everything on SQLite, which has one process that derives. */
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
