/**
 * Attempts of the pipeline's stages. A failure is reported, the thread pauses, longer each time, and the next attempt
 * finds the work again. So a stage that keeps failing neither floods the log nor blocks the others.
 */
import { Ended } from '../erasure/rewrites.ts'
import { LostClaim } from '../store/work/ownership.ts'

/** The stages of the thread's loop. */
export type Stage = 'land' | 'derive' | 'share' | 'forget' | 'retain' | 'upkeep'

/** The pause after a stage's first failure, which doubles with each further one, and its maximum. */
const AFTER_ERROR_MS = 250
const AFTER_ERRORS_MS = 2000

/** Runs a stage and returns whether it found work. After a failure it pauses, then returns false. */
export type Attempt = (stage: Stage, work: () => Promise<boolean>) => Promise<boolean>

/** Creates the attempts. */
export function createAttempts(deps: {
  onError: (stage: Stage, error: unknown) => void
  /** Called if another process has taken over the work of this one, which wrote nothing. */
  onFenced: (message: string) => void
  isStopping: () => boolean
  sleep: (ms: number) => Promise<unknown>
}) {
  const failures = new Map<Stage, number>()
  const attempt: Attempt = async (stage, work) => {
    try {
      const found = await work()
      failures.delete(stage)
      return found
    } catch (error) {
      if (error instanceof Ended) return false
      if (error instanceof LostClaim) {
        deps.onFenced(error.message)
        return true
      }
      deps.onError(stage, error)
      const before = failures.get(stage) ?? 0
      failures.set(stage, before + 1)
      await deps.sleep(Math.min(AFTER_ERRORS_MS, AFTER_ERROR_MS * 2 ** before))
      return false
    }
  }
  return {
    attempt,
    /**
     * Runs one stage inside another, which continues if it fails. If the thread is stopping, a failure throws `Ended`
     * instead, because it would not be retried before the next start.
     */
    async within(stage: Stage, work: () => Promise<void>): Promise<void> {
      const done = await attempt(stage, async () => {
        await work()
        return true
      })
      if (!done && deps.isStopping()) throw new Ended()
    },
  }
}
