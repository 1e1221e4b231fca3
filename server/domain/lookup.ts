/** Looking up what must be there: a wrong assumption ends in an error that names it, and not in `undefined`. */

/** The value of a key that a map must have. */
export function mustGet<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key)
  if (value === undefined) throw new Error(`nothing is known of "${key}", which must be there`)
  return value
}

/** The item at a place that a list must have. */
export function itemAt<T>(list: readonly T[], place: number): T {
  const item = list[place]
  if (item === undefined) throw new RangeError(`a list of ${list.length} must have an item at ${place}`)
  return item
}
