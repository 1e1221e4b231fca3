/**
 * What a stranger can put into a mail by the contents of a cart, whoever is linked to it: links and pictures on other hosts,
 * under other schemes or with a user that looks like the shop's host, addresses that are made to look relative, an address
 * that restores the cart elsewhere, and names with control characters. They are left out of everything that reads carts, and
 * the shop is shown what was left out.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sha256Hex } from '../../server/ops/keyring.ts'
import { newVisitor, type SiteView, signLogin } from '../support/requests.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

const MINUTE = 60_000

let server: TestServer
let site: SiteView
beforeAll(async () => {
  server = await startServer()
  site = await server.cli<SiteView>('sites', 'show', 'demo')
  const origins = `origins=${site.origins.join(',')},https://shop.example`
  await server.cli(
    'sites',
    'set',
    'demo',
    origins,
    'image_hosts=cdn.example',
    'cart_idle_minutes=1',
    'mail_typed_carts=true',
  )
  await settled(server)
})
afterAll(() => server.stop())

type Item = { item_id: string; item_name?: string; url?: string; image_url?: string }
type Cart = { url: string | null; items: Item[] }

let names = 0
/** The cart of a contact whose signed-in browser sent it, wherever it is read. */
async function cartOf(props: object, url?: string): Promise<Cart> {
  const id = `contents-${++names}`
  const email = `${id}@contents.example`
  await server.post('/api/v1/contacts', [{ id, email, mail_consent: true }])
  const token = await signLogin(site.identity_secret, id, { seconds: Math.floor(Date.now() / 1000) - 300 })
  await sendAll(server, newVisitor(), [
    event('identify', 5 * MINUTE, { kind: 'login', token }),
    event('add_to_cart', 4 * MINUTE, { currency: 'EUR', ...props }, url === undefined ? {} : { url }),
  ])
  await settled(server)
  const { cart } = await server.get(`/api/v1/contacts/${id}`)
  const { data } = await server.get('/api/v1/matches')
  expect(data.find((match: { contact: { id: string } }) => match.contact.id === id).cart).toEqual(cart)
  const members = (await server.get('/api/v1/segments/cart_abandoned/members')).data
  expect(members.find((member: { person: { id: string } }) => member.person.id === id).cart).toEqual(cart)
  return cart
}

const ring = (more: object) => ({ items: [{ item_id: 'ring', price: 5, ...more }] })

