/** What Segment's e-commerce calls become: carts, orders and their owners. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { basic, call, newAnonymous, postBatch, type SegmentKeys, segmentKeys } from '../support/segment-requests.ts'
import { settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let keys: SegmentKeys
beforeAll(async () => {
  server = await startServer()
  keys = await segmentKeys(server)
  await server.cli('sites', 'set', 'demo', 'redirect_hosts=www.example.com', 'image_hosts=www.example.com')
})
afterAll(() => server.stop())

const ago = (ms: number) => new Date(Date.now() - ms).toISOString()

async function sendAll(calls: unknown[], key: string): Promise<void> {
  const response = await postBatch(server, calls, basic(key))
  expect([response.status, response.headers.get('couture-left-out')]).toEqual([200, null])
  await settled(server)
}

const PRODUCT = {
  ...{ product_id: '507f1f77bcf86cd799439011', sku: 'G-32', name: 'Monopoly: 3rd Edition', category: 'Games' },
  ...{ price: 18.99, quantity: 1, currency: 'USD', cart_id: 'cart-1' },
  ...{ url: 'https://www.example.com/product/path', image_url: 'https://www.example.com/product/path.jpg' },
}

const carts = (visitor: string) =>
  server.query<{ state: string; value: number; currency: string; items: string }>(
    'select state, value, currency, items from carts where visitor_id = ? order by created_at',
    visitor,
  )

test('Product Added opens a cart, Order Completed closes it, and the order has the tag as its source', async () => {
  const { anonymousId, visitor } = newAnonymous(server)
  const added = call('track', { anonymousId, event: 'Product Added', properties: PRODUCT, timestamp: ago(5000) })
  await sendAll([added], keys.writeKey)
  const [open] = await carts(visitor)
  expect(open).toMatchObject({ state: 'open', value: 1899, currency: 'USD' })
  expect(JSON.parse(open!.items)).toEqual([
    {
      ...{ item_id: PRODUCT.product_id, item_name: PRODUCT.name, price: 1899, quantity: 1, item_category: 'Games' },
      ...{ item_variant: null, url: PRODUCT.url, image_url: PRODUCT.image_url },
    },
  ])

  const properties = { order_id: 'order-1', total: 27.5, revenue: 22.5, currency: 'USD', products: [PRODUCT] }
  await sendAll([call('track', { anonymousId, event: 'Order Completed', properties })], keys.writeKey)
  expect((await carts(visitor)).map((cart) => cart.state)).toEqual(['converted'])
  expect(await server.query('select source, total, currency from orders where order_id = ?', 'order-1')).toEqual([
    { source: 'tag', total: 2750, currency: 'USD' },
  ])
})

test.each<[string, Record<string, unknown>, number, string[]]>([
  [
    'as PHP writes a list with gaps',
    { products: { 1: { product_id: 'A', price: 10 }, 3: { product_id: 'B', price: 20 } } },
    3000,
    ['A', 'B'],
  ],
  ['as one object', { products: { product_id: 'A', price: '12,50 €', quantity: '2' } }, 2500, ['A']],
  ['as JSON in a text', { products: JSON.stringify([{ sku: 'A', price: '1.890,50' }]) }, 189_050, ['A']],
  [
    'as GA4’s items with gaps',
    { items: { 0: { item_id: 7, price: 10, quantity: 1.5 }, 5: { item_id: 'B', price: 1 } } },
    1600,
    ['7', 'B'],
  ],
  ['with prices as texts', { products: [{ product_id: 'A', price: '4,245.42' }] }, 424_542, ['A']],
  [
    'with ids as numbers',
    {
      products: [
        { product_id: 17, price: 24 },
        { id: 18, price: 1 },
      ],
    },
    2500,
    ['17', '18'],
  ],
])('a cart’s products %s are read', async (_, properties, value, ids) => {
  const { anonymousId, visitor } = newAnonymous(server)
  const viewed = call('track', { anonymousId, event: 'Cart Viewed', properties: { currency: 'EUR', ...properties } })
  await sendAll([viewed], keys.writeKey)
  const [cart] = await carts(visitor)
  expect(cart).toMatchObject({ state: 'open', value, currency: 'EUR' })
  expect(JSON.parse(cart!.items).map((item: { item_id: string }) => item.item_id)).toEqual(ids)
})

test('an order sent by a server has the server as its source', async () => {
  const { anonymousId } = newAnonymous(server)
  const properties = { order_id: 'order-2', revenue: '9.50', currency: 'eur' }
  await sendAll([call('track', { anonymousId, event: 'Order Completed', properties })], `${keys.secret}:demo`)
  expect(await server.query('select source, total, currency from orders where order_id = ?', 'order-2')).toEqual([
    { source: 'server', total: 950, currency: 'EUR' },
  ])
})

test('a cart that a server identifies only by user belongs to the contact', async () => {
  await server.post('/api/v1/contacts', [{ id: 'c-42', email: 'c42@mail.example', mail_consent: true, attributes: {} }])
  const added = call('track', { userId: 'c-42', event: 'Product Added', properties: PRODUCT, timestamp: ago(5000) })
  await sendAll([added], `${keys.verifying}:demo`)
  const contact = await server.get('/api/v1/contacts/c-42')
  expect(contact.cart).toMatchObject({ currency: 'USD', value: 18.99 })
  expect(contact.links).toMatchObject([{ strength: 'verified', state: 'open' }])
})

test('write-key events about a user do not join those that a server sends about the user', async () => {
  await server.post('/api/v1/contacts', [{ id: 'c-43', email: 'c43@mail.example', mail_consent: true, attributes: {} }])
  const forged = { ...PRODUCT, product_id: 'forged' }
  await sendAll(
    [call('track', { userId: 'c-43', event: 'Product Viewed', properties: PRODUCT })],
    `${keys.verifying}:demo`,
  )
  await sendAll([call('track', { userId: 'c-43', event: 'Product Added', properties: forged })], keys.writeKey)
  const contact = await server.get('/api/v1/contacts/c-43')
  expect(contact.cart).toBeNull()
  const timeline = await server.get('/api/v1/contacts/c-43/timeline')
  expect(timeline.data.map((event: { type: string }) => event.type)).toEqual(['view_item'])
})

test('two logins of one batch at different times divide the browser’s events', async () => {
  await server.post('/api/v1/contacts', [
    { id: 'c-a', email: 'ca@mail.example', attributes: {} },
    { id: 'c-b', email: 'cb@mail.example', attributes: {} },
  ])
  const { anonymousId } = newAnonymous(server)
  const page = (name: string, minutes: number) => call('page', { anonymousId, name, timestamp: ago(minutes * 60_000) })
  const login = (userId: string, minutes: number) =>
    call('identify', { anonymousId, userId, timestamp: ago(minutes * 60_000) })
  const calls = [login('c-a', 300), page('of a', 299), login('c-b', 100), page('of b', 99)]
  await sendAll(calls, `${keys.verifying}:demo`)
  const pages = async (id: string) =>
    (await server.get(`/api/v1/contacts/${id}/timeline`)).data.flatMap((event: any) => event.props?.name ?? [])
  expect(await pages('c-a')).toEqual(['of a'])
  expect(await pages('c-b')).toEqual(['of b'])
})
