/** Timelines: the events of a contact or a visitor, oldest first. */
import type { Expression, ExpressionBuilder, Kysely, NotNull, SqlBool } from 'kysely'
import { CART_TYPES } from '../domain/commerce/cart.ts'
import { type ContactId, contactPerson, type PersonId, type VisitorId } from '../domain/ids.ts'
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

/** The time of a cart that carries a contact's typed address, on the visitor that it belongs to. */
export type TypedSpan = { visitor: VisitorId; person: PersonId; contact: ContactId; from: number; to: number }

/** A page of a timeline, the links that assign its events to persons, and the carts that carry typed addresses. */
export type Timeline = { events: EventRow[]; links: LinkRow[]; typed: TypedSpan[] }

/** Whether an event is one of a cart that carries a typed address. */
export function isInSpan(event: EventRow, { visitor, person, from, to }: TypedSpan): boolean {
  const isOfCart = event.visitor_id === visitor && event.person_id === person && CART_TYPES.has(event.type)
  return isOfCart && event.identity === 1 && event.at >= from && event.at <= to
}

/** A visitor's events; null if there is no such visitor. */
export async function visitorTimeline(
  db: Kysely<Database>,
  visitorId: VisitorId,
  after: TimelineCursor | null,
  limit: number,
): Promise<Timeline | null> {
  const events = await timeline(db, (eb) => eb('visitor_id', '=', visitorId), after, limit)
  if (events.length === 0 && (await describeVisitors(db, [visitorId])).length === 0) return null
  const links = await linksOf(db, { visitor: visitorId })
  return { events, links, typed: await typedSpans(db, links) }
}

/**
 * A contact's events: those that verified and confirmed links assign to it. With `claimed` also the events during unsigned
 * logins as the contact, and the events of carts that carry the contact's typed address. Null if there is no such contact.
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
  const typed = claimed ? await typedSpans(db, links) : []
  return { events: await contactEvents(db, contactId, claimed ? links : [], typed, after, limit), links, typed }
}

async function contactEvents(
  db: Kysely<Database>,
  contactId: ContactId,
  links: LinkRow[],
  typed: TypedSpan[],
  after: TimelineCursor | null,
  limit: number,
): Promise<EventRow[]> {
  const personId = contactPerson(contactId)
  const own = await visitorsOf(db, personId)
  const claims = links.filter((link) => link.strength === 'claimed')
  const spans = claims.flatMap(({ visitor_id: visitor, valid_from: from, valid_to: to }) =>
    from === null ? [] : { visitor, from, to },
  )
  if (own.length + spans.length + typed.length === 0) return []
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
        ...typed.map(({ visitor, person, from, to }) =>
          eb.and([
            eb('visitor_id', '=', visitor),
            eb('person_id', '=', person),
            eb('type', 'in', [...CART_TYPES]),
            eb('identity', '=', 1),
            eb('at', '>=', from),
            eb('at', '<=', to),
          ]),
        ),
      ]),
    after,
    limit,
  )
}

/** The carts that carry the typed addresses of these links' contacts, on the links' visitors. */
async function typedSpans(db: Kysely<Database>, links: LinkRow[]): Promise<TypedSpan[]> {
  const typed = links.filter((link) => link.strength === 'typed' && link.contact_id !== null)
  const visitors = [...new Set(typed.map((link) => link.visitor_id))]
  const contacts = new Set(typed.map((link) => link.contact_id))
  if (visitors.length === 0) return []
  const carts = await db
    .selectFrom('carts')
    .select(['visitor_id', 'person_id', 'typed_contact_id', 'created_at', 'updated_at', 'closed_at'])
    .where('visitor_id', 'in', visitors)
    .where('typed_contact_id', 'is not', null)
    .$narrowType<{ typed_contact_id: NotNull }>()
    .execute()
  return carts
    .filter((cart) => contacts.has(cart.typed_contact_id))
    .map((cart) => ({
      ...{ visitor: cart.visitor_id, person: cart.person_id, contact: cart.typed_contact_id },
      ...{ from: cart.created_at, to: cart.closed_at ?? cart.updated_at },
    }))
}
