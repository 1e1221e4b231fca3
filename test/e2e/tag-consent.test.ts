/**
 * The tag beside real consent platforms, in a real browser, with a recording collector (tag-harness.ts). For each platform, as
 * the configured source or as what `auto` recognises: silent before a choice, after a refusal and after a reload; right
 * after a grant; a reload and a second tab; a narrower choice; a withdrawal. Every request, cookie and key of storage is
 * looked at. Also what no choice is: defaults, dismissals, half of an answer, a signal of the browser.
 */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, type TestContext, test, vi } from 'vitest'
import { categoryPurposes } from '../../server/domain/consent-purposes.ts'
import { SETTINGS } from '../../server/domain/settings.ts'
import type { TagConsentSource } from '../../tag/wire.ts'
import { INSTALL_MS, newVisitor, openBrowser } from '../support/browser.ts'
import { PLATFORMS, type Platform } from './consent-platforms.ts'
import { openShop, page } from './tag-harness.ts'

// The tests mostly wait.
vi.setConfig({ maxConcurrency: 9 })

/** Longer than the tag gathers events (500 ms), and than a platform takes to start. */
const QUIET_MS = 1000
const quiet = () => new Promise((resolve) => setTimeout(resolve, QUIET_MS))

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
}, INSTALL_MS)
afterAll(() => browser.close())

type Parts = { setting: TagConsentSource; body: string; scripts?: Record<string, string>; before?: () => void }

/** A shop with the platform on every page, and a new visitor. An exception that reaches the page fails the test. */
async function visit({ onTestFinished, expect }: TestContext, { setting, body, scripts = {}, before }: Parts) {
  const home = page('Home', { body })
  const consent_purposes = categoryPurposes(setting, SETTINGS.consent_map.default)
  const shop = await openShop({ '/': home, '/next': home }, { consent_purposes }, setting)
  Object.assign(shop.scripts, scripts)
  const context = await newVisitor(browser)
  const errors: string[] = []
  const foreign: string[] = []
  context.on('weberror', (error) => errors.push(String(error.error())))
  context.on('request', (request) => {
    if (!request.url().startsWith(shop.url)) foreign.push(request.url())
  })
  onTestFinished(async () => {
    await context.close()
    await shop.close()
    expect(errors).toEqual([])
    expect(foreign).toEqual([])
  })
  if (before) await context.addInitScript(before)
  const tab = await context.newPage()
  const until = (check: () => unknown) => expect.poll(check, { timeout: 20_000, interval: 50 })
  const cookies = async () => (await context.cookies()).map(({ name }) => name).filter((name) => name === 'cv')
  /** What the tag has left in the browser and sent so far. */
  const traces = async () => ({ requests: shop.requests.length, cookies: await cookies(), keys: await keys(tab) })
  const last = () => shop.requests.at(-1)?.body.consent
  const open = async (on: Page, path: string) => {
    await on.goto(shop.url + path, { waitUntil: 'load' })
    await on.waitForFunction(() => window.couture?.lost)
  }
  return { shop, context, tab, until, traces, last, open, cookies }
}

const keys = (tab: Page) =>
  tab.evaluate(() =>
    [...Object.keys(localStorage), ...Object.keys(sessionStorage)].filter((key) => key.startsWith('couture')),
  )
const NOTHING = { requests: 0, cookies: [], keys: [] }
const ALL = { analytics: true, identity: true, marketing: true }

