/** The segments that a person is in: since when, why, and when time alone ends it. */
import type { Kysely } from 'kysely'
import type { PersonId } from '../domain/ids.ts'
import { type MembershipReason, oneName } from '../domain/membership.ts'
import type { Database } from '../store/schema.ts'
import { judge } from './evaluate.ts'
import { needsCart } from './grammar.ts'
import { readRules } from './rules.ts'

/** A segment that a person is in. `leavesAt` is null if time alone ends nothing. */
export type PersonSegment = {
  id: string
  name: string
  enteredAt: number
  reason: MembershipReason
  leavesAt: number | null
}

/** The segments of a person. `hasCart`: whether the cart is still open, of which a purchase may not be derived yet. */
export async function segmentsOf(
  db: Kysely<Database>,
  personId: PersonId,
  { now, hasCart }: { now: number; hasCart: boolean },
): Promise<PersonSegment[]> {
  const members = await db
    .selectFrom('segment_members')
    .selectAll()
    .where('person_id', '=', personId)
    .orderBy('segment_id')
    .execute()
  if (members.length === 0) return []
  const rules = await readRules(db)
  const ids = members.map((row) => row.segment_id)
  const { verdicts } = await judge(db, rules, ids, now, [personId])
  return members.flatMap(({ segment_id: id, entered_at: enteredAt, reason }) => {
    const definition = rules.definitions.get(id)
    const verdict = verdicts.get(id)?.[0]
    // Members of a deleted segment go in steps, and an edge that has passed is about to be noticed.
    if (definition === undefined || !verdict?.entered || (needsCart(definition.node) && !hasCart)) return []
    return [{ id, name: oneName(definition.name), enteredAt, reason, leavesAt: verdict.edge }]
  })
}
