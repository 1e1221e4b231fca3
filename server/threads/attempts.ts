/**
 * Attempts of the pipeline's stages. A failure is reported and the stage backs off, longer each time; what was not done
 * is found again next time. So one stage that fails for long fills no log, and holds up no other.
 */
import { Ended } from '../erasure/rewrites.ts'
import { LostClaim } from '../store/work/ownership.ts'

/** What the thread does over and over. */
export type Stage = 'land' | 'derive' | 'share' | 'forget' | 'retain' | 'upkeep'

/** The pause after the first failure of a stage; it doubles with each further one, up to the longest. */
const AFTER_ERROR_MS = 250
const AFTER_ERRORS_MS = 2000

/** Runs a stage and says whether it found something to do. A failure counts as nothing found, once its pause is over. */
export type Attempt = (stage: Stage, work: () => Promise<boolean>) => Promise<boolean>

/** Makes the attempts. */
export function createAttempts(deps: {
  onError: (stage: Stage, error: unknown) => void
  /** Another process has taken over what this one worked on, and nothing was written. */
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
     * Does something in the middle of another stage, which goes on although it fails. Once the thread is stopping it
     * throws `Ended` instead: nobody would try it again before the next start.
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
