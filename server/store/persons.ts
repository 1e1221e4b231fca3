/** Builds the rows of persons from their visitors and contacts, and writes them. */

import type { Kysely, NotNull, Transaction } from 'kysely'
import { settles } from '../domain/commerce/bought.ts'
import { orderFigures } from '../domain/commerce/order-figures.ts'
import type { Evidence } from '../domain/event.ts'
import { foldedAttributes } from '../domain/folded-attributes.ts'
import { bestOf, type Grade } from '../domain/grade.ts'
import type { Strength } from '../domain/identity-table.ts'
import { type ContactId, contactPerson, contactsAmong, type PersonId, personOf } from '../domain/ids.ts'
import { type ClosingChanges, type ClosingDeps, compareClosings, writeClosings } from './cart-closings.ts'
import { allBut, ofKeys, ofRows } from './engine/many.ts'
import { itemIdsOf } from './item-ids.ts'
import { liveAmong } from './lone-contacts.ts'
import { type Click, loadCartRows, loadPersonCarts, writePersonCarts } from './person-carts.ts'
import { orderRows, writeOrderRows } from './person-order-rows.ts'
import { loadPersonOrders, loadReported } from './person-orders.ts'
import { decodeJson, encodeJson } from './schema/columns.ts'
import type { ContactRow } from './schema/contacts.ts'
import type { PersonCartRow, PersonOrderRow, PersonRow } from './schema/derived.ts'
import type { Database } from './schema.ts'
import { visitedAmong } from './standings.ts'
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
      // The edge is computed with the memberships; until then the old one stays.
      conflict.column('person_id').doUpdateSet(allBut(rows, 'person_id', 'edge_at')),
    ),
)

