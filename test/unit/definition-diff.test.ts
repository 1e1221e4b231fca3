/** What distinguishes two versions of a definition. */
import { expect, test } from 'vitest'
import { diffOf } from '../../server/segments/definition-diff.ts'

const a = { matched: true }
const b = { cart: { idle: { max: '7d' } } }
const c = { consent: { mail: true } }

test.each<[string, unknown, unknown, [string, unknown, unknown][]]>([
  ['nothing', { node: a }, { node: a }, []],
  ['the name', { name: 'A', node: a }, { name: 'B', node: a }, [['name', 'A', 'B']]],
  [
    'a value deep inside',
    { node: b },
    { node: { cart: { idle: { max: '3d' } } } },
    [['node.cart.idle.max', '7d', '3d']],
  ],
  [
    'a value that is new',
    { node: b },
    { node: { cart: { ...b.cart, state: 'open' } } },
    [['node.cart.state', null, 'open']],
  ],
  ['a value that is gone', { node: b }, { node: { cart: {} } }, [['node.cart.idle', { max: '7d' }, null]]],
  ['another kind of node', { node: a }, { node: b }, [['node', a, b]]],
  ['a condition at the end', { node: { all: [a] } }, { node: { all: [a, b] } }, [['node.all.1', null, b]]],
  ['a condition at the beginning', { node: { all: [a] } }, { node: { all: [b, a] } }, [['node.all.0', null, b]]],
  ['a condition in between', { node: { all: [a, c] } }, { node: { all: [a, b, c] } }, [['node.all.1', null, b]]],
  ['a condition less', { node: { all: [a, b, c] } }, { node: { all: [a, c] } }, [['node.all.1', b, null]]],
  ['the currency', { node: a, currency: null }, { node: a, currency: 'USD' }, [['currency', null, 'USD']]],
])('%s', (_, before, after, expected) => {
  expect(diffOf(before, after)).toEqual(expected.map(([path, was, is]) => ({ path, before: was, after: is })))
})
