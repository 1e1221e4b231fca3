/**
 * Reads an event's properties with care: they are whatever a shop's page sent, so each is checked before it is used,
 * and anything that does not fit is dropped.
 */
import type { Money, TimelineEvent } from '../../api.ts'

/** A product as an event names it. */
export type Product = { name: string; quantity: number; price: Money | null }

/** The properties that are shown. `rest` holds the plain values of an event whose type is the shop's own. */
export type EventDetails = {
  products: Product[]
  value: Money | null
  order: string | null
  term: string | null
  rest: [name: string, value: string][]
}

const REST_AT_MOST = 6

const textOf = (value: unknown): string | null => {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null
}

const numberOf = (value: unknown): number | null => {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : null
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** The amount with its currency; null if either is missing. */
function moneyOf(value: unknown, currency: unknown): Money | null {
  const amount = numberOf(value)
  return amount === null || typeof currency !== 'string' || currency === '' ? null : { value: amount, currency }
}

/** Reads an event's properties; `ownType`: the shop invented the type. */
export function detailsOf({ props }: TimelineEvent, ownType: boolean): EventDetails {
  const items: unknown = props.items ?? props.products
  const list: unknown[] = Array.isArray(items) ? items : []
  return {
    products: list.filter(isRecord).map((item) => productOf(item, props.currency)),
    value: moneyOf(props.value ?? props.total ?? props.revenue, props.currency),
    order: textOf(props.transaction_id ?? props.order_id),
    term: textOf(props.search_term ?? props.query),
    rest: ownType ? plainValues(props) : [],
  }
}

function productOf(item: Record<string, unknown>, currency: unknown): Product {
  return {
    name: textOf(item.item_name ?? item.name) ?? textOf(item.item_id ?? item.product_id ?? item.sku) ?? '?',
    quantity: numberOf(item.quantity) ?? 1,
    price: moneyOf(item.price, item.currency ?? currency),
  }
}

function plainValues(props: Record<string, unknown>): [string, string][] {
  return Object.entries(props)
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    .slice(0, REST_AT_MOST)
    .map(([name, value]) => [name, String(value)])
}
