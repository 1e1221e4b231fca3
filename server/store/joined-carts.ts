/** Folds the carts of a contact over all of its places and channels, from the facts. */
import type { Kysely } from 'kysely'
import { CART_TYPES } from '../domain/commerce/cart.ts'
import { foldedItem, type OrderItem } from '../domain/commerce/items.ts'
import { joinCarts, type PlacedEvent, type PlacedOrder } from '../domain/commerce/joined.ts'
import { type Reading, readCommerce } from '../domain/commerce/read.ts'
import { weakestOf } from '../domain/grade.ts'
import { type ContactId, type PersonId, personOf, type VisitorId } from '../domain/ids.ts'
import { itemAt, mustGet } from '../domain/lookup.ts'
import { toMajor } from '../domain/money.ts'
import { cartPolicyOf, type Site } from '../domain/settings.ts'
import { ofKeys } from './engine/many.ts'
import { foldedItemsOf } from './item-ids.ts'
import { gradesIn, linksOf } from './links.ts'
import type { OrderReport, PersonOrder } from './person-orders.ts'
import { decodeJson, encodeJson } from './schema/columns.ts'
import type { CartRow, EpochRow, PersonCartRow } from './schema/derived.ts'
import type { Database } from './schema.ts'

/** A stretch of a visitor's time that belongs to a contact. */
type Place = Pick<EpochRow, 'visitor_id' | 'n' | 'from_at' | 'to_at'>

const selectEpochs = ofKeys((db, visitorIds: VisitorId[]) =>
  db
    .selectFrom('epochs')
    .select(['visitor_id', 'n', 'person_id', 'from_at', 'to_at'])
    .where('visitor_id', 'in', visitorIds)
    .orderBy('n'),
)

/** The places of contacts, by person. */
export async function loadPlaces(
  db: Kysely<Database>,
  contacts: { id: PersonId }[],
  visitors: ReadonlyMap<PersonId, VisitorId[]>,
): Promise<Map<PersonId, Place[]>> {
  const ids = new Set(contacts.map(({ id }) => id))
  const rows = await selectEpochs(db, [...new Set(contacts.flatMap(({ id }) => visitors.get(id) ?? []))])
  return Map.groupBy(
    rows.filter((row) => ids.has(row.person_id)),
    (row) => row.person_id,
  )
}

const selectEvents = ofKeys((db, visitorIds: VisitorId[]) =>
  db
    .selectFrom('events')
    .select(['visitor_id', 'id', 'site_id', 'person_id', 'type', 'at', 'url', 'props'])
    .where('visitor_id', 'in', visitorIds)
    .where('type', 'in', [...CART_TYPES]),
)

const selectTyped = ofKeys((db, visitorIds: VisitorId[]) =>
  db
    .selectFrom('carts')
    .select(['visitor_id', 'epoch', 'person_id'])
    .where('visitor_id', 'in', visitorIds)
    .where('typed_contact_id', 'is not', null),
)

/** An event with the visitor and epoch where it happened. */
type Located = PlacedEvent & { visitor: VisitorId; eventId: string; epoch: number }

/** A contact with the carts that its visitors have folded. */
type Owner = { id: PersonId; contact: ContactId; rows: CartRow[] }

/**
 * The contact's carts over all its places. An epoch with a cart that is told to somebody else under a typed address
 * stays apart, so that nobody's address decides about what is proven.
 */
export async function joinedCarts(
  db: Kysely<Database>,
  { id: personId, contact, rows }: Owner,
  orders: PersonOrder[],
  { visitors, siteOf }: { visitors: ReadonlyMap<PersonId, VisitorId[]>; siteOf: (id: string) => Site },
): Promise<PersonCartRow[]> {
  const own = visitors.get(personId) ?? []
  const places = (await loadPlaces(db, [{ id: personId }], visitors)).get(personId) ?? []
  const typed = await selectTyped(db, own)
  const apart = new Set(
    typed
      .filter((cart) => personOf(cart.person_id).kind === 'visitor')
      .map((cart) => `${cart.visitor_id} ${cart.epoch}`),
  )
  const located = new Map<string, Located>()
  for (const row of await selectEvents(db, own)) {
    if (row.person_id !== personId) continue
    const epoch = epochOf(places, row.visitor_id, row.at)
    const key = `${row.visitor_id} ${row.id}`
    located.set(key, {
      ...{ id: key, at: row.at, type: row.type, url: row.url, site: row.site_id },
      ...{ visitor: row.visitor_id, eventId: row.id, epoch, place: `${row.visitor_id} ${epoch}` },
      props: row.props === null ? {} : decodeJson(row.props),
    })
  }
  const policyOf = (site: string) => cartPolicyOf(siteOf(site))
  const events = [...located.values()].filter(({ place }) => !apart.has(place))
  const pieces = createPieces(located, policyOf)
  const placed = orders.flatMap((order) => placedOrder(order, located, policyOf, pieces) ?? [])
  const gradeOf = gradesIn(await linksOf(db, { contact }))
  const known = new Map(rows.map((row) => [`${row.visitor_id} ${row.id}`, row]))
  const joined = joinCarts(events, placed, policyOf).map((cart): PersonCartRow => {
    const first = mustGet(located, cart.id)
    const made = cart.eventIds.flatMap((id) => located.get(id) ?? [])
    return {
      ...{ visitor_id: first.visitor, id: first.eventId, shop_cart_id: cart.shopId, person_id: personId },
      ...{ site_id: cart.site, epoch: first.epoch, state: cart.state, currency: cart.currency, value: cart.value },
      ...{ items: encodeJson(cart.items), url: cart.url, created_at: cart.createdAt, updated_at: cart.updatedAt },
      idle_at: cart.updatedAt + policyOf(cart.site).abandonedAfterMs,
      ...{ closed_at: cart.closedAt, closed_by: cart.closedBy, recovered_value: cart.recoveredValue, step: cart.step },
      ...{ checkout_at: cart.checkoutAt, abandoned_at: cart.abandonedAt, left_out: encodeJson(cart.leftOut) },
      typed_contact_id: known.get(cart.id)?.typed_contact_id ?? null,
      grade: weakestOf(made.map(({ visitor, at }) => gradeOf({ visitor_id: visitor, at }, contact))),
      ...{ joined: 1, folded_items: encodeJson(cart.items.map(foldedItem)) },
      ...{ recovered_by: null, recovered_message: null },
    }
  })
  const alone = rows.filter((cart) => apart.has(`${cart.visitor_id} ${cart.epoch}`))
  return [
    ...joined,
    ...alone.map(
      (cart): PersonCartRow => ({
        ...{ ...cart, joined: 1, folded_items: foldedItemsOf(cart.items) },
        ...{ recovered_by: null, recovered_message: null },
      }),
    ),
  ]
}

