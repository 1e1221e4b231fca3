/** Quantiles of a list of values. */
import { itemAt } from '../lookup.ts'

/**
 * The values that cut a list into so many bins of equal size: quantiles of type 7 of Hyndman and Fan, which R and spreadsheets
 * use by default. `sorted` is in ascending order. Whole numbers are cut without rounding errors, so that a value that lies
 * exactly on a cut is found there.
 */
export function cutsOf(sorted: readonly number[] | Float64Array, bins: number): number[] {
  if (sorted.length === 0) return []
  const last = sorted.length - 1
  return Array.from({ length: bins - 1 }, (_, i) => {
    const place = last * (i + 1)
    const below = Math.floor(place / bins)
    const [low = 0, high = low] = sorted.slice(below, below + 2)
    return low + ((place % bins) * (high - low)) / bins
  })
}

/** The bin that a value falls into, counted from 0. A value on a cut belongs to the bin above it. */
export function binOf(value: number, cuts: readonly number[]): number {
  let bin = 0
  while (bin < cuts.length && value >= itemAt(cuts, bin)) bin++
  return bin
}
