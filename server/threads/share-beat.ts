/** Renews the process's share of what is to be derived: beside the stages, so that a long transaction does not lose it. */
import type { Attempt } from './attempts.ts'

/** How often it is renewed. */
const BEAT_MS = 2000

/** Renews it until the thread stops. `sleep` ends early when it does. */
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
