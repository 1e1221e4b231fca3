/** The tag in a real browser, against a collector that records and injects faults (tag-harness.ts). */
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import type { WireEvent } from '../../tag/wire.ts'
import { INSTALL_MS, lendTab, newVisitor, openBrowser } from '../support/browser.ts'
import { type Answer, openShop, page, type Shop } from './tag-harness.ts'

vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 })

const ALL = "{analytics: true, identity: true, marketing: true, policy: 'v3'}"
const NONE = '{analytics: false, identity: false, marketing: false}'
const GRANT = `couture('consent', ${ALL})`
const REFUSE = `couture('consent', ${NONE})`

/** Longer than the tag gathers events for (500 ms): what was to be sent would have been sent by then. */
const QUIET_MS = 900
const EVENT_ID = /^[\w-]{21}$/
const CANDIDATE = /^[\w-]{22}$/

let browser: Browser
const closers: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  browser = await openBrowser()
}, INSTALL_MS)
afterAll(() => browser.close())
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function shopWith(...args: Parameters<typeof openShop>): Promise<Shop> {
  const shop = await openShop(...args)
  closers.push(shop.close)
  return shop
}

/** A new browser profile. An exception that the tag throws into the page fails the test. */
async function visitor() {
  const context = await newVisitor(browser)
  const errors: string[] = []
  context.on('weberror', (error) => errors.push(String(error.error())))
  closers.push(async () => {
    await context.close()
    expect(errors).toEqual([])
  })
  return context
}

/** The tab of a new visitor, whose profile does not matter further. */
async function newTab(): Promise<Page> {
  const { context, tab, giveBack } = await lendTab(browser)
  const errors: string[] = []
  context.on('weberror', (error) => errors.push(String(error.error())))
  closers.push(async () => {
    await giveBack()
    expect(errors).toEqual([])
  })
  return tab
}

/** Waits until the script has replaced the stub. */
async function open(tab: Page, url: string) {
  await tab.goto(url)
  await tab.waitForFunction(() => window.couture?.lost)
}

const until = (check: () => unknown) => expect.poll(check, { timeout: 30_000, interval: 50 })
const quiet = () => new Promise((resolve) => setTimeout(resolve, QUIET_MS))
const types = (events: WireEvent[]) => events.map((event) => event.type)
const stored = (tab: Page) => tab.evaluate(() => Object.keys(localStorage).sort())
const run = (tab: Page, code: string) => tab.evaluate(code)
const distinct = (events: WireEvent[]) => [...new Map(events.map((event) => [event.id, event])).values()]

/** Answers the first requests as given, then normally. */
function script(shop: Shop, ...answers: (Answer | undefined)[]) {
  shop.answer = () => answers.shift()
}

test('nothing is sent or stored before a choice, and no cookie is set', async () => {
  const shop = await shopWith({ '/': page('Home', { inline: "couture('track', 'early')" }) })
  const context = await visitor()
  const tab = await context.newPage()
  await open(tab, `${shop.url}/`)
  await run(
    tab,
    "couture('track', 'view_item', {value: 1}); couture('identify', {contact_id: '7'}); couture('visitor', () => { window.told = true })",
  )
  await tab.mouse.click(5, 5)
  await quiet()
  expect(shop.requests).toEqual([])
  expect(await stored(tab)).toEqual([])
  expect(await context.cookies()).toEqual([])
  expect(await tab.evaluate('document.cookie')).toBe('')
  expect(await tab.evaluate('window.told')).toBeUndefined()
})

test('a refusal in a browser that never granted consent sends and stores nothing, and drops waiting events', async () => {
  const shop = await shopWith()
  const context = await visitor()
  // Even a read is recorded here: the rule is no access at all, not only no leftovers.
  await context.addInitScript(() => {
    const touched: string[] = []
    Object.assign(window, { touched })
    for (const name of ['getItem', 'setItem', 'removeItem'] as const) {
      const original = Storage.prototype[name] as (...args: string[]) => string | null
      Storage.prototype[name] = function (this: Storage, ...args: string[]) {
        touched.push(name)
        return original.apply(this, args) as never
      }
    }
  })
  const tab = await context.newPage()
  await open(tab, `${shop.url}/`)
  await run(tab, `couture('track', 'early'); ${REFUSE}; couture('track', 'late')`)
  await tab.goto(`${shop.url}/next`)
  await tab.waitForFunction(() => window.couture?.lost)
  await run(tab, `${REFUSE}; couture('track', 'later')`)
  await quiet()
  expect(shop.requests).toEqual([])
  expect(await tab.evaluate('touched')).toEqual([])
  expect(await context.cookies()).toEqual([])

  await run(tab, GRANT)
  await until(() => shop.requests.length).toBe(1)
  // The view of the current page is made again; events under the refusal are gone.
  expect(types(shop.arrived())).toEqual(['consent', 'page'])
  expect(await tab.evaluate('touched.length')).toBeGreaterThan(0)
})

