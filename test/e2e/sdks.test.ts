/**
 * Segment's and RudderStack's SDKs in a real browser, on a page of a shop whose collector has another origin: with only
 * their host and key changed they start, state consent, and have every event stored once, also while the collector is
 * overloaded or away; and carts and orders are right.
 */
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { INSTALL_MS, newVisitor, openBrowser } from '../support/browser.ts'
import { ROOT } from '../support/process.ts'
import { type SiteView, timeline } from '../support/requests.ts'
import { failingNetwork, type Network } from '../support/segment-requests.ts'
import { settled } from '../support/sender.ts'
import { freePort, startServer, type TestServer } from '../support/server.ts'

let browser: Browser
let server: TestServer
let network: Network
let pages: Server
let shop: SiteView
/** The page's address, which the site lists. */
let home: string

beforeAll(async () => {
  const port = await freePort()
  const bundle = await build({
    entryPoints: [new URL('./sdk-page.ts', import.meta.url).pathname],
    ...{ bundle: true, format: 'iife', write: false, minify: true, define: { 'process.env.NODE_ENV': '"production"' } },
  })
  const script = bundle.outputFiles[0]!.text
  pages = createServer(({ url }, response) => {
    const isScript = url === '/sdks.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html; charset=utf-8')
    response.end(isScript ? script : '<!doctype html><title>Rings</title><script src="/sdks.js"></script>')
  })
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve))
  home = `http://localhost:${(pages.address() as AddressInfo).port}`
  // Browsers reach the collector through a network that can fail.
  server = await startServer({ env: { PUBLIC_URL: `http://localhost:${port}` } })
  network = await failingNetwork(server, 0, 200, { port })
  shop = await server.cli<SiteView>('sites', 'create', '--id', 'shop', '--origin', home)
  browser = await openBrowser()
}, INSTALL_MS)
afterAll(async () => {
  await browser?.close()
  await network?.close()
  pages?.close()
  await server?.stop()
})

/** The code with which a page uses an SDK: starts it, states a choice, sends calls, and says who it is. */
type Sdk = {
  start: string
  consent: (allowed: string[], denied: string[]) => string
  track: string
  page: string
  anonymousId: string
}

const SDKS: [string, (host: string) => Sdk][] = [
  [
    '@segment/analytics-next',
    (host) => ({
      start: `
        window.choice = {}
        window.sdk = AnalyticsBrowser.load({ writeKey: '${shop.write_key}', cdnURL: '${host}' })
        sdk.addSourceMiddleware(({ payload, next }) => {
          payload.obj.context = { ...payload.obj.context, consent: { categoryPreferences: { ...choice } } }
          next(payload)
        })
        await sdk.ready()`,
      consent: (allowed, denied) =>
        `choice = ${JSON.stringify(Object.fromEntries([...allowed.map((id) => [id, true]), ...denied.map((id) => [id, false])]))}`,
      track: 'sdk.track',
      page: 'sdk.page()',
      anonymousId: '(await sdk.user()).anonymousId()',
    }),
  ],
  [
    '@rudderstack/analytics-js',
    (host) => ({
      start: `
        window.sdk = new RudderAnalytics()
        sdk.load('${shop.write_key}', '${host}', {
          configUrl: '${host}',
          consentManagement: { enabled: true, provider: 'custom', allowedConsentIds: [], deniedConsentIds: [] },
        })
        await new Promise((resolve) => sdk.ready(resolve))`,
      consent: (allowed, denied) =>
        `sdk.consent(${JSON.stringify({ consentManagement: { enabled: true, provider: 'custom', allowedConsentIds: allowed, deniedConsentIds: denied } })})`,
      track: 'sdk.track',
      page: 'sdk.page()',
      anonymousId: 'sdk.getAnonymousId()',
    }),
  ],
]

