/**
 * `process.nextTick`, of which each request makes a dozen, builds an object with computed names. V8 keeps doing that
 * the quick way if the function was compiled while all of these objects were alike, and else never again: which of the
 * two depends on what a process does first. Doing it often enough at once costs 2 ms and settles it; without it the
 * collector's thread spends a twentieth of its time there.
 */
const TICKS = 10_000

/** Resolves when the function is compiled. */
export function warmUpTicks(): Promise<void> {
  return new Promise((resolve) => {
    let left = TICKS
    const next = () => (--left > 0 ? process.nextTick(next) : resolve())
    next()
  })
}
