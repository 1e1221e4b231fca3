/**
 * The tag on pages as shops really have them: routers that set titles late or keep pages in the fragment, searches that
 * write each letter into the address, and pages whose scripts replaced what the tag is built on. In a real browser, with
 * a recording collector (tag-harness.ts).
 */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest'
import type { WireEvent } from '../../tag/wire.ts'
import { INSTALL_MS, lendTab, newVisitor, openBrowser } from '../support/browser.ts'
import { openShop, page, type Shop, SNIPPET } from './tag-harness.ts'

const GRANT = "couture('consent', {analytics: true, identity: true, marketing: true, policy: 'v3'})"
/** Longer than the tag gathers events (500 ms). */
const QUIET_MS = 700

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
}, INSTALL_MS)
afterAll(() => browser.close())

type Parts = { path?: string; before?: () => void; settings?: Parameters<typeof openShop>[1] } & Parameters<
  typeof page
>[1]

/** A shop with one page, in the tab of a new visitor. An exception that reaches the page fails the test. */
async function visit({ onTestFinished, expect }: TestContext, { path = '/', before, settings, ...parts }: Parts = {}) {
  const shop = await openShop({ '/': page('Home', { inline: GRANT, ...parts }) }, settings)
  const { context, tab, giveBack } = await lendTab(browser, before)
  const errors: string[] = []
  context.on('weberror', (error) => errors.push(String(error.error())))
  onTestFinished(async () => {
    await giveBack()
    await shop.close()
    expect(errors).toEqual([])
  })
  await tab.goto(shop.url + path, { waitUntil: 'load' })
  return { shop, tab, errors, until: waiting(expect) }
}

/** Tests run beside each other, so each waits by its own `expect`. */
const waiting = (own: TestContext['expect']) => (check: () => unknown) =>
  own.poll(check, { timeout: 20_000, interval: 50 })
const quiet = () => new Promise((resolve) => setTimeout(resolve, QUIET_MS))
const run = (tab: Page, code: string) => tab.evaluate(code)
const views = (shop: Shop): WireEvent[] => shop.acknowledged().filter(({ type }) => type === 'page')
const titles = (shop: Shop) => views(shop).map(({ title }) => title)
const named = (shop: Shop, name: string) => shop.acknowledged().filter(({ type }) => type === name)
const lost = (tab: Page) => tab.evaluate(() => window.couture?.lost)

describe.concurrent('the title of a view', () => {
  test.for<[string, string]>([
    ['set 700 ms after the address', "history.pushState(0, '', '/a'); setTimeout(() => { document.title = 'A' }, 700)"],
    ['set with the address', "history.pushState(0, '', '/a'); document.title = 'A'"],
    ['set before the address', "document.title = 'A'; history.pushState(0, '', '/a')"],
    [
      'set by a guard that the router waits for',
      "document.title = 'A'; setTimeout(() => history.pushState(0, '', '/a'), 30)",
    ],
    [
      'written in two steps',
      "history.pushState(0, '', '/a'); document.title = 'Loading'; setTimeout(() => { document.title = 'A' }, 100)",
    ],
    [
      'in an element that is replaced',
      "history.pushState(0, '', '/a'); setTimeout(() => { const title = document.createElement('title'); title.text = 'A'; document.querySelector('title').replaceWith(title) }, 50)",
    ],
  ])('is its own when it is %s', async ([, code], t) => {
    const { shop, tab, until } = await visit(t)
    await until(() => titles(shop)).toEqual(['Home'])
    await run(tab, code)
    await until(() => titles(shop)).toEqual(['Home', 'A'])
  })

  test('is missing when it comes too late or never, and is never that of another page', async (t) => {
    const { shop, tab, until } = await visit(t)
    await until(() => titles(shop)).toEqual(['Home'])
    await run(tab, "history.pushState(0, '', '/never')")
    await until(() => titles(shop)).toEqual(['Home', undefined])
    await run(tab, "history.pushState(0, '', '/late'); couture('page', {kind: 'again'})")
    await until(() => titles(shop).length).toBe(4)
    await run(tab, "document.title = 'Late'")
    await run(tab, "new Promise(resolve => setTimeout(resolve, 300)).then(() => history.pushState(0, '', '/next'))")
    await until(() => titles(shop)).toEqual(['Home', undefined, undefined, undefined, undefined])
    // A title that the shop changes under the same view is a new title of that view.
    await run(tab, "couture('page')")
    await run(tab, "document.title = 'Next'; history.pushState(0, '', '/last'); document.title = 'Last'")
    await until(() => titles(shop).slice(5)).toEqual(['Next', 'Last'])
  })

  test('and the address are cut, and the event is kept', async (t) => {
    const { shop, tab, until } = await visit(t, { path: `/?${'a'.repeat(5000)}` })
    await run(tab, "document.title = 'é'.repeat(70000); history.pushState(0, '', '/x'); couture('track', 'purchase')")
    await until(() => named(shop, 'purchase').length).toBe(1)
    const [landing, second] = views(shop)
    expect(landing!.url).toHaveLength(2048)
    expect(second!.title).toBe('é'.repeat(1000))
    expect(second!.referrer).toBe(landing!.url)
  })
})

