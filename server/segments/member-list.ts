/** The members of a segment, a page at a time. */
import type { Kysely } from 'kysely'
import { type Grade, gradesFrom } from '../domain/grade.ts'
import type { PersonId } from '../domain/ids.ts'
import { ofKeys } from '../store/engine/many.ts'
import type { PersonRow, SegmentMemberRow } from '../store/schema/derived.ts'
import type { Database } from '../store/schema.ts'

/** A member with the row of its person. */
export type Member = PersonRow & Pick<SegmentMemberRow, 'entered_at' | 'reason'>

/** A page begins after this member of the newest. */
export type NewestCursor = { enteredAt: number; personId: PersonId }

/**
 * Up to `limit` members after a person, in an order that never changes: read to the end, pages hold each person once,
 * whoever enters, leaves or enters again meanwhile. With a floor only contacts whose match has that grade or a better one.
 */
export async function listMembers(
  db: Kysely<Database>,
  segmentId: string,
  { floor, after, limit }: { floor: Grade | null; after: PersonId | null; limit: number },
): Promise<Member[]> {
  return membersIn(db, segmentId, floor)
    .$if(after !== null, (query) => query.where('segment_members.person_id', '>', after))
    .orderBy('segment_members.person_id')
    .limit(limit)
    .execute()
}

/**
 * The same for a screen: those that entered last come first. Who enters again while pages are read may be missing or
 * occur twice.
 */
export async function listNewestMembers(
  db: Kysely<Database>,
  segmentId: string,
  { floor, after, limit }: { floor: Grade | null; after: NewestCursor | null; limit: number },
): Promise<Member[]> {
  let query = membersIn(db, segmentId, floor)
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
  return query
    .orderBy('segment_members.entered_at', 'desc')
    .orderBy('segment_members.person_id', 'desc')
    .limit(limit)
    .execute()
}

/** A person's membership in a segment, or null. */
export async function findMember(
  db: Kysely<Database>,
  segmentId: string,
  personId: PersonId,
): Promise<SegmentMemberRow | null> {
  const row = await db
    .selectFrom('segment_members')
    .selectAll()
    .where('segment_id', '=', segmentId)
    .where('person_id', '=', personId)
    .executeTakeFirst()
  return row ?? null
}

function membersIn(db: Kysely<Database>, segmentId: string, floor: Grade | null) {
  return db
    .selectFrom('segment_members')
    .innerJoin('persons', 'persons.person_id', 'segment_members.person_id')
    .selectAll('persons')
    .select(['segment_members.entered_at', 'segment_members.reason'])
    .where('segment_members.segment_id', '=', segmentId)
    .$if(floor !== null, (query) => query.where('persons.grade', 'in', gradesFrom(floor as Grade)))
}

const selectPersons = ofKeys((db, personIds: PersonId[]) =>
  db.selectFrom('persons').selectAll().where('person_id', 'in', personIds),
)

/** The rows of persons; those who are no more have none. */
export async function loadPersons(db: Kysely<Database>, personIds: PersonId[]): Promise<Map<PersonId, PersonRow>> {
  return new Map((await selectPersons(db, [...new Set(personIds)])).map((row) => [row.person_id, row]))
}
