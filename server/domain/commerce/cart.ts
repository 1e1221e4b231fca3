/**
 * Carts, folded from the commerce events of one person, in order of time: those of one epoch of a visitor, or of several
 * places, which are epochs and devices. A cart that the shop names is one over all places; any other is its place's own.
 *
 * `view_cart` and the checkout's events with items are full pictures: they say what the cart holds. `add_to_cart` and
 * `remove_from_cart` are differences, which bridge the time between pictures. A `purchase` closes the carts that it
 * bought, and so does an order of another channel that settles them. A cart with nothing left in it does not count. Only
 * what changes a cart or takes it a step further restarts its idle clock, because some shops send `view_cart` on every
 * page. Money is in minor units of the cart's currency.
 */
import { itemAt } from '../lookup.ts'
import { toMinor, UNKNOWN_CURRENCY } from '../money.ts'
import { type CartHosts, createAddresses, type LeftOut } from './addresses.ts'
import { boughtOrder, createBasket } from './bought.ts'
import { CART_STEPS, type CartState, type CartStep } from './cart-states.ts'
import { type CartLine, changedLines, isFull, isSame, withValueAsPrice } from './changes.ts'
import { type CartItem, itemsOf, sumOf } from './items.ts'
import { type Reading, readCommerce } from './read.ts'

/** A commerce event as the fold reads it. `props` are those that were sent. */
export type CommerceEvent = {
  id: string
  at: number
  type: string
  props: Record<string, unknown>
  url: string | null
  /** Where it happened, if the events are of several places. */
  place?: string
  /** A purchase whose order was reported before, as by a reloaded page of thanks. */
  repeated?: boolean
  /** The event as it is read with the site's currency, if it has been read already. */
  reading?: Reading
}

/** A cart, named by the event that began it. `abandonedAt`: when it was first left alone for too long. */
export type Cart = {
  id: string
  /** The shop's own id of the cart. */
  shopId: string | null
  state: CartState
  currency: string
  /** Null if a price is unknown and nobody stated the value. */
  value: number | null
  items: CartItem[]
  /** Where the shop restores the cart, else the page where it last changed. */
  url: string | null
  /** What its links and pictures led to outside the site's own hosts; they are null. */
  leftOut: LeftOut[]
  createdAt: number
  updatedAt: number
  closedAt: number | null
  /** The order that closed it. */
  closedBy: string | null
  /** What was in it and was bought, if it was recovered; null if that is unknown. */
  recoveredValue: number | null
  step: CartStep
  checkoutAt: number | null
  abandonedAt: number | null
  /** The events that made it. */
  eventIds: string[]
}

/** What the fold needs to know of a site. */
export type CartPolicy = {
  /** How long a cart must be left alone to count as abandoned. */
  abandonedAfterMs: number
  /** The site's own currency, null if it has none. */
  currency: string | null
  /** Where the shop restores a cart; `{cart_id}` stands for the shop's id of the cart. Null if nowhere. */
  cartUrl: string | null
  /** The hosts on which links and pictures may be. */
  hosts: CartHosts
}

/** The checkout's events, in the order in which a customer meets them. */
const STEPS = ['begin_checkout', 'add_shipping_info', 'add_payment_info']

/** Event types that make, change or touch a cart, `purchase` included. */
export const CART_TYPES: ReadonlySet<string> = new Set([
  ...['add_to_cart', 'remove_from_cart', 'view_cart'],
  ...STEPS,
  'purchase',
])

/** A cart while it is folded. Prices are amounts, because the currency may be named later. */
type Draft = {
  id: string
  shopId: string | null
  currency: string | null
  lines: CartLine[]
  /** The value that the last full picture stated. */
  stated: number | null
  cartUrl: string | null
  pageUrl: string | null
  /** How many steps of the checkout were reached. */
  step: number
  /** The places where it was touched, each with the number of its last event there. */
  places: ReadonlyMap<string, number>
  createdAt: number
  updatedAt: number
  checkoutAt: number | null
  abandonedAt: number | null
  eventIds: string[]
}

/** The most open carts that are followed. Nobody has so many; those of a script are left as they are. */
const MAX_OPEN = 100

/**
 * Folds events sorted by time, then id. The last touched of the open carts comes last. At the same time a purchase comes
 * last: nobody is reminded of what they may have bought.
 */
