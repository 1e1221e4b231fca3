/**
 * Carts, folded from the commerce events of one person in one epoch of a visitor, in order of time.
 *
 * `view_cart` and the checkout's events with items are full pictures: they say what the cart holds. `add_to_cart` and
 * `remove_from_cart` are differences, which bridge the time between pictures. A `purchase` closes the carts that it
 * bought, and so does an order of another channel that settles them. A cart with nothing left in it does not count. Only
 * what changes a cart or takes it a step further restarts its idle clock, because some shops send `view_cart` on every
 * page. Money is in minor units of the cart's currency.
 */
import { toMinor, UNKNOWN_CURRENCY } from '../money.ts'
import { type CartHosts, createAddresses, type LeftOut } from './addresses.ts'
import { type CartLine, changedLines, isFull, isSame, withValueAsPrice } from './changes.ts'
import type { Line } from './lines.ts'
import { type Reading, readCommerce } from './read.ts'

/** A commerce event as the fold reads it. `props` are those that were sent. */
export type CommerceEvent = {
  id: string
  at: number
  type: string
  props: Record<string, unknown>
  url: string | null
  /** A purchase whose order was reported before, as by a reloaded page of thanks. */
  repeated?: boolean
  /** The event as it is read with the site's currency, if it has been read already. */
  reading?: Reading
}

/** One line of a cart; `price` is per unit in minor units, null if unknown. */
export type CartItem = {
  item_id: string
  item_variant: string | null
  item_name: string | null
  price: number | null
  quantity: number
  item_category: string | null
  url: string | null
  image_url: string | null
}

/** What becomes of a cart: it is open, was bought, or was bought after it had been abandoned. */
export const CART_STATES = ['open', 'converted', 'recovered'] as const

/** What became of a cart. */
export type CartState = (typeof CART_STATES)[number]

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
  createdAt: number
  updatedAt: number
  checkoutAt: number | null
  abandonedAt: number | null
  eventIds: string[]
}

/** Folds events sorted by time, then id. The last changed of the open carts comes last. */
export function foldCarts(events: CommerceEvent[], policy: CartPolicy): Cart[] {
  const closed: Cart[] = []
  /** The last one is the current one. */
  let open: Draft[] = []
  for (const event of events) {
    if (!CART_TYPES.has(event.type)) continue
    for (const draft of open) {
      const idleAt = draft.updatedAt + policy.abandonedAfterMs
      if (draft.abandonedAt === null && event.at >= idleAt) draft.abandonedAt = idleAt
    }
    const reading = event.reading ?? readCommerce(event.type, event.props, policy.currency)
    if (event.type === 'purchase') {
      if (event.repeated || isNothing(reading)) continue
      const bought = boughtBy(reading, open)
      open = open.filter((draft) => !bought.includes(draft))
      closed.push(...bought.map((draft) => close(draft, event, policy)))
      continue
    }
    const draft = draftOf(reading, open)
    open = open.filter((each) => each !== draft)
    const next = change(draft, event, reading)
    if (next) open.push(next)
  }
  return [...closed, ...open.map((draft) => cartOf(draft, policy))]
}

/**
 * Whether an order settles a cart: it is not older than the cart's last change, and they share an item or it has none.
 */
export function settles(
  order: { at: number; itemIds: string[] },
  cart: { updatedAt: number; itemIds: string[] },
): boolean {
  if (order.at < cart.updatedAt) return false
  return order.itemIds.length === 0 || order.itemIds.some((id) => cart.itemIds.includes(id))
}

/** Whether a purchase is none: it has no items and is worth nothing. */
export function isNothing({ lines, value }: Reading): boolean {
  return lines.length === 0 && value === 0
}

/** The open carts that a purchase bought: those of its cart id or with one of its items; without both, the current one. */
function boughtBy({ lines, cartId }: Reading, open: Draft[]): Draft[] {
  const ids = new Set(lines.map((line) => line.id))
  const bought = open.filter(
    (draft) => (cartId !== null && draft.shopId === cartId) || draft.lines.some((line) => ids.has(line.id)),
  )
  const current = open.at(-1)
  if (bought.length > 0 || lines.length > 0 || current === undefined) return bought
  return cartId === null || current.shopId === null ? [current] : []
}

function close(draft: Draft, event: CommerceEvent, policy: CartPolicy): Cart {
  return {
    ...cartOf(draft, policy),
    state: draft.abandonedAt === null ? 'converted' : 'recovered',
    closedAt: event.at,
    eventIds: [...draft.eventIds, event.id],
  }
}

/** The open cart that an event is about: the one with the event's cart id, else the current one unless it has another. */
function draftOf({ cartId }: Reading, open: Draft[]): Draft | null {
  const current = open.at(-1) ?? null
  if (cartId === null) return current
  return open.find((draft) => draft.shopId === cartId) ?? (current?.shopId === null ? current : null)
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
    ...{ createdAt: at, updatedAt: at, checkoutAt: null, abandonedAt: null, eventIds: [] },
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
    checkoutAt: draft.checkoutAt,
    abandonedAt: draft.abandonedAt,
    eventIds: draft.eventIds,
  }
}

function restoreUrl(template: string | null, shopId: string | null): string | null {
  if (template === null || !template.includes('{cart_id}')) return template
  return shopId === null ? null : template.replace('{cart_id}', encodeURIComponent(shopId))
}

/** Lines as items of a cart or order in a currency. A price in another currency is unknown. */
export function itemsOf(lines: Line[], currency: string): CartItem[] {
  return lines.map((line) => ({
    item_id: line.id,
    item_variant: line.variant,
    item_name: line.name,
    price: line.price === null || ![null, currency].includes(line.currency) ? null : toMinor(line.price, currency),
    quantity: line.quantity ?? 1,
    item_category: line.category,
    url: line.url,
    image_url: line.imageUrl,
  }))
}

/** The total of items, kept within the exact integers. Null if a price is unknown. */
export function sumOf(items: CartItem[]): number | null {
  let sum = 0
  for (const { price, quantity } of items) {
    if (price === null) return null
    sum += Math.round(price * quantity)
  }
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, sum))
}
