/**
 * The evidence that the tag collects, in a real browser with a recording collector (tag-harness.ts): addresses typed
 * into forms, and the tokens of mail links. Waiting for consent and for a person is what makes them evidence.
 */
import { createHash } from 'node:crypto'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { INSTALL_MS, lendTab, openBrowser } from '../support/browser.ts'
import { openShop, page, type Shop } from './tag-harness.ts'

vi.setConfig({ testTimeout: 60_000 })

const GRANT = "couture('consent', {analytics: true, identity: true, marketing: true})"
const ONLY_MEASURE = "couture('consent', {analytics: true, identity: false, marketing: false})"
const ADDRESS = 'jp.martin@mail.example'
const HASH = createHash('sha256').update(ADDRESS).digest('hex')
/** Longer than the tag gathers events (500 ms): by then anything due would have been sent. */
const QUIET_MS = 900

let browser: Browser
const closers: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  browser = await openBrowser()
}, INSTALL_MS)
afterAll(() => browser.close())
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A shop with the tag, in the tab of a new visitor. An exception that the tag throws into the page fails the test. */
async function visit(
  path: string,
  pages: Record<string, string> = {},
  settings: Parameters<typeof openShop>[1] = {},
  before?: () => void,
): Promise<{ shop: Shop; tab: Page; warnings: string[] }> {
  const shop = await openShop(pages, settings)
  const { context, tab, giveBack } = await lendTab(browser, before)
  const errors: string[] = []
  const warnings: string[] = []
  context.on('weberror', (error) => errors.push(String(error.error())))
  closers.push(shop.close, async () => {
    await giveBack()
    expect(errors).toEqual([])
  })
  tab.on('console', (message) => warnings.push(message.text().split('\n')[0]!))
  await tab.goto(shop.url + path, { waitUntil: 'load' })
  return { shop, tab, warnings }
}

const until = (check: () => unknown) => expect.poll(check, { timeout: 20_000, interval: 50 })
const quiet = () => new Promise((resolve) => setTimeout(resolve, QUIET_MS))
const run = (tab: Page, code: string) => tab.evaluate(code)
const types = (shop: Shop) => shop.arrived().map((event) => event.type)
const claims = (shop: Shop) =>
  shop
    .arrived()
    .filter((event) => event.type === 'identify')
    .map((event) => event.props)
/** Everything that was sent, as text: it must never contain an address. */
const wire = (shop: Shop) => JSON.stringify(shop.requests.map((request) => request.body))