test('a grant sends the proof, the page view and the waiting calls with their original times', async () => {
  const shop = await shopWith({
    '/shoes': page('Shoes', { inline: "couture('track', 'view_item', {currency: 'EUR', value: 890})" }),
  })
  const tab = await newTab()
  await tab.goto(`${shop.url}/?utm_source=mail#top`)
  await tab.evaluate((to) => location.assign(to), `${shop.url}/shoes?size=42#reviews`)
  await tab.waitForURL('**/shoes**')
  await tab.waitForFunction(() => window.couture?.lost)
  await run(tab, "couture('track', 'zoom')")
  await tab.waitForTimeout(400)
  await run(tab, GRANT)
  await until(() => shop.requests.length).toBe(1)

  const [request] = shop.requests
  expect(request!.headers['content-type']).toBe('text/plain;charset=UTF-8')
  expect(request!.headers['sec-fetch-mode']).toBe('cors')
  const { body } = request!
  const [consent, view, , zoom] = body.events
  // Waiting events keep their own time: they are older than the choice that released them.
  expect(Date.parse(view!.at)).toBeLessThanOrEqual(Date.parse(zoom!.at))
  expect(Date.parse(zoom!.at)).toBeLessThanOrEqual(Date.parse(consent!.at) - 300)
  expect([...body.events].sort((a, b) => (a.id < b.id ? -1 : 1)).map((event) => event.type)).toEqual([
    'page',
    'view_item',
    'zoom',
    'consent',
  ])

  // The decoded wire, with generated fields checked and replaced with their names.
  const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  const id = expect.stringMatching(EVENT_ID)
  const url = `${shop.url}/shoes?size=42`
  expect(body).toEqual({
    site: 'demo',
    candidate: expect.stringMatching(CANDIDATE),
    consent: { id, analytics: true, identity: true, marketing: true, source: 'manual', policy: 'v3', at: ISO },
    sent_at: ISO,
    events: [
      { id, type: 'consent', at: ISO, url },
      { id, type: 'page', at: ISO, url, title: 'Shoes', referrer: `${shop.url}/?utm_source=mail` },
      { id, type: 'view_item', at: ISO, url, props: { currency: 'EUR', value: 890 } },
      { id, type: 'zoom', at: ISO, url },
    ],
  })
  expect(new Set(body.events.map((event) => event.id)).size).toBe(4)
})

test('a choice keeps its consent id across pages, and a new choice gets a new one', async () => {
  const shop = await shopWith({ '/': page('Home', { inline: GRANT }), '/next': page('Next', { inline: GRANT }) })
  const tab = await newTab()
  await open(tab, `${shop.url}/`)
  await until(() => shop.requests.length).toBe(1)
  await run(tab, GRANT)
  await tab.goto(`${shop.url}/next`)
  await until(() => shop.requests.length).toBe(2)
  const [first, second] = shop.requests
  expect(types(second!.body.events)).toEqual(['page'])
  expect(second!.body.consent).toEqual(first!.body.consent)
  // Only the cookie identifies the visitor, and no script can read it.
  expect(first!.headers.cookie).toBeUndefined()
  expect(second!.headers.cookie).toBe(`cv=v.${first!.body.candidate}`)

  await run(tab, "couture('consent', {analytics: true, identity: true, marketing: false, policy: 'v3'})")
  await until(() => shop.requests.length).toBe(3)
  const third = shop.requests[2]!.body
  expect(types(third.events)).toEqual(['consent'])
  expect(third.consent).toMatchObject({ analytics: true, identity: true, marketing: false })
  expect(third.consent.id).not.toBe(first!.body.consent.id)
})

test('two tabs share one candidate until the first reply, and then the visitor is known', async () => {
  const shop = await shopWith()
  let answer = () => {}
  const hold = new Promise<void>((resolve) => {
    answer = resolve
  })
  shop.answer = () => ({ hold })
  const context = await visitor()
  const [one, two] = [await context.newPage(), await context.newPage()]
  await open(one, `${shop.url}/one`)
  await open(two, `${shop.url}/two`)
  await run(one, `couture('visitor', id => { window.id = id }); ${GRANT}`)
  await until(() => shop.requests.length).toBe(1)
  await run(two, GRANT)
  await until(() => shop.requests.length).toBe(2)
  const [first, second] = shop.requests
  expect(first!.body.candidate).toMatch(CANDIDATE)
  expect(second!.body.candidate).toBe(first!.body.candidate)
  expect(second!.body.consent.id).toBe(first!.body.consent.id)
  expect(await one.evaluate('window.id')).toBeUndefined()

  answer()
  await until(() => one.evaluate('window.id')).toBe(`v.${first!.body.candidate}`)
  await run(one, "couture('track', 'next')")
  await until(() => shop.requests.length).toBe(3)
  const { candidate } = first!.body
  expect(shop.requests[2]!.body).toMatchObject({ visitor: `v.${candidate}`, candidate })
  expect(await stored(one)).toEqual(['couture.consent'])
  expect(await one.evaluate('document.cookie')).toBe('')
})

