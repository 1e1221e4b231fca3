/** Reads of links between visitors and contacts. */
import type { Kysely } from 'kysely'
import { byTimeThenId } from '../domain/event.ts'
import { type Grade, type GradeSpan, gradeAt } from '../domain/grade.ts'
import type { LinkState } from '../domain/identity-link.ts'
import type { ContactId, VisitorId } from '../domain/ids.ts'
import { decodeJson } from './schema/columns.ts'
import type { LinkRow } from './schema/derived.ts'
import type { Database } from './schema.ts'

/** Where a page of links begins: after this one. */
export type LinkCursor = { at: number; id: string; visitor: string }

/** The links of a contact or a visitor, oldest first. */
export async function listLinks(
  db: Kysely<Database>,
  filter: { contact?: string | undefined; visitor?: string | undefined; state?: LinkState | undefined },
  limit: number,
  after: LinkCursor | null = null,
): Promise<LinkRow[]> {
  let query = db.selectFrom('links').selectAll().orderBy('at').orderBy('id').orderBy('visitor_id').limit(limit)
  if (after) {
    query = query.where((eb) =>
      eb.or([
        eb('at', '>', after.at),
        eb.and([eb('at', '=', after.at), eb('id', '>', after.id)]),
        eb.and([eb('at', '=', after.at), eb('id', '=', after.id), eb('visitor_id', '>', after.visitor)]),
      ]),
    )
  }
  if (filter.contact !== undefined) query = query.where('contact_id', '=', filter.contact)
  if (filter.visitor !== undefined) query = query.where('visitor_id', '=', filter.visitor)
  if (filter.state !== undefined) query = query.where('state', '=', filter.state)
  return query.execute()
}

/** One link, or null. */
export async function findLink(db: Kysely<Database>, visitorId: string, id: string): Promise<LinkRow | null> {
  const query = db.selectFrom('links').selectAll().where('visitor_id', '=', visitorId).where('id', '=', id)
  return (await query.executeTakeFirst()) ?? null
}

/** The maximum number of proven links shown for a contact or a visitor, and of others. */
const MAX_LINKS = 1000

/**
 * The links shown for a contact or a visitor, oldest first. Those that prove something are read apart, so that nobody
 * can hide them behind a thousand claims of their own.
 */
export async function linksOf(
  db: Kysely<Database>,
  owner: { contact: string } | { visitor: string },
): Promise<LinkRow[]> {
  const read = (proven: boolean) =>
    db
      .selectFrom('links')
      .selectAll()
      .where('strength', proven ? 'in' : 'not in', ['verified', 'confirmed'])
      .$call((query) =>
        'contact' in owner
          ? query.where('contact_id', '=', owner.contact)
          : query.where('visitor_id', '=', owner.visitor),
      )
      .orderBy('at', 'desc')
      .limit(MAX_LINKS)
      .execute()
  return [...(await read(true)), ...(await read(false))].sort(byTimeThenId)
}

/** An event's place in time on its visitor. */
type Placed = { visitor_id: VisitorId; at: number }

/**
 * The link that assigns an event to a contact, of the contact's or the visitor's links, oldest first: the one that
 * covers its time, or the next one, which brought an open cart along.
 */
export function assigningLink(links: LinkRow[], { visitor_id, at }: Placed, contactId: ContactId): LinkRow | undefined {
  const own = links.filter(
    (link) =>
      link.visitor_id === visitor_id &&
      link.contact_id === contactId &&
      (link.state === 'open' || link.state === 'closed') &&
      (link.strength === 'verified' || link.strength === 'confirmed'),
  )
  const startOf = (link: LinkRow) => link.backfill_from ?? link.at
  const covering = own.findLast((link) => startOf(link) <= at && (link.valid_to === null || at <= link.valid_to))
  return covering ?? own.find((link) => startOf(link) > at) ?? own.at(-1)
}

/** Looks up the grades of events that these links assign to a contact. */
export function gradesIn(links: LinkRow[]): (event: Placed, contactId: ContactId) => Grade | null {
  const decoded = new Map<LinkRow, GradeSpan[]>()
  return (event, contactId) => {
    const link = assigningLink(links, event, contactId)
    if (!link) return null
    const spans = decoded.get(link) ?? decodeJson(link.grades)
    decoded.set(link, spans)
    return gradeAt(spans, event.at)
  }
}
