/**
 * The cart and the wishlist, which the browser stores because the visitor asked for it: `shop.cart` and `shop.wishlist`
 * in local storage, created only when something is added. Only ids and quantities are stored; names and prices come
 * from the server's list, so that an old cart never shows an old price.
 */
const CART = 'shop.cart'
const WISHES = 'shop.wishlist'

/** The largest quantity of one piece in a cart. */
const MOST = 9

function read(key) {
  try {
    const value = JSON.parse(localStorage.getItem(key) ?? '[]')
    return Array.isArray(value) ? value : []
  } catch {
    return [] // Storage is off or holds something else: an empty cart is all there is to show.
  }
}

function write(key, value) {
  if (value.length > 0) localStorage.setItem(key, JSON.stringify(value))
  else localStorage.removeItem(key)
}

/** How many pieces are in the cart. */
export function count() {
  return read(CART).reduce((sum, line) => sum + line.quantity, 0)
}

/** The cart's items with their quantities, looked up in the server's list. */
export function contents(catalogue) {
  return read(CART).flatMap(({ id, quantity }) => {
    const item = catalogue.find((one) => one.item_id === id)
    return item ? [{ ...item, quantity }] : []
  })
}

/** Adds or removes pieces; returns the change of the quantity. */
export function change(id, by) {
  const lines = read(CART)
  const line = lines.find((one) => one.id === id)
  const before = line?.quantity ?? 0
  const after = Math.min(MOST, Math.max(0, before + by))
  if (line) line.quantity = after
  else lines.push({ id, quantity: after })
  write(
    CART,
    lines.filter((one) => one.quantity > 0),
  )
  return after - before
}

/** Empties the cart. */
export function clear() {
  write(CART, [])
}

/** The total of some items, in the shop's currency. */
export function worth(items) {
  return items.reduce((sum, item) => sum + item.price * item.quantity, 0)
}

/** Whether a piece is on the wishlist. */
export function wished(id) {
  return read(WISHES).includes(id)
}

/** Adds a piece to the wishlist or removes it; returns whether it is on it now. */
export function toggleWish(id) {
  const wishes = read(WISHES)
  const on = !wishes.includes(id)
  write(WISHES, on ? [...wishes, id] : wishes.filter((wish) => wish !== id))
  return on
}
