/** A clock for what is measured inside the process: the wall clock may be set back or ahead while it runs. */

/**
 * The time in milliseconds as the wall clock had it when this was called, moved on by a clock that nobody sets. For
 * ages and waits; times that are told to anybody come from the wall clock, which is put right in the end.
 */
export function createSteadyClock(): () => number {
  const began = Date.now() - performance.now()
  return () => Math.round(began + performance.now())
}
