/**
 * What an order closes, and what it bought of that. Only what was in a cart and was bought counts as recovered: a cart of a
 * necklace that is left behind is not recovered by the purchase of a postcard.
 */
import { toMinor, UNKNOWN_CURRENCY } from '../money.ts'
import { type CartItem, itemsOf } from './items.ts'
import type { Reading } from './read.ts'

/** A piece that was bought. `quantity` is null if nobody said how many, `price` is in minor units per unit. */
type BoughtPiece = { id: string; variant: string | null; quantity: number | null; price: number | null }

/** An order as far as it tells what was bought; `total` in minor units, null if it is unknown. */
type BoughtOrder = { pieces: BoughtPiece[]; total: number | null; currency: string }

/** What was bought of a cart: whether anything was, and what that is worth; null if nobody knows. */
type Bought = { isAny: boolean; value: number | null }

/** A cart as far as it tells what was in it. */
type Contents = { items: CartItem[]; currency: string; value: number | null }

const NOTHING: Bought = { isAny: false, value: null }

/** The order that a purchase reports, for a basket. `home` is the site's own currency. */
export function boughtOrder(reading: Reading, home: string | null): BoughtOrder {
  const currency = reading.currency ?? home ?? UNKNOWN_CURRENCY
  const items = itemsOf(reading.lines, currency)
  return {
    currency,
    total: reading.value === null ? null : toMinor(reading.value, currency),
    pieces: reading.lines.map(({ id, variant, quantity }, i) => ({
      id,
      variant,
      quantity,
      price: items[i]?.price ?? null,
    })),
  }
}

/**
 * Returns a function that takes what an order bought out of one cart after another, so that no piece and no amount counts
 * twice. Ask for the cart that the order is most likely about first.
 */
export function createBasket({ pieces, total, currency }: BoughtOrder): (cart: Contents) => Bought {
  const left = pieces.map((piece) => {
    return { ...piece, quantity: piece.quantity ?? Number.POSITIVE_INFINITY, isCounted: piece.quantity !== null }
  })
  let isSpent = false
  let paid = total
  /** No more is recovered than was paid. */
  const within = (value: number | null, cart: Contents) => {
    if (paid === null || currency !== cart.currency) return value
    const counted = value === null ? null : Math.min(value, paid)
    paid -= counted ?? 0
    return counted
  }
  return (cart) => {
    if (pieces.length === 0) {
      // An order that names nothing is about one cart, unless it costs less than each piece in it.
      const prices = cart.items.map((item) => item.price ?? 0)
      const isTooCheap = paid !== null && currency === cart.currency && paid < Math.min(...prices)
      if (isSpent || isTooCheap) return NOTHING
      isSpent = true
      const isKnown = paid !== null && currency === cart.currency
      return { isAny: true, value: isKnown ? within(cart.value ?? paid, cart) : null }
    }
    let isAny = false
    let value: number | null = 0
    for (const item of cart.items) {
      for (const piece of left) {
        if (!isSamePiece(item, piece) || piece.quantity <= 0) continue
        const quantity = Math.min(item.quantity, piece.quantity)
        const price: number | null = item.price ?? (currency === cart.currency ? piece.price : null)
        // If nobody said how many were bought, one cart had them all.
        piece.quantity = piece.isCounted ? piece.quantity - quantity : 0
        isAny = true
        value = value === null || price === null ? null : value + Math.round(price * quantity)
        break
      }
    }
    return isAny ? { isAny, value: within(value, cart) } : NOTHING
  }
}

function isSamePiece(item: CartItem, piece: BoughtPiece): boolean {
  const isOtherVariant = item.item_variant !== null && piece.variant !== null && item.item_variant !== piece.variant
  return item.item_id === piece.id && !isOtherVariant
}

/**
 * Whether an order settles a cart: it is not older than the cart's last change, and they share an item or it has none. Of
 * an order whose day is known and not its time, `until` is the day's end.
 */
export function settles(
  order: { at: number; until?: number | null; itemIds: string[] },
  cart: { updatedAt: number; itemIds: string[] },
): boolean {
  if ((order.until ?? order.at) < cart.updatedAt) return false
  return order.itemIds.length === 0 || order.itemIds.some((id) => cart.itemIds.includes(id))
}
