/** The carts that persons' rows point to, and whether they are still open. */
import type { Kysely } from 'kysely'
import { settles } from '../domain/commerce/bought.ts'
import { isPurchase } from '../domain/commerce/order.ts'
import { type ContactId, contactPerson, contactsAmong, type PersonId, personOf, type VisitorId } from '../domain/ids.ts'
import { itemAt } from '../domain/lookup.ts'
import { ofKeys } from './engine/many.ts'
import { allItemIdsOf, itemIdsOf } from './item-ids.ts'
import { loadPersonOrders, loadReported } from './person-orders.ts'
import { decodeJson } from './schema/columns.ts'
import type { OrderRow } from './schema/contacts.ts'
import type { CartRow, PersonRow } from './schema/derived.ts'
import type { Database } from './schema.ts'
import { partsOf } from './visitor-persons.ts'
import { markedAmong } from './work/dirty.ts'

/** The carts of persons, by person, matched or not. */
export async function loadCartsOf(db: Kysely<Database>, personIds: PersonId[]): Promise<Map<PersonId, CartRow>> {
  return loadCarts(db, await selectPointers(db, personIds))
}

const selectPointers = ofKeys((db, personIds: PersonId[]) =>
  db
    .selectFrom('persons')
    .select(['person_id', 'cart_visitor_id', 'cart_id', 'carts_joined'])
    .where('person_id', 'in', personIds)
    .where('cart_id', 'is not', null),
)

/** Those of the given persons whose carts are none any more, because of something that is not derived yet. */
export async function justSettled(db: Kysely<Database>, personIds: PersonId[]): Promise<PersonId[]> {
  const pointing = await selectPointers(db, personIds)
  const open = await stillOpen(db, await loadCarts(db, pointing))
  return pointing.map((row) => row.person_id).filter((id) => !open.has(id))
}

/** The carts that persons' rows point to, by person. */
export async function loadCarts(
  db: Kysely<Database>,
  persons: Pick<PersonRow, 'person_id' | 'cart_visitor_id' | 'cart_id' | 'carts_joined'>[],
): Promise<Map<PersonId, CartRow>> {
  const carts = await loadJoined(
    db,
    persons.filter((person) => person.carts_joined === 1),
  )
  const pointing = persons.flatMap(({ person_id, cart_visitor_id: visitor, cart_id: cart, carts_joined }) =>
    visitor === null || cart === null || carts_joined === 1 ? [] : { person_id, visitor, cart },
  )
  if (pointing.length === 0) return carts
  const rows = await db
    .selectFrom('carts')
    .selectAll()
    .where('visitor_id', 'in', [...new Set(pointing.map(({ visitor }) => visitor))])
    .where('id', 'in', [...new Set(pointing.map(({ cart }) => cart))])
    // Visitors are derived before persons: what a person points to may be bought or another's by now.
    .where('state', '=', 'open')
    .execute()
  const byKey = new Map(rows.map((row) => [`${row.visitor_id} ${row.id}`, row]))
  for (const { person_id, visitor, cart } of pointing) {
    const row = byKey.get(`${visitor} ${cart}`)
    if (row?.person_id === person_id) carts.set(person_id, row)
  }
  return carts
}

/** The carts that are kept with their persons. */
async function loadJoined(
  db: Kysely<Database>,
  persons: Pick<PersonRow, 'person_id' | 'cart_visitor_id' | 'cart_id'>[],
): Promise<Map<PersonId, CartRow>> {
  const wanted = new Map(persons.map((row) => [row.person_id, `${row.cart_visitor_id} ${row.cart_id}`]))
  const rows = await selectJoined(db, [...wanted.keys()])
  const pointed = rows.filter((row) => wanted.get(row.person_id) === `${row.visitor_id} ${row.id}`)
  return new Map(pointed.map((row) => [row.person_id, row]))
}

const selectJoined = ofKeys((db, personIds: PersonId[]) =>
  db.selectFrom('person_carts').selectAll().where('person_id', 'in', personIds).where('state', '=', 'open'),
)

/**
 * Filters carts by person to those that no order has settled. What is derived has settled its carts already, by the rules
 * of all devices (`person-carts`). This looks only at what is not derived yet, so that nobody is reminded of something they
 * have just bought, under whatever address: purchases that were landed, and all orders of persons that are marked.
 */
