/**
 * Checks whether a store may be used, whenever one is opened. A copy (`couture copy`) may be used once it is complete, if
 * its source has not been used since; the source may no longer be used once the copy is. So no order of commands loses
 * data.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Kysely } from 'kysely'
import type { Keyring } from '../ops/keyring.ts'
import { openCommandStore, type StoreAt } from '../store/open.ts'
import type { Database } from '../store/schema.ts'
import {
  type CopyState,
  changeCopyState,
  clearFinished,
  Overtaken,
  readCopyState,
  readFinished,
  readInstallation,
  readMoved,
  writeMoved,
} from './notes.ts'

const AGAIN = 'with the server stopped, run couture copy --to … --finish'

/** A keyed hash that shows whether a copy is used with the installation's own secret. */
export function secretMark(keyring: Pick<Keyring, 'token'>): string {
  return keyring.token('the secret of a copy')
}

/** Throws one sentence that says what to do if the store may not be used. Notes the first use of a copy. */
export async function activateCopy(db: Kysely<Database>, at: StoreAt, keyring: Keyring): Promise<void> {
  if (at.databaseUrl === null) {
    const moved = await readMoved(db)
    if (moved !== null) {
      throw new Error(
        `the store in DATA_DIR ${at.dataDir} has moved to PostgreSQL (${moved}): set DATABASE_URL and COUTURE_SECRET`,
      )
    }
    return clearFinished(db)
  }
  const copy = await readCopyState(db)
  if (copy === null) return
  if (copy.secret !== secretMark(keyring)) {
    throw new Error('COUTURE_SECRET must be the secret of the installation that was copied to DATABASE_URL')
  }
  if (copy.state === 'copying') {
    throw new Error(`the database of DATABASE_URL holds a copy that is not finished: ${AGAIN}`)
  }
  if (existsSync(join(at.dataDir, 'couture.db'))) await leaveSource(at.dataDir, copy)
  if (copy.state === 'finished') {
    await changeCopyState(db, copy, { ...copy, state: 'live' }).catch((error: unknown) => {
      // Another collector, starting at the same time, has noted it.
      if (!(error instanceof Overtaken)) throw error
      return activateCopy(db, at, keyring)
    })
  }
}

async function leaveSource(dataDir: string, copy: CopyState): Promise<void> {
  const source = openCommandStore({ dataDir, databaseUrl: null })
  try {
    if ((await readInstallation(source)) !== copy.installation || (await readMoved(source)) !== null) return
    if ((await readFinished(source)) !== copy.run) {
      throw new Error(`the store in DATA_DIR ${dataDir} has been used since it was copied: ${AGAIN}`)
    }
    await writeMoved(source, new Date().toISOString())
  } finally {
    await source.destroy()
  }
}
