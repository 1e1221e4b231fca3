/** Words that are not said again and again. */

/** The like is said again after this. */
const INTERVAL_MS = 30_000

/** Says it, and the like not again for a while. */
export function throttle<T extends unknown[]>(say: (...what: T) => void): (...what: T) => void {
  let saidAt = Number.NEGATIVE_INFINITY
  return (...what) => {
    if (performance.now() - saidAt < INTERVAL_MS) return
    saidAt = performance.now()
    say(...what)
  }
}
