/** Timelines: the events of a contact or a visitor, oldest first. */
import type { Expression, ExpressionBuilder, Kysely, SqlBool } from 'kysely'
import { type ContactId, contactPerson, type VisitorId } from '../domain/ids.ts'
import { findContact } from './contacts.ts'
import { linksOf } from './links.ts'
import type { LinkRow } from './schema/derived.ts'
import type { EventRow } from './schema/visitors.ts'
import type { Database } from './schema.ts'
import { visitorsOf } from './visitor-persons.ts'
import { describeVisitors } from './visitors.ts'

/** Where a page of a timeline begins: after this event. */
export type TimelineCursor = { at: number; id: string; visitor: string }

type EventBuilder = ExpressionBuilder<Database, 'events'>

async function timeline(
  db: Kysely<Database>,
  which: (eb: EventBuilder) => Expression<SqlBool>,
  after: TimelineCursor | null,
  limit: number,
): Promise<EventRow[]> {
  let query = db
    .selectFrom('events')
    .selectAll()
    .where(which)
    .orderBy('at')
    .orderBy('id')
    .orderBy('visitor_id')
    .limit(limit)
  if (after) {
    query = query.where((eb) =>
      eb.or([
        eb('at', '>', after.at),
        eb.and([eb('at', '=', after.at), eb('id', '>', after.id)]),
        eb.and([eb('at', '=', after.at), eb('id', '=', after.id), eb('visitor_id', '>', after.visitor)]),
      ]),
    )
  }
  return query.execute()
}

/** A page of a timeline, and the links that assign its events to persons. */
export type Timeline = { events: EventRow[]; links: LinkRow[] }

/** A visitor's events; null if there is no such visitor. */
export async function visitorTimeline(
  db: Kysely<Database>,
  visitorId: VisitorId,
  after: TimelineCursor | null,
  limit: number,
): Promise<Timeline | null> {
  const events = await timeline(db, (eb) => eb('visitor_id', '=', visitorId), after, limit)
  if (events.length === 0 && (await describeVisitors(db, [visitorId])).length === 0) return null
  return { events, links: await linksOf(db, { visitor: visitorId }) }
}

/**
 * A contact's events: those that verified and confirmed links assign to it. With `claimed` also the events during unsigned
 * logins as the contact, and the events of carts that carry the contact's address. Null if there is no such contact.
 */
export async function contactTimeline(
  db: Kysely<Database>,
  contactId: ContactId,
  claimed: boolean,
  after: TimelineCursor | null,
  limit: number,
): Promise<Timeline | null> {
  if (!(await findContact(db, contactId))) return null
  const links = await linksOf(db, { contact: contactId })
  return { events: await contactEvents(db, contactId, links, claimed, after, limit), links }
}

async function contactEvents(
  db: Kysely<Database>,
  contactId: ContactId,
  links: LinkRow[],
  claimed: boolean,
  after: TimelineCursor | null,
  limit: number,
): Promise<EventRow[]> {
  const personId = contactPerson(contactId)
  const all = await visitorsOf(db, personId)
  const own = claimed ? all : all.filter((visitor) => !onlyTyped(links, visitor))
  const claims = claimed ? links.filter((link) => link.strength === 'claimed') : []
  const spans = claims.flatMap(({ visitor_id: visitor, valid_from: from, valid_to: to }) =>
    from === null ? [] : { visitor, from, to },
  )
  if (own.length + spans.length === 0) return []
  return timeline(
    db,
    (eb) =>
      eb.or([
        ...(own.length > 0 ? [eb.and([eb('visitor_id', 'in', own), eb('person_id', '=', personId)])] : []),
        ...spans.map(({ visitor, from, to }) =>
          eb.and([
            eb('visitor_id', '=', visitor),
            eb('identity', '=', 1),
            eb('at', '>=', from),
            eb('at', '<=', to ?? Number.MAX_SAFE_INTEGER),
          ]),
        ),
      ]),
    after,
    limit,
  )
}

/** Whether a visitor's only evidence for the contact is an address in a form, which assigns a cart but no visit. */
function onlyTyped(links: LinkRow[], visitorId: VisitorId): boolean {
  const strengths = links.filter((link) => link.visitor_id === visitorId).map((link) => link.strength)
  return (
    strengths.includes('typed') && !strengths.some((strength) => strength === 'verified' || strength === 'confirmed')
  )
}