export function foldCarts(events: CommerceEvent[], policy: CartPolicy): Cart[] {
  const closed: Cart[] = []
  const left: Draft[] = []
  let open: Draft[] = []
  for (const [n, event] of events.toSorted((a, b) => a.at - b.at || rankOf(a) - rankOf(b)).entries()) {
    if (!CART_TYPES.has(event.type)) continue
    for (const draft of open) {
      const idleAt = draft.updatedAt + policy.abandonedAfterMs
      if (draft.abandonedAt === null && event.at >= idleAt) draft.abandonedAt = idleAt
    }
    const reading = event.reading ?? readCommerce(event.type, event.props, policy.currency)
    if (event.type === 'purchase') {
      if (event.repeated || isNothing(reading)) continue
      const bought = boughtBy(reading, open, placeOf(event))
      open = open.filter((draft) => !bought.includes(draft))
      closed.push(...close(bought, event, reading, policy))
      continue
    }
    const draft = draftOf(reading, open, placeOf(event))
    const unnamed = unnamedBeside(draft, open, placeOf(event))
    open = open.filter((each) => each !== draft && each !== unnamed)
    const next = change(unnamed === null || draft === null ? draft : joined(draft, unnamed, reading), event, reading)
    if (next) open.push({ ...next, places: new Map([...next.places, [placeOf(event), n]]) })
    if (open.length > MAX_OPEN) left.push(...open.splice(0, 1))
  }
  return [...closed, ...[...left, ...open].map((draft) => cartOf(draft, policy))]
}

/** The id of an order to which its shop gives none: that of the event that reports it. */
export const orderIdOf = (eventId: string) => `event:${eventId}`

/** Whether a purchase is none: it has no items and is worth nothing. */
export function isNothing({ lines, value }: Reading): boolean {
  return lines.length === 0 && value === 0
}

const rankOf = ({ type }: CommerceEvent) => (type === 'purchase' ? 1 : 0)

const placeOf = ({ place }: CommerceEvent) => place ?? ''

/** The cart that was touched last in a place; null if none is open. */
function currentIn(place: string, open: Draft[]): Draft | null {
  let current: Draft | null = null
  let latest = -1
  for (const draft of open) {
    const touched = draft.places.get(place) ?? -1
    if (touched > latest) [current, latest] = [draft, touched]
  }
  return current
}

/**
 * The open carts that a purchase closes, the likeliest first: those of its cart id or with one of its items. A purchase
 * without items closes the cart that it names, else the place's cart without a name; one that names nothing closes all.
 */
function boughtBy({ lines, cartId }: Reading, open: Draft[], place: string): Draft[] {
  const ids = new Set(lines.map((line) => line.id))
  const isNamed = (draft: Draft) => cartId !== null && draft.shopId === cartId
  const current = currentIn(place, open)
  const likeliest = [...open.filter(isNamed), ...(current === null ? [] : [current]), ...open.toReversed()]
  const all = [...new Set(likeliest)]
  const bought = all.filter((draft) => isNamed(draft) || draft.lines.some((line) => ids.has(line.id)))
  if (bought.length > 0 || lines.length > 0) return bought
  if (cartId === null) return all
  return current?.shopId === null ? [current] : []
}

/** The carts that a purchase closes. They are recovered if they had been abandoned and something in them was bought. */
function close(drafts: Draft[], event: CommerceEvent, reading: Reading, policy: CartPolicy): Cart[] {
  if (drafts.length === 0) return []
  const takeFrom = createBasket(boughtOrder(reading, policy.currency))
  return drafts.map((draft) => {
    const cart = cartOf(draft, policy)
    const bought = takeFrom(cart)
    const isRecovered = draft.abandonedAt !== null && bought.isAny
    return {
      ...cart,
      state: isRecovered ? 'recovered' : 'converted',
      closedAt: event.at,
      closedBy: reading.orderId ?? orderIdOf(event.id),
      recoveredValue: isRecovered ? bought.value : null,
      eventIds: [...draft.eventIds, event.id],
    }
  })
}

/**
 * The open cart that an event is about: the one with the event's cart id, else the current one of its place, unless that
 * has another.
 */