test('a single-page shop gets one view per path, with its late title and the previous path as referrer', async () => {
  const shop = await shopWith({ '/': page('Home', { inline: GRANT }) })
  const tab = await newTab()
  await open(tab, `${shop.url}/`)
  await until(() => shop.acknowledged().length).toBe(2)
  await run(
    tab,
    `history.pushState({n: 1}, '', '/hats?page=2'); setTimeout(() => { document.title = 'Hats' }, 50)
     history.replaceState({n: 2}, '', '/hats?page=2'); history.pushState({n: 3}, '', '/hats?page=2#third')`,
  )
  await until(() => shop.acknowledged().length).toBe(3)
  await tab.goBack()
  await tab.goBack()
  await until(() => shop.acknowledged().length).toBe(4)
  await run(tab, "couture('page', {kind: 'overlay'}); couture('page')")
  await until(() => shop.acknowledged().length).toBe(6)
  const views = shop.arrived().filter((event) => event.type === 'page')
  expect(views.map(({ url, referrer, title, props }) => [url, referrer, title, props])).toEqual([
    [`${shop.url}/`, undefined, 'Home', undefined],
    [`${shop.url}/hats?page=2`, `${shop.url}/`, 'Hats', undefined],
    // The shop has not changed the title since: it is that of the page before.
    [`${shop.url}/`, `${shop.url}/hats?page=2`, undefined, undefined],
    [`${shop.url}/`, `${shop.url}/hats?page=2`, undefined, { kind: 'overlay' }],
    [`${shop.url}/`, `${shop.url}/hats?page=2`, undefined, undefined],
  ])
})

