/**
 * What is kept of a customer's scores, so that lists and conditions need not read all orders again, and how it is brought
 * up to date when a day or a version begins.
 */
import { spanAt } from '../spans.ts'
import { dayNumberIn, dayStartIn } from '../zone.ts'
import { type BuyingHistory, probabilityAlive } from './churn.ts'
import {
  type Counting,
  createHistory,
  type PersonScores,
  placeAfter,
  type ScoredOrder,
  type ScoreVersion,
  scoresAt,
} from './person-scores.ts'
import { type RfmScore, rfmScore } from './rfm.ts'
import type { RfmGroup } from './rfm-groups.ts'
import { createScoreTimeline } from './score-spans.ts'

/**
 * A customer's scores at the time they were computed, as the store keeps them. Days are numbers of days since 1970 in the shop's zone.
 * `order_days`: days with an order, ever; `orders` and `money` are those of the window. `since`: since when the customer
 * has had these scores. `counts_until`: when an order leaves the window, or the time of one to come.
 */
export type Standing = {
  first_day: number
  last_day: number
  order_days: number
  orders: number
  money: number | null
  r: number | null
  f: number | null
  m: number | null
  rfm_group: RfmGroup | null
  since: number | null
  counts_until: number | null
}

/** The version in force at a time. */
export function versionAt(versions: readonly ScoreVersion[], at: number): ScoreVersion | null {
  return versions.findLast((version) => version.at <= at) ?? null
}

/** A customer's standing at a time; null before the first order. `counting` says how orders count before the first version. */
export function standingOf(
  orders: readonly ScoredOrder[],
  { versions, counting }: { versions: readonly ScoreVersion[]; counting: Counting },
  now: number,
): Standing | null {
  const version = versionAt(versions, now)
  const counted = version ?? counting
  const history = createHistory(orders, counted)
  const today = dayNumberIn(counted.zone, now)
  const buying = history.buyingAt(now, today)
  if (buying === null) return null
  const input = history.rfmAt(now, today)
  const score = input && version?.bounds ? rfmScore(input, version.bounds) : null
  const { windowDays, zone } = counted
  const inWindow = windowDays === null ? undefined : history.days[placeAfter(history.days, today - windowDays)]
  const leaves = inWindow === undefined || windowDays === null ? Infinity : dayStartIn(zone, inWindow + windowDays)
  const next = Math.min(leaves, history.times[placeAfter(history.times, now)] ?? Infinity)
  const first = today - buying.age
  return {
    ...{ first_day: first, last_day: first + buying.recency, order_days: buying.frequency + 1 },
    ...{ orders: input?.frequency ?? 0, money: input?.money ?? null },
    ...{ r: score?.r ?? null, f: score?.f ?? null, m: score?.m ?? null, rfm_group: score?.group ?? null },
    ...{ since: sinceOf(score, orders, versions, now), counts_until: Number.isFinite(next) ? next : null },
  }
}

/** A contact's scores at a time, since when they are those of RFM, and the version that gives them. */
export type ContactScores = PersonScores & { since: number | null; version: ScoreVersion | null; day: number | null }

/** Scores a contact's orders at a time. Without a version nobody has scores. */
export function contactScores(
  orders: readonly ScoredOrder[],
  versions: readonly ScoreVersion[],
  now: number,
): ContactScores {
  const version = versionAt(versions, now)
  if (version === null) return { rfm: null, alive: null, expected: null, since: null, version, day: null }
  const scores = scoresAt(createHistory(orders, version), version, now)
  return { ...scores, since: sinceOf(scores.rfm, orders, versions, now), version, day: dayNumberIn(version.zone, now) }
}

/** Since when a customer has had the scores of now. */
function sinceOf(
  score: RfmScore | null,
  orders: readonly ScoredOrder[],
  versions: readonly ScoreVersion[],
  now: number,
): number | null {
  if (score === null) return null
  const spans = createScoreTimeline(orders, versions).rfm((other) => isSame(other, score))
  return spanAt(spans, now)?.from ?? null
}

function isSame(a: RfmScore, b: RfmScore): boolean {
  return a.r === b.r && a.f === b.f && a.m === b.m
}

/** What the model of churn knows of a customer on a day. */
export function buyingOf(row: Pick<Standing, 'first_day' | 'last_day' | 'order_days'>, day: number): BuyingHistory {
  return { frequency: row.order_days - 1, recency: row.last_day - row.first_day, age: day - row.first_day }
}

/** A version on one of its days. */
export type VersionDay = { version: ScoreVersion; day: number }

/**
 * Whether a customer's row, or a condition that compares the probability to be a customer still with one of `limits`, is
 * another one on `now` than on `before`. The row is that of `before`.
 */
export function hasMoved(
  row: Standing,
  before: VersionDay | null,
  now: VersionDay,
  limits: readonly number[],
): boolean {
  const { version, day } = now
  if (row.counts_until !== null && dayNumberIn(version.zone, row.counts_until) <= day) return true
  if (before === null || !countsAlike(before.version, version)) return true
  const score =
    version.bounds && row.orders > 0
      ? rfmScore({ recency: day - row.last_day, frequency: row.orders, money: row.money }, version.bounds)
      : null
  if (row.r !== (score?.r ?? null) || row.f !== (score?.f ?? null) || row.m !== (score?.m ?? null)) return true
  const [then, today] = [before, now].map((each) => {
    return each.version.fit && probabilityAlive(each.version.fit, buyingOf(row, each.day))
  }) as [number | null, number | null]
  if (then === null || today === null) return then !== today
  // A condition may or may not hold at the limit itself.
  return limits.some((limit) => then < limit !== today < limit || then > limit !== today > limit)
}

function countsAlike(a: Counting, b: Counting): boolean {
  return a.zone === b.zone && a.currency === b.currency && a.windowDays === b.windowDays && a.money === b.money
}
