/**
 * `couture backup FILE`: a copy of the store as it is at one moment, made while the server runs, checked, and for its
 * owner only.
 */
import { chmodSync, closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import type { Command } from 'commander'
import { readConfigFromEnvironment } from '../ops/config.ts'
import { flushFile } from '../ops/flush.ts'
import { createBar, shareText } from './bar.ts'
import { Refusal, show } from './store.ts'

/** Pages of one step: the bar moves, and the process hears signals in between. */
const PAGES = 2000

/** Adds the command. */
export function registerBackup(program: Command): void {
  program
    .command('backup <file>')
    .description('copy the store to a file while the server runs; `couture restore` brings it back')
    .option('--json', 'print for programs')
    .action(async (file: string, options: { json?: boolean }) => {
      refusePostgres()
      const { dataDir } = readConfigFromEnvironment(process.env)
      const store = join(dataDir, 'couture.db')
      if (!existsSync(store)) throw new Refusal(`there is no store in ${dataDir}; DATA_DIR must be the server's folder`)
      const copy = await backUp(store, resolve(file))
      show(
        options.json,
        copy,
        () =>
          `${copy.file} holds the store, ${copy.bytes.toLocaleString('en')} bytes, checked.\n` +
          `It is of no use without the secret: keep ${join(dataDir, 'secret')} (or COUTURE_SECRET) too, in another place.`,
      )
    })
}

/** PostgreSQL has tools of its own, which know more than we do. */
export function refusePostgres(): void {
  if (process.env.DATABASE_URL) {
    throw new Refusal(
      'with DATABASE_URL the store is PostgreSQL: pg_dump and pg_restore are the way; keep DATA_DIR and the secret too',
    )
  }
}

async function backUp(store: string, file: string): Promise<{ file: string; bytes: number; pages: number }> {
  if (existsSync(file)) throw new Refusal(`${file} is there already; remove it, or give another name`)
  if (!existsSync(dirname(file))) throw new Refusal(`there is no folder ${dirname(file)}`)
  // Until it is whole and checked it has another name, so that nobody takes a half for a backup.
  const part = `${file}.part`
  rmSync(part, { force: true })
  const wipe = () => {
    for (const end of ['', '-wal', '-shm', '-journal']) rmSync(part + end, { force: true })
  }
  try {
    closeSync(openSync(part, 'wx', 0o600))
    const pages = await copyPages(store, part)
    check(part)
    const bytes = statSync(part).size
    renameSync(part, file)
    chmodSync(file, 0o600)
    syncFolder(dirname(file))
    return { file, bytes, pages }
  } finally {
    wipe()
  }
}

/** In one read transaction: else each write of the server would make the copy begin anew, and it would never end. */
async function copyPages(store: string, part: string): Promise<number> {
  const source = new BetterSqlite3(store, { readonly: true, timeout: 10_000 })
  const bar = createBar()
  try {
    source.exec('begin; select count(*) from sqlite_master')
    const { totalPages } = await source.backup(part, {
      progress({ totalPages: total, remainingPages: left }) {
        bar.draw((_, width) => shareText(total - left, total, 'pages', width))
        return PAGES
      },
    })
    return totalPages
  } finally {
    bar.end()
    source.close()
  }
}

/** Throws unless the file is a whole store. Leaves one file, on disk. */
export function check(file: string): void {
  let copy: BetterSqlite3.Database
  try {
    copy = new BetterSqlite3(file, { fileMustExist: true })
  } catch (error) {
    throw new Refusal(`${file} cannot be read: ${(error as Error).message}`)
  }
  try {
    copy.pragma('journal_mode = DELETE')
    const found = copy.pragma('integrity_check(1)', { simple: true })
    if (found !== 'ok') throw new Refusal(`${file} is damaged: ${found}`)
    copy.prepare('select 1 from cursors, events, sites').get()
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw new Refusal(`${file} is no backup of a store: ${(error as Error).message}`)
  } finally {
    copy.close()
  }
  flushFile(file)
}

/** Has the names in a folder on disk. */
export function syncFolder(path: string): void {
  const handle = openSync(path, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