/** Replaces the rows and carts of the given persons, and deletes those without a row, which it returns. */
export async function writePersons(
  trx: Transaction<Database>,
  personIds: PersonId[],
  { rows, carts, orders, closings }: BuiltPersons,
): Promise<PersonId[]> {
  await writeClosings(trx, closings)
  await writePersonCarts(trx, personIds, carts)
  await upsertPersons(trx, rows)
  const present = new Set(rows.map((row) => row.person_id))
  const removed = personIds.filter((id) => !present.has(id))
  await removePersons(trx, removed)
  await writeOrderRows(trx, personIds, orders)
  return removed
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

/** The rows of persons, their carts and orders, and what is to be recorded of the carts that orders have closed. */
export type BuiltPersons = {
  rows: PersonRow[]
  carts: PersonCartRow[]
  orders: PersonOrderRow[]
  closings: ClosingChanges
}

/**
 * Builds the current rows of the given persons, without edges, and their carts. A visitor's person without any part of it gets
 * none, and neither does a contact that is not live.
 */
export async function buildPersons(
  db: Kysely<Database>,
  personIds: PersonId[],
  deps: ClosingDeps,
): Promise<BuiltPersons> {
  const { siteOf } = deps
  const parts = await partsOf(db, personIds)
  const byPerson = Map.groupBy(parts, (row) => row.person_id)
  const visitorIds = [...new Set(parts.map((row) => row.visitor_id))]
  const contactIds = contactsAmong(personIds)
  const visitors = await loadVisitorRows(db, visitorIds)
  const contacts = await loadContactRows(db, contactIds)
  const links = await loadLinks(db, contactIds)
  const cartRows = await loadCartRows(db, personIds)
  const orders = await loadPersonOrders(db, personIds, contactIds)
  const ofTyped = await loadReported(
    db,
    cartRows.flatMap((cart) => cart.typed_contact_id ?? []),
  )
  const carts = await loadPersonCarts(db, cartRows, {
    orders,
    clicks: new Map([...links].map(([contact, own]) => [contact, own.flatMap((link) => link.click ?? [])])),
    visitors: new Map([...byPerson].map(([id, own]) => [id, own.map((row) => row.visitor_id)])),
    siteOf,
  })

  const alone = [...contacts.values()].filter((row) => !byPerson.has(contactPerson(row.contact_id)))
  for (const row of await liveAmong(db, alone)) byPerson.set(contactPerson(row.contact_id), [])

  const rows = [...byPerson].flatMap(([personId, own]) => {
    const person = personOf(personId)
    const contactId = person.kind === 'contact' ? person.id : null
    const contact = contactId === null ? null : (contacts.get(contactId) ?? null)
    const ownVisitors = own.flatMap((row) => visitors.get(row.visitor_id) ?? [])
    const ownLinks = contactId === null ? [] : (links.get(contactId) ?? [])
    const ownOrders = orders.get(personId) ?? []
    const isOpen = (each: PersonCartRow) => {
      // Nobody is reminded of something they have bought, under whatever address.
      const typedFor = contactId === null ? each.typed_contact_id : null
      const theirs = typedFor === null ? [] : (ofTyped.get(contactPerson(typedFor)) ?? [])
      const mine = { updatedAt: each.updated_at, itemIds: theirs.length === 0 ? [] : itemIdsOf(each.items) }
      return each.state === 'open' && !theirs.some((order) => settles(order, mine))
    }
    const cart = latestOf((carts.of.get(personId) ?? []).filter(isOpen))
    const tells = contactId === null && cart !== undefined && siteOf(cart.site_id).settings.mail_typed_carts
    const figures = orderFigures(orderRows(personId, ownOrders))
    const marketing = ownVisitors.length > 0 && ownVisitors.every((visitor) => visitor.marketing === 1)
    return {
      person_id: personId,
      contact_id: contactId,
      // Of a contact without visits, when the CRM first told it.
      first_seen: own.length === 0 ? (contact?.imported_at ?? 0) : Math.min(...own.map((row) => row.first_at)),
      last_seen: own.length === 0 ? (contact?.imported_at ?? 0) : Math.max(...own.map((row) => row.last_at)),
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
      cart_visitor_id: cart?.visitor_id ?? null,
      cart_id: cart?.id ?? null,
      carts_joined: carts.joined.has(personId) ? 1 : 0,
      cart_updated_at: cart?.updated_at ?? null,
      cart_idle_at: cart?.idle_at ?? null,
      cart_currency: cart?.currency ?? null,
      cart_value: cart?.value ?? null,
      cart_created_at: cart?.created_at ?? null,
      cart_step: cart?.step ?? null,
      cart_items: cart?.folded_items ?? null,
      purchases: figures.count,
      first_order_at: figures.firstAt,
      last_order_at: figures.lastAt,
      orders_total: figures.total,
      orders_currency: figures.currency,
      ...attributesOf(contact),
      typed_contact_id: tells && marketing ? cart.typed_contact_id : null,
      edge_at: null,
      bucket: bucketOf(personId),
    } satisfies PersonRow
  })
  const closings = await compareClosings(db, await withCarts(db, personIds, parts), { orders, carts: carts.of }, deps)
  return {
    rows,
    carts: [...carts.of.values()].flat(),
    orders: rows.flatMap(({ person_id }) => orderRows(person_id, orders.get(person_id) ?? [])),
    closings,
  }
}

/** The persons that have visits or had them: what orders made of carts stays when the CRM changes any other contact. */
async function withCarts(db: Kysely<Database>, personIds: PersonId[], parts: { person_id: PersonId }[]) {
  const now = new Set(parts.map((row) => row.person_id))
  const others = personIds.filter((id) => !now.has(id))
  const before = await visitedAmong(db, others)
  return personIds.filter((id) => now.has(id) || before.has(id))
}

/** The attributes of a contact as its person keeps them. */
function attributesOf(contact: Pick<ContactRow, 'attributes' | 'field_times' | 'updated_at'> | null) {
  if (contact === null) return { attributes: null, attributes_at: null, attribute_times: null }
  // The times of attributes are among those of all fields.
  const fields = Object.entries(decodeJson(contact.field_times))
  const times = new Map(fields.flatMap(([field, at]) => (field.startsWith('@') ? [[field.slice(1), at]] : [])))
  const folded = foldedAttributes(decodeJson(contact.attributes), times, contact.updated_at)
  return {
    attributes: encodeJson(folded.values),
    attributes_at: contact.updated_at,
    attribute_times: encodeJson(folded.times),
  }
}

/** The most recently changed of some carts. */
function latestOf(carts: PersonCartRow[]): PersonCartRow | undefined {
  return carts.sort((a, b) => b.updated_at - a.updated_at || (a.id < b.id ? 1 : -1))[0]
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
    .select(['contact_id', 'mail_consent', 'mail_consent_at', 'minor', 'attributes', 'field_times', 'updated_at'])
    .select(['imported_at', 'merged_into', 'erased_at'])
    .where('contact_id', 'in', contactIds),
)

async function loadContactRows(db: Kysely<Database>, ids: string[]) {
  return new Map((await selectContacts(db, ids)).map((row) => [row.contact_id, row]))
}

const selectLinks = ofKeys((db, contactIds) =>
  db
    .selectFrom('links')
    .select(['visitor_id', 'contact_id', 'evidence', 'strength', 'valid_from', 'proofs', 'grades'])
    .where('contact_id', 'in', contactIds)
    .where('state', 'in', ['open', 'closed'])
    .where('strength', 'in', ['verified', 'confirmed'])
    .$narrowType<{ contact_id: NotNull }>(),
)

/** The links that make a contact a match, one entry for each piece of evidence they rest on. */
async function loadLinks(db: Kysely<Database>, contactIds: ContactId[]) {
  type Evidenced = {
    evidence: Evidence
    strength: Strength
    validFrom: number
    grade: Grade | null
    /** The mail link that was followed, if that is the evidence. */
    click: Click | null
  }
  const links = new Map<string, Evidenced[]>()
  const rows = await selectLinks(db, contactIds)
  for (const row of rows) {
    const list = links.get(row.contact_id) ?? []
    links.set(row.contact_id, list)
    const grade = bestOf(decodeJson(row.grades).map((span) => span.grade))
    const base = { strength: row.strength, validFrom: row.valid_from ?? 0, grade }
    for (const { evidence, id, at } of decodeJson(row.proofs)) {
      // An unsigned login next to better evidence proves nothing; alone it counts only if the site trusts it. A typed
      // address never does.
      const counts = evidence === 'login_claimed' ? row.evidence === 'login_claimed' : evidence !== 'form_email'
      const click = evidence === 'email_click' ? { visitor: row.visitor_id, id, at } : null
      if (counts) list.push({ ...base, evidence, click })
    }
  }
  return links
}
