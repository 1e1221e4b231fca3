/**
 * The store on SQLite: how a connection is opened, and the dialect for threads that own one.
 *
 * Every connection sets the same pragmas: they are kept by the connection and not by the file, and better-sqlite3
 * reopens a WAL file at `synchronous=NORMAL`. NORMAL is right for the store: what it may lose at a power cut is in
 * the journal, and the cursor is lost with it. Writers wait for each other up to `BUSY_MS`.
 */
import BetterSqlite3 from 'better-sqlite3'
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  Kysely,
  SqliteAdapter,
  SqliteDriver,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type TransactionSettings,
} from 'kysely'
import type { Database } from '../schema.ts'

/** How long a writer waits for another process or thread to finish its transaction. */
const BUSY_MS = 10_000

/**
 * Pages that the write-ahead log may hold before they are copied into the file (64 MB). Visitors are random, so each
 * transaction changes pages all over the file; the longer the log, the more of them are written once for many changes.
 */
const CHECKPOINT_PAGES = 16_000

/** What of the log's file is kept when a long reader has made it longer. */
const LOG_BYTES = 64 * 1024 ** 2

/** Opens the store's file, which is made if it is not there. */
export function openSqlite(file: string): BetterSqlite3.Database {
  const sqlite = new BetterSqlite3(file, { timeout: BUSY_MS })
  // Of a new file only, and before anything is in it: lets it give pages back (`sqlite-maintenance`).
  sqlite.pragma('auto_vacuum = INCREMENTAL')
  sqlite.pragma('journal_mode = WAL')
  sqlite.pragma('synchronous = NORMAL')
  sqlite.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
  sqlite.pragma(`journal_size_limit = ${LOG_BYTES}`)
  sqlite.pragma('cache_size = -65536')
  sqlite.pragma('temp_store = MEMORY')
  // What is deleted is overwritten, so that no file holds it any more.
  sqlite.pragma('secure_delete = ON')
  return sqlite
}

/** Preparing costs more than running for small queries, and the same few hundred texts come again and again. */
const MAX_STATEMENTS = 2000

/** Prepares statements and keeps them. */
export function createPrepare(sqlite: BetterSqlite3.Database): (sql: string) => BetterSqlite3.Statement {
  const statements = new Map<string, BetterSqlite3.Statement>()
  return (sql) => {
    let statement = statements.get(sql)
    if (!statement) {
      if (statements.size >= MAX_STATEMENTS) statements.clear()
      statement = sqlite.prepare(sql)
      statements.set(sql, statement)
    }
    return statement
  }
}

/** A statement as Kysely calls it. Parameters are bound faster as arguments than as the elements of a list. */
function spreading(statement: BetterSqlite3.Statement) {
  return {
    reader: statement.reader,
    all: (parameters: readonly unknown[]) => statement.all(...parameters),
    run: (parameters: readonly unknown[]) => statement.run(...parameters),
    iterate: (parameters: readonly unknown[]) => statement.iterate(...parameters),
  }
}

/** All migrations of a start in one transaction: one that is cut short by a crash has not begun. */
class AtomicSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

/** A store on a connection of this thread's own: for the thread that lands and derives, and for commands. */
export function createSqliteStore(file: string): Kysely<Database> {
  const sqlite = openSqlite(file)
  const prepare = createPrepare(sqlite)
  const database = { prepare: (sql: string) => spreading(prepare(sql)), close: () => sqlite.close() }
  return new Kysely<Database>({ dialect: sqliteDialect(() => new OwnDriver({ database: database as never })) })
}

/** The dialect of SQLite over a driver. */
export function sqliteDialect(createDriver: Dialect['createDriver']): Dialect {
  return {
    createAdapter: () => new AtomicSqliteAdapter(),
    createDriver,
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }
}

/**
 * How a transaction begins. One that only reads sees the store as it is at its first read, beside any writer. All
 * others take their turn as writers at once: one that reads first cannot become a writer after another has written.
 */
export function beginOf(settings: TransactionSettings): string {
  return settings.accessMode === 'read only' ? 'begin' : 'begin immediate'
}

class OwnDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection, settings?: TransactionSettings): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw(beginOf(settings ?? {})))
  }
}
