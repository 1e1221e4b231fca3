/**
 * What stands between the tag and the collector, and between its pages: service workers, firewalls, login pages and
 * requests that never end; Turbo Drive, other tabs, frames, and banners that come late. In a real browser, with a recording
 * collector (tag-harness.ts).
 */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest'
import { INSTALL_MS, newVisitor, openBrowser } from '../support/browser.ts'
import { type Answer, openShop, page, type Shop } from './tag-harness.ts'

const CHOICE = "{analytics: true, identity: true, marketing: true, policy: 'v3'}"
const GRANT = `couture('consent', ${CHOICE})`
const REFUSE = "couture('consent', {analytics: false})"
/** Longer than the tag gathers events (500 ms). */
const QUIET_MS = 700

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
}, INSTALL_MS)
afterAll(() => browser.close())

type Parts = { pages?: Record<string, string>; before?: () => void; settings?: Parameters<typeof openShop>[1] }

/** A shop whose pages state consent, and the tab of a new visitor. An exception that reaches the page fails the test. */
async function visit({ onTestFinished, expect }: TestContext, { pages = {}, before, settings }: Parts = {}) {
  const home = page('Home', { inline: GRANT })
  const shop = await openShop({ '/': home, ...pages }, settings)
  const context = await newVisitor(browser)
  const errors: string[] = []
  const warnings: string[] = []
  context.on('weberror', (error) => errors.push(String(error.error())))
  context.on('console', (message) => warnings.push(message.text()))
  onTestFinished(async () => {
    await context.close()
    await shop.close()
    expect(errors).toEqual([])
  })
  if (before) await context.addInitScript(before)
  const tab = await context.newPage()
  const until = (check: () => unknown) => expect.poll(check, { timeout: 30_000, interval: 50 })
  return { shop, context, tab, warnings, until }
}

/** Answers the first requests as given, then normally. */
function script(shop: Shop, ...answers: (Answer | undefined)[]) {
  shop.answer = () => answers.shift()
}

const quiet = () => new Promise((resolve) => setTimeout(resolve, QUIET_MS))
const run = (tab: Page, code: string) => tab.evaluate(code)
const lost = (tab: Page) => tab.evaluate(() => window.couture?.lost)
/** The events that the collector has acknowledged itself, without repeats. */
const kept = (shop: Shop) => {
  const own = shop.requests.filter(({ isOwn }) => isOwn).flatMap(({ body }) => body.events)
  return [...new Map(own.map((event) => [event.id, event])).values()].map(({ type }) => type)
}

const html = { 'Content-Type': 'text/html' }
const problem = { 'Content-Type': 'application/problem+json' }

describe.concurrent('events are kept, sent again and told once when the answer is', () => {
  test.for<[string, Answer]>([
    ['a page with 200', { status: 200, headers: html, body: '<h1>Welcome</h1>' }],
    ['a redirect to a login page', { status: 302, headers: { Location: '/login' }, body: '' }],
    ['a page with 403', { status: 403, headers: html, body: '<h1>No</h1>' }],
  ])('%s', async ([, answer], t) => {
    const { shop, tab, warnings, until } = await visit(t)
    script(shop, answer, answer)
    await tab.goto(`${shop.url}/`)
    await run(tab, "couture('track', 'purchase', {value: 5})")
    await until(() => kept(shop).toSorted()).toEqual(['consent', 'page', 'purchase'])
    expect(await lost(tab)).toEqual({})
    expect(warnings.filter((text) => /not the collector/.test(text))).toHaveLength(1)
    expect(warnings.join()).toMatch(/\/c\/v1\/events answers \d+, which is not the collector/)
  })
})

