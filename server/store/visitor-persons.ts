/**
 * What persons have on visitors. Most visitors are nobody's but their own: such a one needs no row in `visitor_persons`,
 * for his row in `visitors` says it all (an older version has left some). Who reads what persons have asks here, unless
 * he asks for contacts only.
 */
import type { Kysely } from 'kysely'
import { visitorPerson } from '../domain/epochs.ts'
import { ofKeys } from './engine/many.ts'
import type { VisitorPersonRow, VisitorRow } from './schema/derived.ts'
import type { Database } from './schema.ts'

/** The person of a visitor's first epoch, which `visitorPerson` names. */
const OWN = /^v:([^:]+)$/

/** The rows that are kept of what persons have on visitors: not those of visitors who are all their own. */
export function keptParts(parts: VisitorPersonRow[]): VisitorPersonRow[] {
  const byVisitor = Map.groupBy(parts, (part) => part.visitor_id)
  return parts.filter(
    ({ visitor_id, person_id }) => person_id !== visitorPerson(visitor_id, 1) || byVisitor.get(visitor_id)!.length > 1,
  )
}

/** All that persons have on visitors: the rows that are kept, and of each visitor without one his own. */
export function withOwn(
  visitors: Pick<VisitorRow, 'visitor_id' | 'first_seen' | 'last_seen' | 'events' | 'overactive'>[],
  kept: VisitorPersonRow[],
): VisitorPersonRow[] {
  const known = new Set(kept.map((part) => part.visitor_id))
  const own = visitors.flatMap((visitor) => {
    // Of an overactive one nobody has anything.
    if (visitor.overactive === 1 || known.has(visitor.visitor_id)) return []
    const { visitor_id, first_seen, last_seen, events } = visitor
    return { visitor_id, person_id: visitorPerson(visitor_id, 1), first_at: first_seen, last_at: last_seen, events }
  })
  return [...kept, ...own]
}

const selectKept = ofKeys((db, personIds) =>
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
export async function partsOf(db: Kysely<Database>, personIds: string[]): Promise<VisitorPersonRow[]> {
  const visitors = await selectOwn(
    db,
    personIds.flatMap((id) => OWN.exec(id)?.[1] ?? []),
  )
  return withOwn(visitors, await selectKept(db, personIds))
}

/** The visitors on which a person has something. */
export async function visitorsOf(db: Kysely<Database>, personId: string): Promise<string[]> {
  return (await partsOf(db, [personId])).map((row) => row.visitor_id)
}
