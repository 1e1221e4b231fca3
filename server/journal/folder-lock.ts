/**
 * One server per data folder: two would write one journal, and each would take the other's entries for its own.
 *
 * The lock is a transaction on a small SQLite file that stays open as long as the process lives. The operating system
 * ends it with the process, even on `kill -9`, so there is never anything to clean up. Commands do not take it: they
 * work on the store, beside a running server.
 */
import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'

const LOCK_FILE = 'lock'

/** A server as others find it: the address that it listens on, and a random id that its `/healthz` repeats. */
export type Announced = { address: string; instance: string }

/**
 * Locks the folder for this process, or throws a sentence that names the process that has it. A server announces itself;
 * a command that only keeps servers out does not.
 */
export function lockFolder(folder: string, server: Announced | null = null): { release(): void } {
  const sqlite = new BetterSqlite3(join(folder, LOCK_FILE), { timeout: 0 })
  try {
    // The holder is committed first, so that others can read it while the second transaction, which writes nothing, is
    // open.
    sqlite
      .transaction(() => {
        // The holder of an earlier version has other columns.
        sqlite.exec('drop table if exists holder')
        sqlite.exec('create table holder (pid integer not null, host text not null, address text, instance text)')
        const { address, instance } = server ?? { address: null, instance: null }
        sqlite.prepare('insert into holder values (?, ?, ?, ?)').run(process.pid, hostname(), address, instance)
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

type Holder = { pid: number; host: string; address: string | null; instance: string | null }

/** The process that has the lock; null while it is just being taken. */
function readHolder(sqlite: BetterSqlite3.Database): Holder | null {
  try {
    return (sqlite.prepare('select * from holder').get() as Holder | undefined) ?? null
  } catch {
    return null
  }
}

function holderOf(sqlite: BetterSqlite3.Database): string {
  const holder = readHolder(sqlite)
  return holder === null ? 'another process' : `process ${holder.pid} on ${holder.host}`
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
  if (!existsSync(join(folder, LOCK_FILE))) return false
  const lock = tryLockFolder(folder)
  lock?.release()
  return lock === null
}

/** The process that runs on the folder, with what it announced; null if none does. */
export function readFolderHolder(folder: string): Partial<Holder> | null {
  if (!isFolderLocked(folder)) return null
  const sqlite = new BetterSqlite3(join(folder, LOCK_FILE), { readonly: true })
  try {
    return readHolder(sqlite) ?? {}
  } finally {
    sqlite.close()
  }
}
