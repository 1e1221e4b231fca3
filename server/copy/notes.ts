/**
 * The notes of a copy, in rows of `meta` that start with `copy:` and are never copied themselves. The target notes of which
 * installation it is a copy, and the progress. The source notes the run that finished copying it, until it is used again,
 * and, once the copy is in use, that the installation has moved.
 *
 * Each run of the command has a name. A run writes only while the target names it as the current one, checked in the same
 * transaction. So a run that was overtaken by another, or by a server that uses the copy, writes nothing.
 */
import type { Kysely, Transaction } from 'kysely'
import {
  isListOf,
  isNumber,
  isObjectOf,
  isText,
  readMeta,
  readMetaJson,
  readMetaMap,
  writeMeta,
} from '../store/meta.ts'
import type { Database } from '../store/schema.ts'
import type { Key } from './table.ts'

/**
 * `copying`: must not be used yet. `finished`: equal to the source, as long as the source names the same run. `live`: in
 * use, independent of the source. `secret` is a keyed hash that only the installation's secret produces.
 */
export type CopyState = {
  state: 'copying' | 'finished' | 'live'
  installation: string
  run: string
  secret: string
}

const isCopyState = isObjectOf<CopyState>({
  state: (value) => value === 'copying' || value === 'finished' || value === 'live',
  installation: isText,
  run: isText,
  secret: isText,
})

/** Thrown in a run that is no longer the one that copies to the target. */
export class Overtaken extends Error {}

const STATE = 'copy:state'
const FINISHED = 'copy:finished'
const MOVED = 'copy:moved'
const PASSES = 'copy:passes'
const PLACE = 'copy:place:'

/** The random name of an installation, which its copy shares. Null if it was never copied. */
export function readInstallation(db: Kysely<Database>): Promise<string | null> {
  return readMeta(db, 'installation')
}

/** Returns the installation's name, after setting it to `name` if it has none. */
export async function nameInstallation(db: Kysely<Database>, name: string): Promise<string> {
  await db
    .insertInto('meta')
    .values({ name: 'installation', value: name })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const installation = await readInstallation(db)
  if (installation === null) throw new Error('the store did not keep the name of its installation')
  return installation
}

/** The state of the copy in a target; null if it holds none. */
export function readCopyState(db: Kysely<Database>): Promise<CopyState | null> {
  return readMetaJson(db, STATE, isCopyState)
}

/** Starts a copy in a target that has none. Returns false if another run was faster. */
export async function beginCopy(db: Kysely<Database>, state: CopyState): Promise<boolean> {
  const made = await db
    .insertInto('meta')
    .values({ name: STATE, value: JSON.stringify(state) })
    .onConflict((conflict) => conflict.doNothing())
    .returning('name')
    .execute()
  return made.length === 1
}

/** Replaces the state that was read, and locks it until the transaction ends. Throws if it has changed meanwhile. */
export async function changeCopyState(db: Kysely<Database>, from: CopyState, to: CopyState): Promise<void> {
  const changed = await db
    .updateTable('meta')
    .set({ value: JSON.stringify(to) })
    .where('name', '=', STATE)
    .where('value', '=', JSON.stringify(from))
    .returning('name')
    .execute()
  if (changed.length === 0) throw new Overtaken('another copy or a server has taken over that database; this copy ends')
}

/** The passes so far: the rows that each finished pass wrote, and about how many rows the next one must walk. */
export type Passes = { written: number[]; total: number }

const isPasses = isObjectOf<Passes>({ written: isListOf(isNumber), total: isNumber })

/** The passes of an interrupted run; null if none has started or all have finished. */
export function readPasses(db: Kysely<Database>): Promise<Passes | null> {
  return readMetaJson(db, PASSES, isPasses)
}

/** Notes that the next pass starts, from the beginning of all tables. */
export async function writePasses(trx: Transaction<Database>, passes: Passes): Promise<void> {
  await clearPlaces(trx)
  await writeMeta(trx, PASSES, JSON.stringify(passes))
}

/** The progress of a pass in a table: the last key (`done`: all of it), and the rows read and written. */
export type CopyProgress = { after: Key | null; done: boolean; read: number; written: number }

const isKey = isListOf((value: unknown): value is string | number => isText(value) || isNumber(value))
const isProgress = isObjectOf<CopyProgress>({
  after: (value) => value === null || isKey(value),
  done: (value) => typeof value === 'boolean',
  read: isNumber,
  written: isNumber,
})

/** The progress of an interrupted pass, by table. */
export function readPlaces(db: Kysely<Database>): Promise<Map<string, CopyProgress>> {
  return readMetaMap(db, PLACE, isProgress)
}

/** Notes the progress in a table. */
export function writePlace(trx: Transaction<Database>, table: string, place: CopyProgress): Promise<void> {
  return writeMeta(trx, PLACE + table, JSON.stringify(place))
}

/** Deletes the notes of passes and their progress, so that the next run starts from the beginning. */
export async function clearPasses(trx: Transaction<Database>): Promise<void> {
  await clearPlaces(trx)
  await trx.deleteFrom('meta').where('name', '=', PASSES).execute()
}

async function clearPlaces(trx: Transaction<Database>): Promise<void> {
  await trx.deleteFrom('meta').where('name', 'like', `${PLACE}%`).execute()
}

/** The run that finished copying this store; null if none has, or the store has been used since. */
export function readFinished(db: Kysely<Database>): Promise<string | null> {
  return readMeta(db, FINISHED)
}

/** Notes in the source that a run finished copying it. */
export function writeFinished(db: Kysely<Database>, run: string): Promise<void> {
  return writeMeta(db, FINISHED, run)
}

/** Notes that the source is in use again. */
export async function clearFinished(db: Kysely<Database>): Promise<void> {
  await db.deleteFrom('meta').where('name', '=', FINISHED).execute()
}

/** When the installation moved from this store to its copy; null if it has not. */
export function readMoved(db: Kysely<Database>): Promise<string | null> {
  return readMeta(db, MOVED)
}

/** Notes that the installation has moved to its copy. */
export function writeMoved(db: Kysely<Database>, at: string): Promise<void> {
  return writeMeta(db, MOVED, at)
}
