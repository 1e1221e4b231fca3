/**
 * How the thread divides its time between landing and deriving. The later landing is, the longer its turn: events that
 * have waited longer fall more often on the same pages, which are written once per transaction. Deriving gets as long
 * as landing took, but less while there is a backlog: a visitor whose next events also wait is derived once for all of
 * them.
 */

/** Events that are read and landed at once, a tenth of a second's; a transaction holds one such part or more. */
export const BATCH_EVENTS = 4000

/** The longest that other writers wait for a transaction, and deriving for its turn. */
const LONGEST_MS = 2000

/** Below this there is no backlog: after a hiccup of the disk, turns stay as short as before. */
const LATE_MS = 1000
const PROMPT_MS = 100

/** Deriving gets no longer than this while there is something to land. */
const LONGEST_DERIVING_MS = 250

/** Creates the turns. `now` is a monotonic clock; while `interrupted` returns true, a turn ends as soon as it can. */
export function createTurns({ now, interrupted }: { now: () => number; interrupted: () => boolean }) {
  let ms = 0
  let landMs = 0
  const during = (ms: number) => {
    const end = now() + ms
    return () => now() < end && !interrupted()
  }
  return {
    /**
     * Lands as much as this turn allows, and returns whether there was anything. `once` lands a part, or more for as
     * long as `keepGoing` returns true, and returns how long the entry that it landed last had waited.
     */
    async land(once: (keepGoing: () => boolean) => Promise<{ events: number; lagMs: number }>): Promise<boolean> {
      const began = now()
      const keepGoing = during(ms)
      landMs = 0
      // A store without room for a large transaction may have room for a small one.
      ms = 0
      const landed = await repeat(keepGoing, async () => {
        const { events, lagMs } = await once(keepGoing)
        ms = Math.min(lagMs < LATE_MS ? PROMPT_MS : LONGEST_MS, lagMs)
        return events > 0
      })
      if (landed) landMs = now() - began
      return landed
    },
    /** Derives a round, and more for as long as this turn allows. Returns whether there was anything to derive. */
    derive: (round: () => Promise<boolean>): Promise<boolean> =>
      repeat(during(Math.min(landMs, LONGEST_DERIVING_MS)), round),
  }
}

/** Works once, and again until there is nothing left to do or the turn is over. */
async function repeat(keepGoing: () => boolean, work: () => Promise<boolean>): Promise<boolean> {
  const found = await work()
  if (found) while (keepGoing() && (await work()));
  return found
}
