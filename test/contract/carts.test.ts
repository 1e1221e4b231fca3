/**
 * Carts as shops really send them, through the wire, to the customer's page. Each row is what a shop sent, two hours ago
 * and a minute apart, and the cart that its customer has then; `?` is what nobody said.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newVisitor, type SiteView, signLogin } from '../support/requests.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

const MINUTE = 60_000

type Props = Record<string, unknown>
type Sent = [type: string, props: Props]
type Cart = {
  id: string
  url: string | null
  state: string
  value: number | null
  currency: string | null
  items: { item_id: string; item_variant?: string; quantity: number }[]
}
type Contact = { cart: Cart | null; orders: { order_id: string; total: number | null; currency: string | null }[] }

const eur = (...items: Props[]): Props => ({ currency: 'EUR', items })
const ring = { item_id: 'ring', price: 10 }
const chain = { item_id: 'chain', price: 20 }

const STORIES: [what: string, sent: Sent[], cart: string, orders?: string][] = [
  [
    'the page of thanks of an earlier order, loaded again',
    [
      ['add_to_cart', eur(ring)],
      ['purchase', { ...eur(ring), transaction_id: 'T-1', value: 10 }],
      ['add_to_cart', eur(chain)],
      ['purchase', { ...eur(ring), transaction_id: 'T-1', value: 10 }],
    ],
    '20 EUR abandoned: 1 chain',
    'T-1 10 EUR',
  ],
  [
    'the same, when the new cart holds the same piece',
    [
      ['add_to_cart', eur(ring)],
      ['purchase', { ...eur(ring), transaction_id: 'T-2', value: 10 }],
      ['add_to_cart', eur(ring)],
      ['purchase', { ...eur(ring), transaction_id: 'T-2', value: 10 }],
    ],
    '10 EUR abandoned: 1 ring',
    'T-2 10 EUR',
  ],
  [
    'another piece bought at once',
    [
      ['add_to_cart', eur(ring)],
      ['purchase', { ...eur(chain), transaction_id: 'T-3', value: 20 }],
    ],
    '10 EUR abandoned: 1 ring',
    'T-3 20 EUR',
  ],
  [
    'a currency that is named later',
    [
      ['add_to_cart', { items: [{ item_id: 'A', price: 5000 }] }],
      ['begin_checkout', { currency: 'JPY', items: [{ item_id: 'A', price: 5000 }] }],
    ],
    '5000 JPY abandoned: 1 A',
  ],
  [
    'a list that PHP wrote with gaps',
    [['add_to_cart', { currency: 'EUR', items: { 1: ring, 3: chain } }]],
    '30 EUR abandoned: 1 ring, 1 chain',
  ],
  [
    'amounts in texts',
    [
      ['add_to_cart', { currency: 'EUR', value: '4,245.42', items: [{ item_id: 'A', price: '4,245.42' }] }],
      ['purchase', { currency: 'EUR', transaction_id: 'T-4', value: '1 890,50 €', items: [{ item_id: 'B' }] }],
    ],
    '4245.42 EUR abandoned: 1 A',
    'T-4 1890.5 EUR',
  ],
  ['one and a half metres', [['add_to_cart', eur({ ...ring, quantity: 1.5 })]], '15 EUR abandoned: 1.5 ring'],
  [
    'a view of an emptied cart',
    [
      ['add_to_cart', eur(ring)],
      ['view_cart', { currency: 'EUR', items: [], value: 0 }],
    ],
    'none',
  ],
  [
    'no currency and a number for an id',
    [['add_to_cart', { items: [{ item_id: 17, item_name: 'Ring', quantity: 1, price: 24 }] }]],
    '24 CHF abandoned: 1 17',
  ],
  [
    'prices of whole lines',
    [['begin_checkout', { currency: 'EUR', value: 20, items: [{ item_id: 'A', quantity: 2, price: 20 }] }]],
    '20 EUR abandoned: 2 A',
  ],
  [
    'items without prices',
    [['add_to_cart', { currency: 'EUR', items: [{ id: 'A', name: 'Ring', quantity: '3' }] }]],
    '? EUR abandoned: 3 A',
  ],
  [
    'Universal Analytics under the shop’s own names, and the order by gtm4wp 1',
    [
      [
        'addToBasket',
        { ecommerce: { currencyCode: 'EUR', add: { products: [{ id: 'ring', price: '10.00', quantity: 1 }] } } },
      ],
      [
        'EECcheckout',
        { ecommerce: { checkout: { actionField: { step: 2 }, products: [{ id: 'chain', price: '20.00' }] } } },
      ],
      [
        'gtm4wp.orderCompletedEEC',
        {
          ecommerce: {
            currencyCode: 'EUR',
            purchase: { actionField: { id: 'T-9', revenue: '10' }, products: [{ id: 'ring' }] },
          },
        },
      ],
    ],
    '20 EUR abandoned: 1 chain',
    'T-9 10 EUR',
  ],
  [
    'the events of a Shopify pixel, of which the last takes a line out',
    [
      [
        'product_added_to_cart',
        {
          cartLine: {
            merchandise: { id: 'v', price: { amount: 10, currencyCode: 'EUR' }, product: { id: 'ring' } },
            quantity: 2,
          },
        },
      ],
      [
        'checkout_started',
        {
          checkout: {
            token: 'c-1',
            lineItems: [
              {
                quantity: 2,
                variant: { id: 'v', price: { amount: 10, currencyCode: 'EUR' }, product: { id: 'ring' } },
              },
            ],
          },
        },
      ],
      ['product_removed_from_cart', { cartLine: { merchandise: { id: 'v', product: { id: 'ring' } }, quantity: 1 } }],
    ],
    '10 EUR abandoned: 1 ring (v)',
  ],
  [
    'Analyzify’s lists',
    [['ee_addToCart', { product_id: ['ring', 'chain'], product_price: [10, 20], quantity: [1, 2], currency: 'EUR' }]],
    '50 EUR abandoned: 1 ring, 2 chain',
  ],
  [
    'a removal that does not say how many',
    [
      ['add_to_cart', eur({ ...ring, quantity: 3 }, chain)],
      ['remove_from_cart', { id: 'ring' }],
    ],
    '20 EUR abandoned: 1 chain',
  ],
  [
    'two sizes of one ring',
    [
      ['add_to_cart', eur({ ...ring, item_variant: '52' })],
      ['add_to_cart', eur({ ...ring, item_variant: '54' })],
    ],
    '20 EUR abandoned: 1 ring (52), 1 ring (54)',
  ],
  [
    'a purchase of nothing',
    [
      ['add_to_cart', eur(ring)],
      ['purchase', { value: 0 }],
    ],
    '10 EUR abandoned: 1 ring',
    '',
  ],
  [
    'an order that is taken back',
    [
      ['purchase', { ...eur(ring), transaction_id: 'R-1', value: 10 }],
      ['refund', { transaction_id: 'R-1' }],
    ],
    'none',
    '',
  ],
  [
    'an order that is taken back by its value',
    [
      ['purchase', { ...eur(ring), transaction_id: 'R-2', value: 10 }],
      ['refund', { currency: 'EUR', transaction_id: 'R-2', value: '10,00' }],
    ],
    'none',
    '',
  ],
  [
    'an order of which a piece is taken back',
    [
      ['purchase', { ...eur(ring, chain), transaction_id: 'R-3', value: 30 }],
      ['refund', { ...eur(chain), transaction_id: 'R-3' }],
    ],
    'none',
    'R-3 10 EUR',
  ],
  [
    'an order that is cancelled',
    [
      ['purchase', { ...eur(ring), transaction_id: 'R-4', value: 10 }],
      ['order_cancelled', { order_id: 'R-4', value: 3 }],
    ],
    'none',
    '',
  ],
  [
    'a refund before its purchase arrives',
    [
      ['refund', { transaction_id: 'R-5' }],
      ['purchase', { ...eur(ring), transaction_id: 'R-5', value: 10 }],
    ],
    'none',
    '',
  ],
  [
    'a refund of another order',
    [
      ['purchase', { ...eur(ring), transaction_id: 'R-6', value: 10 }],
      ['refund', { transaction_id: 'R-7' }],
    ],
    'none',
    'R-6 10 EUR',
  ],
  [
    'an order of which nobody can read the total',
    [['purchase', { transaction_id: 'T-5', value: 'on request', items: [{ item_id: 'A' }] }]],
    'none',
    'T-5 ? CHF',
  ],
]

let server: TestServer
let site: SiteView

const words = ({ cart }: Contact) =>
  cart === null
    ? 'none'
    : `${cart.value ?? '?'} ${cart.currency ?? '?'} ${cart.state}: ${cart.items
        .map((item) => `${item.quantity} ${item.item_id}${item.item_variant ? ` (${item.item_variant})` : ''}`)
        .join(', ')}`

const contactOf = async (id: string): Promise<Contact> => (await server.api(`/api/v1/contacts/${id}`)).json()

/** Sends events, so many minutes ago, as a customer that signs in after them. */
async function play(id: string, sent: Sent[], ago = sent.map((_, n) => 120 - n)): Promise<void> {
  await server.post('/api/v1/contacts', [{ id, email: `${id}@mail.example` }])
  const token = await signLogin(site.identity_secret, id)
  await sendAll(server, newVisitor(), [
    ...sent.map(([type, props], n) => event(type, ago[n]! * MINUTE, props)),
    event('identify', 1000, { kind: 'login', token }),
  ])
}