const RING = { product_id: 'ring', name: 'Ring', price: 120, quantity: 1, currency: 'EUR' }
const CHAIN = { product_id: 'chain', name: 'Chain', price: 45.5, quantity: 1, currency: 'EUR' }
const PICTURE = { currency: 'EUR', value: 240, products: [{ ...RING, quantity: 2 }] }

/** A visit to the shop, and what the collector has of it then. */
const VISIT: [event: string, properties: object][] = [
  ['Product Added', RING],
  ['Product Added', CHAIN],
  ['Product Added', RING],
  ['Product Removed', CHAIN],
  ['Cart Viewed', PICTURE],
  ['Checkout Started', PICTURE],
]
const TYPES = ['add_to_cart', 'add_to_cart', 'add_to_cart', 'remove_from_cart', 'view_cart', 'begin_checkout']

describe.each(SDKS)('%s', (_, sdkOf) => {
  let page: Page
  let sdk: Sdk
  let visitor: string
  const messages: string[] = []
  /** Runs code in the page. */
  const run = <T>(code: string) => page.evaluate<T>(`(async () => { ${code} })()`)
  const send = (events: [string, object][], pauseMs: number) =>
    run(`for (const [event, properties] of ${JSON.stringify(events)}) {
      ${sdk.track}(event, properties)
      if (${pauseMs} > 0) await new Promise((resolve) => setTimeout(resolve, ${pauseMs}))
    }`)
  const stored = () => server.query<{ id: string }>('select id from events where visitor_id = ?', visitor)
  const arrived = (n: number) => expect.poll(async () => (await stored()).length, { timeout: 30_000 }).toBe(n)
  const cart = () =>
    server.query<{ state: string; value: number; currency: string; items: string }>(
      'select state, value, currency, items from carts where visitor_id = ? order by created_at',
      visitor,
    )

  beforeAll(async () => {
    const context = await newVisitor(browser)
    page = await context.newPage()
    page.on('console', (message) => messages.push(message.text()))
    page.on('pageerror', (error) => messages.push(String(error)))
    sdk = sdkOf(network.url.replace('127.0.0.1', 'localhost'))
    await page.goto(home)
    await run(sdk.start)
    visitor = `s:${server.visitorOf(await run<string>(`return ${sdk.anonymousId}`), 'shop')}`
  })
  afterAll(() => page?.context().close())

  test('starts with the settings of this host, and nothing is stored before a choice', async () => {
    await run(`${sdk.page}; await new Promise((resolve) => setTimeout(resolve, 300))`)
    await settled(server)
    expect(await stored()).toEqual([])
    expect(messages).toEqual([])
  })

  test('has the events of one moment stored once, in order, with the choice and the right cart', async () => {
    await run(sdk.consent(['analytics', 'functional'], ['advertising']))
    await send(VISIT, 0)
    await arrived(VISIT.length)
    await settled(server)
    const events = await timeline(server, visitor)
    expect(events.map(({ type }) => type)).toEqual(TYPES)
    expect(events[0]).toMatchObject({
      url: `${home}/`,
      title: 'Rings',
      props: { items: [{ item_id: 'ring', price: 120 }] },
    })
    const purposes = 'select distinct analytics, identity, marketing, source from consents where visitor_id = ?'
    expect(await server.query(purposes, visitor)).toEqual([{ analytics: 1, identity: 1, marketing: 0, source: 'cmp' }])
    const [open, ...others] = await cart()
    expect(others).toEqual([])
    expect(open).toMatchObject({ state: 'open', value: 24_000, currency: 'EUR' })
    expect(JSON.parse(open!.items)).toMatchObject([{ item_id: 'ring', quantity: 2 }])
    expect(messages).toEqual([])
  })

  test('has every event stored once while the collector answers 429 and 503', async () => {
    const before = (await stored()).length
    network.fail(429, 503, 429, 503)
    await send(
      [
        ['Product Viewed', RING],
        ['Product Viewed', CHAIN],
        ['Product Viewed', RING],
        ['Product Viewed', CHAIN],
      ],
      3,
    )
    await arrived(before + 4)
    await settled(server)
    const ids = (await timeline(server, visitor)).map(({ id }) => id)
    expect(new Set(ids).size).toBe(before + 4)
  })

  test('closes the cart by its order', async () => {
    const order = { order_id: `order-of-${visitor}`, total: 249.9, currency: 'EUR', products: PICTURE.products }
    const before = (await stored()).length
    await send([['Order Completed', order]], 0)
    await arrived(before + 1)
    await settled(server)
    expect((await cart()).map(({ state }) => state)).toEqual(['converted'])
    expect(await server.query('select total, currency, source from orders where order_id = ?', order.order_id)).toEqual(
      [{ total: 24_990, currency: 'EUR', source: 'tag' }],
    )
  })

  test('erases the visit when the choice is withdrawn', async () => {
    await run(sdk.consent([], ['analytics', 'functional', 'advertising']))
    await send([['Consent Management Interaction', {}]], 0)
    await arrived(0)
  })
})

