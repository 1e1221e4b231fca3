/** The members of segments, kept up to date as persons change and as time passes. */
import type { Kysely, Transaction } from 'kysely'
import type { PersonId } from '../domain/ids.ts'
import type { MembershipReason } from '../domain/membership.ts'
import type { Cause } from '../domain/spans.ts'
import { chunks, ofKeys } from '../store/engine/many.ts'
import { type Exit, replaceMembers } from '../store/memberships.ts'
import type { SegmentMemberRow } from '../store/schema/derived.ts'
import type { Database } from '../store/schema.ts'
import { judge, type Moment, type Verdict } from './evaluate.ts'
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
/** Why a person enters or leaves a segment now, given what made the segment's condition true or false. */
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
    await writeMembers(trx, part, verdicts, now, reasonOf)
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

/**
 * Writes the memberships that verdicts by segment give, where they differ from the current ones. Returns the persons of whom
 * something has changed.
 */
export function writeMembers(
  trx: Transaction<Database>,
  personIds: PersonId[],
  verdicts: Map<string, Verdict[]>,
  now: number,
  reasonOf: ReasonOf,
): Promise<PersonId[]> {
  const members: SegmentMemberRow[] = []
  const ends = new Map<string, Moment>()
  for (const [segment_id, own] of verdicts) {
    for (const { personId: person_id, entered, left } of own) {
      if (left !== null) ends.set(`${segment_id} ${person_id}`, left)
      if (entered === null) continue
      members.push({ segment_id, person_id, entered_at: entered.at, reason: reasonOf(person_id, entered.cause) })
    }
  }
  const endOf = ({ segment_id, person_id, entered_at }: SegmentMemberRow): Exit | null => {
    const left = ends.get(`${segment_id} ${person_id}`)
    if (left === undefined || left.at <= entered_at) return null
    const reason = reasonOf(person_id, left.cause)
    // A definition, a link or the CRM ends a membership when it becomes known, whatever it says of the past.
    return { reason, at: reason === 'event' || reason === 'time' ? left.at : now }
  }
  const exitOf = (was: SegmentMemberRow) => endOf(was) ?? { at: now, reason: reasonOf(was.person_id, 'event') }
  return replaceMembers(trx, { personIds, segmentIds: [...verdicts.keys()], members, endOf, exitOf })
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
