/** The temporary store of a dry run. It is removed however the command ends, because it holds personal data. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { migrate } from '../store/migrate.ts'
import { openCommandStore } from '../store/open.ts'
import type { Store } from './prepare-store.ts'

/** After this time a dry run removes the folder that a killed one left behind. */
const ABANDONED_MS = 24 * 3600_000

/** Creates the store. */
export async function createRehearsal(dataDir: string): Promise<{ db: Store; remove(): Promise<void> }> {
  for (const name of readdirSync(dataDir).filter((each) => each.startsWith('dry-run-'))) {
    const leftover = join(dataDir, name)
    if (Date.now() - statSync(leftover).mtimeMs > ABANDONED_MS) rmSync(leftover, { recursive: true, force: true })
  }
  const folder = mkdtempSync(join(dataDir, 'dry-run-'))
  const wipe = () => rmSync(folder, { recursive: true, force: true })
  const leave = () => process.exit(1)
  process.once('exit', wipe)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, leave)
  const db = openCommandStore({ databaseUrl: null, dataDir: folder })
  await migrate(db)
  return {
    db,
    async remove() {
      await db.destroy()
      wipe()
      process.off('exit', wipe)
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, leave)
    },
  }
}