export async function stillOpen(db: Kysely<Database>, carts: Map<PersonId, CartRow>): Promise<Map<PersonId, CartRow>> {
  const persons = [...carts.keys()]
  if (persons.length === 0) return carts
  const parts = Map.groupBy(await partsOf(db, persons), (row) => row.person_id)
  const visitors = [...parts.values()].flatMap((own) => own.map((row) => row.visitor_id))
  const landed = Map.groupBy(await underivedPurchases(db, [...new Set(visitors)]), (order) => order.visitor_id)
  // Whoever reports an order of a contact marks the persons whose carts it may settle.
  const marks = await markedAmong(db, 'dirty_persons', persons)
  const marked = persons.filter((id) => marks.has(id))
  const known = await loadPersonOrders(db, marked, contactsAmong(marked))
  const reported = await loadReported(
    db,
    marked.flatMap((id) => typedBuyerOf(id, carts.get(id)) ?? []),
  )
  const open = new Map<PersonId, CartRow>()
  for (const [personId, cart] of carts) {
    const own = (parts.get(personId) ?? []).flatMap((row) => landed.get(row.visitor_id) ?? []).filter(isPurchase)
    const buyer = typedBuyerOf(personId, cart)
    const orders: { at: number; until: number | null; itemIds: string[] }[] = [
      ...own.map(({ at, until_at: until, items }) => ({ at, until, itemIds: allItemIdsOf(items) })),
      ...(marks.has(personId) ? (known.get(personId) ?? []) : []),
      ...(buyer === null ? [] : (reported.get(contactPerson(buyer)) ?? [])),
    ]
    const mine = { updatedAt: cart.updated_at, itemIds: itemIdsOf(cart.items) }
    if (!orders.some((order) => settles(order, mine))) open.set(personId, cart)
  }
  return open
}

const selectPurchaseFacts = ofKeys((db, visitorIds: VisitorId[]) =>
  db.selectFrom('orders').selectAll().where('visitor_id', 'in', visitorIds),
)
const selectDerived = ofKeys((db, visitorIds: VisitorId[]) =>
  db.selectFrom('purchases').select(['visitor_id', 'event_id']).where('visitor_id', 'in', visitorIds),
)
/** The purchases of visitors that were landed but not derived. */
async function underivedPurchases(db: Kysely<Database>, visitorIds: VisitorId[]): Promise<OrderRow[]> {
  const facts = await selectPurchaseFacts(db, visitorIds)
  if (facts.length === 0) return []
  const reporting = [...new Set(facts.map((order) => order.visitor_id))]
  const derived = new Set((await selectDerived(db, reporting)).map((row) => `${row.visitor_id} ${row.event_id}`))
  return facts.filter((order) => !derived.has(`${order.visitor_id} ${order.event_id}`))
}

/** The contact whose reported orders settle the cart of a person without a contact: whose typed address it carries. */
function typedBuyerOf(personId: PersonId, cart: CartRow | undefined): ContactId | null {
  return personOf(personId).kind === 'contact' ? null : (cart?.typed_contact_id ?? null)
}

/** How many of the carts that changed last are looked at, and how many hosts are named. */
const LOOKED_AT = 2000
const HOSTS_NAMED = 10

/** What links and pictures of open carts led to outside their sites' own hosts, the most frequent first. */
export async function leftOutHosts(db: Kysely<Database>) {
  const rows = await db
    .selectFrom('carts')
    .select(['site_id', 'left_out'])
    .where('state', '=', 'open')
    .orderBy('updated_at', 'desc')
    .limit(LOOKED_AT)
    .execute()
  const found = rows.flatMap((row) => decodeJson(row.left_out).map((each) => ({ site: row.site_id, ...each })))
  const groups = Map.groupBy(found, ({ site, kind, host }) => `${site} ${kind} ${host}`)
  return [...groups.values()]
    .map((group) => ({ ...itemAt(group, 0), carts: group.length }))
    .sort((a, b) => b.carts - a.carts || (a.host < b.host ? -1 : 1))
    .slice(0, HOSTS_NAMED)
}
