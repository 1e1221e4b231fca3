/**
 * A real Chromium like a visitor's: with a normal user agent, because a headless one counts as a bot. All tests of
 * a run share one, each with its own profiles; closing it only closes what the test file opened.
 */
import { type Browser, type BrowserContext, chromium } from 'playwright-core'
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
