/** Whether a server can accept and keep events, and what is worth knowing even if it can. */

/** From this age on, late landing becomes a warning. Events are accepted all the same. */
const LATE_MS = 5 * 60_000

/** What was accepted and has not landed: how many entries and bytes, and for how long the oldest has waited. */
export type Waiting = { entries: number; bytes: number; oldestMs: number }

/** Makes the function that says what waits, given the bytes of it. */
export function createWaiting(deps: {
  /** Up to where entries have landed; null before that is known. */
  position: () => number | null
  /** What the journal holds after a position. */
  after: (position: number) => { entries: number; oldestAt: number | null }
  /** The journal's clock. */
  now: () => number
}): (bytes: number) => Waiting {
  return (bytes) => {
    const position = deps.position()
    const { entries, oldestAt } = position === null ? { entries: 0, oldestAt: null } : deps.after(position)
    return { entries, bytes, oldestMs: oldestAt === null ? 0 : Math.max(0, deps.now() - oldestAt) }
  }
}

/** The answer of `/readyz`. */
export type Readiness = {
  ready: boolean
  /** What is missing, in words; empty if ready. */
  missing: string[]
  /** What is wrong although events are accepted. */
  warnings: string[]
  journal: { writable: boolean; waiting_entries: number; waiting_bytes: number }
  store: { reachable: boolean }
  lag_seconds: number
}

/** Evaluates the state. While the store is unreachable events are still accepted, but the caller should know. */
export function readinessOf(found: { refusing: string | null; storeReachable: boolean; waiting: Waiting }): Readiness {
  const { refusing, storeReachable, waiting } = found
  const missing = [...(refusing === null ? [] : [refusing]), ...(storeReachable ? [] : ['the store cannot be read'])]
  const minutes = Math.floor(waiting.oldestMs / 60_000)
  return {
    ready: missing.length === 0,
    missing,
    warnings:
      waiting.oldestMs < LATE_MS ? [] : [`accepted events have been waiting to be landed for ${minutes} minutes`],
    journal: { writable: refusing === null, waiting_entries: waiting.entries, waiting_bytes: waiting.bytes },
    store: { reachable: storeReachable },
    lag_seconds: waiting.oldestMs / 1000,
  }
}
