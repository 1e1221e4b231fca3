/**
 * The store on SQLite: opening a connection, and the dialect for threads that own one.
 *
 * Every connection sets the same pragmas, because most belong to the connection and not to the file. `synchronous=NORMAL`
 * is right for the store: whatever a power cut loses is still in the journal, and the cursor is lost with it. Writers
 * wait for each other for up to `BUSY_MS`.
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
 * Pages that the write-ahead log may hold before they are copied into the file (64 MB). Visitor ids are random, so each
 * transaction changes pages all over the file; the longer the log, the more changes share one write of a page.
 */
const CHECKPOINT_PAGES = 16_000

/** The size to which the log is truncated after a long reader has made it grow. */
const LOG_BYTES = 64 * 1024 ** 2

/** Opens the store's file, and creates it if it does not exist. */
export function openSqlite(file: string): BetterSqlite3.Database {
  const sqlite = new BetterSqlite3(file, { timeout: BUSY_MS })
  // Only takes effect on a new, empty file: allows free pages to be returned (`sqlite-maintenance`).
  sqlite.pragma('auto_vacuum = INCREMENTAL')
  sqlite.pragma('journal_mode = WAL')
  sqlite.pragma('synchronous = NORMAL')
  sqlite.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
  sqlite.pragma(`journal_size_limit = ${LOG_BYTES}`)
  sqlite.pragma('cache_size = -65536')
  sqlite.pragma('temp_store = MEMORY')
  // Deleted data is overwritten, so that it does not remain in the file.
  sqlite.pragma('secure_delete = ON')
  return sqlite
}

/** Small queries take longer to prepare than to run, and the same few hundred SQL texts recur. */
const MAX_STATEMENTS = 2000

/** Prepares statements and caches them. */
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

/** Adapts a statement to Kysely's interface. Parameters bind faster as arguments than as an array. */
function spreading(statement: BetterSqlite3.Statement) {
  return {
    reader: statement.reader,
    all: (parameters: readonly unknown[]) => statement.all(...parameters),
    run: (parameters: readonly unknown[]) => statement.run(...parameters),
    iterate: (parameters: readonly unknown[]) => statement.iterate(...parameters),
  }
}

/** Runs all pending migrations in one transaction, so that a crash leaves none of them half done. */
class AtomicSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

/** Creates a store on a connection in this thread: for the thread that lands and derives, and for commands. */
export function createSqliteStore(file: string): Kysely<Database> {
  const sqlite = openSqlite(file)
  const prepare = createPrepare(sqlite)
  const database = { prepare: (sql: string) => spreading(prepare(sql)), close: () => sqlite.close() }
  return new Kysely<Database>({ dialect: sqliteDialect(() => new OwnDriver({ database: database as never })) })
}

/** The SQLite dialect on top of a driver. */
export function sqliteDialect(createDriver: Dialect['createDriver']): Dialect {
  return {
    createAdapter: () => new AtomicSqliteAdapter(),
    createDriver,
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }
}

/**
 * The statement that begins a transaction. A read-only one sees a snapshot as of its first read and blocks no writer. All
 * others take the write lock at once: after a read, SQLite refuses the upgrade if another writer came in between.
 */
export function beginOf(settings: TransactionSettings): string {
  return settings.accessMode === 'read only' ? 'begin' : 'begin immediate'
}

class OwnDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection, settings?: TransactionSettings): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw(beginOf(settings ?? {})))
  }
}
