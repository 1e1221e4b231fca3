/**
 * The marketer's dashboard in a real browser, on data from real events, mails, logins and imports: everything about one
 * customer, and the import of a file. All data are sent through HTTP; an error in a page's log, or a violation of its
 * content security policy, fails the test that caused it.
 */
import { buffer } from 'node:stream/consumers'
import type { Browser, Download, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { en } from '../../dashboard/texts/en.ts'
import { fr } from '../../dashboard/texts/fr.ts'
import { ANOTHER, SAME } from '../../server/domain/identity-table.ts'
import { IMPORT_FIELDS } from '../../server/domain/import-fields.ts'
import { INSTALL_MS, openBrowser } from '../support/browser.ts'
import { newVisitor, printedPassword, type SiteView, signLogin } from '../support/requests.ts'
import { consent, event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { type Cell, workbookOf } from '../support/workbook.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const HTML_NAME = '<img src=x onerror="document.title=1"> Léa'
const PHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1'

const bracelet = { item_id: 'bracelet', item_name: '<b>Bracelet</b> white gold', price: 890, quantity: 1 }
const ring = { item_id: 'ring', item_name: 'Ring Étoile', price: 120.5, quantity: 2 }
const paid = (items: { price: number; quantity: number }[]) => ({
  currency: 'EUR',
  value: items.reduce((sum, item) => sum + item.price * item.quantity, 0),
  items,
})

const VIEWPORT = { width: 1280, height: 800 }
let server: TestServer
let browser: Browser
let page: Page
let troubles: string[] = []
const laptop = newVisitor()
const phone = newVisitor()

/** Léa browses, opens a newsletter, signs in, and fills a cart; later she returns on her phone. */
async function tellTheStory(): Promise<void> {
  await server.post('/api/v1/contacts', [
    {
      id: 'crm/7 a',
      email: 'lea@example.com',
      phone: '+33 6 12 34 56 78',
      mail_consent: true,
      mail_consent_at: '2026-01-15T09:00:00Z',
      attributes: { name: HTML_NAME, city: 'Lyon', tier: 'gold', '<i>odd</i>': true },
    },
    { id: 'crm-8', email: 'other@example.com', attributes: { name: 'Nobody Yet' } },
  ])
  const { data } = await server.post('/api/v1/link-tokens', {
    site: 'demo',
    contacts: ['crm/7 a'],
    message: 'spring',
    issued_at: new Date(Date.now() - 4 * DAY).toISOString(),
  })
  const site = await server.cli<SiteView>('sites', 'show', 'demo')
  const says = { consent: consent({ policy: 'v3' }) }
  const loginAgo = DAY + 2 * HOUR
  const seconds = Math.floor((Date.now() - loginAgo) / 1000)
  const token = await signLogin(site.identity_secret, 'crm/7 a', { seconds })
  const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'events:write')
  const keyed = { authorization: `Bearer ${key}` }

  await sendAll(
    server,
    laptop,
    [event('page', 3 * DAY, {}, { title: 'Welcome <script>', url: `${server.url}/` })],
    says,
  )
  await sendAll(
    server,
    laptop,
    [
      event('page', 2 * DAY, {}, { title: 'Bracelet', url: `${server.url}/demo/bracelet` }),
      event('identify', 2 * DAY - MINUTE, { kind: 'link', link: data[0].token }),
      event('view_item', 2 * DAY - 2 * MINUTE, { currency: 'EUR', items: [bracelet] }),
      event('search', 2 * DAY - 4 * MINUTE, { search_term: 'ring' }),
    ],
    says,
  )
  await sendAll(server, laptop, [event('identify', loginAgo, { kind: 'login', token })], says, keyed)
  await sendAll(
    server,
    laptop,
    [
      event('add_to_cart', loginAgo - MINUTE, paid([bracelet])),
      event('begin_checkout', loginAgo - 3 * MINUTE, paid([bracelet])),
      event('purchase', loginAgo - 5 * MINUTE, { transaction_id: 'A-1001', ...paid([bracelet]) }),
      event('gift_wrap_chosen', loginAgo - 6 * MINUTE, { paper: 'red', ribbons: 2 }),
    ],
    says,
  )
  const { data: again } = await server.post('/api/v1/link-tokens', {
    site: 'demo',
    contacts: ['crm/7 a'],
    message: 'summer',
    issued_at: new Date(Date.now() - DAY).toISOString(),
  })
  await sendAll(
    server,
    phone,
    [
      event('page', 3 * HOUR, {}, { title: 'Rings', url: `${server.url}/demo/rings` }),
      event('identify', 3 * HOUR - MINUTE, { kind: 'link', link: again[0].token }),
      event('add_to_cart', 3 * HOUR - 2 * MINUTE, paid([ring])),
    ],
    says,
    { 'user-agent': PHONE },
  )
  await sendAll(server, laptop, [event('reset', 2 * HOUR)], says)
  await settled(server)
}

beforeAll(async () => {
  server = await startServer()
  browser = await openBrowser()
  await tellTheStory()
  page = await browser.newPage({ viewport: VIEWPORT, locale: 'en-GB' })
  page.on('pageerror', (error) => troubles.push(error.message))
  page.on('console', (message) => {
    // The first request of a browser without a session is answered with 401, as it must be.
    if (message.type() === 'error' && !message.location().url.endsWith('/api/v1/session')) troubles.push(message.text())
  })
  await page.goto(`${server.url}/dashboard/`)
  await page.getByTestId('password').fill(printedPassword(server))
  await page.getByTestId('sign-in').click()
  await page.getByTestId('sign-out').waitFor()
}, INSTALL_MS)
afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

// One signed-in page serves all tests, because each new one takes as long as a test.
beforeEach(async () => {
  troubles = []
  await page.unrouteAll()
  await page.setViewportSize(VIEWPORT)
  await page.evaluate(() => localStorage.clear())
})
afterEach(() => expect(troubles).toEqual([]))

async function openPage(path: string): Promise<void> {
  await page.goto(server.url + path)
  await page.getByTestId('sign-out').waitFor()
}

const LEA = `/dashboard/contacts/${encodeURIComponent('crm/7 a')}`

/** The content of a downloaded file, which a browser shared by all tests does not give a path. */
const contentOf = async (download: Download) => (await buffer(await download.createReadStream())).toString('utf8')

/** The types of the events on screen, from top to bottom. */
const typesShown = () =>
  page.getByTestId('event').evaluateAll((all) => all.map((each) => each.getAttribute('data-type')))

describe('one customer', () => {
  test('is reached from the list of abandoned carts, and back', async () => {
    await openPage('/dashboard/carts')
    await page.getByTestId('to-contact').first().click()
    await page.getByTestId('timeline').waitFor()
    expect(new URL(page.url()).pathname).toBe(LEA)
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('heading')
    expect(await page.locator('h1').innerText()).toBe(HTML_NAME)
    await page.goBack()
    await page.getByTestId('cart-row').first().waitFor()
  })

  test('shows the data of the CRM, and markup in names stays text', async () => {
    await openPage(LEA)
    await page.getByTestId('timeline').waitFor()
    expect(await page.getByTestId('fact-mail').innerText()).toMatch(/E-mail is allowed\s+recorded on 15 January 2026/)
    expect(await page.getByTestId('fact-attributes').innerText()).toMatch(/city\s+Lyon/)
    expect(await page.getByTestId('fact-attributes').innerText()).toContain('<i>odd</i>')
    expect(await page.getByTestId('fact-cart').innerText()).toMatch(/Abandoned[\s\S]*€241\.00[\s\S]*Ring Étoile\s*× 2/)
    expect(await page.getByTestId('fact-orders').innerText()).toMatch(/Order A-1001[\s\S]*€890\.00/)
    expect(await page.getByTestId('fact-segments').innerText()).toContain('Cart abandoned')
    const devices = await page.getByTestId('device').allInnerTexts()
    expect(devices.join('\n')).toMatch(/Phone · Mobile Safari · iOS/)
    expect(devices.join('\n')).toMatch(/Computer · Safari · Mac OS/)
    expect(await page.locator('main img, main b, main i, main script').count()).toBe(0)
    expect(await page.title()).not.toContain('Léa')
  })

  test('each link explains why it was made, how far it reaches, and why it ended', async () => {
    await openPage(LEA)
    const links = page.getByTestId('link')
    await links.first().waitFor()
    expect(await links.count()).toBe(2)
    const [open, ended] = [links.nth(0), links.nth(1)]
    expect(await open!.getByTestId('link-state').innerText()).toBe('Active')
    expect(await open!.getByTestId('link-reason').innerText()).toBe(`${en.links.reason.first_click} first_click`)
    expect(await ended!.getByTestId('link-state').innerText()).toBe('Ended')
    expect(await ended!.getByTestId('link-reason').innerText()).toContain(en.links.reason.signed_login)
    expect(await ended!.getByTestId('link-end').innerText()).toContain(en.links.end.logout)
    expect(await ended!.innerText()).toMatch(/Reaches back to\s+\d/)
    await ended!.locator('summary').click()
    expect(await ended!.locator('.proof-list li').allInnerTexts()).toEqual([
      expect.stringContaining('Clicked a newsletter link'),
      expect.stringContaining('Signed login'),
    ])
  })

  test('the timeline shows days, the visits of each device, and events in order', async () => {
    await openPage(LEA)
    await page.getByTestId('timeline').waitFor()
    const { data } = await server.get(`/api/v1/contacts/${encodeURIComponent('crm/7 a')}/timeline`)
    // The last reset and the phone's visit are hours apart, so that no visit lies within another.
    expect(await typesShown()).toEqual(data.map((each: { type: string }) => each.type))
    expect(await page.getByTestId('visit').count()).toBe(5)
    const visits = await page.getByTestId('visit').allInnerTexts()
    expect(visits[0]).toContain('Welcome <script>')
    expect(visits[1]).toMatch(/Came through a personal newsletter link[\s\S]*Viewed[\s\S]*<b>Bracelet<\/b> white gold/)
    expect(visits[1]).toMatch(/Searched “ring”/)
    expect(visits[2]).toMatch(/Bought <b>Bracelet<\/b> white gold order A-1001[\s\S]*€890\.00/)
    expect(visits[2]).toMatch(/gift_wrap_chosen[\s\S]*paper\s*red/)
    expect(visits[3]).toMatch(
      /Phone[\s\S]*Confirmed · Clicked a newsletter link · a single newsletter click[\s\S]*Ring Étoile\s*× 2/,
    )
    expect(visits[0]).toMatch(/Verified · Signed login/)
    await page.getByTestId('by-link').first().getByRole('link').click()
    expect(await page.locator('.link:target').count()).toBe(1)
    expect(await page.getByTestId('visit').count()).toBe(5)
  })

  test('new events appear while the page is open, and opened parts stay open', async () => {
    await openPage(LEA)
    const details = page.getByTestId('link').first().locator('details')
    await details.locator('summary').click()
    await page.getByTestId('more-events').waitFor({ state: 'detached' })
    const scrolled = await page.evaluate(() => {
      scrollTo(0, 400)
      return scrollY
    })
    const before = await page.getByTestId('event').count()
    await sendAll(server, phone, [event('view_cart', 3 * HOUR - 3 * MINUTE)])
    await until(async () => (await page.getByTestId('event').count()) === before + 1, 'the event to appear')
    expect(await details.getAttribute('open')).not.toBeNull()
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('SUMMARY')
    expect(await page.evaluate(() => scrollY)).toBe(scrolled)
  })

  test('a long timeline loads in parts, and the focus stays in place when the last button disappears', async () => {
    await server.post('/api/v1/contacts', [{ id: 'crm-9', email: 'busy@example.com' }])
    const { data } = await server.post('/api/v1/link-tokens', { site: 'demo', contacts: ['crm-9'], message: 'spring' })
    const visitor = newVisitor()
    for (let part = 5; part > 0; part--) {
      const views = Array.from({ length: 50 }, (_, i) => event('view_item', (part * 50 - i) * 1_000))
      await sendAll(server, visitor, views)
    }
    await sendAll(server, visitor, [event('identify', 0, { kind: 'link', link: data[0].token })])
    await settled(server)
    await openPage('/dashboard/contacts/crm-9')
    await page.getByTestId('more-events').waitFor()
    expect(await page.getByTestId('event').count()).toBe(200)
    await page.getByTestId('more-events').focus()
    await page.keyboard.press('Enter')
    await page.getByTestId('more-events').waitFor({ state: 'detached' })
    expect(await page.getByTestId('event').count()).toBe(251)
    expect(await page.getByTestId('visit').count()).toBe(1)
    await until(
      () => page.evaluate(() => document.activeElement?.getAttribute('data-testid') === 'events-loaded'),
      'the focus to move to the number of events',
    )
  })

  test('a customer without visits and a missing customer each get a helpful message', async () => {
    await openPage('/dashboard/contacts/crm-8')
    await page.getByText(en.links.none).waitFor()
    await page.getByText(en.contact.timelineEmpty).waitFor()
    troubles = []
    await page.goto(`${server.url}/dashboard/contacts/no-such-one`)
    await page.getByTestId('unknown').waitFor()
    expect(await page.locator('h1').innerText()).toBe(en.contact.unknownTitle)
    expect(await page.getByTestId('unknown').innerText()).toContain('no-such-one')
    // The browser itself logs the 404.
    troubles = troubles.filter((each) => !/404/.test(each))
  })

  test('is available in French', async () => {
    await openPage(LEA)
    await page.getByTestId('timeline').waitFor()
    await page.getByRole('radio', { name: 'FR' }).check({ force: true })
    await page.getByText(fr.links.reason.first_click).first().waitFor()
    expect(await page.locator('html').getAttribute('lang')).toBe('fr')
    expect(await page.getByTestId('fact-mail').innerText()).toContain('15 janvier 2026')
    expect(await page.getByTestId('visit').nth(2).innerText()).toMatch(/A acheté[\s\S]*890,00\s€/)
  })

  test('the keyboard reaches everything in page order', async () => {
    await openPage(LEA)
    await page.getByTestId('timeline').waitFor()
    // Reload, because the browser continues from where the sign-in form had the focus.
    await page.reload()
    await page.getByTestId('timeline').waitFor()
    const reached: string[] = []
    for (let i = 0; i < 17; i++) {
      await page.keyboard.press('Tab')
      reached.push(await page.evaluate(() => document.activeElement?.textContent?.trim() ?? ''))
    }
    const wanted = [en.skip, en.overview, en.abandonedCarts, en.imports.title, en.signOut, en.abandonedCarts]
    const places = wanted.map((text, i) => reached.indexOf(text, i === 5 ? reached.indexOf(en.signOut) : 0))
    expect(places).toEqual([...places].sort((a, b) => a - b))
    expect(places.every((place) => place >= 0)).toBe(true)
    expect(reached).toContain(en.links.proofs(1, String))
  })

  test('every reason of the decision table has a sentence in both languages', () => {
    const cells = [...Object.values(ANOTHER), ...Object.values(SAME)].flatMap((row) => Object.values(row))
    for (const { reason, action } of cells) {
      for (const texts of [en, fr]) {
        expect(texts.links.reason, reason).toHaveProperty(reason)
        if (action === 'supersede' || action === 'replace') expect(texts.links.end, reason).toHaveProperty(reason)
      }
    }
  })
})

const contactsJson = JSON.stringify([
  { id: 'imp-1', email: 'one@example.com', mail_consent: true, attributes: { name: 'One' } },
  { id: 'imp-2', email: 'not an address' },
  { id: 'imp-3', email: 'three@example.com', mail_consent: '=SUM(A1)' },
])

/** Confirms what the check of a file shows, and waits for the report. */
async function confirmImport(): Promise<void> {
  await page.getByTestId('confirm-import').click()
  await page.getByTestId('report').waitFor()
}

const count = (what: string) => page.getByTestId(`count-${what}`).innerText()

describe('the overview', () => {
  const textOf = (id: string) => page.getByTestId(id).innerText()

  test('says what can be mailed now, and what brought carts back, in both languages', async () => {
    await openPage('/dashboard/')
    await page.getByTestId('mailable-count').waitFor()
    expect(await textOf('abandoned-count')).toBe('1')
    expect([await textOf('mailable-count'), await textOf('mailable-value')]).toEqual(['1', '€241.00'])
    expect([await textOf('by-link-count'), await textOf('by-link-value')]).toEqual(['0', '–'])
    expect([await textOf('anyway-count'), await textOf('anyway-value')]).toEqual(['1', '€890.00'])
    await page.getByRole('radio', { name: 'FR' }).check({ force: true })
    await page.getByText(fr.mailableNow).waitFor()
    expect(await textOf('anyway-value')).toMatch(/^890,00\s€$/)
  })

  test('agrees with the page of a customer on the permission', async () => {
    await openPage(LEA)
    await page.getByTestId('timeline').waitFor()
    expect(await textOf('mailable')).toBe(en.contact.mailAboutVisits)
    expect(await textOf('fact-past-carts')).toMatch(/Recovered[\s\S]*€890\.00 recovered, bought anyway[\s\S]*€890\.00/)
    await page.goto(`${server.url}/dashboard/contacts/crm-8`)
    await page.getByTestId('mailable').waitFor()
    expect(await textOf('mailable')).toBe(en.contact.noMailAboutVisits(en.contact.whyNoMail.no_mail_consent))
  })
})

describe('importing customers', () => {
  test('a chosen JSON file: counts, rejected rows with their reasons, and the list as a file', async () => {
    await openPage('/dashboard/import')
    await page.getByTestId('file').setInputFiles({
      name: 'customers.json',
      mimeType: 'application/json',
      buffer: Buffer.from(contactsJson),
    })
    await page.getByTestId('check').waitFor()
    const counts = () => Promise.all(['created', 'updated', 'unchanged', 'rejected'].map(count))
    expect(await counts()).toEqual(['1', '0', '0', '2'])
    expect(await page.getByTestId('preview').locator('tbody tr').first().innerText()).toMatch(/imp-1\s+one@example.com/)
    expect((await server.api('/api/v1/contacts/imp-1')).status).toBe(404)
    await confirmImport()
    expect(await counts()).toEqual(['1', '0', '0', '2'])
    const rejected = await page.getByTestId('rejected').locator('tbody tr').allInnerTexts()
    expect(rejected[0]).toMatch(/2\s+email must be a mail address/)
    expect(rejected[1]).toMatch(/^3\s/)
    expect(await page.getByTestId('spoken').innerText()).toContain('1 added')
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('download-rejected').click()])
    expect(download.suggestedFilename()).toBe('rejected-rows.csv')
    const csv = await contentOf(download)
    expect(csv).toMatch(/^\u{feff}Row,Code,Reason\r\n2,invalid_contact,"?email must be a mail address/u)
    expect((await server.get('/api/v1/contacts/imp-1')).attributes).toEqual({ name: 'One' })
  })

  test('what a file leaves open is asked, and answered before the import', async () => {
    await server.post('/api/v1/contacts', [{ id: 'crm-asked', email: 'asked@example.com', mail_consent: true }])
    await server.post('/api/v1/contacts', [{ id: '9012', email: 'somebody@example.com' }])
    await openPage('/dashboard/import')
    await page.getByTestId('file').setInputFiles({
      name: 'subscribers.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from('Subscriber ID,Email,Newsletter\n9012,asked@example.com,Weekly\n'),
    })
    await page.getByTestId('foreign-ids').waitFor()
    troubles = troubles.filter((each) => !/400/.test(each))
    await page.getByTestId('match-email').click()
    await page.getByTestId('questions').waitFor()
    expect(await page.getByTestId('questions').innerText()).toContain('neither a yes nor a no (Weekly), in 1 row')
    await page.getByTestId('answer').first().click()
    await page.getByTestId('questions').waitFor({ state: 'detached' })
    await page.getByTestId('check').waitFor()
    expect(await page.getByTestId('columns').innerText()).toContain(en.imports.permission.grants)
    await confirmImport()
    expect(await server.get('/api/v1/contacts/crm-asked')).toMatchObject({ mail_consent: true })
    expect(await server.get('/api/v1/contacts/9012')).toMatchObject({ email: 'somebody@example.com' })
  })

  test('a file dropped on the zone is imported, and one dropped beside it is ignored', async () => {
    await openPage('/dashboard/import')
    const transfer = await page.evaluateHandle(() => {
      const data = new DataTransfer()
      data.items.add(new File(['[{"id":"imp-9","attributes":{"name":"Nine"}}]'], 'nine.json'))
      return data
    })
    await page.getByTestId('drop-zone').dispatchEvent('dragenter', { dataTransfer: transfer })
    await page.getByText(en.imports.dropNow).waitFor()
    await page.getByTestId('drop-zone').dispatchEvent('drop', { dataTransfer: transfer })
    await confirmImport()
    expect(await count('created')).toBe('1')
    expect(await page.getByTestId('rejected').count()).toBe(0)
    // Beside the zone nothing is imported, and the browser does not leave the page to open the file.
    const kept = await page.locator('h1').evaluate((heading, dataTransfer) => {
      const drop = new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer })
      return !heading.dispatchEvent(drop)
    }, transfer)
    expect(kept).toBe(true)
    expect(await page.getByTestId('progress').count()).toBe(0)
  })

  test('a CSV file from a foreign spreadsheet program: how each column was recognised', async () => {
    const csv =
      'Kundennr;E-Mail;Vorname;Nachname;Passwort\r\nimp-20;zwölf@example.com;Jürgen;Groß;geheim\r\nimp-21;gut@example.com;Ana;"Soto; Vega";x\r\nimp-22;kein;Z;Z;y\r\n'
    await openPage('/dashboard/import')
    await page
      .getByTestId('file')
      .setInputFiles({ name: 'kunden.csv', mimeType: 'text/csv', buffer: Buffer.from(csv, 'latin1') })
    await confirmImport()
    expect(Number(await count('created'))).toBeGreaterThan(0)
    expect(await page.getByTestId('dialect').innerText()).toMatch(/CSV[\s\S]*separated by semicolons/i)
    const columns = await page.getByTestId('columns').locator('tbody tr').allInnerTexts()
    expect(columns[1]).toMatch(/E-Mail\s+E-mail address/)
    expect(columns[4]).toMatch(/Passwort\s+Skipped/)
  })

  test('a file that cannot be imported is reported before sending, or in the server’s own words', async () => {
    await openPage('/dashboard/import')
    const choose = (name: string, body: string) =>
      page.getByTestId('file').setInputFiles({ name, mimeType: '', buffer: Buffer.from(body, 'latin1') })
    await choose('book.xls', '\xd0\xcf\x11\xe0 and so on')
    await page.getByText(en.imports.spreadsheet).waitFor()
    await choose('nothing.csv', '')
    await page.getByText(en.imports.empty).waitFor()
    await choose('book.xlsx', 'PK\x03\x04 and so on')
    await page.getByText(en.imports.refused).waitFor()
    await choose('nothing.csv', '')
    await page.getByText(en.imports.empty).waitFor()
    await choose('broken.json', '[{"id":')
    await page.getByText(en.imports.refused).waitFor()
    // The browser itself logs the 400.
    troubles = troubles.filter((each) => !/400/.test(each))
  })

  test('a slow upload shows its progress and can be cancelled', async () => {
    await openPage('/dashboard/import')
    await page.route('**/api/v1/contacts?*', () => {})
    await page.getByTestId('file').setInputFiles({
      name: 'customers.json',
      mimeType: 'application/json',
      buffer: Buffer.from(contactsJson),
    })
    await page.getByTestId('progress').waitFor()
    expect(await page.getByRole('progressbar').count()).toBe(1)
    expect(await page.getByTestId('spoken').innerText()).not.toBe('')
    await page.getByTestId('cancel').focus()
    await page.keyboard.press('Enter')
    await page.getByTestId('drop-zone').waitFor()
    expect(await page.getByTestId('spoken').innerText()).toBe(en.imports.discarded)
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('import-file')
  })

  test('a file of JSON lines reports the line of each rejected row', async () => {
    await openPage('/dashboard/import')
    const body = '{"id":"imp-40"}\n\n{"id":""}\n'
    await page.getByTestId('file').setInputFiles({ name: 'lines.json', mimeType: '', buffer: Buffer.from(body) })
    await confirmImport()
    expect(await count('created')).toBe('1')
    expect(await page.getByTestId('rejected').locator('tbody tr').allInnerTexts()).toEqual([
      expect.stringMatching(/^3\s+id must/),
    ])
  })

  test('a workbook of orders: a column is given another field, and the import is undone again', async () => {
    await openPage('/dashboard/import')
    await page.getByRole('radio', { name: en.imports.of.orders }).check({ force: true })
    const rows: Cell[][] = [
      ['order_id', 'email', 'date', 'total', 'currency', 'Filiale'],
      ['xl-1', 'lea@example.com', { serial: 46_000 }, 45.5, 'EUR', 'Lyon'],
    ]
    const buffer = await workbookOf({ Orders: rows })
    await page.getByTestId('file').setInputFiles({ name: 'orders.xlsx', mimeType: '', buffer })
    await page.getByTestId('check').waitFor()
    await page.getByLabel(en.imports.fieldOf('Filiale')).selectOption('channel')
    await page.getByTestId('preview').getByText('Lyon').waitFor()
    await confirmImport()
    expect(await count('created')).toBe('1')
    expect(await server.query("select channel from orders where order_id = 'xl-1'")).toEqual([{ channel: 'Lyon' }])
    const entry = page.getByTestId('history').locator('li').first()
    await entry.getByText('orders.xlsx').waitFor()
    await entry.getByTestId('undo').click()
    await entry.getByTestId('undo-yes').click()
    await entry.getByText(en.imports.undone(0, 1, 0, String)).waitFor()
    expect(await server.query("select 1 from orders where order_id = 'xl-1'")).toEqual([])
  })

  test('every field that a column can be given has a name in both languages', () => {
    for (const field of Object.values(IMPORT_FIELDS).flat()) {
      for (const texts of [en, fr]) expect(texts.imports.field).toHaveProperty(field)
    }
  })

  test('works by keyboard, in French', async () => {
    // Well before the key: the browser needs a moment to open the file dialog.
    const choosing = page.waitForEvent('filechooser')
    await openPage('/dashboard/import')
    await page.getByRole('radio', { name: 'FR' }).check({ force: true })
    await page.getByRole('heading', { name: fr.imports.heading }).waitFor()
    await page.getByTestId('sign-out').focus()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('import-file')
    await page.keyboard.press('Enter')
    const chooser = await choosing
    await chooser.setFiles({ name: 'x.json', mimeType: 'application/json', buffer: Buffer.from('[{"id":"imp-30"}]') })
    await confirmImport()
    expect(await page.getByTestId('count-created').innerText()).toBe('1')
  })
})

