/** Quantiles of a list of values. */

/**
 * The values that cut a list into so many bins of equal size: quantiles of type 7 of Hyndman and Fan, which R and spreadsheets
 * use by default. Whole numbers are cut without rounding errors, so that a value that lies exactly on a cut is found there.
 * The list is put in another order; sorting all of it would take several times as long.
 */
export function cutsOf(values: Float64Array, bins: number): number[] {
  if (values.length === 0) return []
  const last = values.length - 1
  let from = 0
  return Array.from({ length: bins - 1 }, (_, i) => {
    const place = last * (i + 1)
    const below = Math.floor(place / bins)
    const low = select(values, below, from)
    from = below
    // What is to the right is at least as large: the next value is the least of it.
    const high = below === last ? low : select(values, below + 1, from)
    return low + ((place % bins) * (high - low)) / bins
  })
}

/**
 * The value that would be at a place if the list were sorted; it is put there, with no larger one before it and no smaller
 * one after it. `from`: places before it are in order already. Hoare's algorithm.
 */
function select(values: Float64Array, place: number, from: number): number {
  let left = from
  let right = values.length - 1
  while (left < right) {
    const pivot = middleOf(values[left] ?? 0, values[(left + right) >> 1] ?? 0, values[right] ?? 0)
    let i = left
    let j = right
    while (i <= j) {
      while ((values[i] ?? 0) < pivot) i++
      while ((values[j] ?? 0) > pivot) j--
      if (i > j) break
      const value = values[i] ?? 0
      values[i++] = values[j] ?? 0
      values[j--] = value
    }
    if (place <= j) right = j
    else if (place >= i) left = i
    else break
  }
  return values[place] ?? 0
}

function middleOf(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c))
}

/** The bin that a value falls into, counted from 0. A value on a cut belongs to the bin above it. */
export function binOf(value: number, cuts: readonly number[]): number {
  return cuts.filter((cut) => value >= cut).length
}