describe('an address passed by the page', () => {
  test.each<[string, string, object]>([
    ['with blanks and capitals', "{form: true, email: ' JP.Martin@Mail.Example '}", { email_sha256: HASH }],
    ['with its cart', `{form: true, email: '${ADDRESS}', cart_id: 'c-1'}`, { email_sha256: HASH, cart_id: 'c-1' }],
    ['with its order', `{form: true, email: '${ADDRESS}', order_id: 77}`, { email_sha256: HASH, order_id: '77' }],
    ['as its hash', `{form: true, email_sha256: '${HASH}', cart_id: 'c'}`, { email_sha256: HASH, cart_id: 'c' }],
  ])('%s leaves the browser hashed', async (_, given, props) => {
    const { shop, tab } = await visit('/')
    await run(tab, `${GRANT}; couture('identify', ${given}); couture('track', 'after')`)
    await until(() => claims(shop)).toEqual([{ kind: 'form', ...props }])
    expect(wire(shop)).not.toMatch(/jp\.martin/i)
  })

  test('waits for a choice as a hash, and is sent with its original time', async () => {
    const { shop, tab } = await visit('/')
    await run(tab, `couture('identify', {form: true, email: '${ADDRESS}'})`)
    await quiet()
    const chosenAt = Date.now()
    await run(tab, GRANT)
    await until(() => claims(shop)).toEqual([{ kind: 'form', email_sha256: HASH }])
    const said = shop.arrived().find((event) => event.type === 'identify')!
    expect(Date.parse(said.at)).toBeLessThan(chosenAt - QUIET_MS / 2)
  })

  test.each([
    ['without consent to identity', `${ONLY_MEASURE}; couture('identify', {form: true, email: 'a@b.example'})`],
    [
      'refused in the same breath',
      `${GRANT}; couture('identify', {form: true, email: 'a@b.example'}); ${ONLY_MEASURE}`,
    ],
    [
      'given under an earlier consent',
      `${GRANT}; couture('identify', {form: true, email: 'a@b.example'}); couture('consent', {analytics: false}); ${GRANT}`,
    ],
  ])('is not sent %s', async (_, code) => {
    const { shop, tab } = await visit('/')
    await run(tab, code)
    await until(() => types(shop)).toContain('page')
    await quiet()
    expect(claims(shop)).toEqual([])
  })

  test.each([
    ['a template that was not filled in', "{form: true, email: '{{contact.email}}@mail.example'}"],
    ['a merge tag', "{form: true, email: '*|EMAIL|*@mail.example'}"],
    ['an address of nobody', "{form: true, email: 'noreply@mail.example'}"],
    ['a placeholder host', "{form: true, email: 'a@placeholder.invalid'}"],
    ['no address', "{form: true, email: 'undefined'}"],
    ['two addresses', "{form: true, email: 'a@b.example,c@d.example'}"],
    ['an address beside a hash', `{form: true, email: 'a@b.example', email_sha256: '${HASH}'}`],
    ['the hash of nothing', `{form: true, email_sha256: '${createHash('sha256').digest('hex')}'}`],
    ['half a hash', "{form: true, email_sha256: 'abc'}"],
    ['a contact', "{form: true, contact_id: '7'}"],
  ])('%s causes a warning and is not sent', async (_, given) => {
    const { shop, tab, warnings } = await visit('/')
    await run(tab, `${GRANT}; couture('identify', ${given}); couture('track', 'after')`)
    await until(() => types(shop)).toContain('after')
    expect(claims(shop)).toEqual([])
    await until(() => warnings.filter((text) => text.startsWith("couture: Error: 'identify'")).length).toBe(1)
  })

  test('is dropped and counted if the page cannot hash, and never sent in clear', async () => {
    const { shop, tab, warnings } = await visit('/')
    await tab.goto(`${shop.url.replace('127.0.0.1', 'shop.test')}/`, { waitUntil: 'load' })
    expect(await tab.evaluate('typeof crypto.subtle')).toBe('undefined')
    await run(tab, `${GRANT}; couture('identify', {form: true, email: '${ADDRESS}'})`)
    await until(() => tab.evaluate(() => window.couture?.lost)).toEqual({ unhashed: 1 })
    await until(() => types(shop)).toContain('page')
    await quiet()
    expect(claims(shop)).toEqual([])
    expect(wire(shop) + warnings.join()).not.toMatch(/jp\.martin/i)
  })
})