test('the list of abandoned carts can be downloaded as a file', async () => {
  await openPage('/dashboard/carts')
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('download-csv').click()])
  expect(download.suggestedFilename()).toMatch(/\.csv$/)
  const csv = await contentOf(download)
  expect(csv).toMatch(/^\u{feff}/u)
  expect(csv).toContain('lea@example.com')
})

test('the overview says where consent is missing, in both languages and on a phone', async () => {
  await openPage('/dashboard/')
  await page.getByTestId('match-rate').waitFor()
  expect(await page.getByTestId('missing-consent').count()).toBe(0)
  const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'events:write')
  // By a door of its own: by the tag the demo site has consent.
  const batch = Array.from({ length: 9 }, () => ({ type: 'page', anonymousId: newVisitor() }))
  const headers = { authorization: `Bearer ${key}:demo`, 'content-type': 'application/json' }
  await fetch(`${server.url}/v1/batch`, { method: 'POST', headers, body: JSON.stringify({ batch }) })
  await expect.poll(async () => (await server.get('/api/v1/reports/overview')).missing_consent).toHaveLength(1)
  await page.reload()
  const notice = page.getByTestId('missing-consent')
  await notice.waitFor()
  expect(await notice.innerText()).toMatch(
    /9 of 9 events of the last hour had no consent\.\s+They came to the site demo by Segment’s API.*docs\/consent\.md/,
  )
  await page.getByRole('radio', { name: 'FR' }).check({ force: true })
  await page.getByRole('heading', { name: fr.missingConsent }).waitFor()
  expect(await notice.innerText()).toMatch(
    /9\sévénements sur 9 sont arrivés sans consentement\.\s+Reçus pour le site demo par l’API de Segment/,
  )
  await page.setViewportSize({ width: 390, height: 800 })
  const widths = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth])
  expect(widths[0]).toBeLessThanOrEqual(widths[1]!)
})
