/**
 * Orders: one per order id, whichever channels report it. A tag's purchase is the weakest source of its fields, a
 * server's is better, an import or the API is best.
 */
import { itemAt } from '../lookup.ts'
import { toMinor, UNKNOWN_CURRENCY } from '../money.ts'
import { type CartItem, type CommerceEvent, isNothing, itemsOf, sumOf } from './cart.ts'
import { readCommerce } from './read.ts'

/** Who reported an order, weakest first. */
export type OrderSource = 'tag' | 'server' | 'api'

/** An order as one source reports it; `total` in minor units, null if it is unknown. */
export type Order = { orderId: string; at: number; total: number | null; currency: string; items: CartItem[] }

/**
 * The order that a `purchase` event reports; without an order id the event's own id is used. Null if it reports none:
 * nothing that is worth nothing. `home` is the site's own currency.
 */
export function orderOf(event: Pick<CommerceEvent, 'id' | 'at' | 'props'>, home: string | null): Order | null {
  const reading = readCommerce('purchase', event.props, home)
  if (isNothing(reading)) return null
  const currency = reading.currency ?? home ?? UNKNOWN_CURRENCY
  const items = itemsOf(reading.lines, currency)
  const sum = items.length === 0 ? null : sumOf(items)
  return {
    orderId: reading.orderId ?? `event:${event.id}`,
    at: event.at,
    total: reading.value === null ? sum : toMinor(reading.value, currency),
    currency,
    items,
  }
}

/** An order as reported by one source, for readers. */
export type ReportedOrder = {
  orderId: string
  source: OrderSource
  at: number
  total: number | null
  currency: string
  itemIds: string[]
}

const RANK: Record<OrderSource, number> = { tag: 0, server: 1, api: 2 }

/** One order per id, oldest first, with each field from the best source that has it. */
export function mergeOrders(told: ReportedOrder[]): Omit<ReportedOrder, 'source'>[] {
  const merged = [...Map.groupBy(told, (order) => order.orderId)].map(([orderId, tellings]) => {
    const best = tellings.sort((a, b) => RANK[b.source] - RANK[a.source] || a.at - b.at)
    const first = itemAt(best, 0)
    const known = best.filter((order) => order.total !== null)
    const { total, currency } = known.find((order) => order.currency !== UNKNOWN_CURRENCY) ?? known[0] ?? first
    const itemIds = best.find((order) => order.itemIds.length > 0)?.itemIds ?? []
    return { orderId, at: first.at, total, currency, itemIds }
  })
  return merged.sort((a, b) => a.at - b.at || (a.orderId < b.orderId ? -1 : 1))
}