beforeAll(async () => {
  server = await startServer()
  site = await server.cli<SiteView>('sites', 'show', 'demo')
  await server.cli(
    'sites',
    'set',
    'demo',
    'cart_idle_minutes=60',
    'currency=CHF',
    'cart_url=https://shop.example/cart?restore={cart_id}',
  )
  for (const [n, [, sent]] of STORIES.entries()) await play(`story-${n}`, sent)
  await settled(server)
})
afterAll(() => server.stop())

describe('a customer has the right cart after', () => {
  test.each(STORIES.map(([what, , cart, orders], n) => [what, `story-${n}`, cart, orders] as const))(
    '%s',
    async (_, id, cart, orders) => {
      const contact = await contactOf(id)
      expect(words(contact)).toBe(cart)
      if (orders === undefined) return
      const told = contact.orders.map((order) => `${order.order_id} ${order.total ?? '?'} ${order.currency ?? '?'}`)
      expect(told.join(', ')).toBe(orders)
    },
  )
})

describe('a cart that the shop names', () => {
  test('is known by that name, with the address at which the shop restores it', async () => {
    await play('named', [
      ['add_to_cart', { ...eur(ring), cart_id: 'c-77', cart_url: 'http://localhost:3000/cart?restore=c-77' }],
    ])
    await play('template', [['add_to_cart', { ...eur(ring), cartId: 78 }]])
    await settled(server)
    expect((await contactOf('named')).cart).toMatchObject({
      id: 'c-77',
      url: 'http://localhost:3000/cart?restore=c-77',
    })
    expect((await contactOf('template')).cart).toMatchObject({
      id: '78',
      url: 'https://shop.example/cart?restore=78',
    })
  })
})

