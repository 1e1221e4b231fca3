/**
 * The store on SQLite for the thread that serves HTTP: a Kysely dialect whose connections live in worker threads.
 *
 * better-sqlite3 blocks the thread it runs in, so a report that takes seconds would delay every collector request. Here a
 * query is a message to a thread, and its rows are the reply. There are a few threads, so that a long report does not
 * delay a short write; a transaction keeps its thread until it ends. A thread starts when it is first needed because all
 * others are busy.
 */
import { Worker } from 'node:worker_threads'
import { type CompiledQuery, type DatabaseConnection, type Driver, Kysely, type QueryResult } from 'kysely'
import type { Database } from '../schema.ts'
import { beginOf, sqliteDialect } from './sqlite.ts'

/** A query for a thread, and the thread's reply. */
export type ThreadRequest = { id: number; sql: string; parameters: readonly unknown[] }
export type ThreadReply = { id: number; rows?: unknown[]; changes?: number; error?: string; code?: string }

/** A SQLite error with its code, as reported by the thread. */
export class SqliteThreadError extends Error {
  readonly code: string | undefined
  constructor(message: string, code: string | undefined) {
    super(message)
    this.name = 'SqliteThreadError'
    this.code = code
  }
}

/** Creates a store whose queries run in up to `threads` worker threads. `destroy()` ends them. */
export function createThreadedSqliteStore(file: string, threads: number): Kysely<Database> {
  return new Kysely<Database>({ dialect: sqliteDialect(() => createDriver(file, threads)) })
}

function createDriver(file: string, threads: number): Driver {
  const all: ThreadConnection[] = []
  const free: ThreadConnection[] = []
  const waiting: ((connection: ThreadConnection) => void)[] = []
  const run = (connection: DatabaseConnection, sql: string) =>
    (connection as ThreadConnection).send(sql, []).then(() => undefined)
  return {
    async init() {},
    async acquireConnection() {
      const idle = free.pop()
      if (idle) return idle
      if (all.length >= threads) return new Promise((resolve) => waiting.push(resolve))
      const started = new ThreadConnection(file)
      all.push(started)
      return started
    },
    async releaseConnection(connection) {
      const next = waiting.shift()
      if (next) next(connection as ThreadConnection)
      else free.push(connection as ThreadConnection)
    },
    beginTransaction: (connection, settings) => run(connection, beginOf(settings)),
    commitTransaction: (connection) => run(connection, 'commit'),
    rollbackTransaction: (connection) => run(connection, 'rollback'),
    async destroy() {
      await Promise.all(all.map((connection) => connection.worker.terminate()))
    },
  }
}

class ThreadConnection implements DatabaseConnection {
  readonly worker: Worker
  private next = 1
  private readonly pending = new Map<number, { resolve: (reply: ThreadReply) => void; reject: (e: Error) => void }>()

  constructor(file: string) {
    this.worker = new Worker(new URL('../../threads/store-worker.ts', import.meta.url), { workerData: { file } })
    this.worker.on('message', (reply: ThreadReply) => {
      const waiter = this.pending.get(reply.id)
      this.pending.delete(reply.id)
      if (reply.error === undefined) waiter?.resolve(reply)
      else waiter?.reject(new SqliteThreadError(reply.error, reply.code))
    })
    this.worker.on('error', (error) => {
      for (const { reject } of this.pending.values()) reject(error as Error)
      this.pending.clear()
    })
  }

  send(sql: string, parameters: readonly unknown[]): Promise<ThreadReply> {
    const id = this.next++
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject })
      this.worker.postMessage({ id, sql, parameters } satisfies ThreadRequest)
    })
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const reply = await this.send(query.sql, query.parameters)
    return { rows: reply.rows as R[], numAffectedRows: BigInt(reply.changes ?? 0) }
  }

  // biome-ignore lint/correctness/useYield: nothing streams through it; exports page by key
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('a threaded SQLite connection does not stream; read page by page')
  }
}
