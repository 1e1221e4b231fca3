/**
 * A real Chromium like a visitor's: with a normal user agent, because a headless one counts as a bot. All tests of
 * a run share one, each with its own profiles; closing it only closes what the test file opened.
 */
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { ask } from './ask.ts'
import { SWITCHES } from './chromium.ts'

const USER_AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36'

/** The time limit of a hook that opens a browser: on a machine without one it is installed first. */
export const INSTALL_MS = 600_000

/** Finds a browser, or installs one. For hooks of tests that open their own. */
export const findBrowser = () => ask('chromium', null)

/** A browser, or a separate one if given further Chromium switches. The caller closes it. */
export async function openBrowser(...more: string[]): Promise<Browser> {
  if (more.length === 0) return chromium.connect(await ask('browser', null))
  return chromium.launch({ executablePath: await findBrowser(), args: [...SWITCHES, ...more] })
}

/** A new profile: its pages share cookies and storage only with each other. */
export async function newVisitor(browser: Browser): Promise<BrowserContext> {
  return browser.newContext({ userAgent: USER_AGENT, viewport: { width: 1280, height: 900 } })
}

/** A profile with one tab. */
type Tab = { context: BrowserContext; tab: Page }

/** The profiles that have been given back. */
const free = new WeakMap<Browser, Tab[]>()

/**
 * Lends a profile with a tab, where a new one would take longer to start than most tests take. It is like a new one on an
 * origin that no test has used yet; only the cookies of a host are removed when it is given back. With `before`, which runs
 * first in all its pages, it is a new one. A test that changes more of its profile takes a `newVisitor`.
 */
export async function lendTab(browser: Browser, before?: () => void): Promise<Tab & { giveBack(): Promise<void> }> {
  const own = free.get(browser) ?? []
  free.set(browser, own)
  const lent = (before === undefined && own.pop()) || (await newTab(browser, before))
  const { context, tab } = lent
  return {
    context,
    tab,
    async giveBack() {
      if (before !== undefined || context.pages().length !== 1) return context.close()
      await tab.goto('about:blank')
      await context.clearCookies()
      tab.removeAllListeners('console')
      for (const event of ['console', 'weberror'] as const) context.removeAllListeners(event)
      own.push(lent)
    },
  }
}

async function newTab(browser: Browser, before?: () => void): Promise<Tab> {
  const context = await newVisitor(browser)
  if (before !== undefined) await context.addInitScript(before)
  return { context, tab: await context.newPage() }
}
