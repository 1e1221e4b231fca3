/**
 * A real Chromium as a shop's visitor uses it: with a normal user agent, for a headless one is a bot to us. All tests of
 * a run share one, each with profiles of its own; closing it only ends what this file made in it.
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

/** A browser; with further switches of Chromium one of its own. The caller closes it. */
export async function openBrowser(...more: string[]): Promise<Browser> {
  if (more.length === 0) return chromium.connect(await ask('browser', null))
  return chromium.launch({ executablePath: await findBrowser(), args: [...SWITCHES, ...more] })
}

/** A profile of its own: cookies and storage are shared by its pages and with nobody else. */
export async function newVisitor(browser: Browser): Promise<BrowserContext> {
  return browser.newContext({ userAgent: USER_AGENT, viewport: { width: 1280, height: 900 } })
}
