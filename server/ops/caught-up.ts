/** Waits until what was accepted so far has landed, for calls that depend on what a sender has just been told is accepted. */

/** What the wait needs. */
export type CaughtUpDeps = {
  /** Up to where entries of the journal have landed; null before that is known. */
  position: () => number | null
  /** The last entry of the journal. */
  newest: () => number
  /** Wakes landing. */
  wake: () => void
  sleep: (ms: number) => Promise<unknown>
}

/** How long a caller waits at most. Later it is better asked to try again. */
const PATIENCE_MS = 3000
const LOOK_EVERY_MS = 20

/** Makes the function that waits, and says whether everything that had been accepted when it was called has landed. */
export function createCaughtUp({ position, newest, wake, sleep }: CaughtUpDeps): () => Promise<boolean> {
  return async () => {
    const goal = newest()
    for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += LOOK_EVERY_MS) {
      if ((position() ?? -1) >= goal) return true
      wake()
      await sleep(LOOK_EVERY_MS)
    }
    return false
  }
}
