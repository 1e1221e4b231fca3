/**
 * The store on PostgreSQL: a bounded pool of connections.
 *
 * A connection may be cut at any time. What waits for it then gets an error with a code of its own (`transact` knows
 * it), what does not wait hears nothing, and the pool makes another. Sessions have limits of their own: a statement
 * that nobody waits for any more ends, and a process that falls asleep inside a transaction loses it with its locks.
 */
import { Kysely, PostgresDialect, type PostgresPoolClient } from 'kysely'
import { Pool, type PoolClient, types } from 'pg'
import type { Database } from '../schema.ts'

/** How a pool is made. */
export type PostgresOptions = {
  connections: number
  /** What operators of the database see it by. */
  name: string
  /** Null: statements may take as long as they take. */
  statementTimeoutMs: number | null
  /** How long a row's lock is waited for; without it as long as the statement may take. */
  lockTimeoutMs?: number
}

/** A connection that is not made by then is not made at all. */
const CONNECT_TIMEOUT_MS = 5000

/** A process that was stopped within a transaction keeps its locks no longer than this. */
const IDLE_IN_TRANSACTION_MS = 15_000

/** A database that does not even say that a statement took too long is given up a little later. */
const SILENCE_MS = 5000

/** What the engine tells as text but what are numbers to us: int8 and numeric, all well below 2^53. */
const NUMBERS = new Set([types.builtins.INT8, types.builtins.NUMERIC])

/** A store on the database of a URL. Connects when it is first used. */
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
  // An idle connection was cut: there is nobody to tell, and without a listener the process would end.
  pool.on('error', () => {})
  const clients = new WeakMap<PoolClient, PostgresPoolClient>()
  const connect = async (): Promise<PostgresPoolClient> => {
    const client = await coded(pool.connect())
    let own = clients.get(client)
    if (!own) {
      // Cut between two statements of a transaction: the next statement tells.
      client.on('error', () => {})
      own = {
        query: (text: string, values: unknown[]) => coded(client.query(text, values.map(storable))),
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

/** PostgreSQL keeps no NUL in a text. Input is cleaned at the endpoints; rows from before that must not fail. */
function storable(value: unknown): unknown {
  return typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value
}

/** The driver's own words for a connection that is gone have no code. */
const GONE = /connection|terminated|not queryable|timeout/i

async function coded<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    // Several addresses of one host, none of which answers.
    if (error instanceof AggregateError && error.message === '') error.message = String(error.errors[0]?.message)
    if (error instanceof Error && !('code' in error && error.code) && GONE.test(error.message)) {
      Object.assign(error, { code: '08006' })
    }
    throw error
  }
}
