/**
 * From links to persons: the person that each moment of a visitor belongs to, the epochs as rows, and the carts.
 *
 * A moment belongs to a contact only if it was sent under `identity` consent and lies within the reach of the contact's
 * link; so do the events of a cart that a first click brought along. Everything else belongs to the anonymous person of
 * its epoch. A typed address moves no event; where the site tells such carts, the cart that carries it is the anonymous
 * person's, whoever the visitor is.
 */

import { CART_TYPES, type Cart, type CartPolicy, type CommerceEvent, foldCarts } from './commerce/cart.ts'
import { readCommerce } from './commerce/read.ts'
import { type Grade, gradeAt, weakestOf } from './grade.ts'
import type { Linked, Moment } from './identity.ts'
import { type ContactId, contactPerson, type PersonId, type VisitorId, visitorPerson } from './ids.ts'
import { itemAt, mustGet } from './lookup.ts'
import type { Stretch } from './stretches.ts'
import { type TypedAddress, type TypedCart, typedContacts } from './typed-carts.ts'

/** An event of the visitor: what identity needs, its consent, and its props if it is a commerce event. */
export type VisitorEvent = Moment & {
  type: string
  identity: boolean
  props: Record<string, unknown> | null
  url: string | null
}

/** A stretch of a visitor's time with one owner or none. `to` is null while it lasts. */
export type Epoch = { n: number; personId: PersonId; contact: string | null; from: number; to: number | null }

/** A cart and its owner. `typedContact`: whose address it carries, who may be mailed; it is no owner. */
type AttributedCart = Cart & { personId: PersonId; epoch: number; typedContact: ContactId | null }

/** The same with its grade: that of its weakest event, null if it belongs to no contact. */
export type OwnedCart = AttributedCart & { grade: Grade | null }

/**
 * What attribution needs to know of a site. `cartWindowMs`: how long before a claim a cart may have been touched.
 * `mailTyped`: whether carts are told to the contacts whose addresses they carry.
 */
export type AttributionOptions = { cartWindowMs: number; cart: CartPolicy; mailTyped: boolean }

/** The result of a visitor's fold. `personOf[i]` is the person of event `i`. */
export type Attribution = { personOf: PersonId[]; epochs: Epoch[]; carts: OwnedCart[] }

/** Attributes a visitor's events, sorted by time, then id, and folds the carts of each person. */
export function attribute(
  visitorId: VisitorId,
  events: VisitorEvent[],
  { stretches, typed, voided }: Pick<Linked, 'stretches' | 'typed' | 'voided'>,
  options: AttributionOptions,
): Attribution {
  const commerce = commerceOf(events, options.cart.currency)
  const personOf: PersonId[] = new Array(events.length)
  const epochOf: number[] = new Array(events.length)
  const epochs = stretches.map((stretch, index): Epoch => {
    const n = index + 1
    const contact = stretch.link?.contact ?? null
    const anonymous = visitorPerson(visitorId, n)
    const owner = contact === null ? anonymous : contactPerson(contact)
    for (let i = stretch.from; i < stretch.to; i++) {
      const event = itemAt(events, i)
      personOf[i] = event.identity && !voided.has(event.id) ? owner : anonymous
      epochOf[i] = n
    }
    const next = stretches[index + 1]
    return {
      n,
      personId: owner,
      contact,
      from: itemAt(events, stretch.from).at,
      to: next ? itemAt(events, next.from).at : null,
    }
  })
  stretches.forEach((stretch, index) => {
    const before = stretches[index - 1]
    const contact = stretch.link?.contact ?? null
    if (!stretch.withOpenCart || contact === null || !before || before.link) return
    for (const i of openCartEvents(events, commerce, before, stretch, options)) {
      personOf[i] = contactPerson(contact)
      epochOf[i] = index + 1
    }
  })
  const carts = cartsOf(visitorId, events, commerce, { personOf, epochOf }, typed, options)
  return { personOf, epochs, carts: gradeCarts(carts, events, stretches) }
}

/** Adds the grades of contacts' carts. The events of a cart that was brought along lie before the link's first. */
function gradeCarts(carts: AttributedCart[], events: VisitorEvent[], stretches: Stretch[]): OwnedCart[] {
  const times = new Map<string, number>()
  if (stretches.some(({ link }) => link !== null)) for (const { id, at } of events) times.set(id, at)
  return carts.map((cart) => {
    const { link } = itemAt(stretches, cart.epoch - 1)
    const isOwned = link !== null && link.contact !== null && cart.personId === contactPerson(link.contact)
    const grades = isOwned ? cart.eventIds.map((id) => gradeAt(link.grades, mustGet(times, id))) : []
    return { ...cart, grade: weakestOf(grades) }
  })
}

