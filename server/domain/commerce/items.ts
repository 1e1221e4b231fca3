/** The items of carts and orders, with money in minor units of one currency. */
import { folded } from '../folded.ts'
import { toMinor } from '../money.ts'
import type { Line } from './lines.ts'

/** One line of a cart or order; `price` is per unit in minor units, null if unknown. */
export type CartItem = {
  item_id: string
  item_variant: string | null
  item_name: string | null
  price: number | null
  quantity: number
  item_category: string | null
  /** All levels of the category, if there are several. */
  item_categories?: string[]
  url: string | null
  image_url: string | null
}

/** An item of an order; other channels may say no more than its id. */
export type OrderItem = Pick<CartItem, 'item_id'> &
  Partial<CartItem> & {
    /** Other ids that its sender has for the piece. */
    other_ids?: string[]
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
    ...(line.categories.length > 1 ? { item_categories: line.categories } : {}),
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

/**
 * A piece as conditions compare it, without case and accents: every id by which it is known, its own first, and its texts.
 * They are kept with persons, so that a condition needs neither the facts nor a fold.
 */
export type FoldedItem = {
  ids: string[]
  variant: string | null
  name: string | null
  categories: string[]
  quantity: number
}

/** An item as conditions compare it. */
export function foldedItem(item: OrderItem): FoldedItem {
  const fold = (text: string | null | undefined) => (text == null ? null : folded(text))
  const categories = item.item_categories ?? (item.item_category == null ? [] : [item.item_category])
  return {
    ids: [item.item_id, ...(item.other_ids ?? [])].map(folded),
    variant: fold(item.item_variant),
    name: fold(item.item_name),
    categories: [...new Set(categories.map(folded))],
    quantity: item.quantity ?? 1,
  }
}
