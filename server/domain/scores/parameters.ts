/**
 * Computes the parameters of scores from all customers of a shop, who are added one by one: the bounds of recency, frequency
 * and money, and the fit of the model of churn, which goes in steps, so that a caller can do other work in between.
 */
import { currencyDecimals } from '../money.ts'
import type { BuyingHistory } from './churn.ts'
import { type ChurnFit, type FitSearch, grouped, lackOf, type NoFit, searchFit } from './churn-fit.ts'
import type { Counting, OrderHistory } from './person-scores.ts'
import { type RfmBounds, type RfmInput, rfmBounds } from './rfm.ts'
import { createSample } from './sample.ts'

/** A month is a twelfth of 365 days, so that a window has the same length on every day. */
export function monthsInDays(months: number): number {
  return Math.round((months * 365) / 12)
}

/** How the scores that are published count orders. */
export const PUBLISHED_COUNTING = { windowDays: monthsInDays(24), money: 'mean' } as const

/** The time that scores are computed for, and the day of the shop that it lies on. */
export type AsOf = { at: number; day: number }

/** Collects customers for the bounds. */
export function collectBounds({ currency }: Counting, { at, day }: AsOf) {
  const inputs: RfmInput[] = []
  return {
    add(history: OrderHistory): void {
      const input = history.rfmAt(at, day)
      if (input !== null) inputs.push(input)
    },
    bounds(): RfmBounds | null {
      return rfmBounds(inputs, 10 ** currencyDecimals(currency))
    },
  }
}

/** The fit is computed from so many customers at most twice over; with more, from a sample of them. */
const MOST_FITTED = 20_000

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
