/**
 * Moves an installation's store from SQLite to PostgreSQL: once or more beside the running server, then once when the
 * server is stopped, for the little that is left. What is accepted between the stop and the new start is only in the
 * journal, which stays, and is landed from there.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { nanoid } from 'nanoid'
import { secretMark } from '../copy/activate.ts'
import { checkSource, claimTarget } from '../copy/claim.ts'
import { type Compared, type Copy, copyBeside, copyExactly, dataVersion, type Pass } from '../copy/copy.ts'
import { changeCopyState, clearPasses, nameInstallation, writeFinished } from '../copy/notes.ts'
import type { Different } from '../copy/table.ts'
import { tryLockFolder } from '../journal/folder-lock.ts'
import { createKeyring } from '../ops/keyring.ts'
import { isPassing } from '../store/engine/transact.ts'
import { openCommandStore } from '../store/open.ts'

/** From where to where. */
export type CopyStore = {
  dataDir: string
  secret: string
  to: string
  onProgress: Copy['onProgress']
}

/** What the last pass found on both sides. It is finished only if `different` is null and all tables are equal. */
export type Finished = { written: number; tables: Compared[]; different: Different | null }

/** Copies beside a running server. Goes on where an interrupted run stopped. */
export function copyBesideServer(what: CopyStore): Promise<Pass[]> {
  return withBoth(what, copyBeside)
}

/** Copies what is left, compares every row, and lets the copy be used if all are the same. The server must be stopped. */
export async function finishCopy(what: CopyStore): Promise<Finished> {
  const lock = tryLockFolder(what.dataDir)
  if (lock === null) {
    throw new Error('--finish needs a stopped server, and one runs on DATA_DIR: stop it, then run this again')
  }
  try {
    return await withBoth(what, finish)
  } finally {
    lock.release()
  }
}

async function withBoth<T>(what: CopyStore, work: (copy: Copy) => Promise<T>): Promise<T> {
  const source = openCommandStore({ dataDir: what.dataDir, databaseUrl: null })
  const target = openCommandStore({ dataDir: what.dataDir, databaseUrl: what.to })
  try {
    await checkSource(source)
    const installation = await nameInstallation(source, nanoid(22))
    const secret = secretMark(createKeyring(what.secret))
    const state = await claimTarget(target, { installation, run: nanoid(10), secret })
    return await work({ source, target, state, onProgress: what.onProgress })
  } catch (error) {
    if (!isPassing(error)) throw error
    const message = error instanceof Error ? error.message : String(error)
    throw new Error(`the database of --to cannot be used: ${message}; run this again when it can, it goes on`)
  } finally {
    await source.destroy()
    await target.destroy()
  }
}

async function finish(copy: Copy): Promise<Finished> {
  const { source, target, state } = copy
  const before = await dataVersion(source)
  const result = await copyExactly(copy, () => createHash('sha256'))
  if ((await dataVersion(source)) !== before) {
    throw new Error('something has written to the store meanwhile (another command?): run the same again')
  }
  if (result.different === null && result.tables.every((each) => each.equal)) {
    await target.transaction().execute(async (trx) => {
      await changeCopyState(trx, state, { ...state, state: 'finished' })
      await clearPasses(trx)
    })
    await writeFinished(source, state.run)
  }
  return result
}

/** Whether a data folder holds a store. */
export function hasStore(dataDir: string): boolean {
  return existsSync(join(dataDir, 'couture.db'))
}
