/**
 * When a visitor is worked on again. A visitor is folded from its first event at every change, so one that sends all
 * the time would take the thread from all others: it rests after each fold, so long that no visitor takes more than a
 * tenth of the thread. One that is overactive is only counted, and that once a minute.
 */

/** A visitor that sends all the time is derived at most this often. */
const BUSY_MS = 500
const OVERACTIVE_MS = 60_000

/** A visitor rests so many times as long as its fold took. */
const REST = 10

/** Visitors that rest are forgotten in bulk when they are so many. */
const MAX_RESTING = 100_000

/** A visitor that was worked on; `events` is its share of the time that the batch took. */
type Worked = { visitorId: string; events: unknown[]; overactive: { events: number } | null }

/** Remembers who rests. Times are of a clock that nobody sets. */
export function createPace(clock: () => number = () => performance.now()) {
  const dueAt = new Map<string, number>()
  return {
    /** Whether the visitor may be worked on now. */
    isDue: (visitorId: string) => (dueAt.get(visitorId) ?? Number.NEGATIVE_INFINITY) <= clock(),
    /** Notes that a batch was worked off in `tookMs`. */
    worked(batch: Worked[], tookMs: number) {
      const time = clock()
      if (dueAt.size > MAX_RESTING) for (const [id, at] of dueAt) if (at <= time) dueAt.delete(id)
      const weights = batch.map(({ events, overactive }) => overactive?.events ?? events.length)
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      for (const [i, { visitorId, overactive }] of batch.entries()) {
        const own = (tookMs * weights[i]!) / total
        dueAt.set(visitorId, time + Math.max(overactive ? OVERACTIVE_MS : BUSY_MS, REST * own))
      }
    },
  }
}