describe.concurrent('a visitor', () => {
  test.for(PLATFORMS)('refuses and is left alone: $source', async (platform, t) => {
    const parts = { setting: platform.source, body: platform.body, scripts: await platform.scripts() }
    const { tab, traces, open } = await visit(t, parts)
    await open(tab, '/')
    await tab.evaluate("couture('track', 'early')")
    await quiet()
    expect(await traces()).toEqual(NOTHING)
    await platform.refuse(tab)
    await tab.evaluate("couture('track', 'late')")
    await quiet()
    expect(await traces()).toEqual(NOTHING)
    await open(tab, '/next')
    await quiet()
    expect(await traces()).toEqual(NOTHING)
  })

  test.for(PLATFORMS)('is recognised, grants, changes and withdraws: $source', async (platform, t) => {
    const parts = { setting: 'auto' as const, body: platform.body, scripts: await platform.scripts() }
    const { shop, context, tab, until, traces, last, open, cookies } = await visit(t, parts)
    const second = await context.newPage()
    await open(second, '/?second')
    await open(tab, '/')
    await tab.evaluate("couture('track', 'early')")
    await platform.accept(tab)
    await until(() => shop.arrived().map(({ type }) => type)).toEqual(
      expect.arrayContaining(['consent', 'page', 'early']),
    )
    const granted = last()!
    expect(granted).toMatchObject({ ...ALL, source: platform.source })
    if (platform.policy) expect(granted.policy).toMatch(platform.policy)
    expect(await cookies()).toEqual(['cv'])

    // The tab that was open, and the next page, are under the same choice.
    await until(() => shop.arrived().filter(({ url }) => url?.endsWith('/?second')).length).toBeGreaterThan(0)
    await open(tab, '/next')
    await until(() => shop.arrived().filter(({ url }) => url?.endsWith('/next')).length).toBeGreaterThan(0)
    expect(new Set(shop.requests.map(({ body }) => body.consent.id)).size).toBe(1)
    // What a page that is left sends once more has the same id.
    const proofs = shop.arrived().filter(({ type }) => type === 'consent')
    expect(new Set(proofs.map(({ id }) => id)).size).toBe(1)

    if (platform.narrow) {
      await platform.narrow(tab)
      await until(() => last()).toMatchObject({ analytics: true, identity: true, marketing: false })
      expect(last()!.id).not.toBe(granted.id)
    }
    await tab.evaluate(() => {
      const counted = window as { clicks?: number }
      addEventListener(
        'click',
        () => {
          counted.clicks = (counted.clicks ?? 0) + 1
          window.couture!('track', `click ${counted.clicks}`)
        },
        true,
      )
    })
    await platform.withdraw(tab)
    await until(() => last()?.analytics).toBe(false)
    expect(last()).toMatchObject({ identity: false, marketing: false, source: platform.source })
    await quiet()
    // The click that withdraws is the last; what it made was still in the queue.
    const { clicks } = await tab.evaluate(() => ({ clicks: (window as { clicks?: number }).clicks }))
    expect(clicks).toBeGreaterThan(0)
    expect(shop.arrived().map(({ type }) => type)).not.toContain(`click ${clicks}`)
    const { length } = shop.requests
    expect(await traces()).toEqual({ ...NOTHING, requests: length })
    await second.evaluate("couture('track', 'elsewhere')")
    await open(tab, '/')
    await quiet()
    expect(await traces()).toEqual({ ...NOTHING, requests: length })
    // The other tab may hear of it from the platform before it hears of it from the tag.
    const notices = shop.requests.filter(({ body }) => !body.consent.analytics)
    expect(notices.length).toBeLessThanOrEqual(2)
    expect(new Set(notices.map(({ body }) => body.visitor)).size).toBe(1)
  })
})

const platformOf = (source: string) => PLATFORMS.find((each) => each.source === source)!
/** A platform's page with one thing changed in its configuration. */
const changed = (source: string, from: string, to: string): Pick<Platform, 'body' | 'scripts' | 'source'> => {
  const { body, scripts } = platformOf(source)
  const edit = (text: string) => text.replace(from, to)
  const edited = async () =>
    Object.fromEntries(
      Object.entries(await scripts()).map(([path, text]) => [path, path === '/c15t.js' ? edit(text) : text]),
    )
  return { source: source as Platform['source'], body: edit(body), scripts: edited }
}

describe.concurrent('no choice is', () => {
  test.for<[string, Pick<Platform, 'body' | 'scripts' | 'source'>, ((tab: Page) => Promise<unknown>)?]>([
    [
      'what vanilla-cookieconsent accepts beforehand',
      changed('vanilla-cookieconsent', 'revision: 3,', "mode: 'opt-out',"),
    ],
    ['what c15t grants where no law asks', changed('c15t', "country: 'FR'", "country: 'US', region: 'CA'")],
    ['what c15t grants while it is off', changed('c15t', "mode: 'offline',", "mode: 'offline', enabled: false,")],
    [
      'a dismissed banner of Osano',
      changed('osano', "type: 'opt-in',", "type: 'info',"),
      (tab) => tab.click('.cc-dismiss'),
    ],
    [
      'a bypassed tarteaucitron',
      changed('tarteaucitron', 'tarteaucitron.events =', 'tarteaucitron.user.bypass = true; tarteaucitron.events ='),
    ],
    [
      'a service of tarteaucitron that begins allowed',
      changed('tarteaucitron', 'highPrivacy: true,', 'highPrivacy: true, serviceDefaultState: true,'),
    ],
    [
      'a service of tarteaucitron that needs no consent',
      changed('tarteaucitron', 'needConsent: true', 'needConsent: false'),
    ],
    [
      'going on without an answer, where tarteaucitron takes that for one',
      changed('tarteaucitron', 'highPrivacy: true', 'highPrivacy: false'),
      async (tab) => {
        await quiet()
        await tab.evaluate("location.href = '/next'")
        await tab.waitForURL('**/next')
      },
    ],
    [
      'a switch of klaro that is not saved',
      platformOf('klaro'),
      async (tab) => {
        await tab.evaluate('klaro.show(undefined, true)')
        await tab.click('label[for=purpose-item-marketing]')
      },
    ],
  ])('%s', async ([, { source, body, scripts }, act], t) => {
    const { tab, traces, open } = await visit(t, { setting: source, body, scripts: await scripts() })
    await open(tab, '/')
    await act?.(tab)
    await quiet()
    await tab.evaluate("couture('track', 'early')")
    await quiet()
    expect(await traces()).toEqual(NOTHING)
  })

  test('what was agreed to before the text changed', async (t) => {
    const { body, scripts, accept } = platformOf('vanilla-cookieconsent')
    const { shop, tab, until, open } = await visit(t, { setting: 'auto', body, scripts: await scripts() })
    await open(tab, '/')
    await accept(tab)
    await until(() => shop.requests.length).toBeGreaterThan(0)
    const { length } = shop.requests
    shop.pages['/next'] = page('Next', { body: body.replace('revision: 3', 'revision: 4') })
    await open(tab, '/next')
    await quiet()
    expect(shop.requests).toHaveLength(length)
    await accept(tab)
    await until(() => shop.requests.at(-1)?.body.consent.policy).toBe('revision 4')
  })
})

