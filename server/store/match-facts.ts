/** What the feed tells of contacts, as their rows say at one moment. */
import type { Kysely, NotNull } from 'kysely'
import type { Evidence } from '../domain/event.ts'
import type { Grade } from '../domain/grade.ts'
import { type ContactId, contactPerson, type PersonId } from '../domain/ids.ts'
import type { MailFlag } from '../domain/mail-permission.ts'
import type { MatchStrength } from '../domain/match.ts'
import { oneName } from '../domain/membership.ts'
import { loadCarts, stillOpen } from './carts.ts'
import { loadContactOrders } from './contact-orders.ts'
import { chunks, ofKeys } from './engine/many.ts'
import { decodeJson } from './schema/columns.ts'
import type { CartRow, PersonRow } from './schema/derived.ts'
import type { Database } from './schema.ts'
import { loadTyped } from './typed.ts'

/** The current match of a contact, or the cart that carries its typed address, whose person it then describes. */
export type MatchFacts = {
  contactId: ContactId
  personId: PersonId
  email: string | null
  emailSha256: string | null
  attributes: Record<string, unknown>
  strength: MatchStrength
  evidence: Evidence[]
  /** The best of its events; null for a typed address, which proves nothing. */
  grade: Grade | null
  matchedAt: number
  lastSeenAt: number
  visitors: number
  mailConsent: MailFlag | null
  marketing: boolean
  minor: boolean
  segments: { id: string; name: string; entered_at: number }[]
  /** Null as soon as it is known to be bought or emptied, before its person is derived. */
  cart: CartRow | null
  /** The number of orders. */
  purchases: number
  /** The items of the orders, sorted. */
  purchased: string[]
  /** The number of events. */
  events: number
}

/** Whether only persons with an open cart can be in a segment with this condition. */
export type NeedsCart = (node: object) => boolean

/** The current matches of the given contacts; contacts without a match have no entry. */
async function loadMatchFacts(
  db: Kysely<Database>,
  contactIds: ContactId[],
  needsCart: NeedsCart,
): Promise<Map<ContactId, MatchFacts>> {
  const matches = new Map<ContactId, MatchFacts>()
  for (const part of chunks(contactIds, 500)) {
    const persons = await db
      .selectFrom('persons')
      .selectAll()
      .where('person_id', 'in', part.map(contactPerson))
      .where('matched_at', 'is not', null)
      // Every match has a strength and a contact.
      .$narrowType<{ matched_at: NotNull; strength: NotNull; contact_id: NotNull }>()
      .execute()
    const told = persons.map((person) => ({
      person,
      contactId: person.contact_id,
      strength: person.strength,
      evidence: decodeJson(person.evidence),
      grade: person.grade,
      matchedAt: person.matched_at,
    }))
    for (const match of await describe(db, told, needsCart)) matches.set(match.contactId, match)
  }
  return matches
}

/** What the feed tells of the given contacts: their matches, else the carts that carry their typed addresses. */
export async function loadFeedFacts(
  db: Kysely<Database>,
  contactIds: ContactId[],
  needsCart: NeedsCart,
): Promise<Map<ContactId, MatchFacts>> {
  const facts = await loadMatchFacts(db, contactIds, needsCart)
  const typed = await loadTyped(
    db,
    contactIds.filter((id) => !facts.has(id)),
  )
  const told = [...typed].map(([contactId, person]) => ({
    person,
    contactId,
    strength: 'typed' as const,
    evidence: ['form_email' as const],
    grade: null,
    matchedAt: person.cart_updated_at ?? person.last_seen,
  }))
  for (const each of await describe(db, told, needsCart)) facts.set(each.contactId, each)
  return facts
}

type Told = { person: PersonRow } & Pick<MatchFacts, 'contactId' | 'strength' | 'evidence' | 'grade' | 'matchedAt'>

const sumEvents = ofKeys((db, personIds: PersonId[]) =>
  db
    .selectFrom('visitor_persons')
    .select((eb) => ['person_id', eb.fn.sum<number>('events').as('events')])
    .where('person_id', 'in', personIds)
    .groupBy('person_id'),
)

/** Adds what persons' carts, segments, orders and contacts say. Contacts that were erased are left out. */
async function describe(db: Kysely<Database>, told: Told[], needsCart: NeedsCart): Promise<MatchFacts[]> {
  if (told.length === 0) return []
  const persons = told.map(({ person }) => person)
  const rows = await db
    .selectFrom('contacts')
    .select(['contact_id', 'email', 'email_sha256', 'attributes', 'mail_consent', 'minor'])
    .where(
      'contact_id',
      'in',
      told.map(({ contactId }) => contactId),
    )
    .where('erased_at', 'is', null)
    .execute()
  const contacts = new Map(rows.map((row) => [row.contact_id, row]))
  const ids = persons.map((person) => person.person_id)
  const members = await db.selectFrom('segment_members').selectAll().where('person_id', 'in', ids).execute()
  const membersOf = Map.groupBy(members, (row) => row.person_id)
  const segments = new Map(
    (await db.selectFrom('segments').select(['id', 'name', 'node']).execute()).map(({ id, name, node }) => [
      id,
      { name: oneName(decodeJson(name)), needsCart: needsCart(decodeJson(node)) },
    ]),
  )
  const carts = await stillOpen(db, await loadCarts(db, persons))
  const matched = told.filter(({ strength }) => strength !== 'typed').map(({ contactId }) => contactId)
  const orders = await loadContactOrders(db, matched)
  const events = new Map((await sumEvents(db, ids)).map((row) => [row.person_id, Number(row.events)]))
  return told.flatMap(({ person, ...match }) => {
    const contact = contacts.get(match.contactId)
    if (!contact) return []
    const cart = carts.get(person.person_id) ?? null
    return {
      ...match,
      personId: person.person_id,
      email: contact.email,
      emailSha256: contact.email_sha256,
      attributes: decodeJson(contact.attributes),
      lastSeenAt: person.last_seen,
      visitors: person.visitors,
      // Of a contact, what the CRM says now.
      mailConsent: contact.mail_consent,
      marketing: person.marketing === 1,
      minor: contact.minor === 1,
      segments: (membersOf.get(person.person_id) ?? [])
        .flatMap(({ segment_id: id, entered_at }) => {
          const segment = segments.get(id)
          // Members of a segment that was deleted go in steps, but nobody sees them any more. Those without a cart leave
          // a segment about carts when they are derived.
          return segment === undefined || (segment.needsCart && cart === null)
            ? []
            : { id, name: segment.name, entered_at }
        })
        .sort((a, b) => (a.id < b.id ? -1 : 1)),
      cart,
      purchases: person.purchases,
      purchased: [...new Set((orders.get(match.contactId) ?? []).flatMap((order) => order.itemIds))].sort(),
      events: events.get(person.person_id) ?? 0,
    }
  })
}