/**
 * The events of the cart that was open when a first click's session began: those of the stretch just before, sent under
 * consent, if the cart was touched within the window before the click. The stretch before belongs to the same epoch;
 * otherwise the link would not reach back beyond the session.
 */
function openCartEvents(
  events: VisitorEvent[],
  commerce: Commerce,
  before: Stretch,
  stretch: Stretch,
  options: AttributionOptions,
): number[] {
  const validFrom = stretch.link?.validFrom ?? null
  if (stretch.boundary || validFrom === null) return []
  const isBefore = (i: number) => i >= before.from && i < before.to && itemAt(events, i).identity
  // The one that changed last.
  const open = cartsAmong(commerce, isBefore, options.cart).findLast((cart) => cart.state === 'open')
  if (!open || open.updatedAt < validFrom - options.cartWindowMs) return []
  return open.indexes
}

/** A commerce event with the shop's own ids of its cart and, if it is the first report of an order, of that order. */
type CommerceMoment = CommerceEvent & { cartId: string | null; orderId: string | null }

/** The commerce events of a visitor by their index. */
type Commerce = ReadonlyMap<number, CommerceMoment>

/** Reads the commerce events. An order that was reported before stays that order, whatever cart was begun since. */
function commerceOf(events: VisitorEvent[], home: string | null): Commerce {
  const commerce = new Map<number, CommerceMoment>()
  const orders = new Set<string>()
  events.forEach(({ id, at, type, props: given, url }, i) => {
    if (!CART_TYPES.has(type)) return
    const props = given ?? {}
    const reading = readCommerce(type, props, home)
    const { cartId } = reading
    const orderId = type === 'purchase' ? reading.orderId : null
    const repeated = orderId !== null && orders.has(orderId)
    if (orderId !== null) orders.add(orderId)
    commerce.set(i, { id, at, type, props, url, repeated, reading, cartId, orderId })
  })
  return commerce
}

/** The carts among some of the events, each with the indexes of its events. */
function cartsAmong(
  commerce: Commerce,
  isAmong: (index: number) => boolean,
  policy: CartPolicy,
): (Cart & { indexes: number[] })[] {
  const among = [...commerce].filter(([i]) => isAmong(i))
  const indexes = new Map(among.map(([i, event]) => [event.id, i]))
  const own = among.map(([, event]) => event)
  return foldCarts(own, policy).map((cart) => {
    return { ...cart, indexes: cart.eventIds.map((id) => mustGet(indexes, id)) }
  })
}

function cartsOf(
  visitorId: VisitorId,
  events: VisitorEvent[],
  commerce: Commerce,
  { personOf, epochOf }: { personOf: PersonId[]; epochOf: number[] },
  typed: TypedAddress[],
  { cartWindowMs, cart: policy, mailTyped }: AttributionOptions,
): AttributedCart[] {
  const keyOf = (i: number) => `${epochOf[i]} ${personOf[i]}`
  const groups = new Map<string, { key: string; personId: PersonId; epoch: number; events: CommerceEvent[] }>()
  const indexes = new Map<string, number>()
  for (const [i, event] of commerce) {
    const key = keyOf(i)
    const group = groups.get(key) ?? { key, personId: itemAt(personOf, i), epoch: itemAt(epochOf, i), events: [] }
    groups.set(key, group)
    group.events.push(event)
    indexes.set(event.id, i)
  }
  const carts = [...groups.values()].flatMap(({ key, personId, epoch, events: own }) =>
    foldCarts(own, policy).map((cart) => ({ key, cart: { ...cart, personId, epoch } })),
  )
  if (typed.length === 0) return carts.map(({ cart }) => ({ ...cart, typedContact: null }))
  const indexesOf = (cart: Cart) => cart.eventIds.map((id) => mustGet(indexes, id))
  const contacts = typedContacts(
    carts.map(({ key, cart }) =>
      typedCart(
        key,
        cart,
        indexesOf(cart).map((i) => mustGet(commerce, i)),
      ),
    ),
    typed.map(({ index, ...address }) => ({ ...address, key: keyOf(index), at: itemAt(events, index).at })),
    cartWindowMs,
  )
  return carts.map(({ cart }, i) => {
    // A cart with events that were sent without consent to identity is nobody's.
    const isConsented = indexesOf(cart).every((index) => itemAt(events, index).identity)
    const typedContact = isConsented ? (contacts[i] ?? null) : null
    const moves = mailTyped && typedContact !== null
    return { ...cart, personId: moves ? visitorPerson(visitorId, cart.epoch) : cart.personId, typedContact }
  })
}

function typedCart(key: string, { closedAt }: Cart, own: CommerceMoment[]): TypedCart {
  return {
    key,
    closedAt,
    touched: own.map((event) => event.at),
    cartIds: new Set(own.flatMap((event) => event.cartId ?? [])),
    order: own.find((event) => event.orderId !== null)?.orderId ?? null,
  }
}
