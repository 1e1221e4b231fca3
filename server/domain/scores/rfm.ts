/**
 * Recency, frequency and money: what a customer's orders within a window come to, the bounds of the five scores of each, and
 * the scores. Equal customers get equal scores.
 */
import { binOf, cutsOf } from './quantile.ts'
import { type RfmGroup, rfmGroupOf } from './rfm-groups.ts'

/** What money is: the mean value of an order, or what all of them come to. */
export type Money = 'mean' | 'total'

/** The scores go from 1 to 5. */
const SCORES = 5

/**
 * What a customer's orders come to. `recency`: days since the last one; `frequency`: how many there are; `money` in minor
 * units of the main currency, null if the value of none of them is known.
 */
export type RfmInput = { recency: number; frequency: number; money: number | null }

/**
 * The four bounds between the five scores of recency in days, of frequency in orders, and of money in minor units. Those of
 * money are empty if nobody's spending is known.
 *
 * As in the R package `rfm`, a bound lies one day, one order or one unit of the currency above the quantile, and a value on
 * a bound belongs above it. So whoever equals the quantile is below the bound: where most customers have bought once, these
 * have the lowest score of frequency and not the highest that their number would reach.
 */
export type RfmBounds = { r: number[]; f: number[]; m: number[] }

/** A customer's scores, 5 for the best, and their group. `m` is null if their spending is unknown. */
export type RfmScore = { r: number; f: number; m: number | null; group: RfmGroup }

/**
 * Orders added up: how many there are, how many of them have a known value in the main currency, and what these come to.
 * Orders in other currencies count for recency and frequency only.
 */
export type OrderSums = { orders: number; valued: number; sum: number }

/** The money of orders, or null. */
export function moneyOf({ valued, sum }: OrderSums, money: Money): number | null {
  if (valued === 0) return null
  return money === 'total' ? sum : sum / valued
}

/** The bounds of one figure of all customers; `above` is one unit of it. */
export function boundsOf(values: readonly number[], above: number): number[] {
  return cutsOf(Float64Array.from(values), SCORES).map((cut) => cut + above)
}

/** Scores a customer. The most recent ones have the highest score of recency. */
export function rfmScore({ recency, frequency, money }: RfmInput, bounds: RfmBounds): RfmScore {
  const r = SCORES - binOf(recency, bounds.r)
  const f = 1 + binOf(frequency, bounds.f)
  const m = money === null ? null : 1 + binOf(money, bounds.m)
  return { r, f, m, group: rfmGroupOf(r, f, m) }
}
