/**
 * Keeps an installation's files to their owner, whatever folder they are in: they hold personal data and secrets. New
 * files get their mode from the umask of the process, those that SQLite makes too. Files of an earlier version, or that
 * somebody copied into the folder, are mended when the server starts.
 */
import { chmodSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** The umask of all commands that touch an installation: 0600 for files, 0700 for folders. */
export const PRIVATE_UMASK = 0o077

/** The files of an installation by their names, with copies of the store beside it. The folder may hold others. */
const OWN_FILE = /^(couture\.db|journal\.db|lock|secret|admin-password|sites\.json)/

/** The installation's files that others than their owner may read or write. */
export function openFiles(dataDir: string): string[] {
  return readdirSync(dataDir, { withFileTypes: true })
    .filter((entry) => entry.isFile() && OWN_FILE.test(entry.name))
    .map((entry) => join(dataDir, entry.name))
    .filter((path) => ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0)
}

/**
 * Keeps a file to its owner. Another user's file stays as it is: `couture doctor` complains about it. So does what is no
 * file, such as /dev/stdout.
 */
export function makePrivate(path: string): void {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return
  try {
    chmodSync(path, 0o600)
  } catch (error) {
    if (!['EPERM', 'ENOENT', 'EROFS'].includes(String((error as { code?: string }).code))) throw error
  }
}

/** What others may do with the folder itself. */
export function folderAccess(dataDir: string): 'none' | 'list' | 'write' {
  const { mode } = statSync(dataDir)
  return (mode & 0o022) !== 0 ? 'write' : (mode & 0o055) !== 0 ? 'list' : 'none'
}
