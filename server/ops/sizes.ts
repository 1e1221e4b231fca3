/** Sizes of the files in a data folder. */
import { statSync } from 'node:fs'
import { join } from 'node:path'

const FILES = ['couture.db', 'couture.db-wal', 'journal.db', 'journal.db-wal']

/** Sizes in bytes by name, without missing files. */
export function sizesOf(dataDir: string): Record<string, number> {
  return Object.fromEntries(
    FILES.flatMap((name) => {
      const stat = statSync(join(dataDir, name), { throwIfNoEntry: false })
      return stat ? [[name, stat.size]] : []
    }),
  )
}
