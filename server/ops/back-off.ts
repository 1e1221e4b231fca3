/** Landing and deriving wait while collecting lacks a processor: a burst is taken in first. */
import { setTimeout as sleep } from 'node:timers/promises'

/** They wait no longer than this, and not while something has waited as long to be landed. */
const LONGEST_MS = 60_000
const STEP_MS = 20

/** Resolves when it is their turn. `oldestAt` says when what waits longest was appended, by the clock `now`. */
export async function backOff(deps: {
  /** Whether the thread that collects lacks a processor. */
  isShort: () => boolean
  isStopping: () => boolean
  oldestAt: () => number | null
  now: () => number
}): Promise<void> {
  const { isShort, isStopping, oldestAt, now } = deps
  const end = now() + LONGEST_MS
  while (!isStopping() && isShort() && now() < end) {
    const oldest = oldestAt()
    if (oldest !== null && now() - oldest > LONGEST_MS) return
    await sleep(STEP_MS)
  }
}
