/**
 * The story behind the product, played by a real Chromium in the demo shop: Jean-Pierre looks at a bracelet on two
 * days, leaves it in the cart, returns through a newsletter, signs in, and buys. The server's clock is moved between
 * its starts, so that the pauses are real to the server, and each start continues with the data of the previous one.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { en } from '../../dashboard/texts/en.ts'
import { INSTALL_MS, newVisitor, openBrowser } from '../support/browser.ts'
import { printedPassword } from '../support/requests.ts'
import { settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

const MINUTE = 60_000
const BRACELET = 'bracelet-white-gold'

type Event = { id: string; type: string; at: string; visitor: string; url: string | null; props: { kind?: string } }
type Timeline = { data: Event[] }
type Members = { data: Record<string, any>[] }

let browser: Browser

beforeAll(async () => {
  browser = await openBrowser()
}, INSTALL_MS)
afterAll(async () => {
  await browser?.close()
})

/** Opens a page of the shop and waits until everything it needs is loaded. */
async function open(page: Page, server: TestServer, path: string): Promise<void> {
  await page.goto(`${server.url}/demo${path}`, { waitUntil: 'load' })
}

/** Waits until the store holds at least `n` events of a type from the shop's visitor. */
async function stored(server: TestServer, visitor: string, type: string, n = 1): Promise<Event[]> {
  return until(async () => {
    const answer = await server.api(`/api/v1/visitors/${visitor}/timeline`)
    if (answer.status !== 200) return null
    const { data } = (await answer.json()) as Timeline
    return data.filter((event) => event.type === type).length >= n ? data : null
  }, `${n} ${type} of ${visitor}`)
}

/** Expects the page to show this many pieces in the cart. */
async function expectInCart(page: Page, pieces: number): Promise<void> {
  await expect.poll(() => page.getByTestId('cart-count').innerText()).toBe(String(pieces))
}

/** The visitor's id, as the shop's own server would ask the tag for it. */
async function visitorOf(page: Page): Promise<string> {
  return page.evaluate(
    () => new Promise<string>((resolve) => (window as any).couture('visitor', (id: string) => resolve(id))),
  )
}

