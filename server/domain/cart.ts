/**
 * Carts, folded from the commerce events of one person in one epoch of a visitor, in order of time.
 *
 * `view_cart` with items sets the cart's content; `add_to_cart` and `remove_from_cart` change it; `begin_checkout` and
 * the later checkout events touch it; `purchase` closes it, and so does an order of another channel that settles it. A
 * cart with nothing left in it does not count. Money is in minor units of the cart's currency.
 */
import { amountOf, toMinor } from './money.ts'

/** A commerce event as the fold reads it. `props` are those that were sent. */
export type CommerceEvent = { id: string; at: number; type: string; props: Record<string, unknown>; url: string | null }

/** One line of a cart; `price` is per unit in minor units, null if unknown. */
export type CartItem = {
  item_id: string
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
  state: CartState
  currency: string
  value: number
  items: CartItem[]
  url: string | null
  createdAt: number
  updatedAt: number
  closedAt: number | null
  checkoutAt: number | null
  abandonedAt: number | null
  /** The events that made it. */
  eventIds: string[]
}

/** Event types that make, change or touch a cart, `purchase` included. */
export const CART_TYPES: ReadonlySet<string> = new Set([
  'add_to_cart',
  'remove_from_cart',
  'view_cart',
  'begin_checkout',
  'add_shipping_info',
  'add_payment_info',
  'purchase',
])

/** Bounds a cart's items, so that a script cannot grow a row without end. */
const MAX_ITEMS = 200
const MAX_QUANTITY = 1_000_000

/** Folds events sorted by time, then id. `abandonedAfterMs` is the site's idle time. The last cart may be open. */
export function foldCarts(events: CommerceEvent[], abandonedAfterMs: number): Cart[] {
  const carts: Cart[] = []
  let cart: Cart | null = null
  for (const event of events) {
    if (!CART_TYPES.has(event.type)) continue
    if (cart && cart.abandonedAt === null && event.at - cart.updatedAt >= abandonedAfterMs) {
      cart.abandonedAt = cart.updatedAt + abandonedAfterMs
    }
    if (event.type === 'purchase') {
      if (cart) carts.push(closed(cart, event))
      cart = null
      continue
    }
    cart = change(cart, event)
  }
  if (cart) carts.push(cart)
  return carts.filter((each) => each.state !== 'open' || each.items.length > 0)
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

function closed(cart: Cart, event: CommerceEvent): Cart {
  return {
    ...cart,
    state: cart.abandonedAt === null ? 'converted' : 'recovered',
    closedAt: event.at,
    eventIds: [...cart.eventIds, event.id],
  }
}

/** The cart after an event that does not close it; a new cart if there was none and the event has items. */
function change(cart: Cart | null, event: CommerceEvent): Cart | null {
  const currency = currencyOf(event.props) ?? cart?.currency ?? 'XXX'
  const given = itemsOf(event.props, currency)
  if (!cart && (given.length === 0 || event.type === 'remove_from_cart')) return null
  const next: Cart = cart ?? {
    id: event.id,
    state: 'open',
    currency,
    value: 0,
    items: [],
    url: null,
    createdAt: event.at,
    updatedAt: event.at,
    closedAt: null,
    checkoutAt: null,
    abandonedAt: null,
    eventIds: [],
  }
  const items = changedItems(next.items, given, event.type)
  // The cart was emptied: what follows is another cart.
  if (items.length === 0) return null
  return {
    ...next,
    currency,
    items,
    value: worthOf(items, event.props, currency),
    url: event.url ?? next.url,
    updatedAt: event.at,
    checkoutAt: next.checkoutAt ?? (event.type === 'begin_checkout' ? event.at : null),
    eventIds: [...next.eventIds, event.id],
  }
}

function changedItems(items: CartItem[], given: CartItem[], type: string): CartItem[] {
  if (type === 'view_cart') return given.length > 0 ? given : items
  // A shop that never sends `add_to_cart` still lists the cart's items at checkout.
  if (type !== 'add_to_cart' && type !== 'remove_from_cart') return items.length > 0 ? items : given
  const sign = type === 'add_to_cart' ? 1 : -1
  const byId = new Map(items.map((item) => [item.item_id, item]))
  for (const item of given) {
    const old = byId.get(item.item_id)
    const quantity = (old?.quantity ?? 0) + sign * item.quantity
    if (quantity <= 0) byId.delete(item.item_id)
    else byId.set(item.item_id, { ...merged(old, item), quantity: Math.min(quantity, MAX_QUANTITY) })
  }
  return [...byId.values()].slice(0, MAX_ITEMS)
}

/** Takes each field from the newer item, or from the older one if the newer has none. */
function merged(old: CartItem | undefined, item: CartItem): CartItem {
  if (!old) return item
  const known = Object.fromEntries(Object.entries(item).filter(([, value]) => value !== null))
  return { ...old, ...known } as CartItem
}

function worthOf(items: CartItem[], props: Record<string, unknown>, currency: string): number {
  if (items.every((item) => item.price !== null)) return sumOf(items)
  return price(props.value, currency) ?? 0
}

/** The total of the items that have a price, kept within the exact integers. */
export function sumOf(items: CartItem[]): number {
  const sum = items.reduce((total, item) => total + (item.price ?? 0) * item.quantity, 0)
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, sum))
}

/** The event's currency in capitals, if it has three letters. */
export function currencyOf(props: Record<string, unknown>): string | null {
  return typeof props.currency === 'string' && /^[A-Za-z]{3}$/.test(props.currency)
    ? props.currency.toUpperCase()
    : null
}

/** The items of GA4 (`items`) and Segment (`products`, or the event itself) as lines of a cart. */
export function itemsOf(props: Record<string, unknown>, currency: string): CartItem[] {
  const list = Array.isArray(props.items) ? props.items : Array.isArray(props.products) ? props.products : [props]
  const items: CartItem[] = []
  for (const raw of list.slice(0, MAX_ITEMS)) {
    if (typeof raw !== 'object' || raw === null) continue
    const item = raw as Record<string, unknown>
    const id = text(item.item_id) ?? text(item.product_id) ?? text(item.sku) ?? text(item.item_name)
    if (id === null) continue
    const quantity = Number(item.quantity ?? 1)
    items.push({
      item_id: id,
      item_name: text(item.item_name) ?? text(item.name),
      price: price(item.price, currency),
      quantity: Number.isFinite(quantity) && quantity > 0 ? Math.min(Math.ceil(quantity), MAX_QUANTITY) : 1,
      item_category: text(item.item_category) ?? text(item.category),
      url: text(item.url),
      image_url: text(item.image_url),
    })
  }
  return items
}

function text(value: unknown): string | null {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value !== '' ? value.slice(0, 2000) : null
}

function price(value: unknown, currency: string): number | null {
  const amount = amountOf(value)
  return amount === null ? null : toMinor(amount, currency)
}
