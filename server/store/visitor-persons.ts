/**
 * What persons have on visitors. Most visitors have only ever been one anonymous person, whom their row in `visitors`
 * describes: they have no row in `visitor_persons` (an older version has left some). Ask here for what persons have, unless
 * it is about contacts only.
 */

import type { Kysely } from 'kysely'
import { type PersonId, personId, personOf, type VisitorId, visitorPerson } from '../domain/ids.ts'
import { mustGet } from '../domain/lookup.ts'
import { ofKeys } from './engine/many.ts'
import type { VisitorPersonRow, VisitorRow } from './schema/derived.ts'
import type { Database } from './schema.ts'

/** The rows that are kept of what persons have on visitors: not those of visitors that are one anonymous person. */
export function keptParts(parts: VisitorPersonRow[]): VisitorPersonRow[] {
  const byVisitor = Map.groupBy(parts, (part) => part.visitor_id)
  return parts.filter(
    ({ visitor_id, person_id }) =>
      person_id !== visitorPerson(visitor_id, 1) || mustGet(byVisitor, visitor_id).length > 1,
  )
}

/** All that persons have on visitors: the rows that are kept, and for each visitor without one that of its own person. */
export function withOwn(
  visitors: Pick<VisitorRow, 'visitor_id' | 'first_seen' | 'last_seen' | 'events' | 'overactive'>[],
  kept: VisitorPersonRow[],
): VisitorPersonRow[] {
  const known = new Set(kept.map((part) => part.visitor_id))
  const own = visitors.flatMap((visitor) => {
    // Nobody has anything on an overactive visitor.
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

/** What the given persons have on visitors. */
export async function partsOf(db: Kysely<Database>, personIds: PersonId[]): Promise<VisitorPersonRow[]> {
  const visitors = await selectOwn(
    db,
    personIds.flatMap((text) => {
      const person = personOf(text)
      // Only under the text that is written today: a visitor is one person, not two.
      return person.kind === 'visitor' && person.epoch === 1 && personId(person) === text ? person.id : []
    }),
  )
  return withOwn(visitors, await selectKept(db, personIds))
}

/** The visitors on which a person has something. */
export async function visitorsOf(db: Kysely<Database>, personId: PersonId): Promise<VisitorId[]> {
  return (await partsOf(db, [personId])).map((row) => row.visitor_id)
}
