/**
 * The definitions of segments: reading and changing them. Each change is a version that is kept, and one that changes
 * the condition has everybody judged again (`judging`).
 */
import type { Kysely, Transaction } from 'kysely'
import type { SegmentName } from '../domain/membership.ts'
import { decodeJson, encodeJson } from '../store/schema/columns.ts'
import type { SegmentRow } from '../store/schema/configuration.ts'
import type { Database } from '../store/schema.ts'
import { lockName } from '../store/work/locks.ts'
import { beginJudging } from './judging.ts'
import type { SegmentNode } from './nodes/node.ts'

/** What a segment is called and who is in it. */
export type SegmentDefinition = { id: string; name: SegmentName; node: SegmentNode }

/** A definition as it stands, and where it comes from. */
export type Segment = SegmentDefinition & {
  version: number
  updatedAt: number
  origin: 'preset' | 'shop'
  /** Which version of a preset it is, or was before the shop edited it. */
  presetVersion: number | null
  editedAt: number | null
}

/** What a segment said from `at` on. `definition` is null where it was deleted. */
export type SegmentVersion = {
  version: number
  at: number
  actor: string
  definition: Omit<SegmentDefinition, 'id'> | null
}

/** Who changes something, and when. */
export type By = { actor: string; at: number }

/** The segments of an installation; each is judged for every person. */
export const MAX_SEGMENTS = 500

function segmentOf(row: SegmentRow): Segment {
  return {
    id: row.id,
    name: decodeJson(row.name),
    // Written by `save` alone.
    node: decodeJson(row.node) as SegmentNode,
    version: row.version,
    updatedAt: row.updated_at,
    origin: row.origin,
    presetVersion: row.preset_version,
    editedAt: row.edited_at,
  }
}

/** All definitions. */
export async function listSegments(db: Kysely<Database>): Promise<Segment[]> {
  return (await db.selectFrom('segments').selectAll().orderBy('id').execute()).map(segmentOf)
}

/** One definition, or null. */
export async function findSegment(db: Kysely<Database>, id: string): Promise<Segment | null> {
  const row = await db.selectFrom('segments').selectAll().where('id', '=', id).executeTakeFirst()
  return row ? segmentOf(row) : null
}

/** The versions of a segment, the newest first, those before it was deleted included. */
export async function listVersions(db: Kysely<Database>, id: string): Promise<SegmentVersion[]> {
  const rows = await db
    .selectFrom('segment_versions')
    .selectAll()
    .where('segment_id', '=', id)
    .orderBy('version', 'desc')
    .execute()
  return rows.map(({ version, at, actor, name, node }) => ({
    ...{ version, at, actor },
    definition: name && node ? { name: decodeJson(name), node: decodeJson(node) as SegmentNode } : null,
  }))
}

/** Adds a segment of the shop's own. Returns why not where it cannot. */
export async function createSegment(
  trx: Transaction<Database>,
  definition: SegmentDefinition,
  by: By,
): Promise<Segment | 'exists' | 'too_many'> {
  await lockName(trx, 'segments')
  const segments = await listSegments(trx)
  if (segments.some(({ id }) => id === definition.id)) return 'exists'
  if (segments.length >= MAX_SEGMENTS) return 'too_many'
  return save(trx, null, { ...definition, origin: 'shop', presetVersion: null, editedAt: null }, by)
}

/** Changes a segment, which is the shop's own wording from then on. Returns null if there is none. */
export async function changeSegment(
  trx: Transaction<Database>,
  definition: SegmentDefinition,
  by: By,
): Promise<Segment | null> {
  await lockName(trx, 'segments')
  const before = await findSegment(trx, definition.id)
  if (before === null || sameJson([before.name, before.node], [definition.name, definition.node])) return before
  const editedAt = before.origin === 'preset' ? by.at : null
  return save(trx, before, { ...definition, origin: before.origin, presetVersion: before.presetVersion, editedAt }, by)
}

/** Deletes a segment; its members go in steps. Returns whether there was one. */
export async function deleteSegment(trx: Transaction<Database>, id: string, by: By): Promise<boolean> {
  await lockName(trx, 'segments')
  if ((await findSegment(trx, id)) === null) return false
  const version = await nextVersion(trx, id)
  await trx.deleteFrom('segments').where('id', '=', id).execute()
  await trx
    .insertInto('segment_versions')
    .values({ segment_id: id, version, ...by, name: null, node: null })
    .execute()
  await beginJudging(trx, id, version)
  return true
}

/** Writes a segment's next version. The name `segments` is locked. */
export async function save(
  trx: Transaction<Database>,
  before: Segment | null,
  next: Omit<Segment, 'version' | 'updatedAt'>,
  by: By,
): Promise<Segment> {
  const version = await nextVersion(trx, next.id)
  const texts = { name: encodeJson(next.name), node: encodeJson<object>(next.node) }
  const row = {
    ...{ ...texts, version, updated_at: by.at, origin: next.origin },
    ...{ preset_version: next.presetVersion, edited_at: next.editedAt },
  }
  await trx
    .insertInto('segments')
    .values({ id: next.id, ...row })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute()
  await trx
    .insertInto('segment_versions')
    .values({ segment_id: next.id, version, ...by, ...texts })
    .execute()
  if (before === null || !sameJson(before.node, next.node)) await beginJudging(trx, next.id, version)
  return { ...next, version, updatedAt: by.at }
}

/** Versions go on where a segment that was deleted is made again. */
async function nextVersion(trx: Transaction<Database>, id: string): Promise<number> {
  const last = await trx
    .selectFrom('segment_versions')
    .select((eb) => eb.fn.max('version').as('version'))
    .where('segment_id', '=', id)
    .executeTakeFirst()
  return Number(last?.version ?? 0) + 1
}

function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
