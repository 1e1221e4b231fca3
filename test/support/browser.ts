/** A real Chromium as a shop's visitor uses it: with a normal user agent, for a headless one is a bot to us. */
import { type Browser, type BrowserContext, chromium } from 'playwright-core'
import { findChromium, SWITCHES } from './chromium.ts'

const USER_AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36'

/** Starts a browser, with further switches of Chromium. The caller closes it. */
export async function launchBrowser(...more: string[]): Promise<Browser> {
  return chromium.launch({
    executablePath: findChromium() ?? undefined,
    args: [...SWITCHES, ...more],
  })
}

/** A profile of its own: cookies and storage are shared by its pages and with nobody else. */
export async function newVisitor(browser: Browser): Promise<BrowserContext> {
  return browser.newContext({ userAgent: USER_AGENT, viewport: { width: 1280, height: 900 } })
}
