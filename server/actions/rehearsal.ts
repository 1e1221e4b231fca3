/** The temporary store of a dry run. It is removed however the dry run ends, because it holds personal data. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { migrate } from '../store/migrate.ts'
import { openCommandStore, openServingStore, type StoreAt } from '../store/open.ts'
import type { Store } from './prepare-store.ts'

/** An empty store in a folder of its own. */
export type Rehearsal = { db: Store; remove(): Promise<void> }

/** After this time a dry run removes the folder that a killed one left behind. */
const ABANDONED_MS = 24 * 3600_000

/** Creates the store of a command, and removes it even if the command is interrupted. */
export async function createCommandRehearsal(dataDir: string): Promise<Rehearsal> {
  const folder = makeFolder(dataDir)
  const wipe = () => rmSync(folder, { recursive: true, force: true })
  const leave = () => process.exit(1)
  process.once('exit', wipe)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, leave)
  const rehearsal = await open(folder, openCommandStore)
  return {
    db: rehearsal.db,
    async remove() {
      await rehearsal.remove()
      process.off('exit', wipe)
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, leave)
    },
  }
}

/** Creates the store of a request. Its queries run in a thread, so that the server goes on answering others. */
export function createServedRehearsal(dataDir: string): Promise<Rehearsal> {
  return open(makeFolder(dataDir), openServingStore)
}

function makeFolder(dataDir: string): string {
  for (const name of readdirSync(dataDir).filter((each) => each.startsWith('dry-run-'))) {
    const leftover = join(dataDir, name)
    if (Date.now() - statSync(leftover).mtimeMs > ABANDONED_MS) rmSync(leftover, { recursive: true, force: true })
  }
  return mkdtempSync(join(dataDir, 'dry-run-'))
}

async function open(folder: string, openStore: (at: StoreAt) => Store): Promise<Rehearsal> {
  const db = openStore({ databaseUrl: null, dataDir: folder })
  const remove = async () => {
    await db.destroy()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await migrate(db)
  } catch (error) {
    await remove()
    throw error
  }
  return { db, remove }
}
