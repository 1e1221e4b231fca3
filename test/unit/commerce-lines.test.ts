/**
 * Lines of commerce events in the dialects of shops: what was sent, and the pieces it means, each as
 * `quantity id(variant) @ price`; `?` is what nobody said. Then what could not be read.
 */
import { describe, expect, test } from 'vitest'
import { readCommerce } from '../../server/domain/commerce/read.ts'

type Props = Record<string, unknown>

const read = (props: Props, type = 'add_to_cart') => readCommerce(type, props, 'EUR')
const lines = (props: Props, type?: string) =>
  read(props, type)
    .lines.map(({ id, variant, quantity, price }) => {
      return `${quantity ?? '?'} ${id}${variant === null ? '' : `(${variant})`} @ ${price ?? '?'}`
    })
    .join(', ')

describe('the lines of', () => {
  test.each<[what: string, props: Props, expected: string]>([
    ['GA4', { items: [{ item_id: 'A', price: 10, quantity: 2 }] }, '2 A @ 10'],
    ['Segment', { products: [{ product_id: 'A', price: '10.50', quantity: 1 }] }, '1 A @ 10.5'],
    ['a Segment event about one product', { product_id: 'A', price: 5 }, '? A @ 5'],
    ['Shopware', { items: [{ id: 'A', name: 'Ring', quantity: '2' }] }, '2 A @ ?'],
    ['WooCommerce’s own plugin', { items: [{ item_id: 17, quantity: 1, price: 24 }] }, '1 17 @ 24'],
    ['one object instead of a list', { items: { item_id: 'A', price: 1 } }, '? A @ 1'],
    [
      'an object with numbers for keys',
      { items: { 1: { item_id: 'A', price: 10 }, 3: { id: 'B', price: 20 } } },
      '? A @ 10, ? B @ 20',
    ],
    ['a list as JSON', { items: '[{"item_id":"A","price":"1,50"}]' }, '? A @ 1.5'],
    ['a list of ids', { items: ['A', 7] }, '? A @ ?, ? 7 @ ?'],
    ['ecommerce.items', { ecommerce: { items: [{ item_id: 'A' }] } }, '? A @ ?'],
    [
      'Universal Analytics',
      { ecommerce: { add: { products: [{ id: 'A', price: '9,90', quantity: 1 }] } } },
      '1 A @ 9.9',
    ],
    ['camel case', { items: [{ itemId: 'A', itemVariant: 'L', unitPrice: 3 }] }, '? A(L) @ 3'],
    [
      'variants',
      {
        items: [
          { item_id: 'A', item_variant: 52 },
          { item_id: 'A', variant: '54' },
        ],
      },
      '? A(52) @ ?, ? A(54) @ ?',
    ],
    [
      'nested products',
      { items: [{ quantity: 2, product: { id: 'A', price: { amount: '5.0', currencyCode: 'EUR' } } }] },
      '2 A @ 5',
    ],
    ['totals of lines', { items: [{ id: 'A', quantity: 4, line_total: 20 }] }, '4 A @ 5'],
    [
      'prices that are totals, as the value shows',
      { value: 20, items: [{ id: 'A', quantity: 2, price: 20 }] },
      '2 A @ 10',
    ],
    [
      'prices that are per unit, as the value shows',
      { value: 40, items: [{ id: 'A', quantity: 2, price: 20 }] },
      '2 A @ 20',
    ],
    ['prices whose value fits neither', { value: 35, items: [{ id: 'A', quantity: 2, price: 20 }] }, '2 A @ 20'],
    ['fractions', { items: [{ id: 'A', quantity: 1.5, price: 10 }] }, '1.5 A @ 10'],
    ['an sku or a name where there is no id', { items: [{ sku: 's' }, { item_name: 'n' }] }, '? s @ ?, ? n @ ?'],
    ['nothing', {}, ''],
  ])('%s', (_, props, expected) => {
    expect(lines(props)).toBe(expected)
  })

  test('an order are not made from the id of the order', () => {
    expect(lines({ id: 'O-1', value: 10 }, 'purchase')).toBe('')
    expect(lines({ id: 'A' }, 'remove_from_cart')).toBe('? A @ ?')
  })
})

