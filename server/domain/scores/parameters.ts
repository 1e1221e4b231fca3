/**
 * Computes the parameters of scores from all customers of a shop, who are added one by one: the bounds of recency, frequency
 * and money, and the fit of the model of churn, which goes in steps, so that a caller can do other work in between.
 */
import { currencyDecimals, UNKNOWN_CURRENCY } from '../money.ts'
import type { BuyingHistory } from './churn.ts'
import { type ChurnFit, type FitSearch, grouped, lackOf, type NoFit, searchFit } from './churn-fit.ts'
import type { OrderHistory } from './person-scores.ts'
import { boundsOf, type RfmBounds, type RfmInput } from './rfm.ts'
import { createSample } from './sample.ts'

/** A month is a twelfth of 365 days, so that a window has the same length on every day. */
export function monthsInDays(months: number): number {
  return Math.round((months * 365) / 12)
}

/** How the scores that are published count orders. */
export const PUBLISHED_COUNTING = { windowDays: monthsInDays(24), money: 'mean' } as const

/**
 * The main currency, by the number of orders in each: the one of most orders, a known one if there is any; of several, the first
 * by its code. Null without an order.
 */
export function mainOf(orders: ReadonlyMap<string, number>): string | null {
  const sorted = [...orders].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  const known = sorted.find(([currency]) => currency !== UNKNOWN_CURRENCY)
  return (known ?? sorted[0])?.[0] ?? null
}

/** The time that scores are computed for, and the day of the shop that it lies on. */
export type AsOf = { at: number; day: number }

/** Collects customers for the bounds, whose money is in minor units of a currency. */
export function collectBounds(currency: string) {
  const figures = { r: [] as number[], f: [] as number[], m: [] as number[] }
  const units = { r: 1, f: 1, m: 10 ** currencyDecimals(currency) }
  const bounds: RfmBounds = { r: [], f: [], m: [] }
  const left: (keyof RfmBounds)[] = ['r', 'f', 'm']
  return {
    /** Adds a customer, before the first step. */
    add({ recency, frequency, money }: RfmInput): void {
      figures.r.push(recency)
      figures.f.push(frequency)
      if (money !== null) figures.m.push(money)
    },
    /** Finds the bounds of one figure. Returns whether it was the last one. */
    step(): boolean {
      const figure = left.shift()
      if (figure !== undefined) bounds[figure] = boundsOf(figures[figure], units[figure])
      return left.length === 0
    },
    /** The bounds, after the last step; null without customers. */
    bounds(): RfmBounds | null {
      return figures.r.length === 0 ? null : bounds
    },
  }
}

/** The fit is computed from so many customers at most twice over; with more, from a sample of them. */
const MOST_FITTED = 10_000

/** A fit in days, or what it lacks. */
export type FitOrLack = { fit: ChurnFit; lack: null } | { fit: null; lack: NoFit }

/** Collects customers for the fit. */
export function collectFit({ at, day }: AsOf) {
  const sample = createSample<BuyingHistory>(MOST_FITTED)
  let search: FitSearch | null = null
  let lack: NoFit | null = null
  return {
    add(id: string, history: OrderHistory): void {
      const buying = history.buyingAt(at, day)
      if (buying !== null) sample.add(id, buying)
    },
    /** Goes on with the fit to those who were added. Returns whether it has ended. */
    step(evaluations: number): boolean {
      if (search === null) {
        const histories = grouped(sample.values())
        lack = lackOf(histories)
        if (lack !== null) return true
        search = searchFit(histories)
      }
      return search.step(evaluations)
    },
    /** The fit, after the last step. */
    result(): FitOrLack {
      if (lack !== null) return { fit: null, lack }
      if (search === null) throw new Error('the search for a fit has not begun')
      return { fit: search.result(), lack: null }
    },
  }
}
