/** Words that are not said again and again. */

/** The like is said again after this. */
const SAY_AGAIN_MS = 30_000

/** Says it, and the like not again for a while. */
export function rarely<T extends unknown[]>(say: (...what: T) => void): (...what: T) => void {
  let saidAt = Number.NEGATIVE_INFINITY
  return (...what) => {
    if (performance.now() - saidAt < SAY_AGAIN_MS) return
    saidAt = performance.now()
    say(...what)
  }
}
