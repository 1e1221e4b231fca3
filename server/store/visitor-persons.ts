/**
 * The parts of visitors that belong to persons. Most visitors have only ever been one anonymous person, which their row in
 * `visitors` describes: they have no row in `visitor_persons` (an older version has left some). Read parts through this
 * file, unless only contacts matter.
 */

import type { Kysely } from 'kysely'
import { type PersonId, personId, personOf, type VisitorId, visitorPerson } from '../domain/ids.ts'
import { mustGet } from '../domain/lookup.ts'
import { ofKeys } from './engine/many.ts'
import type { VisitorPersonRow, VisitorRow } from './schema/derived.ts'
import type { Database } from './schema.ts'

/** The parts that are stored: all but those of visitors that are a single anonymous person. */
export function keptParts(parts: VisitorPersonRow[]): VisitorPersonRow[] {
  const byVisitor = Map.groupBy(parts, (part) => part.visitor_id)
  return parts.filter(
    ({ visitor_id, person_id }) =>
      person_id !== visitorPerson(visitor_id, 1) || mustGet(byVisitor, visitor_id).length > 1,
  )
}

/** All parts: the stored ones, and for each visitor without any the part of its own anonymous person. */
export function withOwn(
  visitors: Pick<VisitorRow, 'visitor_id' | 'first_seen' | 'last_seen' | 'events' | 'overactive'>[],
  kept: VisitorPersonRow[],
): VisitorPersonRow[] {
  const known = new Set(kept.map((part) => part.visitor_id))
  const own = visitors.flatMap((visitor) => {
    // An overactive visitor belongs to no person.
    if (visitor.overactive === 1 || known.has(visitor.visitor_id)) return []
    const { visitor_id, first_seen, last_seen, events } = visitor
    return { visitor_id, person_id: visitorPerson(visitor_id, 1), first_at: first_seen, last_at: last_seen, events }
  })
  return [...kept, ...own]
}

const selectKept = ofKeys((db, personIds: PersonId[]) =>
  db.selectFrom('visitor_persons').selectAll().where('person_id', 'in', personIds),
)
const selectOwn = ofKeys((db, visitorIds) =>
  db
    .selectFrom('visitors')
    .select(['visitor_id', 'first_seen', 'last_seen', 'events', 'overactive'])
    .where('visitor_id', 'in', visitorIds)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('visitor_persons')
            .select('visitor_persons.visitor_id')
            .whereRef('visitor_persons.visitor_id', '=', 'visitors.visitor_id'),
        ),
      ),
    ),
)

/** The parts of visitors that belong to the given persons. */
export async function partsOf(db: Kysely<Database>, personIds: PersonId[]): Promise<VisitorPersonRow[]> {
  const visitors = await selectOwn(
    db,
    personIds.flatMap((text) => {
      const person = personOf(text)
      // Only under the current text, so that a visitor is one person, not two.
      return person.kind === 'visitor' && person.epoch === 1 && personId(person) === text ? person.id : []
    }),
  )
  return withOwn(visitors, await selectKept(db, personIds))
}

/** The visitors that belong to a person at least in part. */
export async function visitorsOf(db: Kysely<Database>, personId: PersonId): Promise<VisitorId[]> {
  return (await partsOf(db, [personId])).map((row) => row.visitor_id)
}
