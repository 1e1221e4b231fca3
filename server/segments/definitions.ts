/**
 * Reads and changes the definitions of segments. Every change is kept as a version, and a change of the condition starts a
 * re-evaluation of all persons (`judging`).
 */
import type { Kysely, Transaction } from 'kysely'
import type { SegmentName } from '../domain/membership.ts'
import { decodeJson, encodeJson } from '../store/schema/columns.ts'
import type { SegmentRow } from '../store/schema/configuration.ts'
import type { Database } from '../store/schema.ts'
import { lockName } from '../store/work/locks.ts'
import { beginJudging } from './judging.ts'
import type { SegmentNode } from './nodes/node.ts'
import { dependentsOf, refusalOf, type Use, usesOf } from './uses.ts'

/** A segment's name and condition. `currency`: of the amounts in it, if it is not the shop's. */
export type SegmentDefinition = { id: string; name: SegmentName; node: SegmentNode; currency?: string | null }

/** A stored definition and its origin. */
export type Segment = SegmentDefinition & {
  version: number
  updatedAt: number
  origin: 'preset' | 'shop'
  /** The version of the preset that it is, or was before the shop edited it. */
  presetVersion: number | null
  editedAt: number | null
}

/** A segment's definition from `at` on. `definition` is null if the segment was deleted. */
export type SegmentVersion = {
  version: number
  at: number
  actor: string
  definition: Omit<SegmentDefinition, 'id'> | null
}

/** The author and time of a change. */
export type By = { actor: string; at: number }

/** The maximum number of segments of an installation; each one is evaluated for every person. */
export const MAX_SEGMENTS = 500

function segmentOf(row: SegmentRow): Segment {
  return {
    id: row.id,
    name: decodeJson(row.name),
    // Only `save` writes it.
    node: decodeJson(row.node) as SegmentNode,
    currency: row.currency,
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

/** A number that grows with each change of any definition. */
export async function definitionsVersion(db: Kysely<Database>): Promise<number> {
  const { count } = await db
    .selectFrom('segment_versions')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** One definition, or null. */
export async function findSegment(db: Kysely<Database>, id: string): Promise<Segment | null> {
  const row = await db.selectFrom('segments').selectAll().where('id', '=', id).executeTakeFirst()
  return row ? segmentOf(row) : null
}

/** The versions of a segment, newest first, including those before a deletion. */
export async function listVersions(db: Kysely<Database>, id: string): Promise<SegmentVersion[]> {
  const rows = await db
    .selectFrom('segment_versions')
    .selectAll()
    .where('segment_id', '=', id)
    .orderBy('version', 'desc')
    .execute()
  return rows.map(({ version, at, actor, name, node, currency }) => ({
    ...{ version, at, actor },
    definition: name && node ? { name: decodeJson(name), node: decodeJson(node) as SegmentNode, currency } : null,
  }))
}

/** A definition that is refused because of a segment that it names, and what the name must be. */
export type Refused = { refused: string }

/** Adds a segment of the shop. Returns the segment, or the reason why it cannot be added. */
export async function createSegment(
  trx: Transaction<Database>,
  definition: SegmentDefinition,
  by: By,
): Promise<Segment | 'exists' | 'too_many' | Refused> {
  await lockName(trx, 'segments')
  const segments = await listSegments(trx)
  if (segments.some(({ id }) => id === definition.id)) return 'exists'
  if (segments.length >= MAX_SEGMENTS) return 'too_many'
  const refused = refusalOf(segments, definition)
  if (refused !== null) return { refused }
  return save(trx, null, { ...definition, origin: 'shop', presetVersion: null, editedAt: null }, by)
}

/**
 * Changes a segment; an edited preset belongs to the shop from then on. Returns null if there is no such segment, or why the
 * definition is refused.
 */
export async function changeSegment(
  trx: Transaction<Database>,
  definition: SegmentDefinition,
  by: By,
): Promise<Segment | null | Refused> {
  await lockName(trx, 'segments')
  const segments = await listSegments(trx)
  const before = segments.find(({ id }) => id === definition.id) ?? null
  if (before === null || (sameJson(before.name, definition.name) && asksTheSame(before, definition))) return before
  const refused = refusalOf(segments, definition)
  if (refused !== null) return { refused }
  const editedAt = before.origin === 'preset' ? by.at : null
  return save(trx, before, { ...definition, origin: before.origin, presetVersion: before.presetVersion, editedAt }, by)
}

/**
 * Brings back the definition of an earlier version, as a new version, also of a segment that was deleted. Returns the segment,
 * or why there is none to restore.
 */
export async function restoreVersion(
  trx: Transaction<Database>,
  id: string,
  version: number,
  by: By,
): Promise<Segment | 'unknown' | 'deletion' | 'too_many' | Refused> {
  await lockName(trx, 'segments')
  const found = (await listVersions(trx, id)).find((each) => each.version === version)
  if (found === undefined) return 'unknown'
  if (found.definition === null) return 'deletion'
  const definition = { id, ...found.definition }
  const changed = await changeSegment(trx, definition, by)
  if (changed !== null) return changed
  const made = await createSegment(trx, definition, by)
  // It was looked for under the lock.
  return made === 'exists' ? 'unknown' : made
}

/** Deletes a segment; its members are removed in steps. Returns false if it does not exist, or what uses it. */
export async function deleteSegment(trx: Transaction<Database>, id: string, by: By): Promise<boolean | Use[]> {
  await lockName(trx, 'segments')
  const segments = await listSegments(trx)
  if (!segments.some((segment) => segment.id === id)) return false
  const uses = usesOf(segments, id)
  if (uses.length > 0) return uses
  const version = await nextVersion(trx, id)
  await trx.deleteFrom('segments').where('id', '=', id).execute()
  await trx
    .insertInto('segment_versions')
    .values({ segment_id: id, version, ...by, name: null, node: null, currency: null })
    .execute()
  await beginJudging(trx, id, version)
  return true
}

/** Writes a segment's next version. The caller holds the lock `segments`. */
export async function save(
  trx: Transaction<Database>,
  before: Segment | null,
  next: Omit<Segment, 'version' | 'updatedAt'>,
  by: By,
): Promise<Segment> {
  const version = await nextVersion(trx, next.id)
  const currency = next.currency ?? null
  const texts = { name: encodeJson(next.name), node: encodeJson<object>(next.node), currency }
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
  if (before === null || !asksTheSame(before, next)) {
    await beginJudging(trx, next.id, version)
    // Whoever names it asks for its members.
    const segments = await listSegments(trx)
    const dependents = new Set(dependentsOf(segments, next.id))
    for (const each of segments) if (dependents.has(each.id)) await beginJudging(trx, each.id, each.version)
  }
  return { ...next, currency, version, updatedAt: by.at }
}

/** Whether two definitions have the same condition. */
function asksTheSame(a: Omit<SegmentDefinition, 'id' | 'name'>, b: Omit<SegmentDefinition, 'id' | 'name'>): boolean {
  return sameJson([a.node, a.currency ?? null], [b.node, b.currency ?? null])
}

/** The next version number, which continues if a deleted segment is created again. */
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
