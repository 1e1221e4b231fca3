/** Renews this process's share of the deriving work, concurrently with the stages, so that a long transaction keeps it. */
import type { Attempt } from './attempts.ts'

/** How often the share is renewed. */
const BEAT_MS = 2000

/** Renews the share until the thread stops, which also ends `sleep`. */
export async function keepShare(deps: {
  beat: () => Promise<void>
  attempt: Attempt
  isStopping: () => boolean
  sleep: (ms: number) => Promise<unknown>
}): Promise<void> {
  while (!deps.isStopping()) {
    await deps.attempt('share', async () => {
      await deps.beat()
      return true
    })
    if (!deps.isStopping()) await deps.sleep(BEAT_MS)
  }
}
