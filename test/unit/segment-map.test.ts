/** The mapping of Segment's calls, by table: its specification's example calls, and calls as senders write them. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type CallDetails, mapCall } from '../../server/collect/segment-map.ts'

const said = (call: Partial<CallDetails>): CallDetails => ({ kind: 'track', properties: {}, page: {}, ...call })

/** A track call, mapped. */
function tracked(event: string, properties: Record<string, unknown> = {}, page: Record<string, unknown> = {}) {
  return mapCall(said({ event, properties, page }))!
}

const SPEC = new URL('../../../shared/data/datalayer/segment_ecommerce_spec_v2_events.json', import.meta.url)

/** Name, type, number of items, id of the first item, value, order id. */
const EXAMPLES: [string, string, number | null, string | null, number | null, string | null][] = [
  ['Products Searched', 'search', null, null, null, null],
  ['Product List Viewed', 'view_item_list', 2, '507f1f77bcf86cd799439011', null, null],
  ['Product List Filtered', 'view_item_list', 2, '507f1f77bcf86cd798439011', null, null],
  ['Promotion Viewed', 'view_promotion', null, null, null, null],
  ['Promotion Clicked', 'select_promotion', null, null, null, null],
  ['Product Clicked', 'select_item', 1, '507f1f77bcf86cd799439011', null, null],
  ['Product Viewed', 'view_item', 1, '507f1f77bcf86cd799439011', 18.99, null],
  ['Product Added', 'add_to_cart', 1, '507f1f77bcf86cd799439011', null, null],
  ['Product Removed', 'remove_from_cart', 1, '507f1f77bcf86cd799439011', null, null],
  ['Cart Viewed', 'view_cart', 2, '507f1f77bcf86cd799439011', null, null],
  ['Checkout Started', 'begin_checkout', 2, '507f1f77bcf86cd799439011', 30, '50314b8e9bcf000000000000'],
  ['Checkout Step Viewed', 'Checkout Step Viewed', null, null, null, null],
  ['Checkout Step Completed', 'Checkout Step Completed', null, null, null, null],
  ['Payment Info Entered', 'add_payment_info', null, null, null, 'dkfsjidfjsdifsdfksdjfkdsfjsdfkdsf'],
  ['Order Updated', 'Order Updated', 2, '507f1f77bcf86cd799439011', 27.5, '50314b8e9bcf000000000000'],
  ['Order Completed', 'purchase', 2, '507f1f77bcf86cd799439011', 27.5, '50314b8e9bcf000000000000'],
  ['Order Refunded', 'refund', 2, '507f1f77bcf86cd799439011', 30, '50314b8e9bcf000000000000'],
  ['Order Cancelled', 'refund', 2, '507f1f77bcf86cd799439011', 30, '50314b8e9bcf000000000000'],
  ['Coupon Entered', 'Coupon Entered', null, null, null, '50314b8e9bcf000000000000'],
  ['Product Added to Wishlist', 'add_to_wishlist', 1, '507f1f77bcf86cd799439011', null, null],
  ['Product Removed from Wishlist', 'Product Removed from Wishlist', 1, '507f1f77bcf86cd799439011', null, null],
  ['Wishlist Product Added to Cart', 'add_to_cart', 1, '507f1f77bcf86cd799439011', null, null],
  ['Product Shared', 'share', 1, '507f1f77bcf86cd799439011', null, null],
  ['Cart Shared', 'share', 2, '507f1f77bcf86cd799439011', null, null],
  ['Product Reviewed', 'Product Reviewed', 1, '507f1f77bcf86cd799439011', null, null],
]

// The example calls are kept beside a development checkout and are not part of the project.
describe.skipIf(!existsSync(SPEC))('the example calls of the e-commerce specification', () => {
  const calls = existsSync(SPEC)
    ? (JSON.parse(readFileSync(SPEC, 'utf8')) as { event: string; properties: Record<string, unknown> }[])
    : []

  test('match the table', () => {
    expect(calls.map((call) => call.event)).toEqual(EXAMPLES.map(([name]) => name))
  })

  test.each(EXAMPLES)('%s is %s', (name, type, count, first, value, order) => {
    const call = calls.find((each) => each.event === name)!
    const mapped = tracked(name, call.properties)
    expect(mapped.type).toBe(type)
    const items = mapped.props?.items as { item_id: string }[] | undefined
    expect(items?.length ?? null).toBe(count)
    expect(items?.[0]?.item_id ?? null).toBe(first)
    expect(mapped.props?.value ?? null).toBe(value)
    expect(mapped.props?.transaction_id ?? null).toBe(order)
    expect(JSON.stringify(mapped)).not.toContain('friend@example.com')
  })

  test.each(calls.map((call) => [call.event, call.properties] as const))(
    '%s loses nothing but what describes people',
    (name, properties) => {
      const leaves = (value: unknown): unknown[] =>
        typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [value]
      const { recipient: _r, share_message: _m, ...kept } = properties
      const after = new Set(leaves(tracked(name, properties).props).map(String))
      const before = leaves(kept).map((leaf) => (leaf === 'usd' ? 'USD' : String(leaf)))
      expect(before.filter((leaf) => !after.has(leaf))).toEqual([])
    },
  )
})

