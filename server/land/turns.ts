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

/** Takes what has landed, and says how long the next turn of landing may take; the part that it is at then is ended. */
export function createTurns() {
  let ms = 0
  return {
    ms: () => ms,
    /** So long deriving may go on when landing has taken `landMs`; it ends the round that it is at. */
    derivingMs: (landMs: number) => Math.min(landMs, LONGEST_DERIVING_MS),
    landed({ lagMs }: { lagMs: number }): void {
      ms = Math.min(lagMs < LATE_MS ? PROMPT_MS : LONGEST_MS, lagMs)
    },
    /** A store that lacks room for a large transaction may have some for a small one. */
    failed(): void {
      ms = 0
    },
  }
}
