/** The members of segments, kept up to date as persons change and as time passes. */
import type { Kysely, Transaction } from 'kysely'
import type { PersonId } from '../domain/ids.ts'
import type { MembershipReason } from '../domain/membership.ts'
import { chunks, ofKeys, ofRows } from '../store/engine/many.ts'
import type { SegmentMemberRow } from '../store/schema/derived.ts'
import type { Database } from '../store/schema.ts'
import { judge, type Verdict } from './compile.ts'
import { listSegments } from './definitions.ts'
import type { Cause } from './nodes/node.ts'

const clearEdges = ofKeys((db, personIds: PersonId[]) =>
  db.updateTable('persons').set({ edge_at: null }).where('person_id', 'in', personIds).where('edge_at', 'is not', null),
)
const setEdge = ofKeys((db, personIds: PersonId[], edge: number) =>
  db
    .updateTable('persons')
    .set({ edge_at: edge })
    .where('person_id', 'in', personIds)
    .where((eb) => eb.or([eb('edge_at', 'is', null), eb('edge_at', '!=', edge)])),
)
const advanceEdge = ofKeys((db, personIds: PersonId[], edge: number) =>
  db
    .updateTable('persons')
    .set({ edge_at: edge })
    .where('person_id', 'in', personIds)
    .where((eb) => eb.or([eb('edge_at', 'is', null), eb('edge_at', '>', edge)])),
)
const removeMembers = ofKeys((db, personIds: PersonId[], segmentId: string) =>
  db
    .deleteFrom('segment_members')
    .where('segment_id', '=', segmentId)
    .where('person_id', 'in', personIds)
    .returning('person_id'),
)
const upserting = (moved: ('entered_at' | 'reason')[]) =>
  ofRows((db, rows: SegmentMemberRow[]) =>
    db
      .insertInto('segment_members')
      .values(rows)
      .onConflict((conflict) =>
        conflict
          .columns(['segment_id', 'person_id'])
          .doUpdateSet((eb) => Object.fromEntries(moved.map((column) => [column, eb.ref(`excluded.${column}`)])))
          .whereRef('excluded.entered_at', '!=', 'segment_members.entered_at'),
      )
      .returning('person_id'),
  )
const enterMembers = upserting(['entered_at', 'reason'])
const correctMembers = upserting(['entered_at'])

/** Why a person enters a segment now, given what made the segment's condition true. */
export type ReasonOf = (personId: PersonId, cause: Cause) => MembershipReason

/** Updates the memberships of the given persons to `now`, and stores their next edges. */
export async function refreshMembers(
  trx: Transaction<Database>,
  personIds: PersonId[],
  now: number,
  reasonOf: ReasonOf,
): Promise<void> {
  if (personIds.length === 0) return
  const definitions = await listSegments(trx)
  for (const part of chunks(personIds, 500)) {
    const edges = new Map<PersonId, number>()
    for (const definition of definitions) {
      const verdicts = await judge(trx, definition.node, now, part)
      await writeMembers(trx, definition.id, part, verdicts, reasonOf)
      for (const { personId, edge } of verdicts) {
        if (edge !== null) edges.set(personId, Math.min(edge, edges.get(personId) ?? edge))
      }
    }
    await clearEdges(
      trx,
      part.filter((personId) => !edges.has(personId)),
    )
    for (const [personId, edge] of edges) await setEdge(trx, [personId], edge)
  }
}

/** Stores the edges of one segment's verdicts, unless another segment's edge comes sooner. */
export async function advanceEdges(trx: Transaction<Database>, verdicts: Verdict[]): Promise<void> {
  for (const { personId, edge } of verdicts) if (edge !== null) await advanceEdge(trx, [personId], edge)
}

/**
 * Writes a segment's memberships for the evaluated persons. Returns the persons whose membership has changed. Members that
 * stay through a changed definition or a rebuild have not entered again, and keep the reason for which they once did.
 */
export async function writeMembers(
  trx: Transaction<Database>,
  segmentId: string,
  judged: PersonId[],
  verdicts: Verdict[],
  reasonOf: ReasonOf,
): Promise<PersonId[]> {
  const members = verdicts.filter((verdict) => verdict.member)
  const ids = new Set(members.map((member) => member.personId))
  const left = await removeMembers(
    trx,
    judged.filter((personId) => !ids.has(personId)),
    segmentId,
  )
  const rows = members.map((member) => ({
    segment_id: segmentId,
    person_id: member.personId,
    entered_at: member.enteredAt,
    reason: reasonOf(member.personId, member.cause),
  }))
  const remade = (row: SegmentMemberRow) => row.reason === 'definition' || row.reason === 'rebuild'
  const entered = await enterMembers(
    trx,
    rows.filter((row) => !remade(row)),
  )
  const corrected = await correctMembers(trx, rows.filter(remade))
  return [...left, ...entered, ...corrected].map((row) => row.person_id)
}

/** Persons in the given buckets (null: in all) whose edge time has passed. */
export async function personsPastEdge(
  db: Kysely<Database>,
  now: number,
  limit: number,
  buckets: readonly number[] | null,
): Promise<PersonId[]> {
  const rows = await db
    .selectFrom('persons')
    .select('person_id')
    .where('edge_at', '<=', now)
    .$call((query) => (buckets === null ? query : query.where('bucket', 'in', buckets)))
    .orderBy('edge_at')
    .limit(limit)
    .execute()
  return rows.map((row) => row.person_id)
}

/** Whether any membership begins after `now`. */
export async function hasFutureMembers(db: Kysely<Database>, now: number): Promise<boolean> {
  const row = await db
    .selectFrom('segment_members')
    .select('person_id')
    .where('entered_at', '>', now)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
