/**
 * A mail link that a browser prerenders, as a web inbox may request: nobody has followed it yet, so nothing is sent and
 * nothing claimed until the page is shown and a person interacts with it. Uses a Chromium that really prerenders.
 */
import { beforeAll, expect, test } from 'vitest'
import { findBrowser, INSTALL_MS } from '../support/browser.ts'
import { openPrerenderingTab } from '../support/prerender.ts'
import { openShop, page } from './tag-harness.ts'

const GRANT = "couture('consent', {analytics: true, identity: true, marketing: true})"
const LINK = '/landing#cl=TOKEN&tab=2'
/** Longer than the tag gathers events (500 ms): by then anything due would have been sent. */
const QUIET_MS = 900

beforeAll(findBrowser, INSTALL_MS)

const until = (check: () => unknown) => expect.poll(check, { timeout: 20_000, interval: 50 })
const quiet = () => new Promise((resolve) => setTimeout(resolve, QUIET_MS))

test('a prerendered mail link claims nothing until the page is shown and a person interacts with it', async () => {
  const rules = JSON.stringify({ prerender: [{ source: 'list', urls: [LINK], eagerness: 'immediate' }] })
  const mail = `<a href="${LINK}" style="position:fixed;inset:0">To the shop</a><script type="speculationrules">${rules}</script>`
  const shop = await openShop({
    '/inbox': page('Inbox', { body: mail, script: '' }),
    '/landing': page('Landing', { inline: GRANT }),
  })
  const tab = await openPrerenderingTab()
  try {
    await tab.goto(`${shop.url}/inbox`)
    const landing = await tab.prerendered()
    await until(() => landing.run('location.href')).toBe(`${shop.url}/landing#tab=2`)
    expect(await landing.run('document.prerendering')).toBe(true)
    await quiet()
    expect(shop.requests).toEqual([])

    await tab.click(50, 50)
    await until(() => shop.arrived().map((event) => event.type)).toEqual(['consent', 'page'])
    // It is the same page that was prerendered.
    expect(await landing.run('document.prerendering')).toBe(false)
    expect(await landing.run("performance.getEntriesByType('navigation')[0].activationStart")).toBeGreaterThan(0)
    await quiet()
    expect(shop.arrived().map((event) => event.type)).toEqual(['consent', 'page'])

    await landing.click(60, 60)
    await until(() => shop.arrived().map((event) => event.props)).toContainEqual({ kind: 'link', link: 'TOKEN' })
  } finally {
    await tab.close()
    await shop.close()
  }
}, 60_000)