/** The epoch of an event: the one that covers its time, or the next one, which brought an open cart along. */
function epochOf(places: Place[], visitor: VisitorId, at: number): number {
  const own = places.filter((place) => place.visitor_id === visitor)
  const covering = own.findLast(({ from_at, to_at }) => from_at <= at && (to_at === null || at <= to_at))
  return (covering ?? own.find(({ from_at }) => from_at > at) ?? own.at(-1))?.n ?? 1
}

/** A shop's own clock may be this far ahead of the page that reports the same order. */
const SAME_ORDER_MS = 3600_000

/**
 * An order as the fold reads it, with the pieces of the report that lists them. It counts when it is first reported; a page
 * that reports it within the hour says when, because events of the checkout may lie between.
 */
function placedOrder(
  { id, at, until, reports }: PersonOrder,
  located: ReadonlyMap<string, Located>,
  policyOf: PolicyOf,
  pieces: () => ReadonlySet<string>,
): PlacedOrder | null {
  const readings = reports.map((report) => readingOf(report, located, policyOf, pieces))
  const ofShop = readings.find((reading, i) => itemAt(reports, i).visitor === null && reading.lines.length > 0)
  const reading = ofShop ?? readings.find(({ lines }) => lines.length > 0) ?? readings[0]
  if (reading === undefined) return null
  const first = reports.find((report) => report.visitor !== null && report.at <= at + SAME_ORDER_MS)
  const event = first?.visitor == null ? undefined : located.get(`${first.visitor} ${first.event}`)
  const cartId = readings.find((each) => each.cartId !== null)?.cartId ?? null
  const atDay = until === null ? at : afterDay(located, at, until)
  return {
    id,
    at: first?.at ?? atDay,
    place: event?.place ?? '',
    site: event?.site ?? null,
    reading: { ...reading, cartId },
  }
}

/** When an order of that day counts: after all that happened to carts on that day, because nobody says its time. */
function afterDay(located: ReadonlyMap<string, Located>, from: number, until: number): number {
  const times = [...located.values()].map((event) => event.at).filter((at) => at >= from && at <= until)
  return times.reduce((latest, at) => Math.max(latest, Math.min(at + 1, until)), from)
}

type PolicyOf = (site: string) => { currency: string | null }

/** Returns a function that lists the ids of the pieces in a person's carts, read once. */
function createPieces(located: ReadonlyMap<string, Located>, policyOf: PolicyOf): () => ReadonlySet<string> {
  let ids: Set<string> | null = null
  return () => {
    ids ??= new Set(
      [...located.values()].flatMap(({ type, props, site }) => {
        return readCommerce(type, props, policyOf(site).currency).lines.map((line) => line.id)
      }),
    )
    return ids
  }
}

/** The id of a pushed item by which the carts know the piece. */
function knownId({ item_id, other_ids }: OrderItem, pieces: () => ReadonlySet<string>): string {
  if (other_ids === undefined || pieces().has(item_id)) return item_id
  return other_ids.find((id) => pieces().has(id)) ?? item_id
}

function readingOf(
  report: OrderReport,
  located: ReadonlyMap<string, Located>,
  policyOf: PolicyOf,
  pieces: () => ReadonlySet<string>,
): Reading {
  const nothing = { listed: false, cartUrl: null, orderId: null, problems: [] }
  if (report.visitor !== null) {
    const event = located.get(`${report.visitor} ${report.event}`)
    if (event) return readCommerce('purchase', event.props, policyOf(event.site).currency)
    return { ...nothing, lines: [], currency: null, value: null, cartId: report.cartId }
  }
  const { items, total, currency } = report.row
  const lines = decodeJson(items).map((item) => ({
    // The carts may know the piece by another id.
    id: knownId(item, pieces),
    ...{ variant: item.item_variant ?? null, name: null, category: null, categories: [], url: null, imageUrl: null },
    ...{ price: item.price == null ? null : toMajor(item.price, currency), currency, quantity: item.quantity ?? null },
  }))
  return { ...nothing, lines, currency, value: total === null ? null : toMajor(total, currency), cartId: null }
}
