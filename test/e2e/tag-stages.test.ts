/**
 * The two stages of the tag in a real browser, with a recording collector (tag-harness.ts): what is requested when, what a
 * page loses that is left at once or whose second stage does not come, and the pages of a strict policy.
 */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest'
import { INSTALL_MS, newVisitor, openBrowser } from '../support/browser.ts'
import { type Answer, openShop, page, type Shop } from './tag-harness.ts'

const GRANT = "couture('consent', {analytics: true, identity: true, marketing: true, policy: 'v3'})"
const REFUSE = "couture('consent', {analytics: false})"
/** Longer than the tag gathers events (500 ms). */
const QUIET_MS = 700

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
}, INSTALL_MS)
afterAll(() => browser.close())

/** A shop, and the tab of a new visitor. An exception that reaches the page fails the test. */
async function visit({ onTestFinished, expect }: TestContext, pages: Record<string, string> = {}) {
  const shop = await openShop(pages)
  const context = await newVisitor(browser)
  const errors: string[] = []
  context.on('weberror', (error) => errors.push(String(error.error())))
  onTestFinished(async () => {
    await context.close()
    await shop.close()
    expect(errors).toEqual([])
  })
  const tab = await context.newPage()
  const until = (check: () => unknown) => expect.poll(check, { timeout: 20_000, interval: 50 })
  return { shop, context, tab, until }
}

const quiet = () => new Promise((resolve) => setTimeout(resolve, QUIET_MS))
const run = (tab: Page, code: string) => tab.evaluate(code)
const kept = (shop: Shop) => {
  const distinct = new Map(shop.acknowledged().map((event) => [event.id, event]))
  return [...distinct.values()].map(({ type }) => type)
}
/** An answer that never comes. */
const never = { hold: new Promise<void>(() => {}) }

describe.concurrent('the second stage', () => {
  test('is asked for once, at the grant, and by no page without one', async (t) => {
    const { shop, tab, until } = await visit(t, { '/': page('Home', { inline: "couture('track', 'early', {a: 1})" }) })
    await tab.goto(`${shop.url}/`, { waitUntil: 'load' })
    await run(tab, `${REFUSE}; couture('track', 'late')`)
    await quiet()
    expect(shop.parts).toEqual([])
    await run(tab, `${GRANT}; ${GRANT}`)
    await until(() => kept(shop)).toEqual(['consent', 'page'])
    await run(tab, GRANT)
    await quiet()
    expect(shop.parts).toHaveLength(1)
    expect(await run(tab, 'document.querySelectorAll(\'script[src*="tag."]\').length')).toBe(1)
  })

  test('takes what was held as it was: times, addresses, titles, properties and routes', async (t) => {
    const { shop, tab, until } = await visit(t)
    await tab.goto(`${shop.url}/?utm_source=mail#top`, { waitUntil: 'load' })
    await run(
      tab,
      `const cart = {value: 1}; couture('track', 'a', cart); cart.value = 2
       history.pushState(0, '', '/rings'); document.title = 'Rings'; couture('track', 'b')
       history.replaceState(0, '', '/rings?q=r'); history.replaceState(0, '', '/rings?q=ri')
       history.pushState(0, '', '/hats'); location.hash = 'below'`,
    )
    await quiet()
    await run(tab, GRANT)
    await until(() => kept(shop)).toEqual(['consent', 'page', 'a', 'page', 'b', 'page'])
    const [proof, landing, a, rings, b, hats] = shop.acknowledged()
    const path = (url: string | undefined) => url?.replace(shop.url, '')
    expect([landing, rings, hats].map((view) => [path(view!.url), path(view!.referrer), view!.title])).toEqual([
      ['/?utm_source=mail', undefined, '/'],
      ['/rings', '/?utm_source=mail', 'Rings'],
      ['/hats', '/rings', undefined],
    ])
    expect(a).toMatchObject({ url: landing!.url, props: { value: 1 } })
    expect(path(b!.url)).toBe('/rings')
    expect(Date.parse(hats!.at)).toBeLessThan(Date.parse(proof!.at) - QUIET_MS / 2)
  })

  test('is not started by a grant that was taken back before it came', async (t) => {
    const { shop, tab, until } = await visit(t)
    let release = () => {}
    const hold = new Promise<void>((resolve) => {
      release = resolve
    })
    shop.answerPart = () => ({ hold })
    await tab.goto(`${shop.url}/`, { waitUntil: 'load' })
    await run(tab, `${GRANT}; couture('track', 'a')`)
    await until(() => shop.parts.length).toBe(1)
    await run(tab, REFUSE)
    release()
    await quiet()
    expect(shop.requests).toEqual([])
    expect(await run(tab, 'localStorage.length + sessionStorage.length')).toBe(0)
    await run(tab, `${GRANT}; couture('track', 'b')`)
    await until(() => kept(shop)).toEqual(['consent', 'page', 'b'])
    expect(shop.parts).toHaveLength(1)
  })

  test.for<[string, Answer]>([
    ['is cut off', { cut: true }],
    ['is not found', { status: 404, body: 'nothing' }],
    ['is a page of a firewall', { headers: { 'Content-Type': 'text/html' }, body: '<h1>Wait</h1>' }],
  ])('is asked for again when it %s, and nothing is lost', async ([, answer], t) => {
    const { shop, tab, until } = await visit(t)
    const answers = [answer, answer]
    shop.answerPart = () => answers.shift()
    await tab.goto(`${shop.url}/`, { waitUntil: 'load' })
    await run(tab, `${GRANT}; couture('track', 'a')`)
    await until(() => shop.parts.length).toBe(2)
    await run(tab, "couture('track', 'b')")
    await until(() => kept(shop)).toEqual(['consent', 'page', 'a', 'b'])
  })
})

