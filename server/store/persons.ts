/** Builds the rows of persons from their visitors and contacts, and writes them. */

import type { Kysely, NotNull, Transaction } from 'kysely'
import { settles } from '../domain/commerce/cart.ts'
import type { Evidence } from '../domain/event.ts'
import { bestOf, type Grade } from '../domain/grade.ts'
import type { Strength } from '../domain/identity-table.ts'
import { type ContactId, contactPerson, contactsAmong, type PersonId, personOf } from '../domain/ids.ts'
import { ofKeys, ofRows } from './engine/many.ts'
import { itemIdsOf } from './item-ids.ts'
import { loadPersonOrders } from './person-orders.ts'
import { decodeJson, encodeJson } from './schema/columns.ts'
import type { PersonRow } from './schema/derived.ts'
import type { Database } from './schema.ts'
import { partsOf } from './visitor-persons.ts'
import { bucketOf } from './work/buckets.ts'
import { mark } from './work/dirty.ts'

const removePersons = ofKeys((db, personIds: PersonId[]) =>
  db.deleteFrom('persons').where('person_id', 'in', personIds),
)
const upsertPersons = ofRows((db, rows: PersonRow[]) =>
  db
    .insertInto('persons')
    .values(rows)
    .onConflict((conflict) =>
      conflict.column('person_id').doUpdateSet((eb) => {
        // The edge is computed with the memberships; until then the old one stays.
        const columns = Object.keys(rows[0] ?? {}).filter((column) => column !== 'person_id' && column !== 'edge_at')
        return Object.fromEntries(columns.map((column) => [column, eb.ref(`excluded.${column}` as never)]))
      }),
    ),
)
const removeMembers = ofKeys((db, personIds: PersonId[]) =>
  db.deleteFrom('segment_members').where('person_id', 'in', personIds),
)

/** A person's state before its row is replaced, limited to what explains why a membership changes. */
export type Standing = Pick<PersonRow, 'person_id' | 'visitors' | 'matched_at' | 'mail_consent' | 'minor'>

const selectStandings = ofKeys((db, personIds: PersonId[]) =>
  db
    .selectFrom('persons')
    .select(['person_id', 'visitors', 'matched_at', 'mail_consent', 'minor'])
    .where('person_id', 'in', personIds),
)

/** The standings of the contacts among the given persons; new persons have no entry. */
export async function findStandings(db: Kysely<Database>, personIds: PersonId[]): Promise<Map<PersonId, Standing>> {
  const contacts = contactsAmong(personIds).map(contactPerson)
  return new Map((await selectStandings(db, contacts)).map((row) => [row.person_id, row]))
}

/** Replaces the rows of the given persons, and deletes those without a row. */
export async function writePersons(
  trx: Transaction<Database>,
  personIds: PersonId[],
  rows: PersonRow[],
): Promise<void> {
  await upsertPersons(trx, rows)
  const present = new Set(rows.map((row) => row.person_id))
  const removed = personIds.filter((id) => !present.has(id))
  await removePersons(trx, removed)
  await removeMembers(trx, removed)
}

/** Persons marked at a time, so that no other writer waits long. */
const PAGE = 5000

/** Marks every person to be derived again. */
export async function markAllPersons(db: Kysely<Database>): Promise<void> {
  for (let after: PersonId | null = null; ; ) {
    const from: PersonId | null = after
    const page = db.selectFrom('persons').select('person_id').orderBy('person_id').limit(PAGE)
    const rows = await page.$if(from !== null, (query) => query.where('person_id', '>', from)).execute()
    const ids = rows.map((row) => row.person_id)
    await mark(db, 'dirty_persons', ids)
    const last = ids.at(-1)
    if (last === undefined || ids.length < PAGE) return
    after = last
  }
}

/**
 * Builds the current rows of the given persons, without edges; persons without any part of a visitor get none.
 * `tellsTyped`: whether a site tells carts to the contacts whose typed addresses they carry.
 */