test('what a customer bought and viewed is told without what was taken back, and numbers are ids', async () => {
  await play('buyer', [
    ['view_item', { items: [{ item_id: 4711 }] }],
    ['view_item', { products: [{ product_id: 4711 }] }],
    ['purchase', { ...eur(ring, chain), transaction_id: 'B-1', value: 30 }],
    ['refund', { ...eur(chain), transaction_id: 'B-1' }],
  ])
  await server.post('/api/v1/contacts', [{ id: 'buyer', mail_consent: true }])
  await settled(server)
  const { data } = await (await server.api('/api/v1/matches')).json()
  expect(data.find((match: { contact: { id: string } }) => match.contact.id === 'buyer')).toMatchObject({
    purchased: ['ring'],
    interests: [{ item_id: '4711', views: 2 }],
  })
})

describe('the idle clock', () => {
  test.each<[what: string, sent: Sent[], state: string]>([
    ['is not restarted by the same cart on every page', [['view_cart', eur(ring)]], 'abandoned'],
    ['is restarted by another piece', [['view_cart', eur(ring, chain)]], 'open'],
    ['is restarted by the checkout', [['begin_checkout', eur(ring)]], 'open'],
  ])('%s', async (what, sent, state) => {
    const id = `idle-${what.replaceAll(' ', '-')}`
    await play(id, [['add_to_cart', eur(ring)], ...sent], [90, 10])
    await settled(server)
    expect((await contactOf(id)).cart?.state).toBe(state)
  })
})
