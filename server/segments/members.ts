/** The members of segments, kept up to date as persons change and as time passes. */
import type { CaseWhenBuilder, Kysely, Transaction } from 'kysely'
import type { PersonId } from '../domain/ids.ts'
import type { MembershipReason } from '../domain/membership.ts'
import type { Cause } from '../domain/spans.ts'
import { chunks, ofRows } from '../store/engine/many.ts'
import { type Exit, type Member, replaceMembers } from '../store/memberships.ts'
import type { PersonRow, SegmentMemberRow } from '../store/schema/derived.ts'
import type { Database } from '../store/schema.ts'
import { type Judged, judge, type Moment, type Verdict } from './evaluate.ts'
import type { Rules } from './rules.ts'

const setEdges = ofRows((db, rows: Edge[]) =>
  db
    .updateTable('persons')
    .set((eb) => {
      const edgeOf = rows.reduce<CaseWhenBuilder<Database, 'persons', PersonId, number | null>>(
        (cases, { person_id, edge_at }) => cases.when(person_id).then(edge_at),
        eb.case('person_id') as never,
      )
      // The last case, which never comes, tells PostgreSQL the type of the others.
      return { edge_at: edgeOf.else(eb.ref('edge_at')).end() }
    })
    .where(
      'person_id',
      'in',
      rows.map((row) => row.person_id),
    ),
)

/** When memberships of a person next change by themselves. */
type Edge = Pick<PersonRow, 'person_id' | 'edge_at'>

/** Why a person enters or leaves a segment now, given what made the segment's condition true or false. */
export type ReasonOf = (personId: PersonId, cause: Cause) => MembershipReason

/** Updates the memberships of the given persons to `now`, and stores their next edges. */
export async function refreshMembers(
  trx: Transaction<Database>,
  rules: Rules,
  personIds: PersonId[],
  now: number,
  reasonOf: ReasonOf,
): Promise<void> {
  if (personIds.length === 0) return
  const segmentIds = [...rules.definitions.keys()]
  for (const part of chunks(personIds, 512)) {
    const { verdicts, edges } = await judge(trx, rules, segmentIds, now, part)
    await writeMembers(trx, part, verdicts, now, reasonOf)
    await writeEdges(trx, edges, edgesOf(verdicts))
  }
}

/** Stores the edges of some segments' verdicts, unless the edge of another segment comes sooner. */
export async function advanceEdges(trx: Transaction<Database>, { verdicts, edges }: Judged): Promise<void> {
  const next = edgesOf(verdicts)
  for (const [personId, edge] of edges) {
    if (edge !== null) next.set(personId, Math.min(edge, next.get(personId) ?? edge))
  }
  await writeEdges(trx, edges, next)
}

/** The first edge of each person that has one. */
function edgesOf(verdicts: Judged['verdicts']): Map<PersonId, number> {
  const edges = new Map<PersonId, number>()
  for (const own of verdicts.values()) {
    for (const { personId, edge } of own) {
      if (edge !== null) edges.set(personId, Math.min(edge, edges.get(personId) ?? edge))
    }
  }
  return edges
}

/** Stores edges that differ from those before. */
async function writeEdges(
  trx: Transaction<Database>,
  before: Judged['edges'],
  next: Map<PersonId, number>,
): Promise<void> {
  const rows = [...before].map(([person_id, edge_at]) => ({
    person_id,
    was: edge_at,
    edge_at: next.get(person_id) ?? null,
  }))
  await setEdges(
    trx,
    rows.filter((row) => row.was !== row.edge_at).map(({ person_id, edge_at }) => ({ person_id, edge_at })),
  )
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
  const members: Member[] = []
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
