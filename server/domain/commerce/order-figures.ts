/** What the orders of one person come to. */
import { UNKNOWN_CURRENCY } from '../money.ts'

/** An order, as far as figures read it; `total` in minor units, null if it is unknown. */
export type CountedOrder = { at: number; total: number | null; currency: string }

/** `currency` is the person's main one, and `total` what was paid in it. Both are null if no amount is known. */
export type OrderFigures = {
  count: number
  firstAt: number | null
  lastAt: number | null
  total: number | null
  currency: string | null
}

/**
 * The figures of some orders. The main currency is the one of most orders whose amount is known, of several the one of the
 * latest order. Nothing is converted: what was paid in other currencies is not in the total.
 */
export function orderFigures(orders: readonly CountedOrder[]): OrderFigures {
  const known = orders.filter(({ total, currency }) => total !== null && currency !== UNKNOWN_CURRENCY)
  const sums = new Map<string, { orders: number; lastAt: number; total: number }>()
  for (const { at, total, currency } of known) {
    const sum = sums.get(currency) ?? { orders: 0, lastAt: at, total: 0 }
    sums.set(currency, {
      orders: sum.orders + 1,
      lastAt: Math.max(sum.lastAt, at),
      total: Math.min(Number.MAX_SAFE_INTEGER, sum.total + (total ?? 0)),
    })
  }
  const [main] = [...sums].sort(
    ([a, one], [b, other]) => other.orders - one.orders || other.lastAt - one.lastAt || (a < b ? -1 : 1),
  )
  let [firstAt, lastAt]: [number | null, number | null] = [null, null]
  for (const { at } of orders) {
    firstAt = Math.min(firstAt ?? at, at)
    lastAt = Math.max(lastAt ?? at, at)
  }
  return { count: orders.length, firstAt, lastAt, total: main?.[1].total ?? null, currency: main?.[0] ?? null }
}
