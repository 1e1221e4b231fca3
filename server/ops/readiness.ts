/** Whether a server can take events and keep them, and what is worth knowing although it can. */

/** From here on it is said that landing is late. It can take events all the same. */
const LATE_MS = 5 * 60_000

/** What `/readyz` answers. */
export type Readiness = {
  ready: boolean
  /** What is missing, in words; empty when ready. */
  missing: string[]
  /** What is not as it should be although events are taken. */
  warnings: string[]
  journal: { writable: boolean; waiting_entries: number; waiting_bytes: number }
  store: { reachable: boolean }
  lag_seconds: number
}

/** Judges what was found. While the store is away events are taken still, but whoever asks should know. */
export function readinessOf(found: {
  refusing: string | null
  storeReachable: boolean
  waiting: { entries: number; bytes: number; oldestMs: number }
}): Readiness {
  const { refusing, storeReachable, waiting } = found
  const missing = [...(refusing === null ? [] : [refusing]), ...(storeReachable ? [] : ['the store cannot be read'])]
  const minutes = Math.floor(waiting.oldestMs / 60_000)
  return {
    ready: missing.length === 0,
    missing,
    warnings: waiting.oldestMs < LATE_MS ? [] : [`what was accepted has waited to be landed for ${minutes} minutes`],
    journal: { writable: refusing === null, waiting_entries: waiting.entries, waiting_bytes: waiting.bytes },
    store: { reachable: storeReachable },
    lag_seconds: waiting.oldestMs / 1000,
  }
}
