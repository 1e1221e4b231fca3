/**
 * Decides when a visitor may be derived again. Each change folds a visitor from its first event, so one that sends all
 * the time would starve the others. After each fold a visitor cools down, long enough that no visitor takes more than a
 * tenth of the thread and all recurring visitors together no more than half; new visitors do not wait for them. An
 * overactive visitor is only counted, once a minute.
 */
import { itemAt } from '../domain/lookup.ts'

/** A visitor that sends all the time is derived at most this often. */
const BUSY_MS = 500
const OVERACTIVE_MS = 60_000

/** A cool-down is a multiple of the visitor's own fold time, and of the fold time of all recurring visitors. */
const OWN_FACTOR = 10
const TOTAL_FACTOR = 2

/** The limit of the total's share in a cool-down, however many visitors are busy. */
const MAX_TOTAL_MS = 5000

/** Forget a visitor this long after its cool-down if it has not been derived again. */
const FORGET_MS = 2000

/** A derived visitor; its number of events is its share of the batch's time. */
type Derived = { visitorId: string; events: unknown[]; overactive: { events: number } | null }

/** Keeps the cool-downs of visitors. Times are from a monotonic clock. */
export function createPace(clock: () => number = () => performance.now()) {
  /** When each cool-down ends, and how long the last fold took unless it was the visitor's first. */
  const coolDowns = new Map<string, { dueAt: number; againMs: number }>()
  let allMs = 0
  let forgotAt = clock()

  const forget = (time: number) => {
    if (time - forgotAt < FORGET_MS) return
    forgotAt = time
    allMs = 0
    for (const [id, { dueAt, againMs }] of coolDowns) {
      if (dueAt + FORGET_MS <= time) coolDowns.delete(id)
      else allMs += againMs
    }
  }
  return {
    /** When the visitor may be derived again, past or future; null if it was not derived recently. */
    dueAt: (visitorId: string) => coolDowns.get(visitorId)?.dueAt ?? null,
    /** The current time on the clock that `dueAt` uses. */
    now: clock,
    /** Records that deriving a batch took `tookMs`. */
    record(batch: Derived[], tookMs: number) {
      const time = clock()
      forget(time)
      const weights = batch.map(({ events, overactive }) => overactive?.events ?? events.length)
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      for (const [i, { visitorId, overactive }] of batch.entries()) {
        const own = (tookMs * itemAt(weights, i)) / total
        const before = coolDowns.get(visitorId)
        const againMs = before === undefined || overactive ? 0 : own
        allMs += againMs - (before?.againMs ?? 0)
        const busyMs = Math.min(MAX_TOTAL_MS, Math.max(BUSY_MS, TOTAL_FACTOR * allMs))
        const coolDownMs = Math.max(overactive ? OVERACTIVE_MS : busyMs, OWN_FACTOR * own)
        coolDowns.set(visitorId, { dueAt: time + coolDownMs, againMs })
      }
    },
  }
}