describe.concurrent('a router that keeps its pages in the fragment', () => {
  test.for<[string, (to: string) => string]>([
    ['#/', (to: string) => `location.hash = '${to}'`],
    ['#!/', (to: string) => `history.pushState(0, '', '${to}')`],
  ])('%s: each page is a view, and a place on a page is none', async ([root, go], t) => {
    const { shop, tab, until } = await visit(t, { path: `/${root}` })
    for (const [i, to] of [`${root}rings`, `${root}rings/12`, `${root}rings/12?size=52`].entries()) {
      await run(tab, go(to))
      await until(() => views(shop).length).toBe(i + 2)
    }
    await run(tab, "history.replaceState(0, '', location.href.replace('size=52', 'size=53'))")
    await tab.goBack()
    await until(() => views(shop).length).toBe(5)
    expect(views(shop).map(({ url }) => url!.replace(shop.url, ''))).toEqual(
      ['', 'rings', 'rings/12', 'rings/12?size=52', 'rings/12'].map((to) => `/${root}${to}`),
    )
    expect(views(shop)[2]!.referrer).toBe(`${shop.url}/${root}rings`)
  })

  test('anchors are no views', async (t) => {
    const { shop, tab } = await visit(t, { path: '/#top' })
    await run(tab, "location.hash = 'prices'; history.pushState(0, '', '#a/b')")
    await quiet()
    expect(views(shop).map(({ url }) => url)).toEqual([`${shop.url}/`])
  })
})

test('a search that writes each letter into the address is one view, and a page that it leads to is another', async (t) => {
  const { shop, tab, until } = await visit(t)
  await run(
    tab,
    "for (const q of ['r', 'ri', 'rin', 'ring', 'rings']) history.replaceState(0, '', '/?q=' + q); couture('track', 'search')",
  )
  await until(() => named(shop, 'search').map(({ url }) => url)).toEqual([`${shop.url}/?q=rings`])
  await run(tab, "history.pushState(0, '', '/?q=rings&page=2'); history.replaceState(0, '', '/ring?from=search')")
  await until(() => views(shop).map(({ url }) => url)).toEqual([
    `${shop.url}/`,
    `${shop.url}/?q=rings&page=2`,
    `${shop.url}/ring?from=search`,
  ])
})

test('the seconds in which somebody looked at a page follow it when it is turned, and when it is left', async (t) => {
  const { shop, tab, until } = await visit(t)
  const engaged = () => named(shop, 'engagement').map(({ url, props }) => [url, props!.engaged_ms])
  await run(tab, "history.pushState(0, '', '/short')")
  await tab.waitForTimeout(5500)
  await tab.mouse.move(20, 20)
  await run(tab, "history.pushState(0, '', '/next')")
  await until(() => engaged().length).toBe(1)
  const [[url, ms]] = engaged() as [[string, number]]
  expect(url).toBe(`${shop.url}/short`)
  expect(ms).toBeGreaterThan(5000)
  expect(ms).toBeLessThan(30_000)
  // Nobody looks at a hidden page, and one that is looked at for a moment is not told.
  await tab.goto(`${shop.url}/end`)
  await quiet()
  expect(engaged()).toHaveLength(1)
})

