/**
 * The carts of persons. Each epoch of a visitor has folded its own (`carts`). Where a contact's other devices, epochs or
 * channels have a say, its carts are folded again over all of them (`joined-carts`). What is closed, and what is folded
 * again, is kept with the person (`person_carts`), together with what brought a cart back.
 */
import type { Kysely, Transaction } from 'kysely'
import { type ContactId, type PersonId, personOf, type VisitorId } from '../domain/ids.ts'
import { mustGet } from '../domain/lookup.ts'
import type { Site } from '../domain/settings.ts'
import { allBut, ofKeys, ofRows } from './engine/many.ts'
import { foldedItemsOf, itemIdsOf } from './item-ids.ts'
import { joinedCarts, loadPlaces } from './joined-carts.ts'
import type { PersonOrder } from './person-orders.ts'
import type { CartRow, PersonCartRow } from './schema/derived.ts'
import type { Database } from './schema.ts'

const DAY_MS = 24 * 3600_000
/** A day on which clocks are put back. */
const LONGEST_DAY_MS = 25 * 3600_000

/** A claimed mail link: the visitor, the id and the time of the claim. */
export type Click = { visitor: VisitorId; id: string; at: number }

/** What the carts of persons depend on besides the carts of their visitors. */
export type CartSources = {
  orders: ReadonlyMap<PersonId, PersonOrder[]>
  clicks: ReadonlyMap<ContactId, Click[]>
  visitors: ReadonlyMap<PersonId, VisitorId[]>
  siteOf: (id: string) => Site
}

/** The carts of persons, and the persons whose carts are folded over several places. */
export type PersonCarts = { of: Map<PersonId, PersonCartRow[]>; joined: Set<PersonId> }

/** The carts that each place of the given persons has folded. */
export const loadCartRows = ofKeys((db, personIds: PersonId[]) =>
  db.selectFrom('carts').selectAll().where('person_id', 'in', personIds),
)

/** All carts of persons, as their places and channels together leave them. */
export async function loadPersonCarts(
  db: Kysely<Database>,
  cartRows: CartRow[],
  sources: CartSources,
): Promise<PersonCarts> {
  const rows = Map.groupBy(cartRows, (row) => row.person_id)
  const contacts = [...rows].flatMap(([id]) => {
    const person = personOf(id)
    return person.kind === 'contact' ? { id, contact: person.id } : []
  })
  const named = contacts.filter(({ id }) => mustGet(rows, id).some((cart) => cart.shop_cart_id !== null))
  const placesOf = await loadPlaces(db, named, sources.visitors)
  const carts: PersonCarts = { of: new Map(), joined: new Set() }
  for (const [id, own] of rows) carts.of.set(id, own.map(asItIs))
  for (const { id, contact } of contacts) {
    const own = mustGet(rows, id)
    const orders = sources.orders.get(id) ?? []
    const isSpread = (placesOf.get(id)?.length ?? 0) > 1
    if (!isSpread && !own.some(createDecider(orders))) continue
    carts.joined.add(id)
    carts.of.set(id, await joinedCarts(db, { id, contact, rows: own }, orders, sources))
  }
  const recovered = [...carts.of.values()].flatMap((own) => own.filter((cart) => cart.state === 'recovered'))
  await noteWhatRecovered(db, recovered, sources)
  return carts
}

const asItIs = (cart: CartRow): PersonCartRow => ({
  ...{ ...cart, joined: 0, folded_items: foldedItemsOf(cart.items) },
  ...{ recovered_by: null, recovered_message: null },
})

/**
 * Returns a function that tells whether one of the orders may change what became of a cart that its own visitor has folded:
 * an order that names it or shares a piece with it, while it was there, and did not close it; or one that closed it, but
 * was reported elsewhere before. Each is looked up, so that many orders and many carts cost no more than their sum.
 */
function createDecider(orders: PersonOrder[]): (cart: CartRow) => boolean {
  const firsts = new Map(orders.map((order) => [order.id, order.reports[0]?.visitor]))
  const about = new Map<string, { id: string; at: number; until: number }[]>()
  for (const { id, at, until, itemIds, reports } of orders.toSorted((a, b) => a.at - b.at)) {
    const carts = reports.flatMap((report) => (report.visitor === null ? [] : (report.cartId ?? [])))
    const pieces = itemIds.length === 0 ? ['any'] : itemIds.map((item) => `item ${item}`)
    for (const key of new Set([...pieces, ...carts.map((cart) => `cart ${cart}`)])) {
      const own = about.get(key) ?? []
      about.set(key, own)
      own.push({ id, at, until: until ?? at })
    }
  }
  return (cart) => {
    if (cart.closed_by !== null && firsts.has(cart.closed_by)) {
      if (firsts.get(cart.closed_by) !== cart.visitor_id) return true
    }
    const end = cart.closed_at ?? Number.POSITIVE_INFINITY
    const keys = ['any', ...itemIdsOf(cart.items).map((id) => `item ${id}`)]
    if (cart.shop_cart_id !== null) keys.push(`cart ${cart.shop_cart_id}`)
    return keys.some((key) => {
      const own = about.get(key) ?? []
      let from = firstFrom(own, cart.created_at - LONGEST_DAY_MS)
      for (let order = own[from]; order !== undefined && order.at <= end; order = own[++from]) {
        if (order.until >= cart.created_at && order.id !== cart.closed_by) return true
      }
      return false
    })
  }
}

