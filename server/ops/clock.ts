/** A clock for durations inside the process: the wall clock may be set back or ahead while it runs. */

/**
 * Creates a monotonic clock, in milliseconds from the wall clock's time at creation. Use it for ages and waits; times
 * that are shown to anybody come from the wall clock, which is corrected sooner or later.
 */
export function createSteadyClock(): () => number {
  const began = Date.now() - performance.now()
  return () => Math.round(began + performance.now())
}
