/**
 * A mailing from the minted token to the linked contact: the mail is sent by SMTP and opened in a web inbox, and a real
 * Chromium follows its link into the demo shop. Then everybody else who touches mails: gateways that fetch every link,
 * friends who receive a forwarded mail, and families at one computer.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { INSTALL_MS, newVisitor, openBrowser } from '../support/browser.ts'
import { type Mailbox, startMailbox } from '../support/mailbox.ts'
import { settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

const MINUTE = 60_000
const PRODUCT = '/demo/products/bracelet-white-gold'

type Minted = { contact: string; token: string; url: string; redirect: string }
type Seen = { id: string; type: string; url: string | null }
type Link = { contact: string; visitor: string; state: string; strength: string }

let browser: Browser
let mailbox: Mailbox
let server: TestServer

beforeAll(async () => {
  const starting = startServer({ movable: true, clockMs: -70 * MINUTE })
  ;[browser, mailbox, server] = await Promise.all([openBrowser(), startMailbox(), starting])
  const names = ['straight', 'redirected', 'scanned', 'forwarding', 'anton']
  const contacts = names.map((id) => ({ id, email: `${id}@mail.example`, mail_consent: true }))
  await server.post('/api/v1/contacts', contacts)
}, INSTALL_MS)
afterAll(async () => {
  await browser?.close()
  await Promise.all([mailbox?.stop(), server?.stop()])
})

/** Sends a contact the newsletter as a mail tool does: it mints the link, and includes it in both forms. */
async function writeTo(contact: string, subject: string): Promise<Minted> {
  const target = `${server.url}${PRODUCT}?utm_source=letter`
  const message = subject.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
  const { data } = await server.post('/api/v1/link-tokens', { site: 'demo', contacts: [contact], message, target })
  const [minted] = data as Minted[]
  const link = (href: string, words: string) => `<p><a href="${href}" target="_blank">${words}</a></p>`
  await mailbox.send({
    to: `${contact}@mail.example`,
    subject,
    html: `<h1>${subject}</h1>${link(minted!.url, 'To the bracelet')}${link(minted!.redirect, 'To the shop')}`,
    text: `${minted!.url}\n${minted!.redirect}`,
  })
  return minted!
}

/** Opens the web inbox, the mail and its link. Returns the shop's page. */
async function follow(context: BrowserContext, subject: string, words: string): Promise<Page> {
  const inbox = await context.newPage()
  await inbox.goto(mailbox.url)
  await inbox.locator('.email-item-link', { hasText: subject }).click()
  const opened = context.waitForEvent('page')
  await inbox.frameLocator('iframe.panel-html').getByRole('link', { name: words }).click()
  const shop = await opened
  await shop.waitForURL(`**${PRODUCT}**`)
  await shop.waitForFunction(() => (window as any).couture?.lost)
  await inbox.close()
  return shop
}

const acceptAll = (page: Page) =>
  page
    .getByRole('button', { name: /accept all/i })
    .first()
    .click()

const linksOf = async (query: string) => (await server.get<{ data: Link[] }>(`/api/v1/links?${query}`)).data
const linked = (contact: string) =>
  until(async () => {
    const links = await linksOf(`contact=${contact}`)
    return links.some((link) => link.state === 'open') && links
  }, `a link of ${contact}`)
const timeline = async (of: string) => (await server.get<{ data: Seen[] }>(`/api/v1/${of}/timeline`)).data
const ids = (events: Seen[]) => events.map((event) => event.id)
const types = (events: Seen[]) => events.map((event) => event.type)

/** Signs a customer of the demo shop in, and waits until the shop's next page has reported it. */
async function signIn(page: Page, visitor: string, customer: string): Promise<void> {
  const logins = (events: Seen[]) => events.filter((event) => event.type === 'identify').length
  const before = logins(await timeline(`visitors/${visitor}`))
  await page.goto(`${server.url}/demo/login`, { waitUntil: 'load' })
  await page.getByTestId(`login-${customer}`).click()
  await page.getByTestId('logout').waitFor()
  await until(async () => logins(await timeline(`visitors/${visitor}`)) > before, 'the login')
  await settled(server)
}

async function fetches(): Promise<{ page: number; suspect: number }> {
  const text = await (await fetch(`${server.url}/metrics`)).text()
  const of = (kind: string) =>
    Number(new RegExp(`^couture_link_fetches_total\\{kind="${kind}"\\} (\\d+)$`, 'm').exec(text)?.[1])
  return { page: of('page'), suspect: of('suspect') }
}