describe('a form listed in the site’s settings', () => {
  const form = (id: string, fields: string) =>
    `<form id="${id}" class="known" onsubmit="event.preventDefault()">${fields}<button id="${id}-go">go</button></form>`
  const mail = (value: string, more = '') => `<input type="email" value="${value}" ${more}>`
  const own = (inline: string, body: string) => ({ '/': page('Form', { inline, body }) })
  const named = { form_selectors: ['#guest'] }

  test.each<[string, string]>([
    ['its address', mail(ADDRESS)],
    ['its address, under a name that hides the form’s own list', mail(ADDRESS, 'name="elements"')],
    [
      'its first address that is one',
      mail('nobody') + mail('noreply@mail.example') + mail(ADDRESS) + mail('x@y.example'),
    ],
    ['a field that stands outside of it', `</form>${mail(ADDRESS, 'form="guest"')}<form>`],
    ['no field of another form that stands within', mail('b@mail.example', 'form="other"') + mail(ADDRESS)],
    [
      'no field that is read only or off',
      mail('r@mail.example', 'readonly') + mail('d@mail.example', 'disabled') + mail(ADDRESS),
    ],
    ['nothing else', `<input value="t@mail.example"><input type="password" value="p@mail.example">${mail(ADDRESS)}`],
  ])('yields %s on submit', async (_, fields) => {
    const body = `<form id="other">${mail('other@mail.example')}</form>${form('guest', fields)}`
    const { shop, tab } = await visit('/', own(GRANT, body), named)
    await run(tab, 'for (const each of document.forms) each.noValidate = true; document.forms.guest.requestSubmit()')
    await until(() => claims(shop)).toEqual([{ kind: 'form', email_sha256: HASH }])
    await quiet()
    expect(claims(shop)).toHaveLength(1)
    expect(wire(shop)).not.toMatch(/@/)
  })

  test.each([
    ['rene@bijoux-élégance.example', 'rene@xn--bijoux-lgance-hhbb.example'],
    ['Rene@BIJOUX-E\u0301le\u0301gance.example', 'rene@xn--bijoux-lgance-hhbb.example'],
    ['rene@xn--bijoux-lgance-hhbb.example', 'rene@xn--bijoux-lgance-hhbb.example'],
    ['\u200brené@mail.example ', 'rené@mail.example'],
    ['rene\u0301@mail.example', 'rené@mail.example'],
    ['info@müller.example', 'info@xn--mller-kva.example'],
  ])('yields %s in the form that the collector compares', async (typed, compared) => {
    const { shop, tab } = await visit('/', own(GRANT, form('guest', mail(''))), named)
    await run(tab, 'document.forms.guest.noValidate = true')
    await tab.locator('input').pressSequentially(typed)
    await tab.click('#guest-go')
    const email_sha256 = createHash('sha256').update(compared).digest('hex')
    await until(() => claims(shop)).toEqual([{ kind: 'form', email_sha256 }])
  })

  test.each<[string, string, string, string]>([
    ['before a choice', '', '#guest-go', GRANT],
    ['without consent to identity', ONLY_MEASURE, '#guest-go', GRANT],
    ['of a form that was not named', GRANT, '#letter-go', ''],
  ])('yields nothing %s, not even later', async (_, inline, button, later) => {
    const body = form('guest', mail(ADDRESS)) + form('letter', mail(ADDRESS))
    const { shop, tab } = await visit('/', own(inline, body), named)
    await tab.click(button)
    await quiet()
    if (later) await run(tab, later)
    await until(() => types(shop)).toContain('page')
    await quiet()
    expect(claims(shop)).toEqual([])
    expect(wire(shop)).not.toContain(HASH)
  })

  test('yields nothing for a scripted submission, or while somebody types', async () => {
    const { shop, tab } = await visit('/', own(GRANT, form('guest', mail(''))), named)
    await tab.locator('input').fill(ADDRESS)
    await run(tab, "document.forms.guest.dispatchEvent(new Event('submit', {bubbles: true}))")
    await until(() => types(shop)).toContain('page')
    await quiet()
    expect(claims(shop)).toEqual([])
  })

  test('yields nothing if the site lists no forms', async () => {
    const { shop, tab } = await visit('/', own(GRANT, form('guest', mail(ADDRESS))))
    await tab.click('#guest-go')
    await until(() => types(shop)).toContain('page')
    await quiet()
    expect(claims(shop)).toEqual([])
  })

  test('is read even if it leads to another page', async () => {
    const body = `<form class="known" action="/thanks">${mail(ADDRESS)}<button>go</button></form>`
    const { shop, tab } = await visit(
      '/',
      { ...own(GRANT, body), '/thanks': page('Thanks') },
      { form_selectors: ['form.known'] },
    )
    await until(() => types(shop)).toContain('page')
    await tab.click('button')
    await tab.waitForURL('**/thanks**')
    await until(() => claims(shop)).toContainEqual({ kind: 'form', email_sha256: HASH })
  })
})