describe.concurrent('a page that is left before the second stage came', () => {
  const home = page('Home', {
    inline: `couture('track', 'a', {value: 5}); couture('identify', {contact_id: '7'}); ${GRANT}`,
  })

  test('has sent its events, which the next page stores no second time', async (t) => {
    const { shop, tab, until } = await visit(t, {
      '/': home,
      '/next': page('Next'),
      '/third': page('Third', { inline: GRANT }),
    })
    shop.answerPart = () => never
    await tab.goto(`${shop.url}/?utm_source=mail`, { waitUntil: 'load' })
    await tab.goto(`${shop.url}/next`)
    await until(() => kept(shop)).toEqual(['consent', 'page', 'a'])
    const [first] = shop.requests
    expect(first!.body).toMatchObject({
      site: 'demo',
      candidate: expect.stringMatching(/^[\w-]{22,32}$/),
      consent: {
        id: expect.any(String),
        analytics: true,
        identity: true,
        marketing: true,
        source: 'manual',
        policy: 'v3',
      },
    })
    expect(first!.headers['content-type']).toBe('text/plain;charset=UTF-8')
    expect(first!.body.events[1]).toMatchObject({ type: 'page', url: `${shop.url}/?utm_source=mail` })

    shop.answerPart = () => undefined
    await tab.goto(`${shop.url}/third`)
    await until(() => shop.arrived().filter(({ url }) => url?.endsWith('/third')).length).toBeGreaterThan(0)
    await until(() => run(tab, "localStorage.getItem('couture.unsent')")).toBe(null)
    // Sent again under the same ids and the same secret: the collector counts them once.
    const again = shop.arrived().filter(({ type }) => type === 'a')
    expect(new Set(again.map(({ id }) => id)).size).toBe(1)
    expect(new Set(shop.requests.map(({ body }) => body.candidate)).size).toBe(1)
    expect(await run(tab, 'Object.keys(localStorage)')).toEqual(['couture.consent'])
  })

  test('leaves its events to the next page where the collector is away', async (t) => {
    const { shop, tab, until } = await visit(t, { '/': home, '/next': page('Next', { inline: GRANT }) })
    shop.answer = () => ({ cut: true })
    shop.answerPart = () => never
    await tab.goto(`${shop.url}/`, { waitUntil: 'load' })
    await tab.goto(`${shop.url}/?again`, { waitUntil: 'load' })
    shop.answer = () => undefined
    shop.answerPart = () => undefined
    await tab.goto(`${shop.url}/next`)
    await until(() => kept(shop).filter((type) => type === 'a').length).toBe(2)
    await until(() => kept(shop).filter((type) => type === 'page').length).toBe(3)
    expect(new Set(shop.requests.map(({ body }) => body.candidate)).size).toBe(1)
  })

  test('without a grant, or after a refusal, sends and stores nothing', async (t) => {
    const { shop, tab } = await visit(t, {
      '/refused': page('No', { inline: `${GRANT}; couture('track', 'a'); ${REFUSE}` }),
    })
    shop.answerPart = () => never
    await tab.goto(`${shop.url}/`, { waitUntil: 'load' })
    await run(tab, "couture('track', 'a')")
    await tab.goto(`${shop.url}/refused`, { waitUntil: 'load' })
    await tab.goto(`${shop.url}/end`)
    await quiet()
    expect(shop.requests).toEqual([])
    expect(await run(tab, 'localStorage.length + sessionStorage.length')).toBe(0)
  })
})
