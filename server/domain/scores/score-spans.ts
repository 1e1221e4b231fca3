/**
 * When conditions on a customer's scores held, hold and will hold: by each version of the parameters while it is in force,
 * and by the last one until for ever. Before the first version nobody has scores.
 */
import { itemAt } from '../lookup.ts'
import { type Cause, type Span, type Spans, spansOf } from '../spans.ts'
import { dayNumberIn, dayStartIn } from '../zone.ts'
import { type ChurnParameters, probabilityAlive } from './churn.ts'
import { createHistory, type OrderHistory, placeAfter, type ScoredOrder, type ScoreVersion } from './person-scores.ts'
import { type RfmScore, rfmScore } from './rfm.ts'

/** A time at which a score may change, and what changes it: an order, a new day, or a new version. */
type Moment = { at: number; cause: Cause }

/** A version while it is in force, with the orders as it counts them. */
type Stretch = { version: ScoreVersion; history: OrderHistory; from: number; to: number }

/** The conditions of one customer. */
export type ScoreTimeline = ReturnType<typeof createScoreTimeline>

/** Prepares a customer's orders for conditions on scores. `versions` are in order. */
export function createScoreTimeline(orders: readonly ScoredOrder[], versions: readonly ScoreVersion[]) {
  const histories = new Map<string, OrderHistory>()
  const historyBy = (version: ScoreVersion) => {
    const { zone, currency, windowDays, money } = version
    const key = `${zone} ${currency} ${windowDays} ${money}`
    const history = histories.get(key) ?? createHistory(orders, version)
    histories.set(key, history)
    return history
  }
  const stretches = (): Stretch[] =>
    orders.length === 0
      ? []
      : versions.map((version, i) => {
          return { version, history: historyBy(version), from: version.at, to: versions[i + 1]?.at ?? Infinity }
        })

  return {
    /** When the scores of recency, frequency and money are as `holds` asks. */
    rfm(holds: (score: RfmScore) => boolean): Spans {
      return spansOf(
        stretches().flatMap((stretch) => {
          const { version, history } = stretch
          const { bounds, zone } = version
          if (bounds === null) return []
          const isHeld = (at: number) => {
            const input = history.rfmAt(at, dayNumberIn(zone, at))
            return input !== null && holds(rfmScore(input, bounds))
          }
          return held(stretch, rfmMoments(stretch, bounds.r), isHeld)
        }),
      )
    },
    /** When the probability to be a customer still is as `holds` asks. `limits`: the numbers that it compares with. */
    alive(holds: (alive: number) => boolean, limits: readonly number[]): Spans {
      return spansOf(
        stretches().flatMap((stretch) => {
          const { version, history } = stretch
          const { fit, zone } = version
          if (fit === null) return []
          const isHeld = (at: number) => {
            const buying = history.buyingAt(at, dayNumberIn(zone, at))
            return buying !== null && holds(probabilityAlive(fit, buying))
          }
          return held(stretch, aliveMoments(stretch, fit, limits), isHeld)
        }),
      )
    },
  }
}

/** The spans between moments at which a condition holds. */
function held({ to }: Stretch, moments: Moment[], isHeld: (at: number) => boolean): Span[] {
  const sorted = moments.sort((a, b) => a.at - b.at)
  return sorted.flatMap(({ at, cause }, i) => {
    const next = sorted[i + 1] ?? { at: to, cause: 'time' }
    return next.at > at && isHeld(at) ? { from: at, to: next.at, began: cause, ended: next.cause } : []
  })
}

/** The beginning of a stretch, and the orders within it. */
function orderMoments({ history: { times }, from, to }: Stretch): Moment[] {
  const own = times.slice(placeAfter(times, from), placeAfter(times, to))
  return [{ at: from, cause: 'time' }, ...own.filter((at) => at < to).map((at): Moment => ({ at, cause: 'event' }))]
}

/** When an order is new, reaches a bound of recency, or leaves the window. */
function rfmMoments(stretch: Stretch, bounds: readonly number[]): Moment[] {
  const { version, history, from, to } = stretch
  const { zone, windowDays } = version
  const [first, last] = [dayNumberIn(zone, from), to === Infinity ? Infinity : dayNumberIn(zone, to)]
  const ages = new Set([...bounds.map(Math.ceil), ...(windowDays === null ? [] : [windowDays])])
  const days = new Set<number>()
  for (const age of ages) {
    const end = placeAfter(history.days, last - age)
    for (let i = placeAfter(history.days, first - age); i < end; i++) days.add(itemAt(history.days, i) + age)
  }
  return [...orderMoments(stretch), ...dayMoments(stretch, days)]
}

/** When an order is new, or the probability passes one of the limits. */
function aliveMoments(stretch: Stretch, fit: ChurnParameters, limits: readonly number[]): Moment[] {
  const { version, history } = stretch
  const moments = orderMoments(stretch)
  const days = new Set<number>()
  for (const { at } of moments) {
    const day = dayNumberIn(version.zone, at)
    const buying = history.buyingAt(at, day)
    if (buying === null || buying.frequency === 0) continue
    for (const limit of limits) {
      const age = ageAt(limit, fit, buying)
      // The formula for the day is the other one's inverse but for rounding errors: the days around it are looked at.
      if (Number.isFinite(age)) for (let i = -1; i <= 2; i++) days.add(day - buying.age + Math.floor(age) + i)
    }
  }
  return [...moments, ...dayMoments(stretch, days)]
}

/** The time since the first order at which the probability passes a limit, in days. */
function ageAt(
  limit: number,
  { r, alpha, a, b }: ChurnParameters,
  { frequency: x, recency }: { frequency: number; recency: number },
): number {
  const odds = Math.log(1 / limit - 1) - Math.log(a / (b + x - 1))
  return (alpha + recency) * Math.exp(odds / (r + x)) - alpha
}

/** No condition looks further ahead than these days, about a thousand years. */
const MAX_DAY = 400_000

/** The beginnings of days within a stretch. */
function dayMoments({ version, from, to }: Stretch, days: Set<number>): Moment[] {
  return [...days].flatMap((day) => {
    const at = Math.abs(day) < MAX_DAY ? dayStartIn(version.zone, day) : Infinity
    return from < at && at < to ? { at, cause: 'time' as const } : []
  })
}
