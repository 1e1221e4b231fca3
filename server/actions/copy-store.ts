/**
 * Moves an installation's store from SQLite to PostgreSQL: in passes beside the running server, then in one last pass for
 * the rest, with the server stopped. Events that land after the move come from the journal, which stays in place.
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

/** The source and the target of a move. */
export type CopyStore = {
  dataDir: string
  secret: string
  to: string
  onProgress: Copy['onProgress']
}

/** The result of the last pass. The copy is finished only if `different` is null and all tables are equal. */
export type Finished = { written: number; tables: Compared[]; different: Different | null }

/** Copies beside a running server. Resumes where an interrupted run stopped. */
export function copyBesideServer(move: CopyStore): Promise<Pass[]> {
  return withBoth(move, copyBeside)
}

/** Copies the rest, compares every row, and releases the copy for use if all are equal. The server must be stopped. */
export async function finishCopy(move: CopyStore): Promise<Finished> {
  const lock = tryLockFolder(move.dataDir)
  if (lock === null) {
    throw new Error('--finish needs a stopped server, but one is running on DATA_DIR: stop it, then run this again')
  }
  try {
    return await withBoth(move, finish)
  } finally {
    lock.release()
  }
}

async function withBoth<T>(move: CopyStore, work: (copy: Copy) => Promise<T>): Promise<T> {
  const source = openCommandStore({ dataDir: move.dataDir, databaseUrl: null })
  const target = openCommandStore({ dataDir: move.dataDir, databaseUrl: move.to })
  try {
    await checkSource(source)
    const installation = await nameInstallation(source, nanoid(22))
    const secret = secretMark(createKeyring(move.secret))
    const state = await claimTarget(target, { installation, run: nanoid(10), secret })
    return await work({ source, target, state, onProgress: move.onProgress })
  } catch (error) {
    if (!isPassing(error)) throw error
    const message = error instanceof Error ? error.message : String(error)
    throw new Error(`the database of --to cannot be used: ${message}; run this again once it can, and the copy resumes`)
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
    throw new Error('something wrote to the store during the copy (another command?): run the same command again')
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
