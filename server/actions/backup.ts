/** Backs up a SQLite store while the server runs: a verified snapshot of one moment, in a file only its owner can read. */
import { closeSync, existsSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { flushFile, flushFolder } from '../ops/flush.ts'
import { copySqliteFile, sqliteFileProblem } from '../store/engine/sqlite-file.ts'

/** The suffixes of a SQLite file and the files that SQLite may keep beside it. */
export const SQLITE_SUFFIXES = ['', '-wal', '-shm', '-journal']

/** Backs up the store of a data folder, and returns the size of the backup. Throws one sentence if it cannot. */
export async function backUp(
  dataDir: string,
  file: string,
  onProgress: (done: number, total: number) => void,
): Promise<{ file: string; bytes: number; pages: number }> {
  const store = join(dataDir, 'couture.db')
  if (!existsSync(store)) throw new Error(`there is no store in ${dataDir}; DATA_DIR must be the server's folder`)
  if (existsSync(file)) throw new Error(`${file} already exists; remove it, or choose another name`)
  if (!existsSync(dirname(file))) throw new Error(`there is no folder ${dirname(file)}`)
  // The file has another name until it is complete and verified, so that no partial file is mistaken for a backup.
  const part = `${file}.part`
  rmSync(part, { force: true })
  try {
    closeSync(openSync(part, 'wx', 0o600))
    const pages = await copySqliteFile(store, part, onProgress)
    checkBackup(part)
    const bytes = statSync(part).size
    renameSync(part, file)
    flushFolder(dirname(file))
    return { file, bytes, pages }
  } finally {
    for (const suffix of SQLITE_SUFFIXES) rmSync(part + suffix, { force: true })
  }
}

/** Flushes the file to disk if it is an intact store; throws one sentence otherwise. */
export function checkBackup(file: string): void {
  const problem = sqliteFileProblem(file)
  if (problem !== null) throw new Error(problem)
  flushFile(file)
}
