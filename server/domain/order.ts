/**
 * Orders: one per order id, whichever channels report it. A tag's purchase is the weakest source of its fields, a
 * server's is better, an import or the API is best.
 */

import { type CartItem, type CommerceEvent, currencyOf, itemsOf, sumOf } from './cart.ts'
import { itemAt } from './lookup.ts'
import { amountOf, toMinor } from './money.ts'

/** Who reported an order, weakest first. */
export type OrderSource = 'tag' | 'server' | 'api'

/** An order as one source reports it; `total` in minor units. */
export type Order = { orderId: string; at: number; total: number; currency: string; items: CartItem[] }

/** The order that a `purchase` event reports; without an order id the event's own id is used. */
export function orderOf(event: Pick<CommerceEvent, 'id' | 'at' | 'props'>): Order {
  const { props } = event
  const currency = currencyOf(props) ?? 'XXX'
  const items = itemsOf(props, currency)
  const given = [props.transaction_id, props.order_id].find((id) => typeof id === 'string' || typeof id === 'number')
  const said = [props.value, props.total, props.revenue].map(amountOf).find((amount) => amount !== null)
  const total = said === undefined ? sumOf(items) : toMinor(said, currency)
  return {
    orderId: given === undefined || given === '' ? `event:${event.id}` : String(given),
    at: event.at,
    total,
    currency,
    items,
  }
}

/** An order as reported by one source, for readers. */
export type ReportedOrder = {
  orderId: string
  source: OrderSource
  at: number
  total: number
  currency: string
  itemIds: string[]
}

const RANK: Record<OrderSource, number> = { tag: 0, server: 1, api: 2 }

/** One order per id, oldest first, with each field from the best source that has it. */
export function mergeOrders(told: ReportedOrder[]): Omit<ReportedOrder, 'source'>[] {
  const merged = [...Map.groupBy(told, (order) => order.orderId)].map(([orderId, tellings]) => {
    const best = tellings.sort((a, b) => RANK[b.source] - RANK[a.source] || a.at - b.at)
    const first = itemAt(best, 0)
    // `XXX`: the currency is unknown.
    const { total, currency } = best.find((order) => order.currency !== 'XXX') ?? first
    const itemIds = best.find((order) => order.itemIds.length > 0)?.itemIds ?? []
    return { orderId, at: first.at, total, currency, itemIds }
  })
  return merged.sort((a, b) => a.at - b.at || (a.orderId < b.orderId ? -1 : 1))
}
