/** Which moments of a device are erased with a contact. Times are minutes; the contact was there from 10 to 20. */
import { expect, test } from 'vitest'
import { cutAt, ERASED_END, tailStretches } from '../../server/domain/erased-tail.ts'

const stretch = { from: 10, to: 20, erasedAt: 100 }
const end = { id: `${ERASED_END}1`, at: 20, reset: true }
const page = (at: number) => ({ id: `page-${at}`, at, reset: false })

test.each<[string, number[], [number, number][]]>([
  ['nothing of others', [], [[10, 20]]],
  ['something before and after', [9, 21], [[10, 20]]],
  [
    'something in the middle, twice',
    [15, 15],
    [
      [10, 14],
      [16, 20],
    ],
  ],
  ['something at both ends', [20, 10], [[11, 19]]],
])('with %s the rest of the stretch is kept', (_, times, parts) => {
  expect(cutAt([stretch], times)).toEqual(parts.map(([from, to]) => ({ from, to, erasedAt: 100 })))
})

test('a moment that somebody else shares is not kept', () => {
  expect(cutAt([{ from: 5, to: 5 }], [5])).toEqual([])
})

test.each<[string, { id: string; at: number; reset: boolean }[], string[], [number, number][]]>([
  ['what follows without a pause', [page(30), page(55)], [], [[30, 55]]],
  ['nothing after a pause', [page(50), page(60)], [], []],
  ['what comes before somebody’s claim', [page(30), page(31), page(32)], ['page-31'], [[30, 30]]],
  ['what comes before a logout', [page(30), { ...page(31), reset: true }, page(32)], [], [[30, 30]]],
  ['what was done up to the erasure', [page(40), page(60), page(80), page(100), page(101)], [], [[40, 100]]],
  [
    'what follows the end of another who was erased then',
    [page(30), { id: `${ERASED_END}2`, at: 40, reset: true }, page(45)],
    [],
    [[30, 30]],
  ],
])('the stretch takes with it %s', (_, moments, claims, spans) => {
  const found = tailStretches([page(1), end, ...moments], new Set(claims), 30, [stretch])
  expect(found).toEqual(spans.map(([from, to]) => ({ from, to, erasedAt: 100 })))
})