describe('an event says', () => {
  test.each<[what: string, props: Props, expected: Props, type?: string]>([
    ['its currency', { currency: 'usd' }, { currency: 'USD' }],
    ['a currency by a sign', { currency: '€' }, { currency: 'EUR' }],
    ['a currency in a price', { items: [{ id: 'A', price: '£5' }] }, { currency: 'GBP' }],
    ['a currency on a line', { items: [{ id: 'A', currency: 'JPY' }] }, { currency: 'JPY' }],
    ['a currency as Universal Analytics does', { ecommerce: { currencyCode: 'CHF' } }, { currency: 'CHF' }],
    ['nothing of its currency', { items: [{ id: 'A', price: 5 }] }, { currency: null }],
    ['its value', { value: '4,245.42' }, { value: 4245.42 }],
    ['its total', { total: '12.50' }, { value: 12.5 }],
    [
      'its cart',
      { cart_id: 'c-77', cart_url: 'https://shop.example/?c=77' },
      { cartId: 'c-77', cartUrl: 'https://shop.example/?c=77' },
    ],
    ['its cart in camel case', { cartId: 77 }, { cartId: '77' }],
    [
      'its cart as a checkout',
      { checkout_id: 'k', checkout_url: 'https://shop.example/k' },
      { cartId: 'k', cartUrl: 'https://shop.example/k' },
    ],
    ['its cart as an object', { cart: { id: 'c' } }, { cartId: 'c' }],
    ['its order', { transaction_id: 'T-1' }, { orderId: 'T-1' }],
    ['its order by number', { order_id: 17 }, { orderId: '17' }],
    ['its second name if the first is empty', { transaction_id: '', order_id: 'O' }, { orderId: 'O' }],
    [
      'its order as Universal Analytics does',
      { ecommerce: { purchase: { actionField: { id: 'T-2', revenue: '10,00' }, products: [{ id: 'A' }] } } },
      { orderId: 'T-2', value: 10 },
      'purchase',
    ],
  ])('%s', (_, props, expected, type) => {
    expect(read(props, type)).toMatchObject(expected)
  })
})

describe('what could not be read:', () => {
  test.each<[props: Props, problems: string[]]>([
    [{ items: 'ring' }, ['items_unreadable']],
    [{ items: { a: 1 } }, ['items_unreadable']],
    [{ ecommerce: { add: { products: 3 } } }, ['items_unreadable']],
    [{ items: [null] }, ['item_unreadable']],
    [{ items: [[]] }, ['item_unreadable']],
    [{ items: [{ price: 5 }] }, ['item_id_missing']],
    [{ items: [{ item_id: 2 ** 53 + 2 }] }, ['item_id_rounded']],
    [{ items: [{ id: 2 ** 53 + 2, name: 'Ring' }] }, ['item_id_rounded']],
    [{ items: [2 ** 53 + 2] }, ['item_id_rounded']],
    [{ product_id: 2 ** 53 + 2 }, ['item_id_rounded']],
    [{ items: [{ id: 'A', price: 'on request' }] }, ['price_unreadable']],
    [{ items: [{ id: 'A', quantity: 'two' }] }, ['quantity_unreadable']],
    [{ value: 'a lot', currency: 'points' }, ['amount_unreadable', 'currency_unknown']],
    [{ items: Array.from({ length: 201 }, (_, n) => ({ id: `${n}` })) }, ['too_many_items']],
    [{ items: [{ id: 'A', price: 5, quantity: 1 }], value: 5, currency: 'EUR' }, []],
    [{}, []],
  ])('%j: %j', (props, problems) => {
    expect(read(props).problems.map(({ kind }) => kind)).toEqual(problems)
  })
})