describe('a mail link', () => {
  const LANDING = '/#cl=TOKEN&tab=2'
  const granted = { '/': page('Home', { inline: GRANT, body: '<a href="/next">next</a>' }), '/next': page('Next') }

  test('is claimed in the consent request if a person has interacted before', async () => {
    const { shop, tab } = await visit(LANDING)
    expect(tab.url()).toBe(`${shop.url}/#tab=2`)
    await tab.mouse.wheel(0, 50)
    await tab.mouse.click(5, 5)
    await run(tab, GRANT)
    await until(() => claims(shop)).toEqual([{ kind: 'link', link: 'TOKEN' }])
    expect(shop.requests.map(({ body }) => body.events.map((event) => event.type))).toEqual([
      ['consent', 'page', 'identify'],
    ])
    expect(shop.arrived().every((event) => event.url === `${shop.url}/`)).toBe(true)
  })

  test('is not claimed a second time by a reload or by going back', async () => {
    const { shop, tab } = await visit(LANDING, granted)
    await tab.mouse.click(5, 5)
    await until(() => claims(shop)).toHaveLength(1)
    await tab.reload()
    await tab.mouse.click(6, 6)
    await tab.click('a')
    await tab.waitForURL('**/next')
    await tab.goBack()
    await tab.mouse.click(7, 7)
    await until(() => types(shop).filter((type) => type === 'page').length).toBeGreaterThanOrEqual(3)
    await quiet()
    expect(
      new Set(
        shop
          .arrived()
          .filter((event) => event.type === 'identify')
          .map((event) => event.id),
      ).size,
    ).toBe(1)
    expect(tab.url()).toBe(`${shop.url}/#tab=2`)
  })

  test('without consent is forgotten when the page is left, even if it returns from the browser’s cache', async () => {
    const { shop, tab } = await visit(LANDING, { '/': page('Home', { body: '<a href="/next">next</a>' }) })
    await tab.mouse.click(5, 5)
    // The events of a page that is frozen, and later shown again.
    await run(
      tab,
      "for (const type of ['pagehide', 'pageshow']) dispatchEvent(new PageTransitionEvent(type, {persisted: true}))",
    )
    await run(tab, GRANT)
    await tab.mouse.click(6, 6)
    await until(() => types(shop)).toContain('page')
    await quiet()
    expect(claims(shop)).toEqual([])

    await tab.click('a')
    await tab.waitForURL('**/next')
    await run(tab, GRANT)
    await tab.mouse.click(7, 7)
    await quiet()
    expect(claims(shop)).toEqual([])
    expect(await tab.evaluate('JSON.stringify(localStorage) + document.cookie')).not.toContain('TOKEN')
  })

  test('in a hidden page waits until the page is visible', async () => {
    const { shop, tab } = await visit(LANDING, granted, {}, () => {
      Object.defineProperty(Document.prototype, 'visibilityState', { get: () => (window as any).shown ?? 'hidden' })
    })
    await tab.mouse.click(5, 5)
    await tab.keyboard.press('Tab')
    await until(() => types(shop)).toContain('page')
    await quiet()
    expect(claims(shop)).toEqual([])
    await run(tab, "window.shown = 'visible'")
    await tab.keyboard.press('Tab')
    await until(() => claims(shop)).toEqual([{ kind: 'link', link: 'TOKEN' }])
  })

  test('in a prerendered page leaves the address at once, and waits until the page is shown and used', async () => {
    const { shop, tab } = await visit(LANDING, granted, {}, () => {
      Object.defineProperty(document, 'prerendering', { value: true, writable: true })
    })
    expect(tab.url()).toBe(`${shop.url}/#tab=2`)
    await tab.mouse.click(5, 5)
    await quiet()
    expect(shop.requests).toEqual([])
    await run(tab, "document.prerendering = false; document.dispatchEvent(new Event('prerenderingchange'))")
    await until(() => types(shop)).toEqual(['consent', 'page'])
    await quiet()
    expect(claims(shop)).toEqual([])
    await tab.mouse.wheel(0, 10)
    await until(() => claims(shop)).toEqual([{ kind: 'link', link: 'TOKEN' }])
  })
})
