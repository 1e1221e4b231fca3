/** Checks that a copy may start: the source has this version's schema and has not moved, and the target may be written. */
import type { Kysely } from 'kysely'
import { isPassing } from '../store/engine/transact.ts'
import { migrate, schemaState } from '../store/migrate.ts'
import type { Database } from '../store/schema.ts'
import { beginCopy, type CopyState, changeCopyState, readCopyState, readMoved } from './notes.ts'
import { isEmptyDatabase, isUnused } from './target.ts'

/** Throws one sentence unless the source may be copied. Does not migrate it, because the running server may be of another version. */
export async function checkSource(source: Kysely<Database>): Promise<void> {
  const schema = await schemaState(source)
  if (schema !== 'same') {
    throw new Error(
      `the store in DATA_DIR has ${schema === 'older' ? 'an older' : 'a newer'} schema than this version of couture: ` +
        'copy with the version that the server runs, after starting that version once',
    )
  }
  if ((await readMoved(source)) !== null) throw new Error('the store in DATA_DIR has moved to PostgreSQL already')
}

/** Claims the target for this run: an empty database, or one that holds an unused copy of this installation. */
export async function claimTarget(target: Kysely<Database>, run: Omit<CopyState, 'state'>): Promise<CopyState> {
  if (await isEmptyDatabase(target)) await migrate(target)
  const schema = await schemaState(target).catch((error: unknown) => {
    if (isPassing(error)) throw error
    throw new Error('the database of --to holds other tables: it must be empty')
  })
  if (schema !== 'same') {
    throw new Error(
      `the database of --to has ${schema === 'older' ? 'an older' : 'a newer'} schema than this version of couture: ` +
        'empty it, and copy with the version that the server runs',
    )
  }
  const state: CopyState = { ...run, state: 'copying' }
  const existing = await readCopyState(target)
  if (existing === null) {
    if ((await isUnused(target)) && (await beginCopy(target, state))) return state
    throw new Error('the database of --to holds data that is not a copy of this installation: it must be empty')
  }
  if (existing.installation !== run.installation) {
    throw new Error('the database of --to holds a copy of another installation: it must be empty')
  }
  if (existing.state === 'live') {
    throw new Error('the copy in the database of --to is in use already, and is not overwritten')
  }
  await changeCopyState(target, existing, state)
  return state
}
