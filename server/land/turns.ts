/**
 * How much lands before the next round of deriving. A backlog is worked off in larger batches: of what has waited for
 * long more falls on the same pages, which are written once a batch, and a visitor whose next events have waited as long
 * is derived once for all of them. What comes in is late by the backlog anyhow.
 */

/** A batch that waited longer than this belongs to a backlog. */
const BACKLOG_MS = 5000

/** Events of a batch. Other writers wait for it: about a tenth of a second, in a backlog for `HOLD_MS`. */
export const BATCH_EVENTS = 4000
const BACKLOG_EVENTS = 128_000

/** A batch that has taken so long ends with the part that it is at, however many events it might hold. */
export const HOLD_MS = 1000

/** Takes the batches as they land, and says how many events the next may hold. */
export function createTurns() {
  let maxEvents = BATCH_EVENTS
  return {
    maxEvents: () => maxEvents,
    landed({ events, lagMs }: { events: number; lagMs: number }): void {
      maxEvents = events > 0 && lagMs >= BACKLOG_MS ? BACKLOG_EVENTS : BATCH_EVENTS
    },
    /** A store that lacks room for a large batch may have some for a small one. */
    failed(): void {
      maxEvents = BATCH_EVENTS
    },
  }
}
