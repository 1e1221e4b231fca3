/**
 * Pictures of strangers: whoever sends a cart cannot make the dashboard load a picture from a host of their own, which would
 * tell them who looks at the cart. Only the sites' own hosts and `image_hosts` may send one, by the data and by the page's policy.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newVisitor } from '../support/requests.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server?.stop())

/** The sources of pictures in the policy of the dashboard's page. */
async function sources(path = ''): Promise<string[]> {
  const response = await fetch(`${server.url}/dashboard/${path}`)
  const policy = response.headers.get('content-security-policy') ?? ''
  return /img-src ([^;]+);/.exec(policy)![1]!.split(' ')
}

test('the page loads pictures from the hosts of the sites only, which may change', async () => {
  for (const path of ['', 'carts', 'main.js']) {
    expect((await sources(path)).sort()).toEqual(["'self'", '127.0.0.1:*', 'data:', 'localhost:*'])
  }
  await server.cli('sites', 'create', '--id', 'shop', '--origin', 'https://shop.example:8443')
  await server.cli('sites', 'set', 'shop', 'image_hosts=cdn.example,img.example:444')
  await expect
    .poll(() => sources())
    .toEqual(expect.arrayContaining(['shop.example:*', 'cdn.example:*', 'img.example:*']))
  expect(await sources()).not.toContain('https:')
})

test('the data name no picture and no link elsewhere', async () => {
  const visitor = newVisitor()
  const item = (id: string, host: string) => ({
    item_id: id,
    price: 5,
    image_url: `${host}/${id}.png`,
    url: `${host}/${id}`,
  })
  const items = [
    item('own', server.url),
    ...['https://evil.example', `https://${new URL(server.url).host}@evil.example`, '//evil.example'].map((host, i) =>
      item(`evil-${i}`, host),
    ),
    { item_id: 'data', price: 5, image_url: 'data:image/png;base64,AAAA' },
  ]
  await sendAll(server, visitor, [event('add_to_cart', 5 * 60_000, { currency: 'EUR', items })])
  await settled(server)
  const { data } = await server.get('/api/v1/segments/cart_abandoned/members')
  const cart = data.find((member: { person: { id: string } }) => member.person.id === visitor)?.cart ?? data[0].cart
  expect(cart.items).toHaveLength(items.length)
  expect(JSON.stringify(cart)).toContain(`${server.url}/own.png`)
  expect(JSON.stringify(cart.items)).not.toMatch(/evil\.example|data:image/)
})
