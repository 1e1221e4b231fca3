/** The members of segments, kept up to date as persons change and as time passes. */
import type { Kysely, Transaction } from 'kysely'
import type { PersonId } from '../domain/ids.ts'
import type { MembershipReason } from '../domain/membership.ts'
import type { Cause } from '../domain/spans.ts'
import { chunks, ofKeys, ofRows } from '../store/engine/many.ts'
import type { SegmentMemberRow } from '../store/schema/derived.ts'
import type { Database } from '../store/schema.ts'
import { judge, type Verdict } from './evaluate.ts'
import { readRules } from './rules.ts'

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
const selectMembers = ofKeys((db, personIds: PersonId[]) =>
  db.selectFrom('segment_members').selectAll().where('person_id', 'in', personIds),
)
const removeMembers = ofKeys((db, personIds: PersonId[], segmentId: string) =>
  db.deleteFrom('segment_members').where('segment_id', '=', segmentId).where('person_id', 'in', personIds),
)
const upsertMembers = ofRows((db, rows: SegmentMemberRow[]) =>
  db
    .insertInto('segment_members')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(['segment_id', 'person_id'])
        .doUpdateSet((eb) => ({ entered_at: eb.ref('excluded.entered_at'), reason: eb.ref('excluded.reason') })),
    ),
)

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
  const rules = await readRules(trx)
  const segmentIds = [...rules.definitions.keys()]
  for (const part of chunks(personIds, 512)) {
    const verdicts = await judge(trx, rules, segmentIds, now, part)
    await writeMembers(trx, verdicts, await selectMembers(trx, part), reasonOf)
    const edges = edgesOf([...verdicts.values()].flat())
    await clearEdges(
      trx,
      part.filter((personId) => !edges.has(personId)),
    )
    for (const [personId, edge] of edges) await setEdge(trx, [personId], edge)
  }
}

/** Stores the edges of some segments' verdicts, unless the edge of another segment comes sooner. */
export async function advanceEdges(trx: Transaction<Database>, verdicts: Verdict[]): Promise<void> {
  for (const [personId, edge] of edgesOf(verdicts)) await advanceEdge(trx, [personId], edge)
}

/** The first edge of each person that has one. */
function edgesOf(verdicts: Iterable<Verdict>): Map<PersonId, number> {
  const edges = new Map<PersonId, number>()
  for (const { personId, edge } of verdicts) {
    if (edge !== null) edges.set(personId, Math.min(edge, edges.get(personId) ?? edge))
  }
  return edges
}

/** The memberships of the given persons in some segments. */
export async function membersAmong(
  trx: Transaction<Database>,
  segmentIds: string[],
  personIds: PersonId[],
): Promise<SegmentMemberRow[]> {
  return (await selectMembers(trx, personIds)).filter((row) => segmentIds.includes(row.segment_id))
}

/**
 * Writes the memberships that verdicts by segment give, where they differ from the current ones. Returns the persons whose
 * membership has changed. Members that stay through a changed definition or a rebuild have not entered again, and keep the
 * reason for which they once did.
 */
export async function writeMembers(
  trx: Transaction<Database>,
  verdicts: Map<string, Verdict[]>,
  current: SegmentMemberRow[],
  reasonOf: ReasonOf,
): Promise<PersonId[]> {
  const bySegment = Map.groupBy(current, (row) => row.segment_id)
  const changed: PersonId[] = []
  const written: SegmentMemberRow[] = []
  for (const [segmentId, own] of verdicts) {
    const rows = new Map((bySegment.get(segmentId) ?? []).map((row) => [row.person_id, row]))
    for (const { personId, entered } of own) {
      const row = rows.get(personId)
      if (entered === null || row?.entered_at === entered.at) continue
      const reason = reasonOf(personId, entered.cause)
      const keeps = row !== undefined && (reason === 'definition' || reason === 'rebuild')
      written.push({
        ...{ segment_id: segmentId, person_id: personId, entered_at: entered.at },
        reason: keeps ? row.reason : reason,
      })
    }
    const members = new Set(own.flatMap(({ personId, entered }) => (entered === null ? [] : personId)))
    const gone = [...rows.keys()].filter((personId) => !members.has(personId))
    await removeMembers(trx, gone, segmentId)
    changed.push(...gone)
  }
  await upsertMembers(trx, written)
  return [...changed, ...written.map((row) => row.person_id)]
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
