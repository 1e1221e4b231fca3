/** The members of a segment, newest first. */
import type { Kysely } from 'kysely'
import { type Grade, gradesFrom } from '../domain/grade.ts'
import type { PersonId } from '../domain/ids.ts'
import type { PersonRow, SegmentMemberRow } from '../store/schema/derived.ts'
import type { Database } from '../store/schema.ts'

/** A member with the row of its person. */
export type Member = PersonRow & Pick<SegmentMemberRow, 'entered_at' | 'reason'>

/**
 * Up to `limit` members that entered before the cursor, or at the same time with a smaller id; with a floor only contacts
 * whose match has that grade or a better one.
 */
export async function listMembers(
  db: Kysely<Database>,
  segmentId: string,
  given: { floor: Grade | null; after: { enteredAt: number; personId: PersonId } | null; limit: number },
): Promise<Member[]> {
  const { floor, after, limit } = given
  let query = db
    .selectFrom('segment_members')
    .innerJoin('persons', 'persons.person_id', 'segment_members.person_id')
    .selectAll('persons')
    .select(['segment_members.entered_at', 'segment_members.reason'])
    .where('segment_members.segment_id', '=', segmentId)
    .orderBy('segment_members.entered_at', 'desc')
    .orderBy('segment_members.person_id', 'desc')
    .limit(limit)
  if (floor !== null) query = query.where('persons.grade', 'in', gradesFrom(floor))
  if (after) {
    query = query.where((eb) =>
      eb.or([
        eb('segment_members.entered_at', '<', after.enteredAt),
        eb.and([
          eb('segment_members.entered_at', '=', after.enteredAt),
          eb('segment_members.person_id', '<', after.personId),
        ]),
      ]),
    )
  }
  return query.execute()
}