describe.concurrent('on a page that', () => {
  test.for<[string, () => void]>([
    [
      'has an old Prototype.js',
      () => {
        Object.assign(Array.prototype, {
          toJSON(this: unknown[]) {
            return `[${this.join(', ')}]`
          },
          entries() {
            return [...(this as unknown as unknown[])]
          },
        })
        Object.assign(Array, { from: (given: unknown) => [given] })
      },
    ],
    [
      'adds to all objects',
      () => {
        for (const name of ['toJSON', 'signal', 'headers', 'once', 'mode', 'each']) {
          Object.assign(Object.prototype, { [name]: () => 'added' })
        }
      },
    ],
    [
      'replaced JSON',
      () => {
        Object.assign(window, { JSON: { encode: () => '', decode: () => null } })
      },
    ],
    [
      'mocks the clock',
      () => {
        Object.assign(Date, { now: undefined })
      },
    ],
    [
      'replaced the console',
      () => {
        Object.assign(window, { console: { log() {} } })
      },
    ],
    [
      'took the console away',
      () => {
        Object.assign(window, { console: undefined })
      },
    ],
    [
      'replaces fetch later',
      () => {
        addEventListener('load', () => {
          window.fetch = () => {
            throw Error('no more requests')
          }
        })
      },
    ],
  ])('%s, events are kept and nothing is thrown', async ([, before], t) => {
    const { shop, tab, until } = await visit(t, { before })
    await run(tab, "couture('track', 'add_to_cart', {value: 890, items: [{item_id: 'r-1'}, {item_id: 'r-2'}]})")
    await run(tab, "couture('tracc'); couture('identify', {}); couture('visitor', () => { throw Error('its own') })")
    await until(() => named(shop, 'add_to_cart').map(({ props }) => props)).toEqual([
      { value: 890, items: [{ item_id: 'r-1' }, { item_id: 'r-2' }] },
    ])
    expect(views(shop)).toHaveLength(1)
  })

  test.for([
    ['an element', '<section id="couture">Our couture</section>'],
    ['two elements', '<section id="couture"></section><a name="couture"></a>'],
    ['a form with telling fields', '<form id="couture"><input name="q"><input name="lost"><input name="call"></form>'],
    ['a frame', '<iframe name="couture"></iframe>'],
  ])('has %s under its name, the calls reach the tag', async ([, body], t) => {
    const snippet = `<script>${SNIPPET}</script><script>${GRANT}; couture('track', 'early')</script>`
    const script = '<script async src="/c/tag.js?site=demo"></script>'
    const html = `<!doctype html><title>Home</title>${body}${script}${snippet}`
    const shop = await openShop({ '/': html })
    const context = await newVisitor(browser)
    t.onTestFinished(async () => {
      await context.close()
      await shop.close()
    })
    const tab = await context.newPage()
    const until = waiting(t.expect)
    await tab.goto(`${shop.url}/`)
    await until(() => named(shop, 'early').length).toBe(1)
    await run(tab, "couture('track', 'late')")
    await until(() => named(shop, 'late').length).toBe(1)
  })

  test('has an element under its name before an older snippet, later calls reach the tag', async (t) => {
    const { shop, tab, errors, until } = await visit(t, {
      script: '<div id="couture"></div><script async src="/c/tag.js?site=demo"></script>',
    })
    await tab.waitForFunction(() => typeof window.couture === 'function')
    await run(tab, `${GRANT}; couture('track', 'late')`)
    await until(() => named(shop, 'late').length).toBe(1)
    // The page's own calls before that fail as they did, in the page's own code.
    expect(errors.splice(0)).toHaveLength(1)
  })

  test('has forms and pictures under names of the document, the view is right', async (t) => {
    const body = ['title', 'referrer', 'scripts', 'currentScript', 'head', 'visibilityState']
      .map((name) => `<form name="${name}"></form><img name="${name}">`)
      .join('')
    const { shop, tab, until } = await visit(t, { body, script: '', inline: '', path: '/' })
    shop.pages['/'] = page('Home', {
      inline: GRANT,
      script: `${body}<script async src="/c/tag.js?site=demo"></script>`,
    })
    await tab.goto(`${shop.url}/`)
    await until(() => titles(shop)).toEqual(['Home'])
  })
})

describe.concurrent('properties', () => {
  test('without JSON are left out, alone, and the shop’s own forms are taken', async (t) => {
    const { shop, tab, until } = await visit(t)
    await run(
      tab,
      `const loop = {name: 'loop'}; loop.self = loop; const shared = {a: 1}
       couture('track', 'odd', {
         value: 1, big: 10n, call() {}, symbol: Symbol('s'), loop, twice: [shared, shared], none: undefined, nan: NaN,
         get broken() { throw Error('a getter') }, at: new Date(0), money: {toJSON: () => '9.90'},
         failing: {toJSON() { throw Error('no') }}, list: [1, 2n, undefined, loop], text: 'é"\\\\\\n\\u2028😀\\ud800',
         nested: {ok: true, big: 1n}, proto: 2, 'with "quotes"': 3 })`,
    )
    await until(() => named(shop, 'odd').length).toBe(1)
    expect(named(shop, 'odd')[0]!.props).toEqual({
      value: 1,
      loop: { name: 'loop' },
      twice: [{ a: 1 }, { a: 1 }],
      nan: null,
      at: '1970-01-01T00:00:00.000Z',
      money: '9.90',
      list: [1, null, null, { name: 'loop' }],
      text: 'é"\\\n\u2028😀\ud800',
      nested: { ok: true },
      proto: 2,
      'with "quotes"': 3,
    })
    expect(await lost(tab)).toEqual({})
  })

  test('that are too large are cut, told, and the rest of the event is kept', async (t) => {
    const { shop, tab, until } = await visit(t)
    await run(
      tab,
      `let deep = {}; for (let i = 0; i < 9000; i++) deep = {deep}
       couture('track', 'text', {note: 'x'.repeat(200000), value: 7})
       couture('track', 'list', {items: Array.from({length: 9000}, (_, i) => ({item_id: 'r-' + i, price: i})), value: 7})
       couture('track', 'deep', {deep, value: 7})
       couture('track', 'page', {}); couture('track', 'x'.repeat(300), {value: 7})
       couture('track', 'everything', {window, document, value: 7})`,
    )
    await until(() => shop.acknowledged().length).toBe(7)
    for (const name of ['text', 'list', 'deep', 'x'.repeat(64)])
      expect(named(shop, name)[0]!.props).toMatchObject({ value: 7 })
    const { items } = named(shop, 'list')[0]!.props as { items: unknown[] }
    expect(items.slice(0, 2)).toEqual([
      { item_id: 'r-0', price: 0 },
      { item_id: 'r-1', price: 1 },
    ])
    expect(items.length).toBeGreaterThan(200)
    expect(await lost(tab)).toMatchObject({ cut: expect.any(Number) })
    expect(await lost(tab)).not.toHaveProperty('too_large')
  })
})