describe('links and pictures in a cart', () => {
  test.each([
    ['another host', 'https://evil.example/ring'],
    ['another host with the shop’s as its beginning', 'https://shop.example.evil.example/ring'],
    ['another host behind the shop’s as a user', 'https://shop.example@evil.example/ring'],
    ['the shop’s host with a user', 'https://evil.example@shop.example/ring'],
    ['another host without a scheme', '//evil.example/ring'],
    ['another host with backslashes', '\\\\evil.example\\ring'],
    ['a script', 'javascript:alert(1)'],
    ['a page as data', 'data:text/html,<script>alert(1)</script>'],
    ['a file', 'file:///etc/passwd'],
    ['no address', 'https://'],
  ])('that lead to %s are left out', async (_, address) => {
    const { items, url } = await cartOf(
      { ...ring({ url: address, image_url: address }), cart_url: address },
      'https://shop.example/cart',
    )
    expect(items).toEqual([{ item_id: 'ring', price: 5, quantity: 1 }])
    expect(url).toBe('https://shop.example/cart')
  })

  test.each([
    ['the shop’s own host', 'https://shop.example/ring', 'https://shop.example/ring'],
    [
      'it in other letters, with a port and a final dot',
      'https://SHOP.example.:8443/r',
      'https://shop.example.:8443/r',
    ],
    ['a path of the page', '/ring?size=54', 'https://shop.example/ring?size=54'],
    ['a path beside the page', 'ring', 'https://shop.example/rings/ring'],
    ['a path like a script', 'java\nscript:alert(1)', 'https://shop.example/rings/java%20script:alert(1)'],
  ])('on %s stay, as whole addresses', async (_, address, whole) => {
    const { items } = await cartOf(ring({ url: address, image_url: address }), 'https://shop.example/rings/all')
    expect(items).toMatchObject([{ url: whole, image_url: whole }])
  })

  test('on a host of image_hosts stay as pictures, not as links', async () => {
    const address = 'https://cdn.example/ring.jpg'
    const { items } = await cartOf(ring({ url: address, image_url: address }), 'https://shop.example/cart')
    expect(items).toEqual([{ item_id: 'ring', price: 5, quantity: 1, image_url: address }])
  })

  test('a page of another host is no address of the cart, and relative addresses do not start from it', async () => {
    const { items, url } = await cartOf(ring({ url: '/ring', image_url: '/ring.jpg' }), 'https://evil.example/cart')
    expect(url).toBe(null)
    const home = site.origins[0]
    expect(items).toMatchObject([{ url: `${home}/ring`, image_url: `${home}/ring.jpg` }])
  })

  test('are left out of a cart that is told under a typed address too', async () => {
    await server.post('/api/v1/contacts', [{ id: 'typed', email: 'typed@contents.example', mail_consent: true }])
    const lure = { item_id: 'lure', price: 5, url: 'https://evil.example/a', image_url: 'https://evil.example/b' }
    await sendAll(server, newVisitor(), [
      event('add_to_cart', 4 * MINUTE, { currency: 'EUR', items: [lure] }, { url: 'https://evil.example/cart' }),
      event('identify', 3 * MINUTE, { kind: 'form', email_sha256: sha256Hex('typed@contents.example') }),
    ])
    await settled(server)
    const { data } = await server.get('/api/v1/matches')
    const told = data.find((match: { contact: { id: string } }) => match.contact.id === 'typed')
    expect(told).toMatchObject({ strength: 'typed', cart: { url: null } })
    expect(told.cart.items).toEqual([{ item_id: 'lure', price: 5, quantity: 1 }])
    expect(JSON.stringify(told)).not.toContain('evil.example')
  })

  test('come back when the shop names their host, and go when an origin goes', async () => {
    await server.post('/api/v1/contacts', [{ id: 'later', email: 'later@contents.example', mail_consent: true }])
    const token = await signLogin(site.identity_secret, 'later')
    const item = {
      item_id: 'ring',
      price: 5,
      url: 'https://shop.example/r',
      image_url: 'https://pictures.example/r.jpg',
    }
    await sendAll(server, newVisitor(), [
      event('identify', 0, { kind: 'login', token }),
      event('add_to_cart', 0, { currency: 'EUR', items: [item] }),
    ])
    const items = async () => {
      await settled(server)
      return (await server.get('/api/v1/contacts/later')).cart.items
    }
    const { image_url, ...rest } = { ...item, quantity: 1 }
    expect(await items()).toEqual([rest])
    await server.cli('sites', 'set', 'demo', 'image_hosts=cdn.example,pictures.example')
    expect(await items()).toEqual([{ ...rest, image_url }])
    await server.cli('sites', 'set', 'demo', `origins=${site.origins.join(',')}`)
    expect((await items())[0]).not.toHaveProperty('url')
    await server.cli('sites', 'set', 'demo', `origins=${site.origins.join(',')},https://shop.example`)
  })

  test('that are left out are shown by doctor and trace', async () => {
    const visitor = newVisitor()
    await sendAll(server, visitor, [
      event('add_to_cart', 0, {
        currency: 'EUR',
        ...ring({ url: 'https://mirror.example/r', image_url: 'data:image/png,x' }),
      }),
    ])
    await settled(server)
    const trace = await server.cli<{ visitors: { carts: { left_out: object[] }[] }[] }>('trace', visitor)
    expect(trace.visitors[0]!.carts[0]!.left_out).toEqual([
      { kind: 'link', host: 'mirror.example' },
      { kind: 'picture', host: 'data:' },
    ])
    const doctor = JSON.stringify(await server.cli('doctor'))
    expect(doctor).toContain('links to mirror.example are left out of 1 open carts of demo')
  })
})

test.each([
  ['control characters', 'Gold\u0001\u0007\u001b[31m ring\u0085', 'Gold   [31m ring'],
  ['line breaks, which end a heading of a mail', 'Ring\r\nBcc: everybody', 'Ring  Bcc: everybody'],
  ['marks that turn the direction around', 'Ring \u202egnp.exe\u2066', 'Ring  gnp.exe'],
  ['half a character', 'Ring \ud83d', 'Ring \ufffd'],
])('a name with %s is told without them', async (_, name, clean) => {
  const { items } = await cartOf({ items: [{ item_id: `id\u0001 ${names}`, item_name: name, price: 5 }] })
  expect(items[0]!.item_name).toBe(clean)
  expect(items[0]!.item_id).toMatch(/^id {2}\d+$/)
})
