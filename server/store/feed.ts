/** The feed's tables: the current matches of contacts, the state last published, and the log that readers follow. */
import type { Kysely, NotNull, Transaction } from 'kysely'
import { linesOf } from '../domain/commerce/lines.ts'
import type { Evidence } from '../domain/event.ts'
import { type Grade, reaches } from '../domain/grade.ts'
import { type ContactId, contactPerson, type PersonId, type VisitorId } from '../domain/ids.ts'
import type { MailFlag } from '../domain/mail-permission.ts'
import type { MatchChange, MatchStrength } from '../domain/match.ts'
import { oneName } from '../domain/membership.ts'
import { loadCarts } from './carts.ts'
import { chunks, chunksOf } from './engine/many.ts'
import { withErasureNotices } from './erasure-notices.ts'
import { gradesIn, linksOf } from './links.ts'
import { listOrders } from './orders.ts'
import { decodeJson, encodeJson } from './schema/columns.ts'
import type { CartRow, PersonRow } from './schema/derived.ts'
import type { MatchChangeRow } from './schema/feed.ts'
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
  cart: CartRow | null
  purchases: number
}

/** The current matches of the given contacts; contacts without a match have no entry. */
export async function loadMatchFacts(
  db: Kysely<Database>,
  contactIds: ContactId[],
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
      mailConsent: person.mail_consent,
    }))
    for (const match of await describe(db, told)) matches.set(match.contactId, match)
  }
  return matches
}

/** What the feed tells of the given contacts: their matches, else the carts that carry their typed addresses. */
export async function loadFeedFacts(
  db: Kysely<Database>,
  contactIds: ContactId[],
): Promise<Map<ContactId, MatchFacts>> {
  const facts = await loadMatchFacts(db, contactIds)
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
    mailConsent: 1 as const,
  }))
  for (const each of await describe(db, told)) facts.set(each.contactId, each)
  return facts
}

type Told = { person: PersonRow } & Pick<
  MatchFacts,
  'contactId' | 'strength' | 'evidence' | 'grade' | 'matchedAt' | 'mailConsent'
>

/** Adds what persons' carts, segments and contacts say. Contacts that were erased are left out. */
async function describe(db: Kysely<Database>, told: Told[]): Promise<MatchFacts[]> {
  if (told.length === 0) return []
  const persons = told.map(({ person }) => person)
  const rows = await db
    .selectFrom('contacts')
    .select(['contact_id', 'email', 'email_sha256', 'attributes'])
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
  const segments = await db.selectFrom('segments').select(['id', 'name']).execute()
  const names = new Map(segments.map(({ id, name }) => [id, oneName(decodeJson(name))]))
  const carts = await loadCarts(db, persons)
  return told.flatMap(({ person, ...match }) => {
    const contact = contacts.get(match.contactId)
    if (!contact) return []
    return {
      ...match,
      personId: person.person_id,
      email: contact.email,
      emailSha256: contact.email_sha256,
      attributes: decodeJson(contact.attributes),
      lastSeenAt: person.last_seen,
      visitors: person.visitors,
      marketing: person.marketing === 1,
      minor: person.minor === 1,
      segments: (membersOf.get(person.person_id) ?? [])
        .flatMap(({ segment_id: id, entered_at }) => {
          const name = names.get(id)
          // Members of a segment that was deleted go in steps, but nobody sees them any more.
          return name === undefined ? [] : { id, name, entered_at }
        })
        .sort((a, b) => (a.id < b.id ? -1 : 1)),
      cart: carts.get(person.person_id) ?? null,
      purchases: person.purchases,
    }
  })
}

/** The state of a contact that was last published. */
export type PublishedState = { digest: string; segments: string[] } & PublishedGrades

/** The grades of a match and of its cart. */
export type PublishedGrades = { grade: Grade | null; cartGrade: Grade | null }

/** The states of contacts that were last published. */
export async function loadFeedStates(
  db: Kysely<Database>,
  contactIds: ContactId[],
): Promise<Map<ContactId, PublishedState>> {
  const states = new Map<ContactId, PublishedState>()
  for (const part of chunks(contactIds, 500)) {
    const rows = await db.selectFrom('feed_state').selectAll().where('contact_id', 'in', part).execute()
    for (const row of rows) {
      const { digest, segments, grade, cart_grade: cartGrade } = row
      states.set(row.contact_id, { digest, segments: decodeJson(segments), grade, cartGrade })
    }
  }
  return states
}

