/**
 * `process.nextTick`, which each request calls a dozen times, builds an object with computed names. V8 keeps doing that
 * the fast way if the function was compiled while all these objects were alike, and otherwise never again: which of the
 * two happens depends on what a process does first. Calling it often enough at once costs 2 ms and settles it; without
 * that the collector's thread spends a twentieth of its time there.
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
