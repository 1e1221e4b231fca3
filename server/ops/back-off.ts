/** Makes landing and deriving back off while collecting lacks a processor: a burst is accepted first. */
import { setTimeout as sleep } from 'node:timers/promises'

/** The longest that they back off, and never while an entry has waited that long to be landed. */
const LONGEST_MS = 60_000
const STEP_MS = 20

/** Resolves when landing and deriving may continue. `oldestAt` returns when the oldest waiting entry was appended. */
export async function backOff(deps: {
  /** Whether the collector's thread lacks a processor. */
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