describe.concurrent('between the tag and the collector', () => {
  test.for([400, 403])('its own problem with %s drops the events, and counts them', async (status, t) => {
    const { shop, tab, until } = await visit(t)
    const body = JSON.stringify({ type: 'about:blank', title: 'No', status, code: 'a_code', detail: 'because' })
    script(shop, { status, headers: problem, body })
    await tab.goto(`${shop.url}/`)
    await until(() => lost(tab)).toEqual({ refused: 2 })
    await run(tab, "couture('track', 'after')")
    await until(() => kept(shop)).toEqual(['after'])
  })

  test('a service worker that answers with its page loses nothing', async (t) => {
    const { shop, tab, until } = await visit(t)
    const worker = `let isAway = true
      addEventListener('message', () => { isAway = false })
      addEventListener('install', () => skipWaiting())
      addEventListener('activate', (event) => event.waitUntil(clients.claim()))
      addEventListener('fetch', (event) => {
        if (isAway && event.request.url.includes('/v1/events'))
          event.respondWith(new Response('<h1>You are offline</h1>', {headers: {'Content-Type': 'text/html'}}))
      })`
    shop.scripts['/worker.js'] = worker
    shop.pages['/empty'] = '<!doctype html><title>Empty</title>'
    await tab.goto(`${shop.url}/empty`)
    await run(
      tab,
      `navigator.serviceWorker.register('/worker.js').then(() => new Promise((resolve) => {
         if (navigator.serviceWorker.controller) resolve(); else navigator.serviceWorker.addEventListener('controllerchange', resolve) }))
         .then(() => true)`,
    )
    await tab.goto(`${shop.url}/`)
    await quiet()
    expect(shop.requests).toEqual([])
    await run(tab, 'navigator.serviceWorker.controller.postMessage(1)')
    await until(() => kept(shop)).toEqual(['consent', 'page'])
  })

  test('an opaque answer loses nothing', async (t) => {
    const { shop, tab, until } = await visit(t, {
      before: () => {
        const original = window.fetch
        let calls = 0
        const elsewhere = `http://localhost:${location.port}/`
        window.fetch = (url, init) => (calls++ ? original(url, init) : original(elsewhere, { mode: 'no-cors' }))
      },
    })
    await tab.goto(`${shop.url}/`)
    await until(() => kept(shop)).toEqual(['consent', 'page'])
  })

  test('a request that never settles is given up, and sent again', async (t) => {
    const { shop, tab, until } = await visit(t, {
      before: () => {
        const { setTimeout, fetch } = window
        // Twenty seconds are too long for a test: the tag's longest wait passes at once.
        const faster = (run: () => void, ms: number) => setTimeout(run, ms === 20_000 ? 300 : ms)
        let calls = 0
        window.setTimeout = faster as typeof setTimeout
        window.fetch = (url, init) => (calls++ ? fetch(url, init) : new Promise(() => {}))
      },
    })
    await tab.goto(`${shop.url}/`)
    await until(() => kept(shop)).toEqual(['consent', 'page'])
    // The collector answers the headers, and never ends the body.
    shop.answer = () => (shop.requests.length === 2 ? { hold: new Promise(() => {}) } : undefined)
    await run(tab, "couture('track', 'later')")
    await until(() => kept(shop)).toEqual(['consent', 'page', 'later'])
  })
})

