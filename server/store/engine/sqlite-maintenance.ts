/**
 * Keeps the store's files from growing without bound. SQLite checkpoints its log by itself at commits, but cannot restart
 * the log while there is always a reader; and deletes leave free pages, which it reuses but does not return to the file
 * system. Each step does a little of both, on its own connection, which never waits long for others.
 */
import BetterSqlite3 from 'better-sqlite3'

/** A log of this size is checkpointed and truncated. When idle, any log is, because it holds deleted data. */
const WAL_BYTES = 64 * 1024 ** 2

/** Free pages are returned above this size and share of the file, so that ordinary fluctuation moves nothing. */
const FREE_BYTES = 16 * 1024 ** 2
const FREE_SHARE = 0.1

/** Pages per step, which block writers for some ten milliseconds. */
const VACUUM_PAGES = 500

/** How long to wait for readers, and how long to pause before the next attempt. */
const WAIT_MS = 50
const PAUSE_MS = 2000

/** Maintenance of one file. */
export type SqliteMaintenance = {
  /** Returns whether there is more to do right away. `idle`: the thread has no other work. */
  step(walBytes: () => number, idle: boolean): boolean
  close(): void
}

/** Creates the maintenance of the store's file. `now` is a monotonic clock. */
export function createSqliteMaintenance(file: string, now: () => number): SqliteMaintenance {
  const sqlite = new BetterSqlite3(file, { timeout: WAIT_MS })
  const number = (pragma: string) => Number(sqlite.pragma(pragma, { simple: true }))
  const pageSize = number('page_size')
  let pausedUntil = 0
  let vacuuming = false

  const vacuum = () => {
    const free = number('freelist_count')
    // Once started, it continues to the end: otherwise it would stop at the threshold.
    vacuuming = vacuuming ? free > 0 : free * pageSize > FREE_BYTES && free > number('page_count') * FREE_SHARE
    if (vacuuming) sqlite.pragma(`incremental_vacuum(${VACUUM_PAGES})`)
    return vacuuming
  }

  return {
    step(walBytes, idle) {
      if (now() < pausedUntil) return false
      try {
        if (walBytes() > (idle ? 0 : WAL_BYTES)) sqlite.pragma('wal_checkpoint(TRUNCATE)')
        if (vacuum()) return true
      } catch (error) {
        // The store is busy; try again later.
        if (!/^SQLITE_BUSY/.test(String((error as { code?: string }).code))) throw error
      }
      pausedUntil = now() + PAUSE_MS
      return false
    },
    close: () => sqlite.close(),
  }
}
