/**
 * The carts that carry an address typed into a form. Anybody can type anybody's address, so it proves nothing: no event,
 * order or visit goes to its contact. A cart only keeps whose address it carries, so that a site that wants it may
 * remind that contact of it (docs/carts.md#who-owns-a-cart).
 */
import { itemAt } from './lookup.ts'

/**
 * An address typed at moment `index`, with the cart or order that the form named. `contact` is the contact who may be
 * reminded of that cart: null if nobody may be, or if the cart is the contact's own anyway.
 */
export type TypedAddress = { index: number; contact: string | null; cart: string | null; order: string | null }

/** An address typed at `at` by the person `key`. */
type TypedFor = Omit<TypedAddress, 'index'> & { key: string; at: number }

/** What decides whether a cart carries an address. `touched` are the times of its events, in order. */
export type TypedCart = {
  key: string
  touched: number[]
  closedAt: number | null
  /** The shop's own ids of the cart and of the order that closed it, as its events say them. */
  cartIds: Set<string>
  order: string | null
}

/** For how long after an address was typed the cart still carries it. */
const TYPED_MS = 90 * 24 * 3600_000

/**
 * The contact whose address each cart carries, or null, in the order of the carts. `typed` is in order of time. An address
 * belongs to the cart whose order or own id the form named, else to the one that was open when it was typed and touched
 * last, within the window before. If the shop's events carry no cart id, an id in the form also means the open cart. Of
 * several addresses the last one counts.
 */
export function typedContacts(carts: TypedCart[], typed: TypedFor[], windowMs: number): (string | null)[] {
  const contacts: (string | null)[] = carts.map(() => null)
  if (typed.length === 0) return contacts
  const named = new Map<string, number>()
  for (const [i, { key, cartIds, order }] of carts.entries()) {
    for (const id of cartIds) if (!named.has(`${key} cart ${id}`)) named.set(`${key} cart ${id}`, i)
    if (order !== null) named.set(`${key} order ${order}`, i)
  }
  const openAt = followCarts(carts, windowMs)
  for (const { key, at, contact, cart: cartId, order } of typed) {
    const open = openAt(key, at)
    const name = order !== null ? `order ${order}` : cartId !== null ? `cart ${cartId}` : null
    const byName = name === null ? undefined : named.get(`${key} ${name}`)
    const found = byName ?? (order === null ? open : undefined)
    if (found === undefined) continue
    const cart = itemAt(carts, found)
    if (byName === undefined && cartId !== null && cart.cartIds.size > 0) continue
    contacts[found] = itemAt(cart.touched, cart.touched.length - 1) <= at + TYPED_MS ? contact : null
  }
  return contacts
}

/**
 * Returns a function that finds the person's open cart that was touched last, within the window before. It is asked in
 * order of time, and passes each touch of a cart once.
 */
function followCarts(carts: TypedCart[], windowMs: number): (key: string, at: number) => number | undefined {
  const touches = carts.flatMap(({ key, touched }, cart) => touched.map((at) => ({ key, at, cart })))
  touches.sort((a, b) => a.at - b.at)
  let next = 0
  const passed = new Map<string, { at: number; cart: number }[]>()
  return (key, now) => {
    for (let touch = touches[next]; touch !== undefined && touch.at <= now; touch = touches[++next]) {
      const own = passed.get(touch.key)
      if (own) own.push(touch)
      else passed.set(touch.key, [touch])
    }
    const own = passed.get(key) ?? []
    const isClosed = (cart: number) => (itemAt(carts, cart).closedAt ?? now) < now
    while (own.length > 0 && isClosed(itemAt(own, own.length - 1).cart)) own.pop()
    const last = own.at(-1)
    return last !== undefined && last.at >= now - windowMs ? last.cart : undefined
  }
}
