/**
 * Tells at a glance that a commerce event is written as GA4 recommends, so that nothing in it can be unreadable. Most are.
 * It only saves time: whatever it does not know is read (`read`).
 */
import { currencyOf } from './currency.ts'
import { ORDERS } from './read.ts'

/** Names that are read as numbers, and all others of GA4 and the tag that mean nothing but themselves. */
const AMOUNTS: ReadonlySet<string> = new Set(['value', 'price', 'quantity'])
const OTHERS: ReadonlySet<string> = new Set([
  ...['transaction_id', 'cart_id', 'cart_url', 'coupon', 'tax', 'shipping', 'affiliation', 'payment_type'],
  ...['shipping_tier', 'item_list_id', 'item_list_name', 'promotion_id', 'promotion_name', 'creative_name'],
  ...['item_name', 'item_brand', 'item_variant', 'item_category', 'item_category2', 'item_category3'],
  ...['item_category4', 'item_category5', 'url', 'image_url', 'index', 'discount', 'location_id'],
])

/** The bounds within which the reader takes numbers and lists. */
const MAX_AMOUNT = 1e11
const MAX_ITEMS = 200

/** Whether an event holds nothing that needs a closer look. `home` is the site's own currency, null if it has none. */
export function isPlainCommerce(type: string, props: Record<string, unknown>, home: string | null): boolean {
  if (home === null && props.currency === undefined) return Object.keys(props).length === 0
  if (ORDERS.has(type) && !isVisible(props.transaction_id)) return false
  for (const name in props) {
    const value = props[name]
    if (name === 'items') {
      if (!Array.isArray(value) || value.length > MAX_ITEMS) return false
      for (const item of value) if (!isPlainItem(item)) return false
    } else if (!isPlainField(name, value)) return false
  }
  return true
}

function isPlainItem(item: unknown): boolean {
  if (typeof item !== 'object' || item === null) return false
  const fields = item as Record<string, unknown>
  if (!isVisible(fields.item_id)) return false
  for (const name in fields) if (name !== 'item_id' && !isPlainField(name, fields[name])) return false
  return true
}

/** Whether a text begins with a visible character, so that it is not empty once it is trimmed. */
function isVisible(id: unknown): boolean {
  return typeof id === 'string' && id.charCodeAt(0) > 0x20 && id.charCodeAt(0) < 0x7f
}

function isPlainField(name: string, value: unknown): boolean {
  if (AMOUNTS.has(name)) return typeof value === 'number' && Math.abs(value) < MAX_AMOUNT
  if (name === 'currency') return typeof value === 'string' && isCode(value)
  return OTHERS.has(name)
}

/** Codes that were looked up: a shop has few. */
const CODES = new Set<string>()

function isCode(text: string): boolean {
  if (CODES.has(text)) return true
  if (!/^[A-Z]{3}$/.test(text) || currencyOf(text, null) === null) return false
  CODES.add(text)
  return true
}
