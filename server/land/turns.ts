/**
 * Whose turn it is, landing or deriving. Both in turn, unless a backlog is worked off: then several batches land before
 * each round, because a visitor whose next events have waited as long as these is derived once for all of them. What
 * comes in is late by the backlog anyhow.
 */

/** A batch that waited longer than this belongs to a backlog. */
const BACKLOG_MS = 5000

/** Batches that land before a round of deriving. */
const BATCHES = 8

/** Takes the batches as they land. `derives` tells whether a round of deriving is due now. */
export function createTurns() {
  let batches = 0
  return {
    derives({ events, lagMs }: { events: number; lagMs: number }): boolean {
      batches++
      const due = events === 0 || lagMs < BACKLOG_MS || batches >= BATCHES
      if (due) batches = 0
      return due
    },
  }
}