describe.concurrent('a platform', () => {
  test('without a global, which told the page of the choice before the tag came, is read all the same', async (t) => {
    const { body, scripts, accept } = platformOf('vanilla-cookieconsent')
    const { shop, tab, until, open } = await visit(t, {
      setting: 'vanilla-cookieconsent',
      body: body.replace('CookieConsent.run(', 'const own = CookieConsent; delete window.CookieConsent; own.run('),
      scripts: await scripts(),
    })
    await open(tab, '/')
    await accept(tab)
    await until(() => shop.requests.length).toBeGreaterThan(0)
    const late =
      '<script>setTimeout(() => document.head.append(Object.assign(document.createElement("script"), {src: "/c/tag.js?site=demo"})), 500)</script>'
    shop.pages['/next'] = page('Next', { body: shop.pages['/']!.replace(/.*<body>/s, ''), script: late })
    await open(tab, '/next')
    await until(() => shop.arrived().map(({ url }) => url)).toContain(`${shop.url}/next`)
  })

  test('that reloads the page at once when it is told to withdraw is still heard', async (t) => {
    const { body, scripts, accept, narrow } = platformOf('tarteaucitron')
    const { shop, tab, until, last, open } = await visit(t, {
      setting: 'tarteaucitron',
      body,
      scripts: await scripts(),
    })
    await open(tab, '/')
    await accept(tab)
    await until(() => shop.requests.length).toBeGreaterThan(0)
    expect(narrow).toBeDefined()
    await tab.evaluate('tarteaucitron.userInterface.respondAll(false); location.reload()')
    await until(() => last()?.analytics).toBe(false)
    await tab.waitForLoadState('load')
    await until(() => keys(tab)).toEqual([])
  })

  test('holds a choice that is older than the signal of the browser: it identifies nobody until the visitor says so', async (t) => {
    const { body, scripts, accept, withdraw } = platformOf('c15t')
    const { shop, context, tab, until, last, open } = await visit(t, {
      setting: 'c15t',
      body,
      scripts: await scripts(),
    })
    await open(tab, '/')
    await accept(tab)
    await until(() => last()).toMatchObject({ ...ALL })
    expect(last()!.gpc).toBeUndefined()
    await context.addInitScript(() => Object.defineProperty(navigator, 'globalPrivacyControl', { value: true }))
    const { length } = shop.requests
    await open(tab, '/next')
    await until(() => shop.requests.length).toBeGreaterThan(length)
    expect(last()).toMatchObject({ analytics: true, identity: false, marketing: false, gpc: true })
    await open(tab, '/')
    await until(() => shop.arrived().filter(({ type }) => type === 'page').length).toBe(3)
    expect(last()).toMatchObject({ analytics: true, identity: false, marketing: false, gpc: true })
    await withdraw(tab)
    await until(() => last()?.analytics).toBe(false)
    await accept(tab)
    await until(() => last()).toMatchObject({ ...ALL, gpc: true })
    await open(tab, '/next')
    await until(() => shop.arrived().filter(({ url, type }) => type === 'page' && url?.endsWith('/next')).length).toBe(
      2,
    )
    expect(last()).toMatchObject({ ...ALL, gpc: true })
  })
})
