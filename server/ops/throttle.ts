/** Throttling of repeated messages. */

/** The function runs at most once in this time. */
const INTERVAL_MS = 30_000

/** Wraps a function so that it is called at most once per interval; calls in between are dropped. */
export function throttle<T extends unknown[]>(call: (...args: T) => void): (...args: T) => void {
  let calledAt = Number.NEGATIVE_INFINITY
  return (...args) => {
    if (performance.now() - calledAt < INTERVAL_MS) return
    calledAt = performance.now()
    call(...args)
  }
}
