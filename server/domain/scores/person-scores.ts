/**
 * The scores of one customer at any time, from their orders and the parameters that were published by then. Nothing else
 * has a say, so a score, and when it changes, can be computed again at any time and anywhere.
 *
 * Days are those of the shop. An order counts from its time on, and for recency, frequency and money through the last day
 * of the window that begins with its own day.
 */
import { itemAt } from '../lookup.ts'
import { dayNumberIn } from '../zone.ts'
import { type BuyingHistory, expectedOrders, probabilityAlive } from './churn.ts'
import type { ChurnFit } from './churn-fit.ts'
import { type Money, moneyOf, type OrderSums, type RfmBounds, type RfmInput, type RfmScore, rfmScore } from './rfm.ts'

/** What is left of an order after refunds: `total` in minor units, null if it is unknown. */
export type ScoredOrder = { at: number; total: number | null; currency: string }

/** How orders are counted: the zone of the shop's days, the currency of its money, and the days of a window (null: all). */
export type Counting = { zone: string; currency: string; windowDays: number | null; money: Money }

/**
 * Parameters in force from `at` on, until the next version. `bounds` and `fit`, in days, are null where there were too few
 * orders.
 */
export type ScoreVersion = Counting & {
  version: number
  at: number
  bounds: RfmBounds | null
  fit: ChurnFit | null
}

/** The days for which orders are expected. */
export const EXPECTED_DAYS = 90

/** A customer's orders, prepared for questions about any time. */
export type OrderHistory = ReturnType<typeof createHistory>

/** Prepares a customer's orders. */
export function createHistory(orders: readonly ScoredOrder[], { zone, currency, windowDays, money }: Counting) {
  const sorted = [...orders].sort((a, b) => a.at - b.at)
  const times = sorted.map(({ at }) => at)
  const days = sorted.map(({ at }) => dayNumberIn(zone, at))
  // What all orders before a place come to, so that a window is a difference.
  const valued = [0]
  const sums = [0]
  const repeats: number[] = []
  for (const [i, order] of sorted.entries()) {
    const isKnown = order.total !== null && order.currency === currency
    valued.push(itemAt(valued, i) + (isKnown ? 1 : 0))
    sums.push(itemAt(sums, i) + (isKnown ? (order.total ?? 0) : 0))
    repeats.push(i === 0 ? 0 : itemAt(repeats, i - 1) + (itemAt(days, i) > itemAt(days, i - 1) ? 1 : 0))
  }
  const first = days[0] ?? 0

  return {
    times,
    days,
    /** The orders of the window at a time on a day; null if there are none. */
    windowAt(at: number, day: number): (OrderSums & { recency: number }) | null {
      const end = placeAfter(times, at)
      const begin = windowDays === null ? 0 : placeAfter(days, day - windowDays)
      if (begin >= end) return null
      return {
        ...{ orders: end - begin, valued: difference(valued, begin, end), sum: difference(sums, begin, end) },
        recency: day - itemAt(days, end - 1),
      }
    },
    /** Recency, frequency and money at a time on a day; null without an order in the window. */
    rfmAt(at: number, day: number): RfmInput | null {
      const sums = this.windowAt(at, day)
      return sums && { recency: sums.recency, frequency: sums.orders, money: moneyOf(sums, money) }
    },
    /** What the model of churn knows at a time on a day; null before the first order. */
    buyingAt(at: number, day: number): BuyingHistory | null {
      const end = placeAfter(times, at)
      if (end === 0) return null
      return { frequency: itemAt(repeats, end - 1), recency: itemAt(days, end - 1) - first, age: day - first }
    },
  }
}

/** How many numbers of an ascending list are at most this one. */
export function placeAfter(list: readonly number[], value: number): number {
  let from = 0
  for (let to = list.length; from < to; ) {
    const middle = (from + to) >> 1
    if (itemAt(list, middle) <= value) from = middle + 1
    else to = middle
  }
  return from
}

function difference(totals: readonly number[], from: number, to: number): number {
  return itemAt(totals, to) - itemAt(totals, from)
}

/**
 * A customer's scores. `rfm` is null without an order in the window or without bounds, `alive` and `expected` without an
 * order or a fit.
 */
export type PersonScores = { rfm: RfmScore | null; alive: number | null; expected: number | null }

/** A customer's scores by a version, at a time. */
export function scoresAt(history: OrderHistory, version: ScoreVersion, at: number): PersonScores {
  const day = dayNumberIn(version.zone, at)
  const input = version.bounds && history.rfmAt(at, day)
  const buying = version.fit && history.buyingAt(at, day)
  return {
    rfm: input && version.bounds && rfmScore(input, version.bounds),
    alive: buying && version.fit && probabilityAlive(version.fit, buying),
    expected: buying && version.fit && expectedOrders(version.fit, buying, EXPECTED_DAYS),
  }
}
