/** Flushes a file to disk. */
import { closeSync, fsyncSync, openSync } from 'node:fs'

/**
 * Returns once everything written to the file is on disk. The store's log is not flushed at each commit
 * (`synchronous=NORMAL`), so this is called before entries leave the journal. Never call it on a file on which SQLite
 * holds locks: closing it here would release them.
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
