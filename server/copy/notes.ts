/**
 * What a copy of a store notes, in rows of `meta` that begin with `copy:` and are never copied. In the target: of which
 * installation it is a copy and how far that is. In the source: by which run it was copied to the end, until somebody uses
 * it again; and once the copy is in use, that the installation lives there.
 *
 * Each run of the command has a name. A run writes only while the target says that it is the one that copies, in the same
 * transaction: one that was overtaken by another run, or by a server that has begun to use the copy, writes nothing.
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
 * `copying`: not to be used yet. `finished`: the same as the source, as long as that names the same run. `live`: in use, with a
 * life of its own. `secret` is a keyed hash that only the installation's secret makes.
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

/** A run that is not the one any more that copies to the target. */
export class Overtaken extends Error {}

const STATE = 'copy:state'
const FINISHED = 'copy:finished'
const MOVED = 'copy:moved'
const PASSES = 'copy:passes'
const PLACE = 'copy:place:'

/** The random name of an installation, which a copy has too. Null: it was never copied. */
export function readInstallation(db: Kysely<Database>): Promise<string | null> {
  return readMeta(db, 'installation')
}

/** The installation's name; it gets `name` if it has none. */
export async function nameInstallation(db: Kysely<Database>, name: string): Promise<string> {
  await db
    .insertInto('meta')
    .values({ name: 'installation', value: name })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const installation = await readInstallation(db)
  if (installation === null) throw new Error('the store does not keep the name of its installation')
  return installation
}

/** What a target is a copy of, or null: of nothing. */
export function readCopyState(db: Kysely<Database>): Promise<CopyState | null> {
  return readMetaJson(db, STATE, isCopyState)
}

/** Begins the copy of a target that has none. Returns false if another run has come first. */
export async function beginCopy(db: Kysely<Database>, state: CopyState): Promise<boolean> {
  const made = await db
    .insertInto('meta')
    .values({ name: STATE, value: JSON.stringify(state) })
    .onConflict((conflict) => conflict.doNothing())
    .returning('name')
    .execute()
  return made.length === 1
}

/** Replaces the state that was read. Throws if it is another by now; holds it until a transaction ends. */
export async function changeCopyState(db: Kysely<Database>, from: CopyState, to: CopyState): Promise<void> {
  const changed = await db
    .updateTable('meta')
    .set({ value: JSON.stringify(to) })
    .where('name', '=', STATE)
    .where('value', '=', JSON.stringify(from))
    .returning('name')
    .execute()
  if (changed.length === 0)
    throw new Overtaken('another copy, or a server, has taken over that database; this one ends')
}

/** The passes so far: how many rows each that has ended wrote, and about how many the next one has to walk. */
export type Passes = { written: number[]; total: number }

const isPasses = isObjectOf<Passes>({ written: isListOf(isNumber), total: isNumber })

/** Where the passes were when they were interrupted; null: none was begun, or they have all ended. */
export function readPasses(db: Kysely<Database>): Promise<Passes | null> {
  return readMetaJson(db, PASSES, isPasses)
}

/** Notes that the next pass begins, from the beginning of all tables. */
export async function writePasses(trx: Transaction<Database>, passes: Passes): Promise<void> {
  await clearPlaces(trx)
  await writeMeta(trx, PASSES, JSON.stringify(passes))
}

/** Up to which key a pass has walked a table (`done`: all of it), with how many rows it read and wrote there. */
export type CopyProgress = { after: Key | null; done: boolean; read: number; written: number }

const isKey = isListOf((value: unknown): value is string | number => isText(value) || isNumber(value))
const isProgress = isObjectOf<CopyProgress>({
  after: (value) => value === null || isKey(value),
  done: (value) => typeof value === 'boolean',
  read: isNumber,
  written: isNumber,
})

/** The places of all tables where a pass was interrupted. */
export function readPlaces(db: Kysely<Database>): Promise<Map<string, CopyProgress>> {
  return readMetaMap(db, PLACE, isProgress)
}

/** Notes the place of a table. */
export function writePlace(trx: Transaction<Database>, table: string, place: CopyProgress): Promise<void> {
  return writeMeta(trx, PLACE + table, JSON.stringify(place))
}

/** Forgets passes and places: the next run begins with a pass from the beginning. */
export async function clearPasses(trx: Transaction<Database>): Promise<void> {
  await clearPlaces(trx)
  await trx.deleteFrom('meta').where('name', '=', PASSES).execute()
}

async function clearPlaces(trx: Transaction<Database>): Promise<void> {
  await trx.deleteFrom('meta').where('name', 'like', `${PLACE}%`).execute()
}

/** The run that has copied this store to the end; null: none, or it was used since. */
export function readFinished(db: Kysely<Database>): Promise<string | null> {
  return readMeta(db, FINISHED)
}

/** Notes in the source that a run has copied it to the end. */
export function writeFinished(db: Kysely<Database>, run: string): Promise<void> {
  return writeMeta(db, FINISHED, run)
}

/** Notes that the source may change again. */
export async function clearFinished(db: Kysely<Database>): Promise<void> {
  await db.deleteFrom('meta').where('name', '=', FINISHED).execute()
}

/** When the installation of this store moved to its copy; null: it did not. */
export function readMoved(db: Kysely<Database>): Promise<string | null> {
  return readMeta(db, MOVED)
}

/** Notes that it did. */
export function writeMoved(db: Kysely<Database>, at: string): Promise<void> {
  return writeMeta(db, MOVED, at)
}
