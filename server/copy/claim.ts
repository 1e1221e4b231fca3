/** Whether a copy may begin: the source is of this version and still in use, and the target is this installation's. */
import type { Kysely } from 'kysely'
import { isPassing } from '../store/engine/transact.ts'
import { migrate, schemaState } from '../store/migrate.ts'
import type { Database } from '../store/schema.ts'
import { beginCopy, type CopyState, changeCopyState, readCopyState, readMoved } from './notes.ts'
import { isEmptyDatabase, isUnused } from './target.ts'

/** Throws a sentence unless the source may be copied. Its schema is left as it is: a running server may be of another version. */
export async function checkSource(source: Kysely<Database>): Promise<void> {
  const schema = await schemaState(source)
  if (schema !== 'same') {
    throw new Error(
      `the store in DATA_DIR has ${schema === 'older' ? 'an older' : 'a newer'} schema than this version of couture: ` +
        'run the copy with the version that the server runs, once that was started',
    )
  }
  if ((await readMoved(source)) !== null) throw new Error('the store in DATA_DIR has moved to PostgreSQL already')
}

/** Makes the target this run's: an empty database, or one with a copy of this installation that is not in use. */
export async function claimTarget(target: Kysely<Database>, run: Omit<CopyState, 'state'>): Promise<CopyState> {
  if (await isEmptyDatabase(target)) await migrate(target)
  const schema = await schemaState(target).catch((error: unknown) => {
    if (isPassing(error)) throw error
    throw new Error('the database of --to holds tables of something else: it must be empty')
  })
  if (schema !== 'same') {
    throw new Error(
      `the database of --to has ${schema === 'older' ? 'an older' : 'a newer'} schema than this version of couture: ` +
        'empty it, and copy with the version that the server runs',
    )
  }
  const state: CopyState = { ...run, state: 'copying' }
  const had = await readCopyState(target)
  if (had === null) {
    if ((await isUnused(target)) && (await beginCopy(target, state))) return state
    throw new Error('the database of --to holds data that is no copy of this installation: it must be empty')
  }
  if (had.installation !== run.installation) {
    throw new Error('the database of --to holds a copy of another installation: it must be empty')
  }
  if (had.state === 'live') {
    throw new Error('the copy in the database of --to is in use already, and is not written over')
  }
  await changeCopyState(target, had, state)
  return state
}
