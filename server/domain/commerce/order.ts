/**
 * Orders: one per order id, whichever channels report it. A tag's purchase is the weakest source of its fields, a
 * server's is better, an import or the API is best.
 */
import { itemAt } from '../lookup.ts'
import { toMinor, UNKNOWN_CURRENCY } from '../money.ts'
import { type CommerceEvent, isNothing, orderIdOf } from './cart.ts'
import { type CartItem, itemsOf, sumOf } from './items.ts'
import { readCommerce } from './read.ts'

/** Who reported an order, weakest first. */
export type OrderSource = 'tag' | 'server' | 'api'

/** An order as one source reports it; `total` in minor units, null if it is unknown, and the shop's own id of its cart. */
export type Order = {
  orderId: string
  cartId: string | null
  at: number
  total: number | null
  currency: string
  items: CartItem[]
}

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
    orderId: reading.orderId ?? orderIdOf(event.id),
    cartId: reading.cartId,
    at: event.at,
    total: reading.value === null ? sum : toMinor(reading.value, currency),
    currency,
    items,
  }
}

/** Events that take an order back, whole or in part. */
export const REFUND_TYPES: ReadonlySet<string> = new Set(['refund', 'order_cancelled', 'order_canceled'])

/** What was taken back of an order. Without total and items it is the whole order. */
export type Refund = { orderId: string; at: number; total: number | null; currency: string; itemIds: string[] }

/** The refund that an event reports. Null if it names no order. A cancellation takes back everything. */
export function refundOf(
  event: Pick<CommerceEvent, 'at' | 'props' | 'type'>,
  home: string | null,
): (Refund & { items: CartItem[] }) | null {
  const reading = readCommerce('refund', event.props, home)
  if (reading.orderId === null) return null
  const currency = reading.currency ?? home ?? UNKNOWN_CURRENCY
  const isWhole = event.type !== 'refund'
  const items = isWhole ? [] : itemsOf(reading.lines, currency)
  const sum = items.length === 0 ? null : sumOf(items)
  const total = isWhole ? null : reading.value === null ? sum : Math.abs(toMinor(reading.value, currency))
  return { orderId: reading.orderId, at: event.at, total, currency, items, itemIds: items.map((item) => item.item_id) }
}

/**
 * Whether a pushed order stands. `unpaid`: nobody has paid it, so it is no purchase and closes no cart. `returned`: it was
 * bought, and nothing is left of it.
 */
export type Standing = 'bought' | 'unpaid' | 'returned'

/** The same as a push says it: what is cancelled was `returned` if it had been bought. */
export type OrderStanding = Standing | 'cancelled'

/** The standing of an order after a push, given the one before it. */
export function standingAfter(pushed: OrderStanding, before: Standing | null): Standing {
  if (pushed !== 'cancelled') return pushed
  return before === 'bought' || before === 'returned' ? 'returned' : 'unpaid'
}

/** Whether an order closes carts: somebody has paid for it. */
export function isPurchase(order: { standing: Standing; total: number | null }): boolean {
  return order.standing !== 'unpaid' && (order.total === null || order.total >= 0)
}

/** An order as reported by one source, for readers. */
export type ReportedOrder = {
  orderId: string
  source: OrderSource
  at: number
  total: number | null
  currency: string
  itemIds: string[]
  /** Of a pushed order. */
  standing?: Standing
  /** What a pushed order says was taken back of it. */
  refunds?: { total: number | null; item_ids: string[] }[]
}

const RANK: Record<OrderSource, number> = { tag: 0, server: 1, api: 2 }

/** Reports by their events, so that which of two of one time counts does not depend on which was stored first. */
export function byEvent<T extends { visitor_id: string; event_id: string }>(rows: readonly T[]): T[] {
  const keyOf = (row: T) => `${row.event_id} ${row.visitor_id}`
  return rows.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}

/** The reports of one order, the best source first. */
export function bestFirst<T extends { source: OrderSource; at: number }>(told: readonly T[]): T[] {
  return told.toSorted((a, b) => RANK[b.source] - RANK[a.source] || a.at - b.at)
}

/**
 * One order per id, oldest first, with each field from the best source that has it, less what was taken back of it. An
 * order that was taken back as a whole is none.
 */
export function mergeOrders(told: ReportedOrder[], refunds: Refund[] = []): MergedOrder[] {
  const refundsOf = Map.groupBy(refunds, (refund) => refund.orderId)
  const merged = [...Map.groupBy(told, (order) => order.orderId)].map(([orderId, tellings]) => {
    const best = bestFirst(tellings)
    const first = itemAt(best, 0)
    const known = best.filter((order) => order.total !== null)
    const { total, currency } = known.find((order) => order.currency !== UNKNOWN_CURRENCY) ?? known[0] ?? first
    const itemIds = best.find((order) => order.itemIds.length > 0)?.itemIds ?? []
    const pushed = best.find((order) => order.source === 'api')
    if (pushed?.standing === 'unpaid' || pushed?.standing === 'returned') return null
    // Its own word on what was taken back is better than that of events.
    const stated = pushed?.refunds?.map((refund) => ({
      ...{ orderId, at: pushed.at, total: refund.total, currency: pushed.currency, itemIds: refund.item_ids },
    }))
    const isCredit = total !== null && total < 0
    const order = { orderId, at: first.at, total, currency, itemIds: isCredit ? [] : itemIds }
    return lessRefunds(order, stated && stated.length > 0 ? stated : (refundsOf.get(orderId) ?? []))
  })
  return merged.filter((order) => order !== null).sort((a, b) => a.at - b.at || (a.orderId < b.orderId ? -1 : 1))
}

type MergedOrder = Omit<ReportedOrder, 'source' | 'standing' | 'refunds'>

/** An order less its refunds. Null if nothing is left of it. */
function lessRefunds(order: MergedOrder, refunds: Refund[]): MergedOrder | null {
  let { total, itemIds } = order
  for (const refund of refunds) {
    const isWhole = refund.total === null && refund.itemIds.length === 0
    if (isWhole) return null
    if (total !== null && refund.total !== null) total -= refund.total
    const left = itemIds.filter((id) => !refund.itemIds.includes(id))
    // Part of several pieces of one kind: the rest was kept.
    if (left.length > 0 || total === null || total <= 0) itemIds = left
  }
  const isEmpty = refunds.length > 0 && (total === null ? itemIds.length === 0 : total <= 0)
  return isEmpty ? null : { ...order, total, itemIds }
}