function draftOf({ cartId }: Reading, open: Draft[], place: string): Draft | null {
  const current = currentIn(place, open)
  if (cartId === null) return current
  return open.find((draft) => draft.shopId === cartId) ?? (current?.shopId === null ? current : null)
}

/**
 * The unnamed cart of a place that an event now calls by the name of a cart which was known from other places only: it has
 * been that cart all along.
 */
function unnamedBeside(draft: Draft | null, open: Draft[], place: string): Draft | null {
  if (draft === null || draft.places.has(place)) return null
  const current = currentIn(place, open)
  return current?.shopId === null ? current : null
}

function joined(draft: Draft, unnamed: Draft, reading: Reading): Draft {
  const lines = changedLines(draft.lines, unnamed.lines, 'add_to_cart', reading)
  const updatedAt = Math.max(draft.updatedAt, unnamed.updatedAt)
  return { ...draft, lines, updatedAt, eventIds: [...draft.eventIds, ...unnamed.eventIds] }
}

/** The cart after an event that does not close it; null if nothing is left, or there was none and nothing begins one. */
function change(draft: Draft | null, event: CommerceEvent, reading: Reading): Draft | null {
  const given = withValueAsPrice(reading)
  const isRemoval = event.type === 'remove_from_cart'
  const isOtherCurrency = !isRemoval && given.length > 0 && ![null, draft?.currency ?? null].includes(reading.currency)
  // A cart in another currency begins anew.
  const old = draft !== null && draft.currency !== null && isOtherCurrency ? null : draft
  if (old === null && (isRemoval || given.length === 0)) return null
  const next = old ?? begun(event)
  const lines = changedLines(next.lines, given, event.type, reading)
  if (lines.length === 0) return null
  const step = Math.max(next.step, STEPS.indexOf(event.type) + 1)
  const isDifferent = step > next.step || !isSame(lines, next.lines)
  const isPicture = given.length > 0 && isFull(event.type)
  return {
    ...next,
    lines,
    step,
    currency: isRemoval ? next.currency : (reading.currency ?? next.currency),
    stated: isPicture ? reading.value : isDifferent && given.length > 0 ? null : next.stated,
    shopId: reading.cartId ?? next.shopId,
    cartUrl: reading.cartUrl ?? next.cartUrl,
    pageUrl: event.url ?? next.pageUrl,
    updatedAt: isDifferent ? event.at : next.updatedAt,
    checkoutAt: next.checkoutAt ?? (event.type === 'begin_checkout' ? event.at : null),
    eventIds: [...next.eventIds, event.id],
  }
}

function begun({ id, at }: CommerceEvent): Draft {
  return {
    ...{ id, shopId: null, currency: null, lines: [], stated: null, cartUrl: null, pageUrl: null, step: 0 },
    ...{ createdAt: at, updatedAt: at, checkoutAt: null, abandonedAt: null, eventIds: [], places: new Map() },
  }
}

function cartOf(draft: Draft, policy: CartPolicy): Cart {
  const currency = draft.currency ?? policy.currency ?? UNKNOWN_CURRENCY
  const addresses = createAddresses(policy.hosts, draft.pageUrl)
  const items = itemsOf(draft.lines, currency).map((item) => ({
    ...item,
    url: addresses.keep('link', item.url),
    image_url: addresses.keep('picture', item.image_url),
  }))
  const restored = addresses.keep('link', draft.cartUrl) ?? restoreUrl(policy.cartUrl, draft.shopId)
  return {
    id: draft.id,
    shopId: draft.shopId,
    state: 'open',
    currency,
    value: sumOf(items) ?? (draft.stated === null ? null : toMinor(draft.stated, currency)),
    items,
    url: restored ?? addresses.keep('link', draft.pageUrl),
    leftOut: addresses.leftOut,
    createdAt: draft.createdAt,
    updatedAt: draft.updatedAt,
    closedAt: null,
    closedBy: null,
    recoveredValue: null,
    step: itemAt(CART_STEPS, draft.step),
    checkoutAt: draft.checkoutAt,
    abandonedAt: draft.abandonedAt,
    eventIds: draft.eventIds,
  }
}

function restoreUrl(template: string | null, shopId: string | null): string | null {
  if (template === null || !template.includes('{cart_id}')) return template
  return shopId === null ? null : template.replace('{cart_id}', encodeURIComponent(shopId))
}
