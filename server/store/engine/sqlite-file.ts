/** A SQLite store as a file: copied while a server writes to it, checked, and read as it is, whatever version made it. */
import BetterSqlite3 from 'better-sqlite3'

/** How long a copy waits for a writer of the source. */
const BUSY_MS = 10_000

/** Pages of one step: progress is reported, and the process handles signals, in between. */
const PAGES = 2000

/**
 * Copies a store to a file that is there and empty. It happens in one read transaction: otherwise each write of the
 * server would restart the copy, and it would never end. Returns how many pages it copied.
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

/** Says what is wrong with a file that should be a whole store; null if nothing is. Leaves a single file, without a log. */
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

/** Reads from a store without changing it. `read` is given the rows of a query. */
export function readSqliteFile<T>(file: string, read: (query: (sql: string) => unknown[]) => T): T {
  const sqlite = new BetterSqlite3(file, { readonly: true })
  try {
    return read((sql) => sqlite.prepare(sql).all())
  } finally {
    sqlite.close()
  }
}
