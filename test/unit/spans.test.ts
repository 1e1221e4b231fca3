/** The logic of spans of time, as that of sets: each case says when the parts hold and when the whole does. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  ALWAYS,
  allOf,
  anyOf,
  lastBefore,
  NEVER,
  nextChange,
  notIn,
  type Span,
  since,
  spanAt,
  spansOf,
} from '../../server/domain/spans.ts'

const at = (from: number, to: number): Span => ({ from, to, began: 'event', ended: 'time' })
const times = (spans: readonly Span[]) => spans.map(({ from, to }) => [from, to])

test.each([
  [
    'apart',
    [at(1, 2), at(5, 6)],
    [
      [1, 2],
      [5, 6],
    ],
  ],
  ['touching: one', [at(1, 3), at(3, 4)], [[1, 4]]],
  ['one inside another', [at(1, 9), at(3, 4)], [[1, 9]]],
  [
    'out of order',
    [at(5, 6), at(1, 2)],
    [
      [1, 2],
      [5, 6],
    ],
  ],
  ['empty: none', [at(2, 2), at(4, 3)], []],
] as [string, Span[], number[][]][])('spans %s', (_, spans, expected) => {
  expect(times(spansOf(spans))).toEqual(expected)
})

test('any of them holds on while one takes over from another', () => {
  expect(times(anyOf([spansOf([at(1, 5)]), spansOf([at(3, 9), at(20, 30)])]))).toEqual([
    [1, 9],
    [20, 30],
  ])
})

test('all of them hold where each does', () => {
  expect(times(allOf([spansOf([at(1, 5), at(7, 12)]), spansOf([at(3, 9), at(11, 30)])]))).toEqual([
    [3, 5],
    [7, 9],
    [11, 12],
  ])
  expect(allOf([])).toEqual(ALWAYS)
})

test('what begins a span ends the gap before it', () => {
  expect(notIn([{ from: 1, to: 5, began: 'link', ended: 'time' }])).toEqual([
    { from: -Infinity, to: 1, began: 'event', ended: 'link' },
    { from: 5, to: Infinity, began: 'time', ended: 'event' },
  ])
  expect(notIn(ALWAYS)).toEqual(NEVER)
  expect(times(notIn(NEVER))).toEqual(times(ALWAYS))
})

test('an instant lies in the span that has begun and has not ended', () => {
  const spans = spansOf([at(1, 5), at(7, 9)])
  expect([0, 1, 4, 5, 7, 9].map((each) => spanAt(spans, each)?.from ?? null)).toEqual([null, 1, 1, null, 7, null])
  expect([0, 4, 5, 8, 9].map((each) => lastBefore(spans, each)?.to ?? null)).toEqual([null, null, 5, 5, 9])
  expect([0, 1, 5, 8, 9].map((each) => nextChange(spans, each))).toEqual([1, 5, 7, 9, null])
  expect(nextChange(since(3, 'event'), 3)).toBe(null)
})

describe('as sets', () => {
  const spans = fc
    .array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 6 })))
    .map((pairs) => spansOf(pairs.map(([from, length]) => at(from, from + length))))
  const holds = (given: readonly Span[], time: number) => spanAt(given, time) !== null

  test('every instant agrees with the logic of its parts', () => {
    fc.assert(
      fc.property(fc.array(spans, { minLength: 1, maxLength: 4 }), (lists) => {
        for (let time = -1; time < 30; time++) {
          const parts = lists.map((each) => holds(each, time))
          expect(holds(allOf(lists), time)).toBe(parts.every(Boolean))
          expect(holds(anyOf(lists), time)).toBe(parts.some(Boolean))
          expect(holds(notIn(lists[0]!), time)).toBe(!parts[0])
        }
      }),
    )
  })
})
