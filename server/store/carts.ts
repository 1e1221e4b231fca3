/** The carts that persons' rows point to, and whether they are still open. */
import type { Kysely } from 'kysely'
import { settles } from '../domain/commerce/cart.ts'
import { type ContactId, type PersonId, personOf } from '../domain/ids.ts'
import { itemAt } from '../domain/lookup.ts'
import { chunks } from './engine/many.ts'
import { itemIdsOf } from './item-ids.ts'
import { decodeJson } from './schema/columns.ts'
import type { CartRow, PersonRow } from './schema/derived.ts'
import type { Database } from './schema.ts'
import { partsOf } from './visitor-persons.ts'

/** The carts of persons, by person, matched or not. */
export async function loadCartsOf(db: Kysely<Database>, personIds: PersonId[]): Promise<Map<PersonId, CartRow>> {
  const pointers = ['person_id', 'cart_visitor_id', 'cart_id'] as const
  return loadCarts(db, await db.selectFrom('persons').select(pointers).where('person_id', 'in', personIds).execute())
}

/** The carts that persons' rows point to, by person. */
export async function loadCarts(
  db: Kysely<Database>,
  persons: Pick<PersonRow, 'person_id' | 'cart_visitor_id' | 'cart_id'>[],
): Promise<Map<PersonId, CartRow>> {
  const pointing = persons.flatMap(({ person_id, cart_visitor_id: visitor, cart_id: cart }) =>
    visitor === null || cart === null ? [] : { person_id, visitor, cart },
  )
  const carts = new Map<PersonId, CartRow>()
  if (pointing.length === 0) return carts
  const rows = await db
    .selectFrom('carts')
    .selectAll()
    .where('visitor_id', 'in', [...new Set(pointing.map(({ visitor }) => visitor))])
    .where('id', 'in', [...new Set(pointing.map(({ cart }) => cart))])
    .execute()
  const byKey = new Map(rows.map((row) => [`${row.visitor_id} ${row.id}`, row]))
  for (const { person_id, visitor, cart } of pointing) {
    const row = byKey.get(`${visitor} ${cart}`)
    if (row) carts.set(person_id, row)
  }
  return carts
}

/**
 * Filters carts by person to those that no order has settled. It reads orders from the facts, so it sees orders that
 * were landed but not derived yet, and nobody is reminded of something they have bought, under whatever address.
 */
export async function stillOpen(db: Kysely<Database>, carts: Map<PersonId, CartRow>): Promise<Map<PersonId, CartRow>> {
  const persons = [...carts.keys()]
  if (persons.length === 0) return carts
  const parts = []
  const orders = []
  for (const part of chunks(persons, 500)) {
    parts.push(...(await partsOf(db, part)))
    const contacts = part.flatMap((personId) => buyerOf(personId, carts.get(personId)) ?? [])
    if (contacts.length > 0) {
      orders.push(...(await db.selectFrom('orders').selectAll().where('contact_id', 'in', contacts).execute()))
    }
  }
  const earliest = Math.min(...[...carts.values()].map((cart) => cart.updated_at))
  for (const part of chunks([...new Set(parts.map((row) => row.visitor_id))], 500)) {
    orders.push(
      ...(await db
        .selectFrom('orders')
        .selectAll()
        .where('visitor_id', 'in', part)
        .where('at', '>=', earliest)
        .execute()),
    )
  }
  const open = new Map<PersonId, CartRow>()
  for (const [personId, cart] of carts) {
    const visitors = new Set(parts.filter((row) => row.person_id === personId).map((row) => row.visitor_id))
    const contact = buyerOf(personId, cart)
    const own = orders.filter(
      (order) => visitors.has(order.visitor_id) || (contact !== null && order.contact_id === contact),
    )
    const mine = { updatedAt: cart.updated_at, itemIds: itemIdsOf(cart.items) }
    if (!own.some((order) => settles({ at: order.at, itemIds: itemIdsOf(order.items) }, mine))) open.set(personId, cart)
  }
  return open
}

/** The contact whose orders settle a person's cart: the person itself, or whose typed address the cart carries. */
function buyerOf(personId: PersonId, cart: CartRow | undefined): ContactId | null {
  const person = personOf(personId)
  return person.kind === 'contact' ? person.id : (cart?.typed_contact_id ?? null)
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
