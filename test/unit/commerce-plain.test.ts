/** What is told at a glance: events that hold nothing unreadable. It may only be true where the reader agrees. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isPlainCommerce } from '../../server/domain/commerce/plain.ts'
import { readCommerce } from '../../server/domain/commerce/read.ts'

const item = { item_id: 'ring', item_name: 'Ring', price: 120.5, quantity: 1, item_category: 'Rings', index: 2 }

test.each<[string, Record<string, unknown>, boolean]>([
  ['nothing', {}, true],
  ['as the tag writes it', { currency: 'EUR', value: 241, items: [item, { item_id: 'A' }] }, true],
  [
    'an order',
    { transaction_id: 'o-1', coupon: 'X', tax: 2, shipping: '5', value: 9, currency: 'JPY', items: [] },
    true,
  ],
  ['an amount as text', { value: '9' }, false],
  ['an amount beyond any price', { value: 1e12 }, false],
  ['a currency that is none', { currency: 'ABC' }, false],
  ['a currency in small letters', { currency: 'eur' }, false],
  ['another name of a list', { products: [item] }, false],
  ['another spelling', { Value: 9 }, false],
  ['an item without an id', { items: [{ price: 5 }] }, false],
  ['an item with an id of spaces', { items: [{ item_id: ' ' }] }, false],
  ['an item with a number for an id', { items: [{ item_id: 7 }] }, false],
  ['201 items', { items: Array(201).fill(item) }, false],
  ['an item that is none', { items: [null] }, false],
])('%s', (_, props, plain) => {
  expect(isPlainCommerce('add_to_cart', props, 'EUR')).toBe(plain)
})

test('an order needs its id, and amounts a currency where the site has none', () => {
  expect(isPlainCommerce('purchase', { value: 9, transaction_id: 'o-1' }, 'EUR')).toBe(true)
  expect(isPlainCommerce('purchase', { value: 9 }, 'EUR')).toBe(false)
  expect(isPlainCommerce('refund', { transaction_id: 7 }, 'EUR')).toBe(false)
  expect(isPlainCommerce('view_cart', { value: 9 }, null)).toBe(false)
  expect(isPlainCommerce('view_cart', { value: 9, currency: 'EUR' }, null)).toBe(true)
  expect(isPlainCommerce('view_cart', {}, null)).toBe(true)
})

test('where it is true, the reader finds no problem', () => {
  const value = fc.oneof(
    fc.constantFrom(
      '',
      ' ',
      '9',
      'EUR',
      'ABC',
      '?',
      null,
      true,
      {},
      [],
      7,
      0,
      -1,
      1e12,
      2 ** 53 + 2,
      '\u202a',
      '\u00a0x',
    ),
    fc.double(),
    fc.string(),
  )
  const name = fc.constantFrom(
    ...[
      'value',
      'price',
      'quantity',
      'currency',
      'item_id',
      'id',
      'sku',
      'item_name',
      'name',
      'total',
      'url',
      'coupon',
    ],
    ...['products', 'Value', 'ecommerce', 'cart', 'item_price', 'tax', 'cart_id', 'transaction_id'],
  )
  const fields = fc.dictionary(name, value, { maxKeys: 4 })
  const listed = fc.record({
    props: fields,
    items: fc.option(fc.array(fc.oneof(fields, value), { maxLength: 3 }), { nil: undefined }),
  })
  const type = fc.constantFrom('add_to_cart', 'purchase', 'refund', 'view_item')
  const home = fc.constantFrom(null, 'EUR', 'KWD')
  let plain = 0
  fc.assert(
    fc.property(listed, type, home, ({ props, items }, type, home) => {
      const given = items === undefined ? props : { ...props, items }
      if (!isPlainCommerce(type, given, home)) return
      plain++
      expect(readCommerce(type, given, home).problems).toEqual([])
    }),
    { numRuns: 5000 },
  )
  expect(plain).toBeGreaterThan(50)
})
