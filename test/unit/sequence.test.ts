/** The order of a visitor's events of one moment: by place in one request, by what follows what in several. */
import { describe, expect, test } from 'vitest'
import { createSequence } from '../../server/collect/sequence.ts'
import { byTimeThenId } from '../../server/domain/event.ts'

/** An event: its request, its type, its time, and whether its id is low, high, or in between. */
type Sent = [request: number, type: string, at: number, id: string]

/** The types of events in the order in which they are kept, as they were sent in this order. */
function kept(sent: Sent[]): string[] {
  const sequence = createSequence()
  const requests = sent.map(([n]) => sent.findIndex(([other]) => other === n))
  const tokens = sent.map(() => ({}))
  return sent
    .map(([, type, at, id], i) => ({ type, id, at: sequence('v', tokens[requests[i]!]!, { type, at, id }) }))
    .sort(byTimeThenId)
    .map(({ type }) => type)
}

const CASES: [what: string, sent: Sent[], order: string[]][] = [
  [
    'a batch is in its own order',
    [
      [1, 'purchase', 5, 'c'],
      [1, 'add_to_cart', 5, 'b'],
      [1, 'page', 5, 'a'],
    ],
    ['purchase', 'add_to_cart', 'page'],
  ],
  [
    'a batch over two milliseconds too',
    [
      [1, 'b', 5, 'c'],
      [1, 'a', 5, 'b'],
      [1, 'd', 6, 'a'],
    ],
    ['b', 'a', 'd'],
  ],
  [
    'events of other requests follow by arrival',
    [
      [1, 'x', 5, 'c'],
      [2, 'y', 5, 'b'],
      [3, 'z', 5, 'a'],
    ],
    ['x', 'y', 'z'],
  ],
  [
    'a cart’s events follow each other however they arrive',
    [
      [1, 'view_cart', 5, 'b'],
      [2, 'remove_from_cart', 5, 'c'],
      [3, 'add_to_cart', 5, 'd'],
    ],
    ['add_to_cart', 'remove_from_cart', 'view_cart'],
  ],
  [
    'a purchase that arrives first stays last',
    [
      [1, 'purchase', 5, 'a'],
      [2, 'begin_checkout', 5, 'z'],
    ],
    ['begin_checkout', 'purchase'],
  ],
  [
    'one that comes late finds its place among others',
    [
      [1, 'add_to_cart', 5, 'm'],
      [2, 'view_cart', 5, 'a'],
      [3, 'remove_from_cart', 5, 'z'],
    ],
    ['add_to_cart', 'remove_from_cart', 'view_cart'],
  ],
  [
    'times decide before that',
    [
      [1, 'add_to_cart', 6, 'a'],
      [2, 'view_cart', 5, 'z'],
    ],
    ['view_cart', 'add_to_cart'],
  ],
  [
    'a batch is not torn apart',
    [
      [1, 'view_cart', 5, 'b'],
      [2, 'remove_from_cart', 5, 'z'],
      [2, 'add_to_cart', 5, 'a'],
    ],
    ['remove_from_cart', 'add_to_cart', 'view_cart'],
  ],
]

test.each(CASES)('%s', (_, sent, order) => {
  expect(kept(sent)).toEqual(order)
})

describe('with any ids', () => {
  const TYPES = ['add_to_cart', 'remove_from_cart', 'view_cart', 'begin_checkout', 'purchase']
  const orders = <T>(list: T[]): T[][] =>
    list.length < 2 ? [list] : list.flatMap((each, i) => orders(list.toSpliced(i, 1)).map((rest) => [each, ...rest]))

  test('every order of arrival ends in the same order', () => {
    for (const types of orders(TYPES)) {
      for (const ids of [
        ['a', 'b', 'c', 'd', 'e'],
        ['e', 'd', 'c', 'b', 'a'],
        ['c', 'a', 'e', 'b', 'd'],
      ]) {
        const sent = types.map((type, i): Sent => [i, type, 5, ids[i]!])
        expect([sent, kept(sent)]).toEqual([sent, TYPES])
      }
    }
  })

  test('an event that is sent again keeps its time', () => {
    const sequence = createSequence()
    const times = [1, 2, 3].map(() => sequence('v', {}, { type: 'page', at: 5, id: 'a' }))
    expect(times).toEqual([5, 5, 5])
  })

  test('a hundred thousand visitors are not all remembered', () => {
    const sequence = createSequence(100)
    for (let n = 0; n < 1000; n++) sequence(`v${n}`, {}, { type: 'page', at: 5, id: 'b' })
    expect(sequence('v0', {}, { type: 'page', at: 5, id: 'a' })).toBe(5)
    expect(sequence('v999', {}, { type: 'page', at: 5, id: 'a' })).toBe(6)
  })
})
