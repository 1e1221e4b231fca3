/**
 * The sign-in page and the account page in a real browser: users with their roles, open sessions, one's own password, and
 * what the dashboard hides from whom.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { en } from '../../dashboard/texts/en.ts'
import { fr } from '../../dashboard/texts/fr.ts'
import { INSTALL_MS, openBrowser } from '../support/browser.ts'
import { printedPassword } from '../support/requests.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

let server: TestServer
let browser: Browser
let context: BrowserContext
let page: Page
let troubles: string[]
let owners: string

beforeAll(async () => {
  server = await startServer()
  owners = printedPassword(server)
  browser = await openBrowser()
}, INSTALL_MS)
afterAll(async () => {
  await browser?.close()
  await server?.stop()
})
beforeEach(async () => {
  troubles = []
  ;[context, page] = await newBrowser()
})
afterEach(async () => {
  await context.close()
  expect(troubles).toEqual([])
})

/** A browser of somebody else, with its page. */
async function newBrowser(): Promise<[BrowserContext, Page]> {
  const made = await browser.newContext({ locale: 'en-GB' })
  const shown = await made.newPage()
  shown.on('pageerror', (error) => troubles.push(error.message))
  return [made, shown]
}

async function signIn(on: Page, name: string, password: string, path = '/dashboard/account'): Promise<void> {
  await on.goto(server.url + path)
  await on.getByTestId('name').fill(name)
  await on.getByTestId('password').fill(password)
  await on.keyboard.press('Enter')
  await on.getByTestId('sign-out').waitFor()
}

test('while there is one user the sign-in page asks only for the password; a refusal is in the page’s language', async () => {
  await page.goto(`${server.url}/dashboard/`)
  await until(async () => (await page.getByTestId('name').inputValue()) === 'owner', 'the name to be filled in')
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('password')
  await page.getByTestId('password').fill('not the password')
  await page.keyboard.press('Enter')
  await page.getByText(en.signInRefused).waitFor()
  expect(await page.getByTestId('name').getAttribute('aria-invalid')).toBe('true')
  await page.getByRole('radio', { name: 'FR' }).check({ force: true })
  await page.getByTestId('name').fill('')
  await page.getByTestId('sign-in').click()
  await page.getByText(fr.nameMissing).waitFor()
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('name')
  await page.getByTestId('name').fill('Owner')
  await page.getByTestId('password').fill(owners)
  await page.keyboard.press('Enter')
  await page.getByTestId('sign-out').waitFor()
  expect(await page.getByTestId('nav-account').innerText()).toContain('owner')
})

test('an owner adds a user, changes the role, ends the session and removes the user', async () => {
  await signIn(page, 'owner', owners)
  await page.getByTestId('user-name').fill('OWNER')
  await page.getByTestId('add-user').click()
  await page.getByText(en.account.nameTaken).waitFor()
  await page.getByTestId('user-name').fill('Marie')
  await page.getByTestId('user-role').selectOption('marketer')
  await page.getByTestId('add-user').click()
  const made = page.getByTestId('made-password')
  await made.locator('code').waitFor()
  const password = await made.locator('code').innerText()
  const row = page.getByTestId('user').filter({ hasText: 'Marie' })
  await row.waitFor()
  expect(await row.getByTestId('role-of').inputValue()).toBe('marketer')

  const [hers, shown] = await newBrowser()
  await signIn(shown, 'marie', password)
  expect(await shown.getByTestId('user').count()).toBe(0)
  await shown.getByTestId('session').first().waitFor()
  expect(await shown.getByTestId('session').count()).toBe(1)
  await shown.getByTestId('nav-import').waitFor()

  await page.reload()
  const session = page.getByTestId('session').filter({ hasText: 'Marie' })
  await session.waitFor()
  expect(await session.innerText()).toMatch(/Chrom\w*( Headless)? · Linux[\s\S]*127\.0\.0\.0/)
  await session.getByTestId('end-session').click()
  await session.waitFor({ state: 'detached' })
  await shown.getByTestId('nav-carts').click()
  await shown.getByText(en.sessionEnded).waitFor()
  expect(await shown.getByTestId('name').inputValue()).toBe('Marie')

  await row.getByTestId('role-of').selectOption('reader')
  await until(async () => (await server.cli<{ role: string }[]>('users', 'list'))[1]?.role === 'reader', 'the role')
  await signIn(shown, 'marie', password, '/dashboard/carts')
  expect(await shown.getByTestId('nav-import').count()).toBe(0)
  expect(await shown.getByTestId('download-csv').count()).toBe(0)

  await row.getByTestId('remove-user').focus()
  await page.keyboard.press('Enter')
  await row.getByTestId('remove-sure').waitFor()
  await until(() => page.evaluate(() => document.activeElement?.className === 'row-tools'), 'the focus to move')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await row.waitFor({ state: 'detached' })
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('users-title')
  await shown.reload()
  await shown.getByTestId('sign-in').waitFor()
  await hers.close()
})

test('everybody changes the own password, and stays signed in here only', async () => {
  await server.cli('users', 'add', 'Rosa', '--role', 'reader')
  const { password } = await server.cli<{ password: string }>('users', 'set-password', 'rosa')
  await signIn(page, 'rosa', password)
  const [elsewhere, other] = await newBrowser()
  await signIn(other, 'rosa', password)
  const change = async (current: string, next: string) => {
    await page.getByTestId('current-password').fill(current)
    await page.getByTestId('new-password').fill(next)
    await page.getByTestId('change-password').click()
  }
  await change('not the password', 'a ring of rose gold')
  await page.getByText(en.account.currentWrong).waitFor()
  await change(password, 'short')
  await until(
    async () => (await page.getByTestId('password-said').innerText()) === en.account.passwordRule,
    'the rule for passwords',
  )
  await change(password, 'a ring of rose gold')
  await page.getByText(en.account.passwordChanged).waitFor()
  await page.reload()
  await page.getByTestId('sign-out').waitFor()
  await other.reload()
  await other.getByTestId('sign-in').waitFor()
  await signIn(other, 'rosa', 'a ring of rose gold')
  await elsewhere.close()
})
