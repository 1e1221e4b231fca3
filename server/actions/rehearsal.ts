/** The store of a dry run: empty, beside the real one, and gone however the command ends, because it holds addresses. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { migrate } from '../store/migrate.ts'
import { openCommandStore } from '../store/open.ts'
import type { Store } from './prepare-store.ts'

/** A later dry run removes what one that was killed has left behind after this time. */
const ABANDONED_MS = 24 * 3600_000

/** Makes the store. */
export async function createRehearsal(dataDir: string): Promise<{ db: Store; remove(): Promise<void> }> {
  for (const name of readdirSync(dataDir).filter((each) => each.startsWith('dry-run-'))) {
    const left = join(dataDir, name)
    if (Date.now() - statSync(left).mtimeMs > ABANDONED_MS) rmSync(left, { recursive: true, force: true })
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
