/**
 * When a visitor is worked on again. A visitor is folded from its first event at every change, so one that sends all
 * the time would take the thread from all others: it rests after each fold, so long that no visitor takes more than a
 * tenth of the thread, and all who come again and again no more than half: who is new does not wait for them. One that is
 * overactive is only counted, and that once a minute.
 */
import { itemAt } from '../domain/lookup.ts'

/** A visitor that sends all the time is derived at most this often. */
const BUSY_MS = 500
const OVERACTIVE_MS = 60_000

/** A visitor rests so many times as long as its fold took, and as the folds of all took who do not stay away. */
const REST = 10
const REST_OF_ALL = 2

/** So many visitors may be busy that their turn comes rarely; it comes. */
const LONGEST_MS = 5000

/** Who was not worked on again so long after his rest comes no more, and is forgotten. */
const FORGET_MS = 2000

/** A visitor that was worked on; `events` is its share of the time that the batch took. */
type Worked = { visitorId: string; events: unknown[]; overactive: { events: number } | null }

/** Remembers who rests. Times are of a clock that nobody sets. */
export function createPace(clock: () => number = () => performance.now()) {
  /** Until when, and what his last fold took if it was not his first. */
  const resting = new Map<string, { dueAt: number; againMs: number }>()
  let allMs = 0
  let forgotAt = clock()

  const forget = (time: number) => {
    if (time - forgotAt < FORGET_MS) return
    forgotAt = time
    allMs = 0
    for (const [id, { dueAt, againMs }] of resting) {
      if (dueAt + FORGET_MS <= time) resting.delete(id)
      else allMs += againMs
    }
  }
  return {
    /** Since when the visitor may be worked on; null if it was not worked on lately. That may be in the future. */
    dueAt: (visitorId: string) => resting.get(visitorId)?.dueAt ?? null,
    /** The time by the clock of those times. */
    now: clock,
    /** Notes that a batch was worked off in `tookMs`. */
    worked(batch: Worked[], tookMs: number) {
      const time = clock()
      forget(time)
      const weights = batch.map(({ events, overactive }) => overactive?.events ?? events.length)
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      for (const [i, { visitorId, overactive }] of batch.entries()) {
        const own = (tookMs * itemAt(weights, i)) / total
        const before = resting.get(visitorId)
        const againMs = before === undefined || overactive ? 0 : own
        allMs += againMs - (before?.againMs ?? 0)
        const busyMs = Math.min(LONGEST_MS, Math.max(BUSY_MS, REST_OF_ALL * allMs))
        resting.set(visitorId, { dueAt: time + Math.max(overactive ? OVERACTIVE_MS : busyMs, REST * own), againMs })
      }
    },
  }
}