/** A change to publish. A null `digest` means that the contact has no published state any more. */
export type Change = {
  contactId: ContactId
  change: MatchChange
  reason: MatchChangeRow['reason']
  digest: string | null
  segments: string[]
  entered: string[]
  left: string[]
  now: PublishedGrades
  before: PublishedGrades
}

/** Appends changes with the next sequence numbers and records the published states. Only the publisher may call it. */
export async function appendChanges(trx: Transaction<Database>, given: Change[], now: number): Promise<void> {
  const changes = await withErasureNotices(trx, given)
  if (changes.length === 0) return
  const last = await trx
    .selectFrom('match_changes')
    .select((eb) => eb.fn.max('seq').as('seq'))
    .executeTakeFirst()
  let seq = Number(last?.seq ?? 0)
  const rows: MatchChangeRow[] = changes.map((change) => ({
    seq: ++seq,
    contact_id: change.contactId,
    change: change.change,
    reason: change.reason,
    segments: encodeJson(change.segments),
    entered: encodeJson(change.entered),
    left_segments: encodeJson(change.left),
    grade: change.now.grade,
    cart_grade: change.now.cartGrade,
    earlier_grade: change.before.grade,
    earlier_cart_grade: change.before.cartGrade,
    at: now,
  }))
  for (const part of chunksOf(rows)) await trx.insertInto('match_changes').values(part).execute()
  const ids = changes.map((change) => change.contactId)
  for (const part of chunks(ids, 500)) await trx.deleteFrom('feed_state').where('contact_id', 'in', part).execute()
  const states = changes.flatMap(({ contactId, digest, segments, now: { grade, cartGrade } }) =>
    digest === null
      ? []
      : { contact_id: contactId, digest, segments: encodeJson(segments), grade, cart_grade: cartGrade },
  )
  for (const part of chunksOf(states)) await trx.insertInto('feed_state').values(part).execute()
}

/** Up to `limit` changes after `seq`, oldest first. */
export async function readChanges(db: Kysely<Database>, after: number, limit: number): Promise<MatchChangeRow[]> {
  return db.selectFrom('match_changes').selectAll().where('seq', '>', after).orderBy('seq').limit(limit).execute()
}

/** The items that a contact viewed, most viewed first, and those it bought; with a floor, by events that reach it. */
export async function loadInterests(db: Kysely<Database>, contactId: ContactId, floor: Grade | null) {
  const personId = contactPerson(contactId)
  const parts = await db.selectFrom('visitor_persons').select('visitor_id').where('person_id', '=', personId).execute()
  const visitorIds = parts.map((row) => row.visitor_id)
  const gradeOf = floor === null ? null : gradesIn(await linksOf(db, { contact: contactId }))
  const isSure = (event: { visitor_id: VisitorId; at: number }) =>
    floor === null || gradeOf === null || reaches(gradeOf(event, contactId), floor)
  const orders = await listOrders(db, contactId, isSure)
  const purchased = new Set(orders.flatMap((order) => order.item_ids))
  const views = new Map<string, { item_id: string; views: number; last_at: number }>()
  for (const part of chunks(visitorIds, 200)) {
    const rows = await db
      .selectFrom('events')
      .select(['visitor_id', 'at', 'props'])
      .where('visitor_id', 'in', part)
      .where('person_id', '=', personId)
      .where('type', '=', 'view_item')
      .orderBy('at', 'desc')
      .limit(MAX_VIEWS)
      .execute()
    for (const row of rows.filter(isSure)) {
      for (const { id } of row.props === null ? [] : linesOf(decodeJson(row.props), false, null).lines) {
        const seen = views.get(id) ?? { item_id: id, views: 0, last_at: 0 }
        views.set(id, { ...seen, views: seen.views + 1, last_at: Math.max(seen.last_at, row.at) })
      }
    }
  }
  const interests = [...views.values()]
    .sort((a, b) => b.views - a.views || b.last_at - a.last_at)
    .slice(0, MAX_INTERESTS)
  return { interests, purchased: [...purchased].sort() }
}

/** The number of latest views that interests are computed from, and of interests that a match lists. */
const MAX_VIEWS = 500
const MAX_INTERESTS = 20
