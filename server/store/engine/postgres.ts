/**
 * The store on PostgreSQL: a bounded pool of connections.
 *
 * A connection may break at any time. Pending queries then fail with a code that `transact` knows, idle connections are
 * dropped silently, and the pool opens new ones. Sessions have their own limits: a statement that nobody waits for any
 * longer is cancelled, and a process paused inside a transaction loses the transaction and its locks.
 */
import { Kysely, PostgresDialect, type PostgresPoolClient } from 'kysely'
import { Pool, type PoolClient, types } from 'pg'
import type { Database } from '../schema.ts'

/** The options of a pool. */
export type PostgresOptions = {
  connections: number
  /** The `application_name` that operators of the database see. */
  name: string
  /** Null means no limit. */
  statementTimeoutMs: number | null
  /** How long to wait for a row lock; by default as long as the statement may take. */
  lockTimeoutMs?: number
}

/** How long opening a connection may take. */
const CONNECT_TIMEOUT_MS = 5000

/** A process paused inside a transaction keeps its locks no longer than this. */
const IDLE_IN_TRANSACTION_MS = 15_000

/** How long past the statement timeout to wait for the database to report it before giving up. */
const SILENCE_MS = 5000

/** Types that the driver returns as text and that are read as numbers: int8 and numeric, all well below 2^53. */
const NUMBERS = new Set([types.builtins.INT8, types.builtins.NUMERIC])

/** Creates a store on the database of a URL. It connects on first use. */
export function createPostgresStore(url: string, options: PostgresOptions): Kysely<Database> {
  const { statementTimeoutMs: timeoutMs } = options
  const pool = new Pool({
    connectionString: url,
    max: options.connections,
    application_name: options.name,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    ...(timeoutMs === null ? {} : { statement_timeout: timeoutMs, query_timeout: timeoutMs + SILENCE_MS }),
    ...(options.lockTimeoutMs === undefined ? {} : { lock_timeout: options.lockTimeoutMs }),
    types: {
      getTypeParser: ((oid: number, format?: 'text') =>
        NUMBERS.has(oid) ? Number : types.getTypeParser(oid, format)) as typeof types.getTypeParser,
    },
  })
  // An idle connection broke: no query failed, but without a listener the process would end.
  pool.on('error', () => {})
  const clients = new WeakMap<PoolClient, PostgresPoolClient>()
  const connect = async (): Promise<PostgresPoolClient> => {
    const client = await withCode(pool.connect())
    let own = clients.get(client)
    if (!own) {
      // Broken between two statements of a transaction: the next statement fails.
      client.on('error', () => {})
      own = {
        query: (text: string, values: unknown[]) => withCode(client.query(text, values.map(storable))),
        release: (discard: boolean) => client.release(discard),
      } as unknown as PostgresPoolClient
      clients.set(client, own)
    }
    return own
  }
  const { options: poolOptions } = pool
  return new Kysely<Database>({
    dialect: new PostgresDialect({ pool: { connect, end: () => pool.end(), options: poolOptions } }),
  })
}

/** PostgreSQL cannot store NUL in text. The endpoints clean their input; rows from before that must not fail. */
function storable(value: unknown): unknown {
  return typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value
}

/** The driver's own messages about lost connections, which carry no code. */
const CONNECTION_LOST = /connection|terminated|not queryable|timeout/i

async function withCode<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    // The host has several addresses, and none of them answers.
    if (error instanceof AggregateError && error.message === '') error.message = String(error.errors[0]?.message)
    if (error instanceof Error && !('code' in error && error.code) && CONNECTION_LOST.test(error.message)) {
      Object.assign(error, { code: '08006' })
    }
    throw error
  }
}
