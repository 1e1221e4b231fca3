/**
 * Keeps the store's files from growing without bound. SQLite writes its log back to the store by itself at commits, but
 * cannot begin the log anew while somebody always reads; and what is deleted leaves free pages, which it uses again but
 * does not give back. A step does a little of either, on a connection of its own that waits for nobody for long.
 */
import BetterSqlite3 from 'better-sqlite3'

/** A log of this size is written back and cut, though somebody reads; at rest any: it holds what was deleted. */
const WAL_BYTES = 64 * 1024 ** 2

/** Free pages are given back from this size and share of the file on, so that ordinary come and go moves nothing. */
const FREE_BYTES = 16 * 1024 ** 2
const FREE_SHARE = 0.1

/** Pages of a step: it holds up writers for some ten milliseconds. */
const VACUUM_PAGES = 500

/** Readers are waited for so long; then it is tried again after a rest. */
const WAIT_MS = 50
const REST_MS = 2000

/** Maintenance of one file. */
export type SqliteMaintenance = {
  /** Returns whether there is more to do at once. `resting`: nothing else is to be done. */
  step(walBytes: () => number, resting: boolean): boolean
  close(): void
}

/** Maintenance of the store's file. `now` is a clock that only measures. */
export function createSqliteMaintenance(file: string, now: () => number): SqliteMaintenance {
  const sqlite = new BetterSqlite3(file, { timeout: WAIT_MS })
  const number = (pragma: string) => Number(sqlite.pragma(pragma, { simple: true }))
  const pageSize = number('page_size')
  let restUntil = 0
  let vacuuming = false

  const vacuum = () => {
    const free = number('freelist_count')
    // Once begun it goes on to the end: the file would stop at the threshold else.
    vacuuming = vacuuming ? free > 0 : free * pageSize > FREE_BYTES && free > number('page_count') * FREE_SHARE
    if (vacuuming) sqlite.pragma(`incremental_vacuum(${VACUUM_PAGES})`)
    return vacuuming
  }

  return {
    step(walBytes, resting) {
      if (now() < restUntil) return false
      try {
        if (walBytes() > (resting ? 0 : WAL_BYTES)) sqlite.pragma('wal_checkpoint(TRUNCATE)')
        if (vacuum()) return true
      } catch (error) {
        // Somebody writes; there is no haste.
        if (!/^SQLITE_BUSY/.test(String((error as { code?: string }).code))) throw error
      }
      restUntil = now() + REST_MS
      return false
    },
    close: () => sqlite.close(),
  }
}