/** The examples of the documentation for browsers, without their imports: the page has the SDKs already. */
const EXAMPLES = [...readFileSync(`${ROOT}docs/segment-sdks.md`, 'utf8').matchAll(/```js\n([\s\S]*?)```/g)].flatMap(
  ([, code]) => {
    const name = /from '(@segment\/analytics-next|@rudderstack\/analytics-js)/.exec(code!)?.[1]
    return name === undefined ? [] : [[name, code!.replace(/^import .*$/gm, '')] as const]
  },
)

test.each(EXAMPLES)('the example of %s in docs/segment-sdks.md runs', async (name, code) => {
  const context = await newVisitor(browser)
  const page = await context.newPage()
  await page.goto(home)
  const host = network.url.replace('127.0.0.1', 'localhost')
  const filled = code.replaceAll('https://shop.example/c', host).replace('WRITE_KEY', shop.write_key)
  const ask = name.startsWith('@segment') ? '(await analytics.user()).anonymousId()' : 'analytics.getAnonymousId()'
  const ready = 'await new Promise((resolve) => analytics.ready(resolve))'
  const anonymousId = await page.evaluate<string>(`(async () => { ${filled}\n${ready}\nreturn ${ask} })()`)
  const visitor = `s:${server.visitorOf(anonymousId, 'shop')}`
  const types = () => server.query('select type from events where visitor_id = ? order by at, id', visitor)
  await expect.poll(types).toEqual([{ type: 'page' }, { type: 'add_to_cart' }])
  await context.close()
})

test('RudderStack’s beacons are stored, also those of a page that is left', async () => {
  const context = await newVisitor(browser)
  const page = await context.newPage()
  await page.goto(home)
  const host = network.url.replace('127.0.0.1', 'localhost')
  const consentManagement = {
    enabled: true,
    provider: 'custom',
    allowedConsentIds: ['analytics'],
    deniedConsentIds: [],
  }
  const options = { configUrl: host, useBeacon: true, beaconQueueOptions: { maxItems: 2 }, consentManagement }
  const anonymousId = await page.evaluate<string>(`(async () => {
    const sdk = new RudderAnalytics()
    sdk.load('${shop.write_key}', '${host}', ${JSON.stringify(options)})
    await new Promise((resolve) => sdk.ready(resolve))
    for (const name of ['Product Viewed', 'Product Clicked', 'Product Added']) sdk.track(name, ${JSON.stringify(RING)})
    return sdk.getAnonymousId()
  })()`)
  await page.goto('about:blank')
  const types = () =>
    server.query(
      'select type from events where visitor_id = ? order by at, id',
      `s:${server.visitorOf(anonymousId, 'shop')}`,
    )
  const all = ['view_item', 'select_item', 'add_to_cart'].map((type) => ({ type }))
  await expect.poll(types).toEqual(all)
  await context.close()
})
