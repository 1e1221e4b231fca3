/** What contacts looked at and have not bought. */
import type { Kysely } from 'kysely'
import { linesOf } from '../domain/commerce/lines.ts'
import { folded } from '../domain/folded.ts'
import { type Grade, reaches } from '../domain/grade.ts'
import { type ContactId, contactPerson, type VisitorId } from '../domain/ids.ts'
import { chunks } from './engine/many.ts'
import { gradesIn, linksOf } from './links.ts'
import { decodeJson } from './schema/columns.ts'
import type { Database } from './schema.ts'

/** An event, as far as it decides whether it counts. */
type Seen = { visitor_id: VisitorId; at: number }

/** Which events of a contact reach a grade. */
export async function eventsAbove(
  db: Kysely<Database>,
  contactId: ContactId,
  floor: Grade,
): Promise<(event: Seen) => boolean> {
  const gradeOf = gradesIn(await linksOf(db, { contact: contactId }))
  return (event) => reaches(gradeOf(event, contactId), floor)
}

/**
 * The items that a contact viewed, most viewed first, by the events that count. What they have bought, and not given back, is
 * left out under each id that its order says, so that no mail proposes it. `purchased`: what orders are known to hold.
 */
export async function loadInterests(
  db: Kysely<Database>,
  contactId: ContactId,
  purchased: readonly string[],
  counts: (event: Seen) => boolean,
) {
  const personId = contactPerson(contactId)
  const orders = await db.selectFrom('person_orders').select('items').where('person_id', '=', personId).execute()
  // Ids are kept without case.
  const bought = new Set([
    ...purchased.map(folded),
    ...orders.flatMap(({ items }) => decodeJson(items).flatMap(({ ids }) => ids)),
  ])
  const parts = await db.selectFrom('visitor_persons').select('visitor_id').where('person_id', '=', personId).execute()
  const visitorIds = parts.map((row) => row.visitor_id)
  const views = new Map<string, { item_id: string; views: number; last_at: number }>()
  for (const part of chunks(visitorIds, 200)) {
    const rows = await db
      .selectFrom('events')
      .select(['visitor_id', 'at', 'props'])
      .where('visitor_id', 'in', part)
      .where('person_id', '=', personId)
      .where('type', '=', 'view_item')
      .orderBy('at', 'desc')
      .orderBy('id', 'desc')
      .limit(MAX_VIEWS)
      .execute()
    for (const row of rows.filter(counts)) {
      for (const { id } of row.props === null ? [] : linesOf(decodeJson(row.props), false, null).lines) {
        if (bought.has(folded(id))) continue
        const seen = views.get(id) ?? { item_id: id, views: 0, last_at: 0 }
        views.set(id, { ...seen, views: seen.views + 1, last_at: Math.max(seen.last_at, row.at) })
      }
    }
  }
  return [...views.values()]
    .sort((a, b) => b.views - a.views || b.last_at - a.last_at || (a.item_id < b.item_id ? -1 : 1))
    .slice(0, MAX_INTERESTS)
}

/** The number of latest views that interests are computed from, and of interests that a match lists. */
const MAX_VIEWS = 500
const MAX_INTERESTS = 20