describe('Jean-Pierre and the bracelet', () => {
  let server: TestServer
  let context: BrowserContext
  let visitor: string
  let password: string

  beforeAll(async () => {
    server = await startServer({ movable: true, clockMs: -140 * MINUTE })
    password = printedPassword(server)
    context = await newVisitor(browser)
  })
  afterAll(async () => {
    await context?.close()
    await server?.stop()
  })

  test('nothing is sent before the banner is answered', async () => {
    const page = await context.newPage()
    const sent: string[] = []
    page.on('request', (request) => request.method() === 'POST' && sent.push(request.url()))
    await open(page, server, `/products/${BRACELET}`)
    await page
      .getByRole('button', { name: /accept all/i })
      .first()
      .waitFor()
    expect(sent).toEqual([])
    expect((await context.cookies()).map((cookie) => cookie.name)).not.toContain('cv')
    await page.close()
  })

  test('a first anonymous visit, with consent, is one visitor looking at the bracelet', async () => {
    const page = await context.newPage()
    await open(page, server, `/products/${BRACELET}`)
    await page
      .getByRole('button', { name: /accept all/i })
      .first()
      .click()
    visitor = await visitorOf(page)
    const events = await stored(server, visitor, 'view_item')
    expect(events.map((event) => event.type).sort()).toEqual(['consent', 'page', 'view_item'])
    const cookie = (await context.cookies()).find((each) => each.name === 'cv')
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax' })
    await page.close()
  })

  test('a second visit an hour later puts the bracelet into the cart and leaves', async () => {
    await server.setClock(-75 * MINUTE)
    const page = await context.newPage()
    await open(page, server, '')
    await page.getByTestId(`product-${BRACELET}`).click()
    await page.getByTestId('add-to-cart').click()
    await expectInCart(page, 1)
    expect(await visitorOf(page)).toBe(visitor)
    await stored(server, visitor, 'add_to_cart')
    await page.close()
    await settled(server)
    const feed = await server.get('/api/v1/matches')
    expect(feed.data).toEqual([])
    const report = await server.get('/api/v1/reports/overview')
    expect(report.total.visitors).toBe(1)
    expect(report.total.matched).toEqual({ count: 0, of: 1, rate: 0 })
    expect(report.total.carts.open).toEqual({ count: 1, values: [{ currency: 'EUR', value: 890 }] })
  })

  test('an abandoned cart is in the segment, as an anonymous person’s', async () => {
    await server.setClock(0)
    const members = await until(async () => {
      const { data } = await server.get<Members>('/api/v1/segments/cart_abandoned/members')
      return data.length > 0 ? data : null
    }, 'the abandoned cart')
    expect(members).toHaveLength(1)
    expect(members[0]).toMatchObject({
      person: { kind: 'visitor', id: visitor, epoch: 1 },
      contact: null,
      mailable: false,
      why_not_mailable: 'not_a_contact',
    })
    expect(members[0]!.cart.items[0]).toMatchObject({ item_id: BRACELET, price: 890, quantity: 1 })
    expect((await server.get('/api/v1/matches')).data).toEqual([])
  })

  test('the newsletter link alone claims nothing; a gesture on the page does', async () => {
    const page = await context.newPage()
    await open(page, server, '/mail')
    await page.getByTestId('mail-couture-demo-1').click()
    await page.getByTestId('mail-link').first().click()
    await page.waitForURL(/\/demo\/products\//)
    await until(() => page.url().indexOf('#') === -1, 'the token to leave the address bar')
    await stored(server, visitor, 'page', 4)
    await settled(server)
    expect((await server.get('/api/v1/links')).data).toEqual([])

    await page.mouse.move(200, 200)
    await page.mouse.wheel(0, 200)
    await stored(server, visitor, 'identify')
    await settled(server)
    await page.close()
  })

  test('the segment holds Jean-Pierre with the bracelet, its price and the evidence, and the feed says the same', async () => {
    const { data: members } = await server.get<Members>('/api/v1/segments/cart_abandoned/members')
    expect(members).toHaveLength(1)
    expect(members[0]).toMatchObject({
      person: { kind: 'contact', id: 'couture-demo-1' },
      contact: { id: 'couture-demo-1', name: 'Jean-Pierre Martin' },
      mailable: true,
      strength: 'confirmed',
      evidence: ['email_click'],
      cart: { currency: 'EUR', value: 890, state: 'abandoned' },
    })
    expect(members[0]!.cart.items).toMatchObject([{ item_id: BRACELET, price: 890, quantity: 1 }])

    const feed = await server.get('/api/v1/matches')
    expect(feed.data).toHaveLength(1)
    expect(feed.data[0]).toMatchObject({
      change: 'matched',
      contact: { id: 'couture-demo-1', email: 'jean-pierre.martin@aurele.example' },
      strength: 'confirmed',
      evidence: ['email_click'],
      mailable: true,
      visitors: 1,
      cart: members[0]!.cart,
      segments: [{ id: 'cart_abandoned' }, { id: 'newsletter_readers' }, { id: 'prospects' }],
    })
  })

  test('a first click reaches its session and the open cart; the rest stays anonymous', async () => {
    const his = (await server.get<Timeline>('/api/v1/contacts/couture-demo-1/timeline')).data
    const all = (await server.get<Timeline>(`/api/v1/visitors/${visitor}/timeline`)).data
    const claim = his.find((event) => event.type === 'identify')!
    const before = his.filter((event) => Date.parse(event.at) < Date.parse(claim.at) - 30 * MINUTE)
    expect(before.map((event) => event.type)).toEqual(['add_to_cart'])
    const anonymous = all.filter((event) => !his.some((own) => own.id === event.id))
    expect(anonymous.filter((event) => event.type === 'view_item').length).toBe(2)
    expect(anonymous.every((event) => Date.parse(event.at) < Date.parse(claim.at) - 60 * MINUTE)).toBe(true)
    expect(JSON.stringify(his)).not.toContain('cl=c1.')
  })

  test('the dashboard shows the customer to a marketer', async () => {
    const page = await browser.newPage()
    await page.goto(`${server.url}/dashboard/carts`)
    await page.getByTestId('password').fill('not the password')
    await page.getByTestId('sign-in').click()
    await page.getByText(en.signInRefused).waitFor()
    await page.getByTestId('password').fill(password)
    await page.getByTestId('sign-in').click()
    const row = page.getByTestId('cart-row')
    await row.first().waitFor()
    expect(await row.count()).toBe(1)
    expect(await row.getByTestId('who').innerText()).toContain('Jean-Pierre Martin')
    expect(await row.getByTestId('what').innerText()).toMatch(/bracelet/i)
    expect(await row.getByTestId('value').innerText()).toContain('890')
    expect(await row.getByTestId('evidence').innerText()).toMatch(/newsletter/i)
    await page.getByTestId('nav-overview').click()
    await page.getByTestId('match-rate').waitFor()
    expect(await page.getByTestId('match-rate').innerText()).toMatch(/1 of 1/)
    expect(await page.getByTestId('abandoned-count').innerText()).toContain('1')
    expect(await page.getByTestId('abandoned-value').innerText()).toContain('890')
    await page.close()
  })

  test('a login attributes the whole history to the customer', async () => {
    const page = await context.newPage()
    await open(page, server, '/login')
    await page.getByTestId('login-couture-demo-1').click()
    await page.getByTestId('logout').waitFor()
    await stored(server, visitor, 'identify', 2)
    await settled(server)
    const his = (await server.get<Timeline>('/api/v1/contacts/couture-demo-1/timeline')).data
    const all = (await server.get<Timeline>(`/api/v1/visitors/${visitor}/timeline`)).data
    expect(his.map((event) => event.id)).toEqual(all.map((event) => event.id))
    const { data } = await server.get<Members>('/api/v1/segments/cart_abandoned/members')
    expect(data[0]).toMatchObject({ strength: 'verified', evidence: ['email_click', 'login_verified'] })
    await page.close()
  })

  test('a purchase takes the customer out of the segment, and stops reminders', async () => {
    const before = await server.get('/api/v1/matches?segment=cart_abandoned')
    const page = await context.newPage()
    await open(page, server, '/checkout')
    await page.getByTestId('pay').click()
    await page.getByTestId('order-id').waitFor()
    await stored(server, visitor, 'purchase')
    await settled(server)
    expect((await server.get<Members>('/api/v1/segments/cart_abandoned/members')).data).toEqual([])
    const feed = await server.get('/api/v1/matches')
    expect(feed.data[0]).toMatchObject({
      contact: { id: 'couture-demo-1' },
      cart: null,
      purchased: [BRACELET],
    })
    // Somebody who has bought is no prospect.
    const named = feed.data[0].segments.map(({ id }: { id: string }) => id)
    for (const segment of ['cart_abandoned', 'prospects']) expect(named).not.toContain(segment)
    const left = await server.get(`/api/v1/matches?segment=cart_abandoned&after=${before.next}`)
    expect(left.data).toMatchObject([
      { change: 'unmatched', reason: 'left_segment', contact: { id: 'couture-demo-1' } },
    ])
    await page.close()
  })
})

describe('a page whose script loads late', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer()
  })
  afterAll(() => server?.stop())

  /** Opens a page whose script loads when `release` is called. */
  const openBefore = async (path: string) => {
    const { promise, resolve: release } = Promise.withResolvers<void>()
    const page = await (await newVisitor(browser)).newPage()
    await page.route('**/assets/shop.js', async (route) => {
      await promise
      await route.continue()
    })
    await page.goto(`${server.url}/demo${path}`, { waitUntil: 'commit' })
    await page.locator('footer').waitFor()
    return { page, release }
  }

  test.each(['', `/products/${BRACELET}`, '/cart', '/checkout'])('"%s" accepts no click before that', async (path) => {
    const { page, release } = await openBefore(path)
    // Logging in and out are the browser's own and need no script.
    const able = page.locator('button:enabled:not(form[action] button)')
    expect(await able.allInnerTexts()).toEqual([])
    release()
    await expect.poll(() => page.locator('footer button:enabled').count()).toBe(2)
    await page.context().close()
  })

  test('a click on "Add to cart" waits for it', async () => {
    const { page, release } = await openBefore(`/products/${BRACELET}`)
    const clicked = page.getByTestId('add-to-cart').click()
    // A click that could go through would do so at once.
    await Promise.race([clicked, page.waitForTimeout(500)])
    release()
    await clicked
    await expectInCart(page, 1)
    expect(new URL(page.url()).search).toBe('')
    await page.context().close()
  })
})