test('a page restored from the back-forward cache is viewed again', async () => {
  const shop = await shopWith({ '/': page('Home', { inline: GRANT }) })
  const tab = await newTab()
  await open(tab, `${shop.url}/`)
  await until(() => shop.acknowledged().length).toBe(2)
  await run(tab, "dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
  await until(() => types(shop.acknowledged())).toEqual(['consent', 'page', 'page'])
  // Consent was withdrawn on another page while this one was frozen: it must stay silent.
  await run(
    tab,
    "localStorage.clear(); dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true})); couture('track', 'x')",
  )
  await quiet()
  expect(shop.arrived()).toHaveLength(3)
})

test('a prerendered page is silent until it is shown', async () => {
  const shop = await shopWith({ '/': page('Home', { inline: GRANT }) })
  const context = await visitor()
  await context.addInitScript(() => {
    Object.defineProperty(document, 'prerendering', { value: true, writable: true })
  })
  const tab = await context.newPage()
  await tab.goto(`${shop.url}/`, { waitUntil: 'load' })
  await quiet()
  expect(shop.requests).toEqual([])
  await run(tab, "document.prerendering = false; document.dispatchEvent(new Event('prerenderingchange'))")
  await until(() => types(shop.arrived())).toEqual(['consent', 'page'])
})

test('the first statement removes a link token from the address bar, and nothing else', async () => {
  const inline = "history.replaceState({router: 7}, '')"
  const seen = '<script src="/c/tag.js?site=demo"></script><script>window.seen = location.href</script>'
  const shop = await shopWith({ '/': page('Home', { script: `<script>${inline}</script>${seen}` }) })
  const tab = await newTab()
  const cases = [
    ['/#cl=TOKEN', '/'],
    ['/?a=1#cl=TOKEN', '/?a=1'],
    ['/?cl=mine#top&cl=TOKEN', '/?cl=mine#top'],
    ['/?a=1#cl=TOKEN&tab=2', '/?a=1#tab=2'],
    ['/#tab=2&cl=TOKEN&x=$&', '/#tab=2&x=$'],
    ['/#xcl=TOKEN', '/#xcl=TOKEN'],
  ]
  for (const [from, to] of cases) {
    await tab.goto('about:blank')
    await tab.goto(shop.url + from)
    expect(await tab.evaluate('seen'), from).toBe(shop.url + to)
    expect(await tab.evaluate('history.state'), from).toEqual({ router: 7 })
  }
  expect(shop.requests).toEqual([])
})

test('a link token in the query leaves the address and is in no event', async () => {
  const shop = await shopWith({}, { link_param: 'clk' })
  const tab = await newTab()
  await open(tab, `${shop.url}/?a=1&clk=TOKEN&b=2#top`)
  expect(tab.url()).toBe(`${shop.url}/?a=1&b=2#top`)
  await tab.mouse.click(5, 5)
  await run(tab, GRANT)
  await until(() => types(shop.acknowledged())).toEqual(['consent', 'page', 'identify'])
  expect(shop.arrived().map((event) => event.url)).toEqual(Array(3).fill(`${shop.url}/?a=1&b=2`))
  expect(shop.arrived()[2]!.props).toEqual({ kind: 'link', link: 'TOKEN' })
})

test('a link is claimed once, after a real gesture, and never by a synthetic one', async () => {
  const shop = await shopWith({ '/': page('Home', { inline: GRANT, body: '<div style="height:5000px"></div>' }) })
  const tab = await newTab()
  await open(tab, `${shop.url}/#cl=TOKEN`)
  await until(() => shop.acknowledged().length).toBe(2)
  await run(
    tab,
    `for (const type of ['pointerdown', 'keydown', 'wheel', 'touchmove', 'scroll']) {
       document.body.dispatchEvent(new Event(type, {bubbles: true})); dispatchEvent(new Event(type)) }
     scrollTo(0, 900); document.body.click()`,
  )
  await quiet()
  expect(types(shop.arrived())).toEqual(['consent', 'page'])

  await tab.keyboard.press('ArrowDown')
  await tab.mouse.click(5, 5)
  await until(() => types(shop.acknowledged())).toEqual(['consent', 'page', 'identify'])
  await tab.mouse.click(8, 8)
  await run(tab, GRANT)
  await quiet()
  expect(types(shop.arrived())).toEqual(['consent', 'page', 'identify'])
  expect(shop.arrived()[2]!.props).toEqual({ kind: 'link', link: 'TOKEN' })

  // The visitor follows another mail link to the page that is already open: it needs its own gesture.
  await run(tab, "location.hash = '#cl=SECOND'")
  await until(() => tab.url()).toBe(`${shop.url}/`)
  await run(tab, GRANT)
  await quiet()
  expect(shop.arrived()).toHaveLength(3)
  await tab.mouse.wheel(0, 100)
  await until(() => shop.acknowledged().length).toBe(4)
  expect(shop.arrived()[3]!.props).toEqual({ kind: 'link', link: 'SECOND' })
})

test('a link waits for consent to identity before it is claimed', async () => {
  const shop = await shopWith()
  const tab = await newTab()
  await open(tab, `${shop.url}/#cl=TOKEN`)
  await tab.mouse.click(5, 5)
  await run(tab, "couture('consent', {analytics: true, identity: false, marketing: false})")
  await until(() => shop.acknowledged().length).toBe(2)
  await tab.mouse.click(5, 5)
  await quiet()
  expect(types(shop.arrived())).toEqual(['consent', 'page'])
  await run(tab, GRANT)
  await until(() => types(shop.acknowledged())).toEqual(['consent', 'page', 'consent', 'identify'])
})

test('logins and logouts keep their order; a login waits while identity is unknown, and is dropped if it is denied', async () => {
  const shop = await shopWith()
  const tab = await newTab()
  await open(tab, `${shop.url}/`)
  await run(tab, "couture('identify', {contact_id: 7}); couture('consent', {analytics: true})")
  await until(() => types(shop.acknowledged())).toEqual(['consent', 'page'])
  await run(tab, GRANT)
  await until(() => types(shop.acknowledged())).toEqual(['consent', 'page', 'consent', 'identify'])
  expect(shop.arrived()[3]!.props).toEqual({ kind: 'login', contact_id: '7' })
  await run(
    tab,
    `couture('track', 'a'); couture('reset'); couture('track', 'b')
     couture('identify', {email: 'Bo@Example.com'}); couture('identify', {token: 'a.b.c'})`,
  )
  await until(() => shop.acknowledged().length).toBe(9)
  expect(types(shop.arrived()).slice(4)).toEqual(
    ['track', 'reset', 'track', 'identify', 'identify'].map((type, i) => (type === 'track' ? 'ab'[i >> 1] : type)),
  )
  expect(shop.arrived()[7]!.props).toEqual({ kind: 'login', email: 'Bo@Example.com' })
  expect(shop.arrived()[8]!.props).toEqual({ kind: 'login', token: 'a.b.c' })
  expect(new Set(shop.requests.slice(1).map((request) => request.body.visitor)).size).toBe(1)

  // Withdrawn in the same tick: the claim is not sent, and later ones are not accepted.
  await run(
    tab,
    `couture('identify', {contact_id: 'x'})
     couture('consent', {analytics: true, identity: false, marketing: true, policy: 'v3'})
     couture('identify', {contact_id: 'y'}); couture('track', 'c')`,
  )
  await until(() => shop.acknowledged().length).toBe(11)
  expect(types(shop.arrived()).slice(9)).toEqual(['consent', 'c'])
})

test('events that the collector could not accept are resent once, in order, under the same ids', async () => {
  const shop = await shopWith()
  script(shop, { status: 503 }, { cut: true }, { status: 429, headers: { 'Retry-After': '2' } })
  const tab = await newTab()
  await open(tab, `${shop.url}/`)
  await run(tab, `${GRANT}; couture('track', 'a')`)
  await until(() => shop.requests.length).toBeGreaterThan(0)
  await run(tab, "couture('track', 'b'); couture('identify', {contact_id: '7'})")
  await until(() => types(shop.acknowledged())).toEqual(['consent', 'page', 'a', 'b', 'identify'])
  await quiet()
  expect(shop.requests.map((request) => request.status)).toEqual([503, 0, 429, 202])
  expect(distinct(shop.arrived())).toHaveLength(5)
  const ids = shop.requests.map((request) => request.body.events.map((event) => event.id))
  expect(ids[3]!.slice(0, 3)).toEqual(ids[0])
  expect(new Set(shop.requests.map((request) => request.body.sent_at)).size).toBe(4)
  const waits = shop.requests.slice(1).map((request, i) => request.at - shop.requests[i]!.at)
  // One second, then two (the back-off), then the requested time; timers may fire a few ms early.
  for (const [i, atLeastMs] of [1000, 2000, 2000].entries()) expect(waits[i]).toBeGreaterThan(atLeastMs - 50)
})

test('a request that is too large is halved until it fits, and only an event that never fits is lost', async () => {
  const shop = await shopWith()
  const tab = await newTab()
  const warnings: string[] = []
  tab.on('console', (message) => warnings.push(message.text()))
  await open(tab, `${shop.url}/`)
  shop.answer = (request) =>
    request.body.events.length > 3 || types(request.body.events).includes('e4') ? { status: 413 } : undefined
  await run(tab, `${GRANT}; for (let i = 0; i < 8; i++) couture('track', 'e' + i)`)
  await until(() => types(shop.acknowledged())).toEqual(['consent', 'page', 'e0', 'e1', 'e2', 'e3', 'e5', 'e6', 'e7'])
  expect(await tab.evaluate(() => window.couture?.lost)).toEqual({ too_large: 1 })
  expect(warnings.filter((text) => text.includes('too_large'))).toHaveLength(1)
})

test('a request holds at most 50 events and 64 KiB, counted in bytes of UTF-8', async () => {
  const shop = await shopWith()
  const tab = await newTab()
  await open(tab, `${shop.url}/`)
  // 8,000 times three bytes each, ten of them: 240 KB.
  await run(
    tab,
    `${GRANT}; for (let i = 0; i < 120; i++) couture('track', 'e' + i, i < 10 ? {note: '€'.repeat(8000)} : {})`,
  )
  await run(tab, "couture('track', 'huge', {note: 'x'.repeat(40000)})")
  await until(() => distinct(shop.acknowledged()).length).toBe(123)
  expect(shop.arrived()).toHaveLength(123)
  for (const { body, bytes } of shop.requests) {
    expect(body.events.length).toBeLessThanOrEqual(50)
    expect(bytes).toBeLessThanOrEqual(64 * 1024)
  }
  expect(types(shop.arrived()).slice(2)).toEqual([...Array.from({ length: 120 }, (_, i) => `e${i}`), 'huge'])
  expect(await tab.evaluate(() => window.couture?.lost)).toEqual({ cut: 1 })
})

test('events that the collector refuses for good are dropped and counted, and the page works on', async () => {
  const shop = await shopWith()
  const problem = { type: 'about:blank', title: 'Bad request', status: 400, code: 'invalid_request', detail: 'no' }
  const headers = { 'Content-Type': 'application/problem+json' }
  script(shop, { status: 400, headers, body: JSON.stringify(problem) }, undefined)
  const tab = await newTab()
  await open(tab, `${shop.url}/`)
  await run(tab, GRANT)
  await until(() => tab.evaluate(() => window.couture?.lost)).toEqual({ refused: 2 })
  await run(tab, "couture('track', 'after')")
  await until(() => types(shop.acknowledged())).toEqual(['after'])

  shop.answer = () => ({ body: '{"visitor":"v","accepted":0,"duplicate":0,"rejected":[{"index":0,"code":"too_old"}]}' })
  await run(tab, "couture('track', 'old')")
  await until(() => tab.evaluate(() => window.couture?.lost)).toEqual({ refused: 2, rejected: 1 })
  await quiet()
  expect(types(shop.arrived())).toEqual(['consent', 'page', 'after', 'old'])
})

test('an event sent while leaving the page arrives', async () => {
  const link = `<a href="/next" onclick="couture('track', 'add_to_cart', {value: 5})">next</a>`
  const shop = await shopWith({ '/': page('Home', { inline: GRANT, body: link }), '/next': page('Next') })
  const context = await visitor()
  await context.addInitScript(() => {
    const original = window.fetch
    window.fetch = (url, init) => {
      const earlier = sessionStorage.keepalive
      sessionStorage.keepalive = `${earlier ? `${earlier},` : ''}${init?.keepalive}`
      return original(url, init)
    }
  })
  const tab = await context.newPage()
  await open(tab, `${shop.url}/`)
  await until(() => shop.acknowledged().length).toBe(2)
  await tab.click('a')
  await tab.waitForURL('**/next')
  // The next page never grants, so only the page that was left can have sent it. On a slow line it needs `keepalive`.
  await until(() => types(shop.acknowledged())).toEqual(['consent', 'page', 'add_to_cart'])
  expect(await tab.evaluate('sessionStorage.keepalive')).toBe('false,true')
})

test('an event whose reply was never seen is resent first by the next page, under the same id', async () => {
  const link = `<a href="/next" onclick="couture('track', 'add_to_cart', {value: 5})">next</a>`
  const shop = await shopWith({ '/': page('Home', { inline: GRANT, body: link }), '/next': page('Next') })
  const tab = await newTab()
  await open(tab, `${shop.url}/`)
  await until(() => shop.acknowledged().length).toBe(2)
  shop.answer = () => ({ cut: true })
  await tab.click('a')
  await tab.waitForURL('**/next')
  await tab.waitForFunction(() => window.couture?.lost)
  await until(() => shop.requests.length).toBeGreaterThan(1)
  const lost = shop.requests[1]!
  expect(await stored(tab)).toEqual(['couture.consent', 'couture.unsent'])

  shop.answer = () => undefined
  await run(tab, GRANT)
  await until(() => types(distinct(shop.acknowledged()))).toEqual(['consent', 'page', 'add_to_cart', 'page'])
  const again = shop.requests.find(
    (request) => request.status === 202 && types(request.body.events)[0] === 'add_to_cart',
  )!
  expect(again.body.events).toEqual(lost.body.events)
  expect(again.body.consent).toEqual(lost.body.consent)
  expect([again.body.visitor, again.body.candidate]).toEqual([lost.body.visitor, lost.body.candidate])
  expect(again.body.candidate).toBe(shop.requests[0]!.body.candidate)
  expect(Date.parse(again.body.sent_at!)).toBeGreaterThan(Date.parse(lost.body.sent_at!))
  await until(() => stored(tab)).toEqual(['couture.consent'])
})

test('events stored by a page reach their visitor even if the cookie is gone, and the page goes on as that visitor', async () => {
  const link = `<a href="/next" onclick="couture('track', 'add_to_cart', {value: 5})">next</a>`
  const shop = await shopWith({ '/': page('Home', { inline: GRANT, body: link }), '/next': page('Next') })
  const context = await visitor()
  const tab = await context.newPage()
  await open(tab, `${shop.url}/`)
  await until(() => shop.acknowledged().length).toBe(2)
  const { candidate } = shop.requests[0]!.body
  shop.answer = () => ({ cut: true })
  await tab.click('a')
  await tab.waitForURL('**/next')
  await until(() => shop.requests.length).toBeGreaterThan(1)
  await context.clearCookies()

  shop.answer = () => undefined
  await run(tab, `couture('visitor', id => { window.id = id }); ${GRANT}`)
  await until(() => types(distinct(shop.acknowledged()))).toEqual(['consent', 'page', 'add_to_cart', 'page'])
  const late = shop.requests.find(({ status, body }) => status === 202 && body.events[0]!.type === 'add_to_cart')!
  expect([late.body.candidate, late.headers.cookie]).toEqual([candidate, undefined])
  await until(() => tab.evaluate('window.id')).toBe(`v.${candidate}`)
})

test('a stored event never claims a purpose that has been withdrawn', async () => {
  const link = `<a href="/next" onclick="couture('identify', {contact_id: '7'}); couture('track', 'bought')">next</a>`
  const shop = await shopWith({ '/': page('Home', { inline: GRANT, body: link }), '/next': page('Next') })
  const tab = await newTab()
  await open(tab, `${shop.url}/`)
  await until(() => shop.acknowledged().length).toBe(2)
  shop.answer = () => ({ cut: true })
  await tab.click('a')
  await tab.waitForURL('**/next')
  await tab.waitForFunction(() => window.couture?.lost)
  await until(() => shop.requests.length).toBeGreaterThan(1)

  shop.answer = () => undefined
  await run(tab, "couture('consent', {analytics: true, identity: false, marketing: true, policy: 'v3'})")
  await until(() => types(shop.acknowledged())).toEqual(['consent', 'page', 'bought', 'consent', 'page'])
  for (const { body } of shop.requests.filter((request) => request.status === 202).slice(1)) {
    expect(body.consent.identity).toBe(false)
  }
})

test('a withdrawal empties the queue and the storage in the same tick, and notifies the collector once', async () => {
  const shop = await shopWith()
  const context = await visitor()
  const tab = await context.newPage()
  await open(tab, `${shop.url}/`)
  await run(tab, GRANT)
  await until(() => shop.acknowledged().length).toBe(2)
  const first = shop.requests[0]!.body
  const left = await run(
    tab,
    `couture('track', 'secret'); couture('visitor', id => { window.id = id }); ${REFUSE}
     couture('track', 'late'); Object.keys(localStorage).length`,
  )
  expect(left).toBe(0)
  await until(() => shop.requests.length).toBe(2)
  const word = shop.requests[1]!.body
  expect(word).toMatchObject({
    visitor: `v.${first.candidate}`,
    candidate: first.candidate,
    consent: { analytics: false, identity: false },
  })
  expect(word.consent.id).not.toBe(first.consent.id)
  expect(types(word.events)).toEqual(['consent'])
  await run(tab, REFUSE)
  await quiet()
  expect(shop.requests).toHaveLength(2)
  expect(await context.cookies()).toEqual([])
  expect(await stored(tab)).toEqual([])

  await run(tab, `couture('visitor', id => { window.later = id }); ${GRANT}`)
  await until(() => shop.requests.length).toBe(3)
  const anew = shop.requests[2]!.body
  expect(anew).not.toHaveProperty('visitor')
  expect(anew.candidate).toMatch(CANDIDATE)
  expect(anew.candidate).not.toBe(first.candidate)
  expect(anew.consent.id).not.toBe(first.consent.id)
  expect(types(anew.events)).toEqual(['consent', 'page'])
  await until(() => tab.evaluate('window.later')).toBe(`v.${anew.candidate}`)
})

test('a failed withdrawal is reported again, and a later grant waits for it', async () => {
  const shop = await shopWith()
  const tab = await newTab()
  await open(tab, `${shop.url}/`)
  await run(tab, GRANT)
  await until(() => shop.acknowledged().length).toBe(2)
  script(shop, { status: 503 })
  await run(tab, `${REFUSE}; ${GRANT}`)
  await until(() => types(shop.acknowledged())).toEqual(['consent', 'page', 'consent', 'consent', 'page'])
  const [granted, failed, told, anew] = shop.requests.map((request) => request.body)
  expect(failed!.consent.analytics).toBe(false)
  expect(told!.events).toEqual(failed!.events)
  expect(told!.visitor).toBe(`v.${granted!.candidate}`)
  expect(anew!.consent.analytics).toBe(true)
  expect(anew!.candidate).not.toBe(granted!.candidate)
})

test('a second withdrawal does not replace a first one that is not reported yet', async () => {
  const shop = await shopWith()
  const tab = await newTab()
  await open(tab, `${shop.url}/`)
  await run(tab, GRANT)
  await until(() => shop.acknowledged().length).toBe(2)
  script(shop, { status: 503 })
  // The second grant has sent nothing, so only the first visitor is withdrawn.
  await run(tab, `${REFUSE}; ${GRANT}; ${REFUSE}`)
  await until(() => types(shop.acknowledged())).toEqual(['consent', 'page', 'consent'])
  await quiet()
  expect(shop.requests.map((request) => request.status)).toEqual([202, 503, 202])
  expect(shop.requests[2]!.body).toMatchObject({
    visitor: `v.${shop.requests[0]!.body.candidate}`,
    consent: { analytics: false },
  })
})

test('a withdrawal during the first request is reported under the visitor that its reply names', async () => {
  const shop = await shopWith()
  let answer = () => {}
  const hold = new Promise<void>((resolve) => {
    answer = resolve
  })
  script(shop, { hold })
  const tab = await newTab()
  await open(tab, `${shop.url}/`)
  await run(tab, GRANT)
  await until(() => shop.requests.length).toBe(1)
  await run(tab, `couture('visitor', id => { window.id = id }); ${REFUSE}`)
  answer()
  await until(() => shop.requests.length).toBe(2)
  const { body } = shop.requests[1]!
  expect(body).toMatchObject({ visitor: `v.${shop.requests[0]!.body.candidate}`, consent: { analytics: false } })
  expect(types(body.events)).toEqual(['consent'])
  await quiet()
  expect(await stored(tab)).toEqual([])
  expect(await tab.evaluate('window.id')).toBeUndefined()
})

test('a choice that is withdrawn before anything was sent is never reported', async () => {
  const shop = await shopWith()
  const tab = await newTab()
  await open(tab, `${shop.url}/`)
  expect(await run(tab, `${GRANT}; ${REFUSE}; Object.keys(localStorage).length`)).toBe(0)
  await quiet()
  expect(shop.requests).toEqual([])
})

test('a withdrawal in one tab silences the other', async () => {
  const shop = await shopWith()
  const context = await visitor()
  const [one, two] = [await context.newPage(), await context.newPage()]
  await open(one, `${shop.url}/one`)
  await open(two, `${shop.url}/two`)
  await run(one, GRANT)
  await run(two, GRANT)
  await until(() => shop.acknowledged().length).toBeGreaterThanOrEqual(3)
  await run(one, REFUSE)
  await until(() => shop.requests.filter((request) => !request.body.consent.analytics).length).toBe(1)
  const before = shop.requests.length
  await run(two, "couture('track', 'secret')")
  await quiet()
  expect(shop.requests).toHaveLength(before)
  expect(await stored(two)).toEqual([])
})

test('Global Privacy Control is reported with an explicit choice, which stands', async () => {
  const shop = await shopWith()
  const context = await visitor()
  await context.addInitScript(() => {
    Object.defineProperty(navigator, 'globalPrivacyControl', { value: true })
  })
  const tab = await context.newPage()
  await open(tab, `${shop.url}/`)
  await run(tab, GRANT)
  await until(() => shop.requests.length).toBe(1)
  expect(shop.requests[0]!.body.consent).toMatchObject({ gpc: true, identity: true, marketing: true })
})

test('calls before the script, after it and through an old reference to the stub all work, in order', async () => {
  const shop = await shopWith({
    '/': page('Home', { inline: `const old = couture; couture('track', 'a'); ${GRANT}; couture('track', 'b')` }),
  })
  const tab = await newTab()
  await open(tab, `${shop.url}/`)
  await run(tab, "const cart = {value: 1}; couture('track', 'c', cart); cart.value = 2; old('track', 'd')")
  await until(() => types(shop.acknowledged())).toEqual(['consent', 'page', 'a', 'b', 'c', 'd'])
  expect(shop.acknowledged()[4]!.props, 'as it was when it was handed in').toEqual({ value: 1 })
})

test('invalid calls cause a warning sentence, lose nothing else and never throw', async () => {
  const shop = await shopWith()
  const tab = await newTab()
  const warnings: string[] = []
  tab.on('console', (message) => warnings.push(message.text().split('\n')[0]!))
  await open(tab, `${shop.url}/`)
  const wrong = [
    "'tracc'",
    "'constructor'",
    '',
    "'track'",
    "'track', ''",
    "'track', 'identify', {kind: 'link'}",
    "'track', 'x', 5",
    "'page', 'Home'",
    "'identify'",
    "'identify', {contact_id: '7', email: 'a@b.c'}",
    "'identify', {contact_id: ''}",
    "'identify', {contact_id: null}",
    "'consent'",
    "'consent', {identity: true}",
    "'consent', {analytics: 'yes'}",
    "'consent', {analytics: true, identity: 1}",
    "'visitor', 5",
  ]
  for (const call of wrong) await run(tab, `couture(${call})`)
  await run(tab, `couture('visitor', () => { throw Error('the callback failed') }); couture('track', 'fine'); ${GRANT}`)
  await until(() => types(shop.acknowledged())).toEqual(['consent', 'page', 'fine'])
  await until(() => warnings.length).toBe(wrong.length + 1)
  for (const warning of warnings) expect(warning).toMatch(/^couture: /)
})

test('a script that is on the page twice runs once', async () => {
  const script =
    '<script async src="/c/tag.js?site=demo"></script><script async src="/c/tag.abc123.js?site=demo"></script>'
  const shop = await shopWith({ '/': page('Home', { inline: GRANT, script }) })
  const tab = await newTab()
  await tab.goto(`${shop.url}/`, { waitUntil: 'load' })
  await run(tab, "couture('track', 'once'); history.pushState(null, '', '/there')")
  await until(() => shop.acknowledged().length).toBeGreaterThanOrEqual(4)
  await quiet()
  expect(types(shop.arrived())).toEqual(['consent', 'page', 'once', 'page'])
})

test('without a script element the tag waits for init', async () => {
  const shop = await shopWith()
  const tag = await (await fetch(`${shop.url}/c/tag.js`)).text()
  shop.pages['/'] = page('Home', { inline: `couture('track', 'a'); ${GRANT}`, script: '' })
  const tab = await newTab()
  await tab.goto(`${shop.url}/`)
  await tab.evaluate(tag)
  await quiet()
  expect(shop.requests).toEqual([])
  await run(
    tab,
    "couture('track', 'b'); couture('init', {site: 'demo', endpoint: '/c/v1/events'}); couture('track', 'c')",
  )
  await until(() => types(shop.acknowledged())).toEqual(['consent', 'page', 'a', 'b', 'c'])
})

test('with blocked storage the page works from memory', async () => {
  const shop = await shopWith()
  const context = await visitor()
  await context.addInitScript(() => {
    Object.defineProperty(window, 'localStorage', {
      get() {
        throw new DOMException('blocked', 'SecurityError')
      },
    })
  })
  const tab = await context.newPage()
  await open(tab, `${shop.url}/`)
  script(shop, { status: 503 })
  await run(tab, `${GRANT}; couture('track', 'a')`)
  await until(() => types(shop.acknowledged())).toEqual(['consent', 'page', 'a'])
  expect(new Set(shop.requests.map((request) => request.body.candidate)).size).toBe(1)
  await run(tab, `${GRANT}; couture('track', 'b')`)
  await until(() => types(shop.acknowledged())).toEqual(['consent', 'page', 'a', 'b'])
  await run(tab, REFUSE)
  await until(() => shop.requests.at(-1)!.body.consent.analytics).toBe(false)
})
