/**
 * Carts, folded from what a shop sends. Each row is a story of events, a minute apart unless stated otherwise, and the
 * resulting carts: their items with quantities, their value in minor units, and their state.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Cart, type CartPolicy, type CommerceEvent, foldCarts } from '../../server/domain/commerce/cart.ts'
import { joinCarts } from '../../server/domain/commerce/joined.ts'
import { orderOf } from '../../server/domain/commerce/order.ts'
import { readCommerce } from '../../server/domain/commerce/read.ts'

const MINUTE = 60_000
const HOSTS = {
  links: new Set(['shop.example']),
  pictures: new Set(['shop.example', 'cdn.example']),
  home: 'https://shop.example',
}
const POLICY = { abandonedAfterMs: 60 * MINUTE, currency: null, cartUrl: null, hosts: HOSTS }

type Props = Record<string, unknown>
type Told = [type: string, props?: Props, afterMinutes?: number]

function fold(story: Told[], policy: Partial<CartPolicy> = {}): Cart[] {
  let at = 0
  const events = story.map(([type, props = {}, after = 1], n): CommerceEvent => {
    at += after * MINUTE
    return { id: `e${n}`, at, type, props, url: null }
  })
  return foldCarts(events, { ...POLICY, ...policy })
}

const say = (cart: Cart) =>
  `${cart.items.map((item) => `${item.quantity} ${item.item_id}${item.item_variant ? `(${item.item_variant})` : ''}`).join(' + ')} = ${cart.value} ${cart.currency} ${cart.state}`

const eur = (...items: Props[]): Props => ({ currency: 'EUR', items })
const ring = { item_id: 'ring', price: 100 }
const chain = { item_id: 'chain', price: 50.5 }

describe('a cart', () => {
  test.each<[name: string, story: Told[], carts: string[]]>([
    ['holds what was added', [['add_to_cart', eur(ring)]], ['1 ring = 10000 EUR open']],
    [
      'adds up what is added twice',
      [
        ['add_to_cart', eur(ring)],
        ['add_to_cart', eur({ ...ring, quantity: 2 })],
      ],
      ['3 ring = 30000 EUR open'],
    ],
    ['takes several items at once', [['add_to_cart', eur(ring, chain)]], ['1 ring + 1 chain = 15050 EUR open']],
    [
      'loses what is removed',
      [
        ['add_to_cart', eur(ring, chain)],
        ['remove_from_cart', eur(ring)],
      ],
      ['1 chain = 5050 EUR open'],
    ],
    [
      'keeps the rest of a removed quantity',
      [
        ['add_to_cart', eur({ ...ring, quantity: 3 })],
        ['remove_from_cart', eur({ ...ring, quantity: 2 })],
      ],
      ['1 ring = 10000 EUR open'],
    ],
    [
      'does not go below nothing',
      [
        ['add_to_cart', eur(ring, chain)],
        ['remove_from_cart', eur({ ...ring, quantity: 5 })],
        ['add_to_cart', eur(ring)],
      ],
      ['1 chain + 1 ring = 15050 EUR open'],
    ],
    [
      'is none once it is empty',
      [
        ['add_to_cart', eur(ring)],
        ['remove_from_cart', eur(ring)],
      ],
      [],
    ],
    ['is none where something unknown is removed', [['remove_from_cart', eur(ring)]], []],
    [
      'keeps what it has where something unknown is removed',
      [
        ['add_to_cart', eur(ring)],
        ['remove_from_cart', eur(chain)],
      ],
      ['1 ring = 10000 EUR open'],
    ],
    [
      'is what view_cart says it is',
      [
        ['add_to_cart', eur(ring, ring)],
        ['view_cart', eur({ ...chain, quantity: 2 })],
      ],
      ['2 chain = 10100 EUR open'],
    ],
    [
      'stays as it is when view_cart says nothing',
      [
        ['add_to_cart', eur(ring)],
        ['view_cart', {}],
      ],
      ['1 ring = 10000 EUR open'],
    ],
    ['may begin with view_cart', [['view_cart', eur(ring)]], ['1 ring = 10000 EUR open']],
    ['may begin at the checkout', [['begin_checkout', eur(ring)]], ['1 ring = 10000 EUR open']],
    [
      'is what the checkout says it is',
      [
        ['add_to_cart', eur(ring)],
        ['begin_checkout', eur(chain)],
      ],
      ['1 chain = 5050 EUR open'],
    ],
    [
      'stays as it is when the checkout lists nothing',
      [
        ['add_to_cart', eur(ring)],
        ['begin_checkout', { currency: 'EUR', value: 100 }],
      ],
      ['1 ring = 10000 EUR open'],
    ],
    [
      'is emptied by a view of nothing that is worth nothing',
      [
        ['add_to_cart', eur(ring)],
        ['view_cart', { currency: 'EUR', items: [], value: 0 }],
      ],
      [],
    ],
    [
      'loses what a full picture counts as none',
      [
        ['add_to_cart', eur(ring, chain)],
        ['view_cart', eur({ ...ring, quantity: 0 }, chain)],
      ],
      ['1 chain = 5050 EUR open'],
    ],
    [
      'is not closed by the purchase of another piece',
      [
        ['add_to_cart', eur(ring)],
        ['purchase', eur(chain)],
      ],
      ['1 ring = 10000 EUR open'],
    ],
    [
      'is closed by a purchase of one of its pieces',
      [
        ['add_to_cart', eur(ring, chain)],
        ['purchase', eur(chain)],
      ],
      ['1 ring + 1 chain = 15050 EUR converted'],
    ],
    [
      'is closed by a purchase with its cart id, whatever was bought',
      [
        ['add_to_cart', { ...eur(ring), cart_id: 'c1' }],
        ['purchase', { ...eur(chain), cart_id: 'c1' }],
      ],
      ['1 ring = 10000 EUR converted'],
    ],
    [
      'is not closed by a purchase of nothing that is worth nothing',
      [
        ['add_to_cart', eur(ring)],
        ['purchase', { currency: 'EUR', value: 0 }],
      ],
      ['1 ring = 10000 EUR open'],
    ],
    [
      'is one of several if the shop names its carts',
      [
        ['add_to_cart', { ...eur(ring), cart_id: 'c1' }],
        ['add_to_cart', { ...eur(chain), cart_id: 'c2' }],
        ['add_to_cart', { ...eur(ring), cart_id: 'c1' }],
        ['purchase', { currency: 'EUR', value: 50.5, cart_id: 'c2' }],
      ],
      ['1 chain = 5050 EUR converted', '2 ring = 20000 EUR open'],
    ],
    [
      'takes the id that a later event gives it',
      [
        ['add_to_cart', eur(ring)],
        ['view_cart', { ...eur(ring, chain), cart_id: 'c1' }],
        ['add_to_cart', eur(chain)],
      ],
      ['1 ring + 2 chain = 20100 EUR open'],
    ],
    [
      'keeps variants apart',
      [
        ['add_to_cart', eur({ ...ring, item_variant: '52' })],
        ['add_to_cart', eur({ ...ring, item_variant: '54' })],
        ['remove_from_cart', eur({ ...ring, item_variant: '52' })],
      ],
      ['1 ring(54) = 10000 EUR open'],
    ],
    [
      'keeps one piece at two prices apart',
      [
        ['add_to_cart', eur(ring)],
        ['add_to_cart', eur({ ...ring, price: 80 })],
      ],
      ['1 ring + 1 ring = 18000 EUR open'],
    ],
    [
      'loses the whole line if nobody said how many were removed',
      [
        ['add_to_cart', eur({ ...ring, quantity: 3 }, chain)],
        ['remove_from_cart', { id: 'ring' }],
      ],
      ['1 chain = 5050 EUR open'],
    ],
    ['counts fractions', [['add_to_cart', eur({ ...ring, quantity: 1.5 })]], ['1.5 ring = 15000 EUR open']],
    [
      'loses what is added in a negative number',
      [
        ['add_to_cart', eur({ ...ring, quantity: 3 })],
        ['add_to_cart', eur({ ...ring, quantity: -1 })],
      ],
      ['2 ring = 20000 EUR open'],
    ],
    [
      'has the currency that is named later',
      [
        ['add_to_cart', { items: [{ item_id: 'ring', price: 5000 }] }],
        ['begin_checkout', { currency: 'JPY', items: [{ item_id: 'ring', price: 5000 }] }],
      ],
      ['1 ring = 5000 JPY open'],
    ],
    [
      'begins anew in another currency',
      [
        ['add_to_cart', eur(ring)],
        ['add_to_cart', { currency: 'JPY', items: [{ item_id: 'chain', price: 890 }] }],
      ],
      ['1 chain = 890 JPY open'],
    ],
    [
      'is of unknown value if a price is unknown',
      [['add_to_cart', { items: [{ id: 'A', name: 'Ring', quantity: '2' }] }]],
      ['2 A = null XXX open'],
    ],
    [
      'is worth what a full picture states if a price is unknown',
      [['view_cart', { currency: 'EUR', value: 30, items: [{ id: 'A' }, { id: 'B' }] }]],
      ['1 A + 1 B = 3000 EUR open'],
    ],
    ['does not begin with a checkout of nothing', [['begin_checkout', { currency: 'EUR', value: 10 }]], []],
    [
      'is converted by a purchase',
      [
        ['add_to_cart', eur(ring)],
        ['purchase', eur(ring)],
      ],
      ['1 ring = 10000 EUR converted'],
    ],
    [
      'is another one after a purchase',
      [
        ['add_to_cart', eur(ring)],
        ['purchase', {}],
        ['add_to_cart', eur(chain)],
      ],
      ['1 ring = 10000 EUR converted', '1 chain = 5050 EUR open'],
    ],
    ['is not made by a purchase alone', [['purchase', eur(ring)]], []],
    [
      'is recovered by a purchase after the idle time',
      [
        ['add_to_cart', eur(ring)],
        ['purchase', {}, 60],
      ],
      ['1 ring = 10000 EUR recovered'],
    ],
    [
      'is not recovered by what was bought under its id, if that was not in it',
      [
        ['add_to_cart', { ...eur(ring), cart_id: 'c1' }],
        ['purchase', { ...eur(chain), cart_id: 'c1' }, 60],
      ],
      ['1 ring = 10000 EUR converted'],
    ],
    [
      'is not recovered by an order without items that costs less than each piece',
      [
        ['add_to_cart', eur(ring)],
        ['purchase', { currency: 'EUR', value: 10 }, 60],
      ],
      ['1 ring = 10000 EUR converted'],
    ],
    [
      'is closed with all others by an order that names neither cart nor pieces',
      [
        ['add_to_cart', { ...eur(ring), cart_id: 'c1' }],
        ['add_to_cart', { ...eur(chain), cart_id: 'c2' }],
        ['purchase', { currency: 'EUR', value: 50.5 }, 60],
      ],
      ['1 chain = 5050 EUR recovered', '1 ring = 10000 EUR converted'],
    ],
    [
      'is not recovered where it was idle for less',
      [
        ['add_to_cart', eur(ring)],
        ['begin_checkout', {}, 59],
        ['purchase', {}, 59],
      ],
      ['1 ring = 10000 EUR converted'],
    ],
    [
      'is recovered also where it was touched again before the purchase',
      [
        ['add_to_cart', eur(ring)],
        ['view_cart', {}, 90],
        ['purchase', {}],
      ],
      ['1 ring = 10000 EUR recovered'],
    ],
    [
      'takes the value that is sent where a price is missing',
      [['add_to_cart', { currency: 'EUR', value: 12.34, items: [{ item_id: 'ring' }] }]],
      ['1 ring = 1234 EUR open'],
    ],
    [
      'learns a price later',
      [
        ['add_to_cart', eur({ item_id: 'ring' })],
        ['add_to_cart', eur(ring)],
      ],
      ['2 ring = 20000 EUR open'],
    ],
    [
      'counts yen without decimals',
      [['add_to_cart', { currency: 'JPY', items: [{ item_id: 'ring', price: 1500 }] }]],
      ['1 ring = 1500 JPY open'],
    ],
    [
      'counts dinars with three',
      [['add_to_cart', { currency: 'kwd', items: [{ item_id: 'ring', price: 1.234 }] }]],
      ['1 ring = 1234 KWD open'],
    ],
    ['has no currency where none is named', [['add_to_cart', { items: [ring] }]], ['1 ring = 10000 XXX open']],
    [
      'keeps its currency where a later event names none',
      [
        ['add_to_cart', eur(ring)],
        ['add_to_cart', { items: [ring] }],
      ],
      ['2 ring = 20000 EUR open'],
    ],
    [
      'reads Segment’s products',
      [['view_cart', { currency: 'EUR', products: [{ product_id: 'p1', name: 'Ring', price: '10.50', quantity: 2 }] }]],
      ['2 p1 = 2100 EUR open'],
    ],
    [
      'reads Segment’s single product',
      [['add_to_cart', { currency: 'EUR', product_id: 'p1', price: 5 }]],
      ['1 p1 = 500 EUR open'],
    ],
    [
      'knows an item by its sku or name where it has no id',
      [['add_to_cart', eur({ sku: 's' }, { item_name: 'n' })]],
      ['1 s + 1 n = null EUR open'],
    ],
    [
      'does not care for other events',
      [['add_to_cart', eur(ring)], ['page'], ['view_item', eur(chain)]],
      ['1 ring = 10000 EUR open'],
    ],
  ])('%s', (_, story, carts) => {
    expect(fold(story).map(say)).toEqual(carts)
  })

  test('records when it was begun, changed, checked out, abandoned and closed', () => {
    const [cart] = fold([
      ['add_to_cart', eur(ring), 10],
      ['begin_checkout', {}, 5],
      ['purchase', {}, 100],
    ])
    expect(cart).toMatchObject({
      id: 'e0',
      createdAt: 10 * MINUTE,
      updatedAt: 15 * MINUTE,
      checkoutAt: 15 * MINUTE,
      abandonedAt: 75 * MINUTE,
      closedAt: 115 * MINUTE,
      eventIds: ['e0', 'e1', 'e2'],
    })
  })

  test.each<[what: string, story: Told[], minute: number]>([
    [
      'an equal view of the cart',
      [
        ['add_to_cart', eur(ring)],
        ['view_cart', eur(ring), 30],
      ],
      1,
    ],
    [
      'a view of a cart that says nothing',
      [
        ['add_to_cart', eur(ring)],
        ['view_cart', {}, 30],
      ],
      1,
    ],
    [
      'a view that changes it',
      [
        ['add_to_cart', eur(ring)],
        ['view_cart', eur(ring, chain), 30],
      ],
      31,
    ],
    [
      'the checkout',
      [
        ['add_to_cart', eur(ring)],
        ['begin_checkout', eur(ring), 30],
      ],
      31,
    ],
    [
      'a reloaded checkout',
      [
        ['add_to_cart', eur(ring)],
        ['begin_checkout', eur(ring), 10],
        ['begin_checkout', eur(ring), 20],
      ],
      11,
    ],
    [
      'the purchase of another piece',
      [
        ['add_to_cart', eur(ring)],
        ['purchase', eur(chain), 30],
      ],
      1,
    ],
  ])('was last changed, after %s, at the right minute', (_, story, minute) => {
    expect(fold(story).find((cart) => cart.state === 'open')!.updatedAt).toBe(minute * MINUTE)
  })

  test('has the currency of its site if nobody names one', () => {
    expect(fold([['add_to_cart', { items: [ring] }]], { currency: 'EUR' }).map(say)).toEqual([
      '1 ring = 10000 EUR open',
    ])
  })

  test('is restored where its events say, else where the site says, else where it last changed', () => {
    const cartUrl = 'https://shop.example/cart?restore={cart_id}'
    const urlOf = (props: Props, policy: Partial<CartPolicy>) =>
      fold([['add_to_cart', { ...eur(ring), ...props }]], policy)[0]!.url
    expect(urlOf({ cart_id: 'c 7', cart_url: 'https://shop.example/c/7' }, { cartUrl })).toBe(
      'https://shop.example/c/7',
    )
    expect(urlOf({ cart_id: 'c 7' }, { cartUrl })).toBe('https://shop.example/cart?restore=c%207')
    expect(urlOf({}, { cartUrl: 'https://shop.example/cart' })).toBe('https://shop.example/cart')
    expect(urlOf({}, { cartUrl })).toBeNull()
  })

  test('begun after an order stays when the page of thanks for that order is loaded again', () => {
    const order = { ...eur(ring), transaction_id: 'O1' }
    const events = [
      { type: 'add_to_cart', props: eur(ring) },
      { type: 'purchase', props: order },
      { type: 'add_to_cart', props: eur({ ...ring, price: 20 }) },
      { type: 'purchase', props: order, repeated: true },
    ].map((event, n) => ({ id: `e${n}`, at: n * MINUTE, url: null, ...event }))
    expect(foldCarts(events, POLICY).map(say)).toEqual(['1 ring = 10000 EUR converted', '1 ring = 2000 EUR open'])
  })

  test.each<[what: string, bought: Props, value: number | null]>([
    ['whole', { ...eur({ ...ring, quantity: 2 }, chain), value: 250.5 }, 25_050],
    ['one of its pieces', { ...eur(chain), value: 50.5 }, 5050],
    ['some of a line', { ...eur({ ...ring, quantity: 1 }), value: 100 }, 10_000],
    ['more than it held', { ...eur({ ...ring, quantity: 9 }), value: 900 }, 20_000],
    ['a line of an unknown number', { ...eur(ring), value: 900 }, 20_000],
    ['at a lower price', { ...eur(ring), value: 60 }, 6000],
    ['for nothing that was said', eur(ring), 20_000],
    ['in another currency', { currency: 'JPY', value: 900, items: [{ item_id: 'ring', price: 900 }] }, 20_000],
    ['without items', { currency: 'EUR', value: 90 }, 9000],
    ['without items or a total', {}, null],
    ['without items, in another currency', { currency: 'JPY', value: 900 }, null],
  ])('is recovered for what was in it and was bought: %s', (_, bought, value) => {
    const [cart] = fold([
      ['add_to_cart', eur({ ...ring, quantity: 2 }, chain)],
      ['purchase', bought, 60],
    ])
    expect(cart).toMatchObject({ state: 'recovered', recoveredValue: value })
  })

  test.each<[step: string, types: string[]]>([
    ['cart', ['add_to_cart', 'view_cart']],
    ['checkout', ['add_to_cart', 'begin_checkout']],
    ['shipping', ['begin_checkout', 'add_shipping_info', 'view_cart']],
    ['payment', ['begin_checkout', 'add_payment_info', 'add_shipping_info']],
  ])('has come as far as %s', (step, types) => {
    expect(fold(types.map((type) => [type, eur(ring)]))[0]!.step).toBe(step)
  })

  test('keeps the time when it was first abandoned', () => {
    const [cart] = fold([
      ['add_to_cart', eur(ring)],
      ['view_cart', {}, 120],
      ['view_cart', {}, 120],
    ])
    expect(cart!.abandonedAt).toBe(61 * MINUTE)
  })
})

describe('hostile values', () => {
  test.each<[unknown, number]>([
    [Number.NaN, 1],
    ['many', 1],
    [null, 1],
    [{}, 1],
    [1e300, 1],
    [1e9, 1_000_000],
    ['3', 3],
    [1.2, 1.2],
  ])('a quantity of %j counts as %i', (quantity, counted) => {
    expect(fold([['add_to_cart', eur({ ...ring, quantity })]])[0]!.items[0]!.quantity).toBe(counted)
  })

  test.each([Number.NaN, 'free', 1e300, Number.POSITIVE_INFINITY, null, {}, [], true])(
    'a price of %j is no price',
    (price) => {
      expect(fold([['add_to_cart', eur({ item_id: 'ring', price })]])[0]!.items[0]!.price).toBeNull()
    },
  )

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('an item may be named %s', (item_id) => {
    const item = JSON.parse(`{"item_id":"${item_id}","price":1,"__proto__":{"item_name":"inherited"}}`) as Props
    const [cart] = fold([
      ['add_to_cart', eur(item)],
      ['add_to_cart', eur(item)],
    ])
    expect(cart!.items).toMatchObject([{ item_id, quantity: 2, price: 100, item_name: null }])
    expect(({} as Props).item_name).toBeUndefined()
  })

  test.each([[null], [true], [[]], [{}], [{ item_id: '' }], [{ item_id: {} }]])('%j is not an item', (item) => {
    expect(fold([['add_to_cart', eur(item as Props)]])).toEqual([])
  })

  test('a cart has at most 200 items, and a quantity is at most a million', () => {
    const many = Array.from({ length: 300 }, (_, n) => ({ item_id: `i${n}`, quantity: 1e6 }))
    const [cart] = fold([
      ['add_to_cart', eur(...many)],
      ['add_to_cart', eur(...many.slice(150).concat(many.slice(0, 50)))],
    ])
    expect(cart!.items).toHaveLength(200)
    expect(Math.max(...cart!.items.map((item) => item.quantity))).toBe(1_000_000)
  })

  const nasty = fc.oneof(
    fc.double(),
    fc.integer(),
    fc.string(),
    fc.constantFrom<unknown>(null, undefined, true, {}, [], '__proto__', 1e308, -1e308, '1e308', 1e10, 9_999_999_999),
  )
  const item = fc.record(
    {
      item_id: fc.oneof(fc.constantFrom('a', 'b', '__proto__'), nasty),
      price: nasty,
      quantity: nasty,
      item_name: nasty,
    },
    { requiredKeys: [] },
  )
  const types = ['add_to_cart', 'remove_from_cart', 'view_cart', 'begin_checkout', 'purchase']
  const told = fc.tuple(
    fc.constantFrom(...types),
    fc.record(
      {
        currency: fc.oneof(fc.constantFrom('EUR', 'JPY', 'CLF'), nasty),
        value: nasty,
        items: fc.oneof(fc.array(item), nasty),
      },
      { requiredKeys: [] },
    ),
  ) as fc.Arbitrary<Told>

  test('carts and orders have bounded integer figures, whatever is sent', () => {
    fc.assert(
      fc.property(fc.array(told, { maxLength: 12 }), (story) => {
        for (const cart of fold(story)) {
          if (cart.value !== null) expect(Number.isSafeInteger(cart.value), `value ${cart.value}`).toBe(true)
          for (const each of cart.items) {
            expect(each.quantity).toBeGreaterThan(0)
            expect(each.quantity).toBeLessThanOrEqual(1_000_000)
            if (each.price !== null) expect(Number.isSafeInteger(each.price)).toBe(true)
          }
        }
        for (const [, props = {}] of story) {
          const total = orderOf({ id: 'e', at: 0, props }, null)?.total ?? 0
          expect(Number.isSafeInteger(total)).toBe(true)
        }
      }),
      { numRuns: 1000 },
    )
  })
})

describe('carts over several places', () => {
  const named = fc.record({
    type: fc.constantFrom('add_to_cart', 'add_to_cart', 'remove_from_cart', 'view_cart', 'begin_checkout', 'purchase'),
    cart: fc.constantFrom('X', 'Y'),
    items: fc.subarray([ring, chain, { item_id: 'pearl', price: 7 }], { minLength: 1 }),
    minutes: fc.integer({ min: 1, max: 90 }),
    place: fc.constantFrom('phone', 'laptop', 'till'),
  })

  test('are the same as in one place, if the shop names them', () => {
    fc.assert(
      fc.property(fc.array(named, { maxLength: 15 }), (story) => {
        let at = 0
        const events = story.map(({ type, cart, items, minutes, place }, n) => {
          at += minutes * MINUTE
          return {
            id: `e${String(n).padStart(3, '0')}`,
            at,
            type,
            props: { ...eur(...items), cart_id: cart },
            url: null,
            place,
          }
        })
        expect(foldCarts(events, POLICY)).toEqual(
          foldCarts(
            events.map(({ place: _, ...event }) => event),
            POLICY,
          ),
        )
      }),
      { numRuns: 300 },
    )
  })

  test('are each place’s own, if the shop does not name them', () => {
    const events = ['phone', 'laptop'].map((place, n) => {
      return { id: `e${n}`, at: n, type: 'add_to_cart', props: eur(n === 0 ? ring : chain), url: null, place }
    })
    expect(foldCarts(events, POLICY).map(say)).toEqual(['1 ring = 10000 EUR open', '1 chain = 5050 EUR open'])
  })

  test.each<[what: string, order: Props, site: string | null, carts: string[]]>([
    ['with its cart id', { ...eur(chain), cart_id: 'X' }, 'a', ['a: converted', 'b: open']],
    ['with its cart id, without items', { cart_id: 'X', value: 5 }, 'a', ['a: converted', 'b: open']],
    ['without items', { value: 5 }, 'b', ['a: open', 'b: converted']],
    ['of a piece', eur(ring), 'a', ['a: converted', 'b: converted']],
    ['of a piece in the shop', eur(ring), null, ['a: converted', 'b: converted']],
  ])('of one name on two sites are two, and an order closes what it bought: %s', (_, props, site, carts) => {
    const events = ['a', 'b'].map((each) => {
      const at = each === 'a' ? 1 : 2
      return {
        id: each,
        at,
        type: 'add_to_cart',
        props: { ...eur(ring), cart_id: 'X' },
        url: null,
        place: each,
        site: each,
      }
    })
    const order = { id: 'O', at: 3, place: site ?? '', site, reading: readCommerce('purchase', props, 'EUR') }
    const joined = joinCarts(events, [order], () => POLICY)
    expect(joined.map((cart) => `${cart.site}: ${cart.state}`)).toEqual(carts)
  })

  test('are kept, however many a script names', () => {
    const events = Array.from({ length: 2000 }, (_, n) => {
      return { id: `e${n}`, at: n, type: 'add_to_cart', props: { ...eur(ring), cart_id: `c${n}` }, url: null }
    })
    expect(new Set(foldCarts(events, POLICY).map((cart) => cart.shopId)).size).toBe(2000)
  })
})

describe('an order', () => {
  const total = (props: Props) => orderOf({ id: 'e1', at: 0, props }, null)?.total

  test.each<[string, Props, number]>([
    ['the value that is sent', { currency: 'EUR', value: 12.5, items: [ring] }, 1250],
    ['Segment’s total or revenue', { currency: 'EUR', revenue: '12.50' }, 1250],
    ['zero, if zero is sent', { currency: 'EUR', value: 0, items: [ring] }, 0],
    ['the value in a text', { currency: 'EUR', value: '4,245.42' }, 424542],
    ['its items, if nothing is sent', { currency: 'EUR', items: [{ ...ring, quantity: 2 }] }, 20000],
    ['its items, if null is sent', { currency: 'EUR', value: null, items: [ring] }, 10000],
    ['its items, if nothing that is a number is sent', { currency: 'EUR', value: '', total: [], items: [ring] }, 10000],
  ])('is worth %s', (_, props, minor) => {
    expect(total(props)).toBe(minor)
  })

  test.each<[Props, string]>([
    [{ transaction_id: 'T-1' }, 'T-1'],
    [{ order_id: 17 }, '17'],
    [{}, 'event:e1'],
    [{ transaction_id: '' }, 'event:e1'],
    [{ transaction_id: null, order_id: 'O' }, 'O'],
  ])('%j has the id %s', (props, id) => {
    expect(orderOf({ id: 'e1', at: 0, props }, null)?.orderId).toBe(id)
  })
})
