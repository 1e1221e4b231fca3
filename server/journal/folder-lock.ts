/**
 * One server per data folder: two would write one journal, and each would take the other's entries for its own.
 *
 * The lock is a transaction on a small SQLite file that stays open as long as the process lives. The operating system
 * ends it with the process, even on `kill -9`, so there is never anything to clean up. Commands do not take it: they
 * work on the store, beside a running server.
 */
import { hostname } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'

/** Locks the folder for this process, or throws a sentence that names the process that has it. */
export function lockFolder(folder: string): { release(): void } {
  const sqlite = new BetterSqlite3(join(folder, 'lock'), { timeout: 0 })
  try {
    // The holder is committed first, so that others can read it while the second transaction, which writes nothing, is
    // open.
    sqlite
      .transaction(() => {
        sqlite.exec(
          'create table if not exists holder (one integer primary key, pid integer not null, host text not null)',
        )
        sqlite.prepare('insert or replace into holder values (1, ?, ?)').run(process.pid, hostname())
      })
      .immediate()
    sqlite.exec('begin immediate')
  } catch (error) {
    const code = String((error as { code?: string }).code)
    if (code === 'SQLITE_FULL') throw new Error(`the disk of DATA_DIR ${folder} is full; make room and start again`)
    if (!code.startsWith('SQLITE_BUSY')) {
      throw new Error(`DATA_DIR must be a folder that can be written (${folder}: ${(error as Error).message})`)
    }
    throw new Error(
      `DATA_DIR ${folder} is in use by ${holderOf(sqlite)}; stop that server first, or set DATA_DIR to another folder`,
    )
  }
  return { release: () => sqlite.close() }
}

function holderOf(sqlite: BetterSqlite3.Database): string {
  try {
    const { pid, host } = sqlite.prepare('select pid, host from holder').get() as { pid: number; host: string }
    return `process ${pid} on ${host}`
  } catch {
    // The lock is just being taken, and its holder is not written yet.
    return 'another process'
  }
}

/** Takes the folder so that no server starts meanwhile; null while one runs. */
export function tryLockFolder(folder: string): { release(): void } | null {
  try {
    return lockFolder(folder)
  } catch {
    return null
  }
}

/** Whether a server runs on the folder. */
export function isFolderLocked(folder: string): boolean {
  const lock = tryLockFolder(folder)
  lock?.release()
  return lock === null
}
