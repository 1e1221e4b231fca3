/** Whether a server runs on the data folder, for commands that go another way then. */
import { lockFolder } from '../journal/folder-lock.ts'

/** The folder for this command, so that no server starts meanwhile; null while one runs. */
export function holdFolder(dataDir: string): { release(): void } | null {
  try {
    return lockFolder(dataDir)
  } catch {
    return null
  }
}