test('on a family computer, a login minutes after another person’s mail click starts a new epoch', async () => {
  const context = await newVisitor(browser)
  await writeTo('anton', 'Letter of last week')
  const first = await follow(context, 'Letter of last week', 'To the shop')
  await acceptAll(first)
  const [{ visitor }] = (await linked('anton')) as [Link]
  await first.close()

  await server.setClock(-8 * MINUTE)
  await writeTo('anton', 'Letter of today')
  const second = await follow(context, 'Letter of today', 'To the shop')
  await second.mouse.wheel(0, 200)
  await until(
    async () => types(await timeline('contacts/anton')).filter((type) => type === 'identify').length === 2,
    'both',
  )
  await settled(server)

  await server.setClock(0)
  await signIn(second, visitor, 'couture-demo-1')
  const all = await timeline(`visitors/${visitor}`)
  const login = all.findLastIndex((event) => event.type === 'identify')
  expect(ids(await timeline('contacts/anton'))).toEqual(ids(all.slice(0, login)))
  expect(ids(await timeline('contacts/couture-demo-1'))).toEqual(ids(all.slice(login)))
  const links = (await linksOf(`visitor=${visitor}`)).map(({ contact, state }) => `${contact} ${state}`)
  expect([...new Set(links)].sort()).toEqual(['anton closed', 'couture-demo-1 open'])
  await context.close()
})

describe('a letter', () => {
  test.each([
    ['straight', 'To the bracelet', 0],
    ['redirected', 'To the shop', 1],
  ])(
    'whose link is %s leads to the shop, and consent with a hand links its reader',
    async (contact, words, counted) => {
      const subject = `A letter to ${contact}`
      const { token } = await writeTo(contact, subject)
      const context = await newVisitor(browser)
      const before = await fetches()
      const page = await follow(context, subject, words)
      expect(page.url()).toBe(`${server.url}${PRODUCT}?utm_source=letter`)
      expect(await fetches()).toEqual({ ...before, page: before.page + counted })
      await settled(server)
      expect(await linksOf(`contact=${contact}`)).toEqual([])
      expect((await context.cookies()).map((cookie) => cookie.name)).not.toContain('cv')

      await acceptAll(page)
      expect(await linked(contact)).toMatchObject([
        { contact, state: 'open', strength: 'confirmed', evidence: 'email_click' },
      ])
      expect(page.url()).toBe(`${server.url}${PRODUCT}?utm_source=letter`)
      await settled(server)
      const his = await timeline(`contacts/${contact}`)
      expect(types(his).sort()).toEqual(['consent', 'identify', 'page', 'view_item'])
      expect(JSON.stringify(his)).not.toContain(token)
      await context.close()
    },
  )

  test('that a gateway scans, link by link and with its own browser, links nobody', async () => {
    const { url, redirect } = await writeTo('scanned', 'A letter that is scanned')
    const html = await mailbox.read('A letter that is scanned')
    const found = [...html.matchAll(/href="([^"]+)"/g)].map(([, link]) => link!)
    expect(found).toEqual([url, redirect])
    const before = await fetches()
    const agent = { 'user-agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/150.0.0.0 Safari/537.36' }
    for (const link of found) {
      for (const method of ['HEAD', 'GET']) {
        const reply = await fetch(link, { method, headers: agent })
        expect(reply.status).toBe(200)
        await reply.body?.cancel()
      }
    }
    // HEAD gives the gateway away; the GET hides behind a browser's name, and yet only counts in a metric.
    expect(await fetches()).toEqual({ page: before.page + 1, suspect: before.suspect + 1 })

    const context = await newVisitor(browser)
    for (const link of found) {
      const page = await context.newPage()
      await page.goto(link, { waitUntil: 'load' })
      // Everything a script can do: it consents, scrolls and clicks.
      const visitor = await page.evaluate(() => {
        const { couture } = window as any
        couture('consent', { analytics: true, identity: true, marketing: true })
        scrollTo(0, 500)
        document.body.click()
        for (const type of ['pointerdown', 'keydown', 'wheel', 'touchmove'])
          document.body.dispatchEvent(new Event(type, { bubbles: true }))
        return new Promise<string>((resolve) => couture('visitor', resolve))
      })
      await settled(server)
      expect(types(await timeline(`visitors/${visitor}`))).toContain('page')
      await page.close()
    }
    await context.close()
    await settled(server)
    expect(await linksOf('contact=scanned')).toEqual([])
    expect(await timeline('contacts/scanned')).toEqual([])
  })

  test('that is forwarded to a friend, who signs in on another device, gives the session to the friend alone', async () => {
    await writeTo('forwarding', 'A letter to pass on')
    const html = await mailbox.read('A letter to pass on')
    await mailbox.send({ to: 'amelie.durand@example.com', subject: 'Fwd: look at this', html, text: 'look at this' })
    const context = await newVisitor(browser)
    const page = await follow(context, 'Fwd: look at this', 'To the bracelet')
    await acceptAll(page)
    const [{ visitor }] = (await linked('forwarding')) as [Link]

    await signIn(page, visitor, 'couture-demo-2')
    const all = await timeline(`visitors/${visitor}`)
    expect(types(all)).toEqual(expect.arrayContaining(['consent', 'page', 'view_item', 'identify']))
    expect(ids(await timeline('contacts/couture-demo-2'))).toEqual(ids(all))
    expect(await timeline('contacts/forwarding')).toEqual([])
    expect((await linksOf(`visitor=${visitor}`)).map(({ contact, state }) => `${contact} ${state}`).sort()).toEqual([
      'couture-demo-2 open',
      'forwarding review',
    ])
    await context.close()
  })
})
