/**
 * The review page in a real browser: the cases that the rules could not settle, with their evidence, and the decisions
 * of an operator. All data are created through HTTP, as visitors and mails create them.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { en } from '../../dashboard/texts/en.ts'
import { fr } from '../../dashboard/texts/fr.ts'
import { INSTALL_MS, openBrowser } from '../support/browser.ts'
import { newVisitor, printedPassword, type SiteView, signLogin } from '../support/requests.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

const MINUTE = 60_000

let server: TestServer
let browser: Browser
let context: BrowserContext
let page: Page
let troubles: string[]
let password: string
const family = newVisitor()
const twice = newVisitor()

/** Two people sign in on a family computer; a signed-in customer opens another's mail; a mail is passed around. */
async function tellTheStory(): Promise<void> {
  const contacts = ['anna', 'bruno', 'anna-again', 'passes-on'].map((id) => ({ id, email: `${id}@mail.example` }))
  await server.post('/api/v1/contacts', contacts)
  const site = await server.cli<SiteView>('sites', 'show', 'demo')
  const signsIn = async (contact: string, agoMs: number) => {
    const seconds = Math.floor((Date.now() - agoMs) / 1000)
    return event('identify', agoMs, {
      kind: 'login',
      token: await signLogin(site.identity_secret, contact, { seconds }),
    })
  }
  const { data } = await server.post('/api/v1/link-tokens', {
    site: 'demo',
    contacts: ['anna-again', 'passes-on'],
    message: 'spring',
  })
  const opens = (n: number, agoMs: number) => event('identify', agoMs, { kind: 'link', link: data[n].token })
  await sendAll(server, family, [await signsIn('anna', 200 * MINUTE)])
  await sendAll(server, family, [await signsIn('bruno', 100 * MINUTE)])
  await sendAll(server, twice, [await signsIn('anna', 20 * MINUTE), opens(0, 19 * MINUTE)])
  for (const agoMs of [50, 40, 30, 20]) await sendAll(server, newVisitor(), [opens(1, agoMs * MINUTE)])
  await settled(server)
}

beforeAll(async () => {
  server = await startServer()
  password = printedPassword(server)
  await tellTheStory()
  browser = await openBrowser()
}, INSTALL_MS)
afterAll(async () => {
  await browser?.close()
  await server?.stop()
})
beforeEach(async () => {
  context = await browser.newContext({ locale: 'en-GB' })
  page = await context.newPage()
  troubles = []
  page.on('pageerror', (error) => troubles.push(error.message))
})
afterEach(async () => {
  await context.close()
  expect(troubles).toEqual([])
})

/** Opens a page and signs in on the way. */
async function signInAt(path: string): Promise<void> {
  await page.goto(server.url + path)
  await page.getByTestId('password').fill(password)
  await page.keyboard.press('Enter')
}

test('the navigation shows how many cases need review', async () => {
  await signInAt('/dashboard/')
  await until(async () => /^Review\s+1/.test(await page.getByTestId('nav-review').innerText()), 'the count')
  await page.getByTestId('nav-review').click()
  await page.getByTestId('review-duplicates').waitFor()
  expect(new URL(page.url()).pathname).toBe('/dashboard/review')
})

test('each case shows its reason, customer and device', async () => {
  await signInAt('/dashboard/review')
  const duplicate = page.getByTestId('review-duplicates').getByTestId('link')
  await duplicate.waitFor()
  await until(async () => /Mac OS/.test(await duplicate.innerText()), 'the device')
  expect(await duplicate.innerText()).toMatch(/^Customer anna-again/)
  expect(await duplicate.getByTestId('link-reason').innerText()).toContain(en.links.reason.possible_duplicate)
  const forwarded = page.getByTestId('review-forwarded').getByTestId('link')
  expect(await forwarded.count()).toBe(4)
  expect(await forwarded.first().getByTestId('link-reason').innerText()).toContain(en.links.reason.forwarded)
})

test('a shared device is shown with its customers', async () => {
  const { data } = await server.get('/api/v1/visitors?state=shared')
  expect(data.map((each: { id: string }) => each.id)).toEqual([family])
  await signInAt('/dashboard/review')
  const device = page.getByTestId('shared-device')
  await until(async () => /Customer anna\s+Customer bruno/.test(await device.innerText()), 'the customers')
})

test('the page is available in French', async () => {
  await signInAt('/dashboard/review')
  await page.getByTestId('review-shared').waitFor()
  await page.locator('input[value=fr]').check()
  await until(async () => (await page.locator('h1').innerText()) === fr.review.title, 'the French title')
  expect(await page.getByTestId('review-shared').innerText()).toContain(fr.review.sharedLead)
})

test('a case marked as wrong stays on the page and can be undone, and its link is void', async ({ skip }) => {
  const { paths } = (await (await fetch(`${server.url}/openapi.json`)).json()) as { paths: object }
  if (!('/api/v1/links/{id}/void' in paths)) skip('this version has no acts on links')
  await signInAt('/dashboard/review')
  const duplicate = page.getByTestId('review-duplicates').getByTestId('link')
  await duplicate.getByTestId('link-void').click()
  await duplicate.getByText(en.review.said.void).waitFor()
  await settled(server)
  const wrong = `/api/v1/links?visitor=${twice}&state=void`
  expect((await server.get(wrong)).data).toEqual([expect.objectContaining({ contact: 'anna-again' })])
  await duplicate.getByTestId('link-clear').click()
  await duplicate.getByTestId('link-void').waitFor()
  await settled(server)
  expect((await server.get(wrong)).data).toEqual([])
})
