/**
 * When conditions on scores hold: by cases in words, and, for random orders and versions, against the score of each
 * hour.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createHistory,
  type ScoredOrder,
  type ScoreVersion,
  scoresAt,
} from '../../server/domain/scores/person-scores.ts'
import { createScoreTimeline } from '../../server/domain/scores/score-spans.ts'
import { type Spans, spanAt } from '../../server/domain/spans.ts'

const HOUR_MS = 3600_000
const DAY_MS = 24 * HOUR_MS
const at = (text: string) => Date.parse(`${text.replace(' ', 'T')}Z`)
const order = (when: string, total = 10_000): ScoredOrder => ({ at: at(when), total, currency: 'EUR' })

const FIRST: ScoreVersion = {
  ...{ version: 1, at: at('2026-01-01 00:00'), zone: 'Europe/Paris', currency: 'EUR', windowDays: 60, money: 'mean' },
  bounds: { r: [10, 20, 30, 40], f: [2, 3, 4, 5], m: [5_000, 10_000, 15_000, 20_000] },
  fit: { r: 0.24, alpha: 31, a: 0.79, b: 2.4, logLikelihood: -1, customers: 100, repeatOrders: 50 },
}
const version = (number: number, since: string, changes: Partial<ScoreVersion> = {}): ScoreVersion => {
  return { ...FIRST, version: number, at: at(since), ...changes }
}

const said = (spans: Spans) =>
  spans.map(({ from, to, began, ended }) => {
    const text = (time: number) => (Number.isFinite(time) ? new Date(time).toISOString().slice(0, 16) : 'for ever')
    return `${text(from)} ${began} – ${text(to)}${Number.isFinite(to) ? ` ${ended}` : ''}`
  })

describe('a condition on scores', () => {
  const recent = ({ r }: { r: number }) => r === 5

  test.each<[what: string, orders: ScoredOrder[], versions: ScoreVersion[], spans: string[]]>([
    ['holds for nobody without an order', [], [FIRST], []],
    ['holds for nobody before there is a version', [order('2026-01-05 12:00')], [], []],
    [
      'holds from the order until midnight in the shop, ten days later',
      [order('2026-01-05 12:00')],
      [FIRST],
      ['2026-01-05T12:00 event – 2026-01-14T23:00 time'],
    ],
    [
      'goes on with the next order',
      [order('2026-01-05 12:00'), order('2026-01-10 08:00')],
      [FIRST],
      ['2026-01-05T12:00 event – 2026-01-19T23:00 time'],
    ],
    [
      'begins with the first version where the order is older',
      [order('2025-12-30 12:00')],
      [FIRST],
      ['2026-01-01T00:00 time – 2026-01-08T23:00 time'],
    ],
    [
      'ends with a version that has other bounds, and begins again with one that has the old ones',
      [order('2026-01-05 12:00')],
      [
        FIRST,
        version(2, '2026-01-08 02:00', { bounds: { ...FIRST.bounds!, r: [2, 3, 4, 5] } }),
        version(3, '2026-01-12 03:30'),
      ],
      ['2026-01-05T12:00 event – 2026-01-08T02:00 time', '2026-01-12T03:30 time – 2026-01-14T23:00 time'],
    ],
    [
      'is not interrupted by versions that do not change it',
      [order('2026-01-05 12:00')],
      [FIRST, version(2, '2026-01-06 02:00'), version(3, '2026-01-07 02:00')],
      ['2026-01-05T12:00 event – 2026-01-14T23:00 time'],
    ],
    [
      'does not hold while there are no bounds',
      [order('2026-01-05 12:00')],
      [version(1, '2026-01-01 00:00', { bounds: null }), version(2, '2026-01-07 02:00')],
      ['2026-01-07T02:00 time – 2026-01-14T23:00 time'],
    ],
    [
      'holds until the last order leaves the window, without a bound of recency',
      [order('2026-01-05 12:00')],
      [version(1, '2026-01-01 00:00', { bounds: { ...FIRST.bounds!, r: [100, 200, 300, 400] } })],
      ['2026-01-05T12:00 event – 2026-03-05T23:00 time'],
    ],
  ])('%s', (_, orders, versions, spans) => {
    expect(said(createScoreTimeline(orders, versions).rfm(recent))).toEqual(spans)
  })

  test('on the probability to be a customer ends on the day that the model says, and begins with an order', () => {
    const orders = [order('2026-01-02 12:00'), order('2026-01-05 12:00'), order('2026-03-01 12:00')]
    const spans = createScoreTimeline(orders, [FIRST]).alive((alive) => alive < 0.5, [0.5])
    expect(spans.length).toBeGreaterThan(0)
    const history = createHistory(orders, FIRST)
    for (const { from, to, began } of spans) {
      expect(scoresAt(history, FIRST, from).alive).toBeLessThan(0.5)
      if (began === 'time') expect(scoresAt(history, FIRST, from - DAY_MS).alive).toBeGreaterThanOrEqual(0.5)
      if (Number.isFinite(to)) expect(scoresAt(history, FIRST, to).alive).toBeGreaterThanOrEqual(0.5)
    }
    expect(spans.at(-1)?.to).toBe(Infinity)
  })
})

describe('spans and scores agree at each hour', () => {
  const START = at('2026-03-01 00:00')
  const HOURS = 60 * 24
  // Summer time begins meanwhile in the one zone, and on another day in the other.
  const versions = fc
    .array(
      fc.record({
        at: fc.integer({ min: 0, max: HOURS }),
        zone: fc.constantFrom('Europe/Paris', 'America/New_York', 'UTC'),
        windowDays: fc.constantFrom(15, 40, null),
        r: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 4, maxLength: 4 }),
        half: fc.boolean(),
        a: fc.double({ min: 0.3, max: 3, noNaN: true }),
        isEmpty: fc.boolean(),
      }),
      { minLength: 1, maxLength: 5 },
    )
    .map((list) =>
      list
        .sort((a, b) => a.at - b.at)
        .map(
          (each, i): ScoreVersion => ({
            ...{ version: i + 1, at: START + each.at * HOUR_MS + i, zone: each.zone, currency: 'EUR', money: 'mean' },
            windowDays: each.windowDays,
            bounds: each.isEmpty
              ? null
              : {
                  r: each.r.sort((a, b) => a - b).map((day) => day + (each.half ? 0.4 : 0)),
                  f: [2, 3, 4, 5],
                  m: [1, 2, 3, 4],
                },
            fit: each.isEmpty
              ? null
              : { r: 0.3, alpha: 12, a: each.a, b: 1.5, logLikelihood: -1, customers: 100, repeatOrders: 50 },
          }),
        ),
    )
  const orders = fc.array(
    fc.record({ at: fc.integer({ min: -30 * 24, max: HOURS }).map((hour) => START + hour * HOUR_MS) }).map((each) => ({
      ...each,
      total: 3,
      currency: 'EUR',
    })),
    { maxLength: 8 },
  )

  test('for random orders and versions', { timeout: 30_000 }, () => {
    fc.assert(
      fc.property(
        versions,
        orders,
        fc.integer({ min: 1, max: 5 }),
        fc.double({ min: 0.05, max: 0.95, noNaN: true }),
        (list, own, score, limit) => {
          const timeline = createScoreTimeline(own, list)
          const isRecent = timeline.rfm(({ r, f }) => r >= score && f < 4)
          const isAlive = timeline.alive((alive) => alive < limit, [limit])
          for (let hour = -2; hour < HOURS + 20 * 24; hour += 1) {
            const now = START + hour * HOUR_MS
            const current = list.findLast((each) => each.at <= now)
            const scores = current && scoresAt(createHistory(own, current), current, now)
            const rfm = scores?.rfm
            const expected = [rfm ? rfm.r >= score && rfm.f < 4 : false, scores?.alive != null && scores.alive < limit]
            const given = [spanAt(isRecent, now) !== null, spanAt(isAlive, now) !== null]
            if (given.join() !== expected.join())
              throw new Error(`at ${new Date(now).toISOString()}: ${given}, not ${expected}`)
          }
        },
      ),
      { numRuns: 40 },
    )
  })
})
