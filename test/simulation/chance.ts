/** Randomness from a seed: nothing in the town depends on the machine's random numbers or clock. */

/** Draws from one stream of numbers. */
export type Chance = {
  /** Whether an event of this probability happens. */
  happens(probability: number): boolean
  /** A number from `low` up to `high`. */
  between(low: number, high: number): number
  /** An integer from `low` to `high`, inclusive. */
  whole(low: number, high: number): number
  /** One of them. */
  pick<T>(of: readonly T[]): T
  /** A waiting time with this mean, many short and few long. */
  wait(mean: number): number
}

/** A separate stream for each seed (mulberry32). */
export function createChance(seed: number): Chance {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (low: number, high: number) => low + next() * (high - low)
  const whole = (low: number, high: number) => Math.floor(between(low, high + 1))
  return {
    happens: (probability) => next() < probability,
    between,
    whole,
    pick: (of) => of[whole(0, of.length - 1)]!,
    wait: (mean) => -Math.log(1 - next()) * mean,
  }
}