describe('a visitor who refuses', () => {
  test('leaves no request, no cookie, no storage, and nothing on disk', async () => {
    const server = await startServer()
    const context = await newVisitor(browser)
    const toCollector: string[] = []
    context.on('request', (request) => {
      if (new URL(request.url()).pathname.startsWith('/v1/')) toCollector.push(request.url())
    })
    const page = await context.newPage()
    await open(page, server, `/products/${BRACELET}`)
    await page
      .getByRole('button', { name: /refuse all/i })
      .first()
      .click()
    await page.getByTestId('add-to-cart').click()
    await expectInCart(page, 1)
    await open(page, server, '/cart')
    await open(page, server, '/mail')
    await page.getByTestId('mail-couture-demo-1').click()
    await page.getByTestId('mail-link').first().click()
    await page.waitForURL(/\/demo\/products\//)
    await page.mouse.wheel(0, 200)
    await page.keyboard.press('Tab')
    await open(page, server, '/login')
    await page.getByTestId('login-couture-demo-1').click()
    await page.getByTestId('logout').waitFor()
    // Long enough for the tag's queue to be sent, if there were one.
    await page.waitForTimeout(1500)

    expect(toCollector).toEqual([])
    expect(
      (await context.cookies()).map((cookie) => cookie.name).filter((name) => /^(__Host-)?cv$/.test(name)),
    ).toEqual([])
    const keys = await page.evaluate(() => [...Object.keys(localStorage), ...Object.keys(sessionStorage)])
    expect(keys.filter((key) => key.startsWith('couture'))).toEqual([])
    await settled(server)
    const { default: BetterSqlite3 } = await import('better-sqlite3')
    const journal = new BetterSqlite3(`${server.dataDir}/journal.db`, { readonly: true })
    expect(journal.prepare('select count(*) from entries').pluck().get()).toBe(0)
    journal.close()
    for (const table of ['events', 'consents', 'claims', 'devices', 'visitors', 'tombstones']) {
      expect(await server.query(`select * from ${table}`), table).toEqual([])
    }
    await context.close()
    await server.stop()
  })
})