describe.concurrent('pages', () => {
  test('of Turbo Drive have their titles, and a repeated consent sends nothing by itself', async (t) => {
    const { shop, tab, until } = await visit(t)
    await tab.goto(`${shop.url}/`)
    await until(() => kept(shop).length).toBe(2)
    // What Turbo does: the address at once, then the page, whose scripts in the body run again.
    const turn = (to: string, ms: number) => `
      history.pushState({turbo: {restorationIdentifier: '${to}'}}, '', '${to}')
      setTimeout(() => {
        document.querySelector('title').remove()
        document.head.append(Object.assign(document.createElement('title'), {text: 'Page ${to}'}))
        document.body.replaceWith(document.createElement('body'))
        ${GRANT}; couture('track', 'view_item')
      }, ${ms})`
    await run(tab, turn('/a', 300))
    await until(() => kept(shop).length).toBe(4)
    await run(tab, turn('/b', 900))
    await until(() => kept(shop).length).toBe(6)
    const views = shop.arrived().filter(({ type }) => type === 'page')
    expect(views.map(({ title }) => title)).toEqual(['Home', 'Page /a', 'Page /b'])
    expect(shop.requests).toHaveLength(3)
  })

  test('a grant after a withdrawal holds in the other tab, too, unless that tab refused itself', async (t) => {
    const { shop, context, tab, until } = await visit(t)
    const [second, third] = [await context.newPage(), await context.newPage()]
    await tab.goto(`${shop.url}/`)
    await until(() => kept(shop).length).toBe(2)
    await second.goto(`${shop.url}/?second`)
    await third.goto(`${shop.url}/?third`)
    await until(() => kept(shop).length).toBe(4)
    await run(tab, REFUSE)
    await until(() => shop.requests.at(-1)!.body.consent.analytics).toBe(false)
    await run(third, REFUSE)
    await quiet()
    const before = shop.requests.length
    await run(tab, GRANT)
    await until(() => shop.requests.length).toBeGreaterThan(before + 1)
    await run(second, "couture('track', 'second')")
    await run(third, "couture('track', 'third')")
    await until(() => kept(shop)).toContain('second')
    await quiet()
    expect(kept(shop)).not.toContain('third')
    const ids = new Set(shop.requests.slice(before).map(({ body }) => body.consent.id))
    expect(ids.size).toBe(1)
    expect(ids).not.toContain(shop.requests[0]!.body.consent.id)
  })

  test('in frames, of the site or of another, are none unless the site says so', async (t) => {
    const within = (url: string) => page('Home', { inline: GRANT, body: `<iframe src="${url}/framed"></iframe>` })
    const framed = page('Framed', { inline: `${GRANT}; couture('track', 'framed')` })
    for (const frames of [false, true]) {
      const { shop, tab, until } = await visit(t, { pages: { '/framed': framed }, settings: { frames } })
      shop.pages['/'] = within('')
      await tab.goto(`${shop.url}/`, { waitUntil: 'load' })
      await until(() => kept(shop)).toContain('page')
      const abroad = shop.url.replace('127.0.0.1', 'localhost')
      shop.pages['/abroad'] = within(abroad)
      await tab.goto(`${shop.url}/abroad`, { waitUntil: 'load' })
      await quiet()
      expect(kept(shop).filter((type) => type === 'framed').length > 0).toBe(frames)
      if (!frames) expect(shop.arrived().map(({ url }) => url)).not.toContain(`${shop.url}/framed`)
    }
  })

  test('whose queue before consent overflows keep the view that they began with', async (t) => {
    const { shop, tab, until } = await visit(t, { pages: { '/': page('Home') } })
    await tab.goto(`${shop.url}/`, { waitUntil: 'load' })
    await run(tab, `for (let i = 0; i < 201; i++) couture('track', 'e' + i); ${GRANT}`)
    await until(() => kept(shop).length).toBe(201)
    expect(kept(shop).slice(0, 4)).toEqual(['consent', 'page', 'e2', 'e3'])
    expect(await lost(tab)).toEqual({ overflow: 2 })
  })

  test('that are left before a late banner states the consent are counted by the next that may send', async (t) => {
    const late = page('Late', { inline: `couture('track', 'view_item'); setTimeout(() => ${GRANT}, 1000)` })
    const { shop, tab, until, warnings } = await visit(t, {
      pages: { '/late': late, '/next': page('Next', { inline: GRANT }) },
    })
    const go = async (to: string) => {
      await run(tab, `location.href = '${to}'`)
      await tab.waitForURL(`**${to}`)
      await tab.waitForFunction(() => window.couture?.lost)
    }
    await tab.goto(`${shop.url}/`)
    await until(() => kept(shop).length).toBe(2)
    await go('/next?ok')
    await until(() => kept(shop).length).toBe(3)
    expect(await lost(tab)).toEqual({})
    await go('/late')
    const stored = await run(tab, 'JSON.stringify([{...sessionStorage}, {...localStorage}])')
    await go('/next?after')
    await until(() => lost(tab)).toEqual({ unstated: 1 })
    expect(warnings.join()).toMatch(/\/late was left before 'consent' was called/)
    expect(stored).not.toContain('late')
    expect(kept(shop)).not.toContain('view_item')
    await tab.reload()
    await until(() => kept(shop).length).toBe(5)
    await tab.goBack()
    await tab.goto(`${shop.url}/next?typed`)
    await until(() => tab.evaluate('!!window.couture.lost')).toBe(true)
    await quiet()
    expect(await lost(tab)).toEqual({})
    await run(tab, REFUSE)
    expect(await run(tab, 'sessionStorage.length + localStorage.length')).toBe(0)
  })
})