export async function buildPersons(
  db: Kysely<Database>,
  personIds: PersonId[],
  tellsTyped: (siteId: string) => boolean,
): Promise<PersonRow[]> {
  const parts = await partsOf(db, personIds)
  const byPerson = Map.groupBy(parts, (row) => row.person_id)
  const visitorIds = [...new Set(parts.map((row) => row.visitor_id))]
  const contactIds = contactsAmong(personIds)
  const visitors = await loadVisitorRows(db, visitorIds)
  const contacts = await loadContactRows(db, contactIds)
  const links = await loadLinks(db, contactIds)
  const carts = await loadOpenCarts(db, personIds)
  const typed = [...carts.values()].flatMap((own) => own.flatMap((cart) => cart.typedContact ?? []))
  const orders = await loadPersonOrders(db, personIds, [...new Set([...contactIds, ...typed])])

  return [...byPerson].flatMap(([personId, own]) => {
    const person = personOf(personId)
    const contactId = person.kind === 'contact' ? person.id : null
    const contact = contactId === null ? null : (contacts.get(contactId) ?? null)
    const ownVisitors = own.flatMap((row) => visitors.get(row.visitor_id) ?? [])
    const ownLinks = contactId === null ? [] : (links.get(contactId) ?? [])
    const ownOrders = orders.get(personId) ?? []
    const isOpen = (each: OpenCart) => {
      // Nobody is reminded of something they have bought, under whatever address.
      const typedFor = contactId === null ? each.typedContact : null
      const theirs = typedFor === null ? [] : (orders.get(contactPerson(typedFor)) ?? [])
      return ![...ownOrders, ...theirs].some((order) => settles(order, each))
    }
    const cart = (carts.get(personId) ?? []).find(isOpen)
    const tells = contactId === null && cart !== undefined && tellsTyped(cart.siteId)
    const marketing = ownVisitors.length > 0 && ownVisitors.every((visitor) => visitor.marketing === 1)
    return {
      person_id: personId,
      contact_id: contactId,
      first_seen: Math.min(...own.map((row) => row.first_at)),
      last_seen: Math.max(...own.map((row) => row.last_at)),
      visitors: own.length,
      strength:
        ownLinks.length === 0 ? null : ownLinks.some((l) => l.strength === 'verified') ? 'verified' : 'confirmed',
      evidence: encodeJson([...new Set(ownLinks.map((link) => link.evidence))].sort()),
      grade: bestOf(ownLinks.flatMap((link) => link.grade ?? [])),
      matched_at: ownLinks.length === 0 ? null : Math.min(...ownLinks.map((link) => link.validFrom)),
      identity: ownVisitors.some((visitor) => visitor.identity === 1) ? 1 : 0,
      marketing: marketing ? 1 : 0,
      marketing_since: marketing ? Math.max(...ownVisitors.map((visitor) => visitor.marketing_since ?? 0)) : null,
      mail_consent: contact?.mail_consent ?? null,
      mail_consent_since: contact?.mail_consent_at ?? null,
      minor: contact?.minor ?? 0,
      cart_visitor_id: cart?.visitorId ?? null,
      cart_id: cart?.id ?? null,
      cart_updated_at: cart?.updatedAt ?? null,
      cart_idle_at: cart?.idleAt ?? null,
      purchases: ownOrders.filter((order) => !order.isTakenBack).length,
      typed_contact_id: tells && marketing ? cart.typedContact : null,
      edge_at: null,
      bucket: bucketOf(personId),
    } satisfies PersonRow
  })
}

const selectVisitors = ofKeys((db, visitorIds) =>
  db
    .selectFrom('visitors')
    .select(['visitor_id', 'identity', 'marketing', 'marketing_since'])
    .where('visitor_id', 'in', visitorIds),
)

async function loadVisitorRows(db: Kysely<Database>, ids: string[]) {
  return new Map((await selectVisitors(db, ids)).map((row) => [row.visitor_id, row]))
}

const selectContacts = ofKeys((db, contactIds) =>
  db
    .selectFrom('contacts')
    .select(['contact_id', 'mail_consent', 'mail_consent_at', 'minor'])
    .where('contact_id', 'in', contactIds),
)

async function loadContactRows(db: Kysely<Database>, ids: string[]) {
  return new Map((await selectContacts(db, ids)).map((row) => [row.contact_id, row]))
}

const selectLinks = ofKeys((db, contactIds) =>
  db
    .selectFrom('links')
    .select(['contact_id', 'evidence', 'strength', 'valid_from', 'proofs', 'grades'])
    .where('contact_id', 'in', contactIds)
    .where('state', 'in', ['open', 'closed'])
    .where('strength', 'in', ['verified', 'confirmed'])
    .$narrowType<{ contact_id: NotNull }>(),
)

/** The links that make a contact a match, one entry for each piece of evidence they rest on. */
async function loadLinks(db: Kysely<Database>, contactIds: ContactId[]) {
  type Evidenced = { evidence: Evidence; strength: Strength; validFrom: number; grade: Grade | null }
  const links = new Map<string, Evidenced[]>()
  const rows = await selectLinks(db, contactIds)
  for (const row of rows) {
    const list = links.get(row.contact_id) ?? []
    links.set(row.contact_id, list)
    const grade = bestOf(decodeJson(row.grades).map((span) => span.grade))
    const base = { strength: row.strength, validFrom: row.valid_from ?? 0, grade }
    for (const { evidence } of decodeJson(row.proofs)) {
      // An unsigned login next to better evidence proves nothing; alone it counts only if the site trusts it. A typed
      // address never does.
      const counts = evidence === 'login_claimed' ? row.evidence === 'login_claimed' : evidence !== 'form_email'
      if (counts) list.push({ ...base, evidence })
    }
  }
  return links
}

const selectOpenCarts = ofKeys((db, personIds: PersonId[]) =>
  db
    .selectFrom('carts')
    .select(['person_id', 'visitor_id', 'id', 'site_id', 'updated_at', 'idle_at', 'items', 'typed_contact_id'])
    .where('person_id', 'in', personIds)
    .where('state', '=', 'open'),
)

/** An open cart, as far as it decides about its person's row. */
type OpenCart = {
  personId: PersonId
  visitorId: string
  id: string
  siteId: string
  updatedAt: number
  idleAt: number
  itemIds: string[]
  typedContact: ContactId | null
}

/** The open carts of each person, the most recently changed first. */
async function loadOpenCarts(db: Kysely<Database>, personIds: PersonId[]): Promise<Map<PersonId, OpenCart[]>> {
  const rows = await selectOpenCarts(db, personIds)
  const carts = rows.map((row) => ({
    personId: row.person_id,
    visitorId: row.visitor_id,
    id: row.id,
    siteId: row.site_id,
    updatedAt: row.updated_at,
    idleAt: row.idle_at,
    itemIds: itemIdsOf(row.items),
    typedContact: row.typed_contact_id,
  }))
  carts.sort((a, b) => b.updatedAt - a.updatedAt || (a.id < b.id ? 1 : -1))
  return Map.groupBy(carts, (cart) => cart.personId)
}