describe('a product', () => {
  test('in the call itself becomes its only item, and its fields leave the event', () => {
    const product = { product_id: 'p1', sku: 'S', name: 'Coat', category: 'Coats', brand: 'B', variant: 'red' }
    const more = { price: 89.5, quantity: 2, position: 3, url: 'https://s.example/p', image_url: 'https://s.example/i' }
    expect(tracked('Product Added', { ...product, ...more, cart_id: 'c1', coupon: 'MAY' }).props).toEqual({
      cart_id: 'c1',
      coupon: 'MAY',
      items: [
        {
          ...{ item_id: 'p1', sku: 'S', item_name: 'Coat', item_category: 'Coats', item_brand: 'B' },
          ...{ item_variant: 'red', price: 89.5, quantity: 2, index: 3 },
          ...{ url: 'https://s.example/p', image_url: 'https://s.example/i' },
        },
      ],
    })
  })

  test('without a product_id goes by its sku', () => {
    expect(tracked('Product Viewed', { sku: 'S-1', name: 'Coat' }).props).toEqual({
      items: [{ item_id: 'S-1', sku: 'S-1', item_name: 'Coat' }],
    })
  })

  test('may have a numeric id, and texts as price and quantity', () => {
    const { props } = tracked('Cart Viewed', { products: [{ product_id: 7, price: '18.99', quantity: '2' }] })
    expect(props).toEqual({ items: [{ item_id: '7', price: 18.99, quantity: 2 }] })
  })

  test('that already uses GA4’s names stays as it is', () => {
    const items = [{ item_id: 'p1', item_name: 'Coat', price: 1 }]
    expect(tracked('add_to_cart', { currency: 'EUR', value: 1, items }).props).toEqual({
      currency: 'EUR',
      value: 1,
      items,
    })
  })

  test('that is not an object does no harm', () => {
    expect(tracked('Cart Viewed', { products: [null, 'x', 3, ['y']] }).props).toEqual({ items: [null, 'x', 3, ['y']] })
  })
})

test.each([
  ['value before all', { value: 30, total: 27.5, revenue: 25 }, 30],
  ['total, which the customer pays, before revenue', { total: 27.5, revenue: 25 }, 27.5],
  ['revenue where there is nothing else', { revenue: '25.00' }, 25],
  ['nothing where no amount can be read', { total: 'a lot' }, undefined],
])('the value of an order is %s, and the other amounts are kept', (_, amounts, value) => {
  expect(tracked('Order Completed', amounts).props).toEqual({ ...amounts, ...(value === undefined ? {} : { value }) })
})

test('a shop’s own event is kept as it is', () => {
  const properties = { name: 'Quiz', total: 5, query: 'x', product_id: 'p', nested: { products: [1] }, order_id: 'o' }
  expect(tracked('Quiz Answered', properties)).toEqual({ type: 'Quiz Answered', props: properties })
})

test('properties that describe a person are dropped from every event', () => {
  const personal = { email: 'a@b.example', Phone: '1', first_name: 'A', lastName: 'B', traits: { x: 1 } }
  expect(tracked('Order Completed', { ...personal, order_id: 'o1' }).props).toEqual({ transaction_id: 'o1' })
  expect(tracked('Quiz Answered', { ...personal, score: 3 }).props).toEqual({ score: 3 })
})

test('a long name is cut to the store’s limit', () => {
  expect(tracked('x'.repeat(100)).type).toBe('x'.repeat(64))
})

test('a track call without a name is not an event', () => {
  expect(mapCall(said({}))).toBeNull()
  expect(mapCall(said({ event: '  ' }))).toBeNull()
})

test('a logout of the SaaS specification is a reset', () => {
  expect(tracked('Signed Out').type).toBe('reset')
})

describe('other calls', () => {
  const page = {
    url: 'https://s.example/now',
    referrer: 'https://g.example/',
    title: 'Now',
    path: '/now',
    search: '?q',
  }

  test('a page takes its address from its properties, else from the context, without a second copy', () => {
    const properties = { url: 'https://s.example/coats', path: '/coats', search: '?email=a', shelf: 3 }
    expect(mapCall(said({ kind: 'page', name: 'Shelf', category: 'Shop', properties, page }))).toEqual({
      type: 'page',
      url: 'https://s.example/coats?email=a',
      referrer: 'https://g.example/',
      title: 'Now',
      props: { shelf: 3, name: 'Shelf', category: 'Shop' },
    })
  })

  test('a screen is a page with its name as title', () => {
    expect(mapCall(said({ kind: 'screen', name: 'Basket' }))).toEqual({
      type: 'page',
      title: 'Basket',
      props: { name: 'Basket' },
    })
  })

  test('a track call has the page of its context; its own url is the product’s', () => {
    const mapped = tracked('Product Viewed', { product_id: 'p', url: 'https://s.example/p' }, page)
    expect(mapped.url).toBe('https://s.example/now?q')
    expect(mapped.props).toEqual({ items: [{ item_id: 'p', url: 'https://s.example/p' }] })
  })

  test('an identify and an alias keep nothing about the user they name, a group only its id', () => {
    const properties = { name: 'Ann' }
    expect(mapCall(said({ kind: 'identify', properties }))).toEqual({ type: 'identify', props: { kind: 'login' } })
    expect(mapCall(said({ kind: 'alias', properties }))).toEqual({ type: 'alias' })
    expect(mapCall(said({ kind: 'group', groupId: 'g1', properties }))).toEqual({
      type: 'group',
      props: { group_id: 'g1' },
    })
  })
})
