/** Backs up a SQLite store to a file while the server runs: the store as it is at one moment, checked, for its owner only. */
import { chmodSync, closeSync, existsSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { flushFile, flushFolder } from '../ops/flush.ts'
import { copySqliteFile, sqliteFileProblem } from '../store/engine/sqlite-file.ts'

/** What SQLite may keep beside a file. */
export const SQLITE_SUFFIXES = ['', '-wal', '-shm', '-journal']

/** Backs up the store of a data folder, and returns what the file holds. Throws with a sentence if it cannot. */
export async function backUp(
  dataDir: string,
  file: string,
  onProgress: (done: number, total: number) => void,
): Promise<{ file: string; bytes: number; pages: number }> {
  const store = join(dataDir, 'couture.db')
  if (!existsSync(store)) throw new Error(`there is no store in ${dataDir}; DATA_DIR must be the server's folder`)
  if (existsSync(file)) throw new Error(`${file} is there already; remove it, or give another name`)
  if (!existsSync(dirname(file))) throw new Error(`there is no folder ${dirname(file)}`)
  // It has another name until it is whole and checked, so that nobody takes a half for a backup.
  const part = `${file}.part`
  rmSync(part, { force: true })
  try {
    closeSync(openSync(part, 'wx', 0o600))
    const pages = await copySqliteFile(store, part, onProgress)
    checkBackup(part)
    const bytes = statSync(part).size
    renameSync(part, file)
    chmodSync(file, 0o600)
    flushFolder(dirname(file))
    return { file, bytes, pages }
  } finally {
    for (const suffix of SQLITE_SUFFIXES) rmSync(part + suffix, { force: true })
  }
}

/** Throws a sentence unless the file is a whole store, and has it on disk. */
export function checkBackup(file: string): void {
  const problem = sqliteFileProblem(file)
  if (problem !== null) throw new Error(problem)
  flushFile(file)
}