/** The place of the first of some orders, in order of time, that is not older than that. */
function firstFrom(orders: { at: number }[], at: number): number {
  let [from, to] = [0, orders.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if ((orders[middle]?.at ?? at) < at) from = middle + 1
    else to = middle
  }
  return from
}

const selectMessages = ofKeys((db, visitorIds: VisitorId[]) =>
  db
    .selectFrom('claims')
    .select(['visitor_id', 'id', 'message'])
    .where('visitor_id', 'in', visitorIds)
    .where('evidence', '=', 'email_click'),
)

/**
 * Notes what brought carts back: the last mail link that the contact followed after leaving the cart, not longer before
 * the purchase than `attribution_days`; otherwise nothing that was sent.
 */
async function noteWhatRecovered(db: Kysely<Database>, carts: PersonCartRow[], sources: CartSources): Promise<void> {
  const found = carts.map((cart) => ({ cart, click: clickBefore(cart, sources) }))
  const visitors = found.flatMap(({ click }) => click?.visitor ?? [])
  const claims = await selectMessages(db, [...new Set(visitors)])
  const messages = new Map(claims.map((row) => [`${row.visitor_id} ${row.id}`, row.message]))
  for (const { cart, click } of found) {
    cart.recovered_by = click === undefined ? 'anyway' : 'link'
    cart.recovered_message = (click && messages.get(`${click.visitor} ${click.id}`)) ?? null
  }
}

function clickBefore(cart: PersonCartRow, { clicks, siteOf }: CartSources): Click | undefined {
  const person = personOf(cart.person_id)
  if (person.kind !== 'contact' || cart.closed_at === null || cart.abandoned_at === null) return undefined
  const boughtAt = cart.closed_at
  const leftAt = cart.abandoned_at - (cart.idle_at - cart.updated_at)
  const from = Math.max(leftAt, boughtAt - siteOf(cart.site_id).settings.attribution_days * DAY_MS)
  const own = (clicks.get(person.id) ?? []).filter((click) => click.at >= from && click.at <= boughtAt)
  return own.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1)).at(-1)
}

const selectKept = ofKeys((db, personIds: PersonId[]) =>
  db.selectFrom('person_carts').selectAll().where('person_id', 'in', personIds),
)
const removeKept = ofKeys((db, personIds: PersonId[], visitorId: VisitorId, id: string) =>
  db
    .deleteFrom('person_carts')
    .where('person_id', 'in', personIds)
    .where('visitor_id', '=', visitorId)
    .where('id', '=', id),
)
const upsertKept = ofRows((db, rows: PersonCartRow[]) =>
  db
    .insertInto('person_carts')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['person_id', 'visitor_id', 'id']).doUpdateSet(allBut(rows, 'person_id', 'visitor_id', 'id')),
    ),
)

/** Replaces the carts that are kept with the given persons; only what differs is written. */
export async function writePersonCarts(
  trx: Transaction<Database>,
  personIds: PersonId[],
  carts: PersonCartRow[],
): Promise<void> {
  const keyOf = (cart: PersonCartRow) => `${cart.person_id} ${cart.visitor_id} ${cart.id}`
  const left = new Map((await selectKept(trx, personIds)).map((row) => [keyOf(row), row]))
  const changed = carts.filter(isKept).filter((cart) => {
    const was = left.get(keyOf(cart))
    left.delete(keyOf(cart))
    const columns = Object.keys(cart) as (keyof PersonCartRow)[]
    return was === undefined || columns.some((column) => was[column] !== cart[column])
  })
  for (const { person_id, visitor_id, id } of left.values()) await removeKept(trx, [person_id], visitor_id, id)
  await upsertKept(trx, changed)
}

/** An open cart that its visitor alone has folded needs no second row. */
const isKept = (cart: PersonCartRow) => cart.joined === 1 || cart.state !== 'open'

/** All carts of the given persons as they are stored: those that are kept with them, and those of their places. */
export async function listPersonCarts(db: Kysely<Database>, personIds: PersonId[]): Promise<PersonCartRow[]> {
  const kept = await selectKept(db, personIds)
  const known = new Set(kept.map((cart) => `${cart.visitor_id} ${cart.id}`))
  const joined = new Set((await selectJoined(db, personIds)).map((row) => row.person_id))
  const own = (await loadCartRows(db, personIds)).filter(
    (cart) => !joined.has(cart.person_id) && !known.has(`${cart.visitor_id} ${cart.id}`),
  )
  return [...kept, ...own.map(asItIs)].sort((a, b) => a.created_at - b.created_at || (a.id < b.id ? -1 : 1))
}

const selectJoined = ofKeys((db, personIds: PersonId[]) =>
  db.selectFrom('persons').select('person_id').where('person_id', 'in', personIds).where('carts_joined', '=', 1),
)
