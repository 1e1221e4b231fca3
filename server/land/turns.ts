/**
 * How long landing goes on before deriving has its turn, and that before landing has. Where landing is late it goes on for
 * longer, the later the longer: of what has waited for long more falls on the same pages, which are written once a
 * transaction. Deriving has as long as landing took, but less of a backlog's: a visitor whose next events wait too is
 * derived once for all of them.
 */

/** Events that are read and landed at once, a tenth of a second's; a transaction holds one such part or more. */
export const BATCH_EVENTS = 4000

/** Other writers wait for a transaction no longer than this, and deriving for its turn. */
const LONGEST_MS = 2000

/** What waits for less than this is no backlog: after a pause of the disk's, turns stay as short as they were. */
const LATE_MS = 1000
const PROMPT_MS = 100

/** Deriving is given no longer where there is something to land. */
const LONGEST_DERIVING_MS = 250

/** The turns. `now` is a clock that nobody sets; while `interrupted` says so, a turn goes on no longer than it must. */
export function createTurns({ now, interrupted }: { now: () => number; interrupted: () => boolean }) {
  let ms = 0
  let landMs = 0
  const during = (ms: number) => {
    const end = now() + ms
    return () => now() < end && !interrupted()
  }
  return {
    /**
     * Lands as much as this turn may, and says whether that was anything. `once` lands a part, or more for as long as it
     * is told to go on, and says how long what it landed last had waited.
     */
    async land(once: (goOn: () => boolean) => Promise<{ events: number; lagMs: number }>): Promise<boolean> {
      const began = now()
      const goOn = during(ms)
      landMs = 0
      // A store that lacks room for a large transaction may have some for a small one.
      ms = 0
      const landed = await repeat(goOn, async () => {
        const { events, lagMs } = await once(goOn)
        ms = Math.min(lagMs < LATE_MS ? PROMPT_MS : LONGEST_MS, lagMs)
        return events > 0
      })
      if (landed) landMs = now() - began
      return landed
    },
    /** Derives a round, and others for so long as this turn may. Says whether there was anything to derive. */
    derive: (round: () => Promise<boolean>): Promise<boolean> =>
      repeat(during(Math.min(landMs, LONGEST_DERIVING_MS)), round),
  }
}

/** Does it once, and again until there is nothing to do or it may not go on. */
async function repeat(goOn: () => boolean, work: () => Promise<boolean>): Promise<boolean> {
  const found = await work()
  if (found) while (goOn() && (await work()));
  return found
}
