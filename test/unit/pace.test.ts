/** When a visitor is derived again. */
import { expect, test } from 'vitest'
import { createPace } from '../../server/derive/pace.ts'

const visitor = (visitorId: string, events = 1, overactive = false) => ({
  visitorId,
  events: new Array<null>(events).fill(null),
  overactive: overactive ? { events } : null,
})

/** A clock that the test sets, and a pace that uses it. */
function start() {
  let time = 0
  const pace = createPace(() => time)
  return {
    /** Derives visitors in `tookMs` together, at the present time. */
    work: (tookMs: number, ...batch: ReturnType<typeof visitor>[]) => pace.record(batch, tookMs),
    wait: (ms: number) => {
      time += ms
    },
    /** How long the visitor still rests; null if it was not derived recently. */
    rest: (id: string) => {
      const dueAt = pace.dueAt(id)
      return dueAt === null ? null : Math.max(0, dueAt - time)
    },
  }
}

test('a new visitor does not rest, and a derived one is due again after half a second', () => {
  const { work, wait, rest } = start()
  expect(rest('anna')).toBe(null)
  work(1, visitor('anna'))
  expect(rest('anna')).toBe(500)
  wait(499)
  expect(rest('anna')).toBe(1)
  wait(1)
  expect(rest('anna')).toBe(0)
})

test('a visitor with a slow fold rests ten times its share of the batch’s time', () => {
  const { work, rest } = start()
  work(400, visitor('long', 300), visitor('short', 100))
  expect(rest('long')).toBe(3000)
  expect(rest('short')).toBe(1000)
})

test('an overactive visitor rests for a minute', () => {
  const { work, rest } = start()
  work(1, visitor('script', 20_000, true))
  expect(rest('script')).toBe(60_000)
})

test('recurring visitors rest long enough to take half of the time together, up to five seconds', () => {
  const { work, wait, rest } = start()
  const many = (n: number) => Array.from({ length: n }, (_, i) => visitor(`busy-${i}`))
  // At first they are new, and nobody knows that they will return.
  work(1000, ...many(1000))
  expect(rest('busy-0')).toBe(500)
  wait(1000)
  work(1000, ...many(1000))
  expect(rest('busy-999')).toBe(2000)
  wait(2000)
  work(9000, ...many(1000))
  expect(rest('busy-999')).toBe(5000)
})

test('a visitor that stays away is forgotten, and its time does not count for others', () => {
  const { work, wait, rest } = start()
  for (let i = 0; i < 2; i++) work(1500, ...Array.from({ length: 1500 }, (_, n) => visitor(`gone-${n}`)))
  expect(rest('gone-1499')).toBe(3000)
  wait(5000)
  work(1, visitor('anna'))
  expect(rest('gone-1499')).toBe(null)
  expect(rest('anna')).toBe(500)
})
