/** Makes sure that what was written to a file is on the disk. */
import { closeSync, fsyncSync, openSync } from 'node:fs'

/**
 * Returns when all that was written to the file before is on disk. The store's log is not flushed at each commit
 * (`synchronous=NORMAL`), so this is asked for before entries leave the journal. For no file that SQLite holds locks
 * on: closing it here would end them.
 */
export function flushFile(path: string): void {
  const file = openSync(path, 'r+')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Returns when the names in a folder are on disk: a file that was renamed has its new name after a power cut too. */
export function flushFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
