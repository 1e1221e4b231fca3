/** The valid form of a definition from outside, and the messages for invalid ones. */
import { expect, test } from 'vitest'
import { firstProblem } from '../../server/domain/problem.ts'
import { definitionSchema } from '../../server/segments/grammar.ts'

const problemOf = (node: unknown) => {
  const { error } = definitionSchema().safeParse(node)
  return error ? firstProblem(error) : null
}
const nested = (depth: number): unknown => {
  let node: unknown = { matched: true }
  for (let i = 0; i < depth; i++) node = { all: [node] }
  return node
}
const list = (length: number) => ({ all: Array.from({ length }, () => ({ matched: true })) })

test.each([
  [{ matched: true }, null],
  [{ all: [{ matched: true }, { cart: { state: 'abandoned', idle: { min: '1h', max: '7d' } } }] }, null],
  [nested(7), null],
  [
    {},
    'the body must have exactly one of the keys all, any, not, cart, order, contact, consent, matched, segment, event, sequence, visitor, rfm, alive',
  ],
  [
    { matched: true, cart: {} },
    'the body must have exactly one of the keys all, any, not, cart, order, contact, consent, matched, segment, event, sequence, visitor, rfm, alive',
  ],
  ['matched', 'the body must be an object'],
  [null, 'the body must be an object'],
  [[], 'the body must be an object'],
  [{ eval: '1' }, 'the body must not have the member eval'],
  [{ __proto__: null, constructor: {} }, 'the body must not have the member constructor'],
  [
    { all: [{ matched: true }, { cart: { idle: { min: '1h', about: '2h' } } }] },
    'all.1.cart.idle must not have the member about',
  ],
  [{ cart: { state: 'gone' } }, 'cart.state must be one of open, abandoned, recovered, converted'],
  [{ cart: { idle: { min: '1 hour' } } }, 'cart.idle.min must be a length of time such as 90s, 30m, 1h or 7d'],
  [{ consent: { mail: 'yes' } }, 'consent.mail must be a boolean'],
  [{ all: [] }, 'all must not be empty'],
  [list(21), 'all must have at most 20 items'],
  [{ all: Array.from({ length: 20 }, () => list(10)) }, 'the body must hold at most 200 objects and lists'],
  [nested(8), 'the body must be nested at most 16 deep'],
])('%j', (node, problem) => {
  expect(problemOf(node)).toBe(problem)
})

test('a definition nested without end is refused before anything recurses into it', () => {
  expect(problemOf(nested(100_000))).toBe('the body must be nested at most 16 deep')
})
