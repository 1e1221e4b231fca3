/** A SQLite store as a file: copy it while a server writes to it, check it, and read it whatever version wrote it. */
import BetterSqlite3 from 'better-sqlite3'

/** How long a copy waits for a writer to the source. */
const BUSY_MS = 10_000

/** Pages per step. Between steps, progress is reported and the process handles signals. */
const PAGES = 2000

/**
 * Copies a store to an existing empty file. It uses one read transaction: otherwise each write of the server would restart
 * the copy, and it would never finish. Returns the number of pages copied.
 */
export async function copySqliteFile(
  from: string,
  to: string,
  onProgress: (done: number, total: number) => void,
): Promise<number> {
  const source = new BetterSqlite3(from, { readonly: true, timeout: BUSY_MS })
  try {
    source.exec('begin; select count(*) from sqlite_master')
    const { totalPages } = await source.backup(to, {
      progress({ totalPages: total, remainingPages: left }) {
        onProgress(total - left, total)
        return PAGES
      },
    })
    return totalPages
  } finally {
    source.close()
  }
}

/** Checks that a file is a complete store, and returns what is wrong with it or null. Leaves a single file, without a log. */
export function sqliteFileProblem(file: string): string | null {
  let copy: BetterSqlite3.Database
  try {
    copy = new BetterSqlite3(file, { fileMustExist: true })
  } catch (error) {
    return `${file} cannot be read: ${(error as Error).message}`
  }
  try {
    copy.pragma('journal_mode = DELETE')
    const found = copy.pragma('integrity_check(1)', { simple: true })
    if (found !== 'ok') return `${file} is damaged: ${found}`
    copy.prepare('select 1 from cursors, events, sites').get()
    return null
  } catch (error) {
    return `${file} is no backup of a store: ${(error as Error).message}`
  } finally {
    copy.close()
  }
}

/** Reads from a store without changing it. `read` gets a function that returns the rows of a query. */
export function readSqliteFile<T>(file: string, read: (query: (sql: string) => unknown[]) => T): T {
  const sqlite = new BetterSqlite3(file, { readonly: true })
  try {
    return read((sql) => sqlite.prepare(sql).all())
  } finally {
    sqlite.close()
  }
}
