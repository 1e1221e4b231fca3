/**
 * Mail links to a place on a page, and into shops whose router keeps its pages in the fragment: from minting over the
 * redirect to the page that the reader sees, and to the link in the store. Real server, real browser.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SNIPPET } from '../shop/policy.ts'
import { INSTALL_MS, newVisitor, openBrowser } from '../support/browser.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

const GRANT = "couture('consent', {analytics: true, identity: true, marketing: true})"

let server: TestServer
let browser: Browser
let shop: Server
let origin: string
beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer(), openBrowser()])
  shop = createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://shop')
    response.writeHead(200, { 'Content-Type': 'text/html' }).end(PAGES[pathname] ?? '')
  })
  await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(shop.address() as AddressInfo).port}`
  await server.cli('sites', 'create', '--id', 'shop', '--origin', origin)
  const contacts = ['place', 'tabs', 'early', 'late', 'query'].map((id) => ({ id, email: `${id}@mail.example` }))
  await server.post('/api/v1/contacts', contacts)
  const tag = (kind: string) => `<script ${kind} src="${server.url}/tag.js?site=shop"></script>`
  const page = (first: string, body: string, last = '') =>
    `<!doctype html><title>Shop</title>${first}<script>${SNIPPET}; ${GRANT}</script>${body}${last}`
  // Tall, with a place far below, and a picture above it that takes its height late.
  const tall = `<base href="/"><style>:target { color: rgb(1, 2, 3) }</style><div id="late"></div>
    <div style="height: 3000px"></div><h2 id="prices">Prices</h2><div style="height: 3000px"></div>
    <script>history.replaceState({router: 7}, ''); let moves = 0
    addEventListener('DOMContentLoaded', () => { document.querySelector('#late').style.height = '500px' })</script>`
  // As routers do: the path before the query, and "not found" for the rest. It writes its address once more when it starts.
  const router = `<h1></h1><script>
    let shows = []
    const show = () => {
      const path = location.hash.slice(1).split('?')[0]
      shows.push(/^\\/(ring\\/\\d+)?$/.test(path) ? path : 'not found')
      document.querySelector('h1').textContent = shows.at(-1)
    }
    addEventListener('hashchange', show); show()
    const started = location.href
    setTimeout(() => history.replaceState({key: 'a'}, '', started), 150)</script>`
  PAGES['/page'] = page(tag('async'), tall)
  PAGES['/tabs'] = page(tag(''), tall)
  PAGES['/router-first'] = page('', router, tag(''))
  PAGES['/tag-first'] = page(tag(''), router)
}, INSTALL_MS)
afterAll(async () => {
  await browser?.close()
  await server?.stop()
  shop?.close()
})

const PAGES: Record<string, string> = {}

type Minted = { data: { url: string; redirect: string; token: string }[] }

test.each([
  ['place', '/page?utm_source=mail#prices', '/page?utm_source=mail#prices'],
  ['tabs', '/tabs#prices', '/tabs#prices'],
  ['early', '/tag-first#/ring/12', '/tag-first#/ring/12'],
  ['late', '/router-first#/ring/12', '/router-first#/ring/12'],
  ['query', '/router-first#/ring/12?size=52', '/router-first#/ring/12?size=52'],
])('%s: a link to %s leads there, and is claimed by a hand', async (contact, to, address) => {
  const body = { site: 'shop', contacts: [contact], message: `letter-${contact}`, target: origin + to }
  const [minted] = (await server.post<Minted>('/api/v1/link-tokens', body)).data
  const context = await newVisitor(browser)
  for (const way of [minted!.url, minted!.redirect]) {
    const tab = await context.newPage()
    await tab.goto(way, { waitUntil: 'load' })
    await tab.waitForFunction(() => window.couture?.lost)
    await expect.poll(() => tab.url()).toBe(origin + address)
    if (to.includes('#prices')) {
      const heading = tab.locator('#prices')
      await expect
        .poll(() => heading.evaluate((element) => Math.abs(element.getBoundingClientRect().top)))
        .toBeLessThan(5)
      expect(await heading.evaluate((element) => getComputedStyle(element).color)).toBe('rgb(1, 2, 3)')
      expect(await tab.evaluate('history.state')).toEqual({ router: 7 })
    } else {
      await tab.waitForTimeout(250)
      expect(await tab.evaluate('shows')).toEqual(['/ring/12'])
      expect(tab.url()).toBe(origin + address)
    }
    await tab.mouse.click(5, 5)
  }
  const links = await until(async () => {
    const { data } = await server.get<{ data: { state: string; visitor: string }[] }>(
      `/api/v1/links?contact=${contact}`,
    )
    return data.some(({ state }) => state === 'open') && data
  }, 'the link')
  const { visitor } = links[0]!
  const events = (await server.get<{ data: { type: string; url: string }[] }>(`/api/v1/visitors/${visitor}/timeline`))
    .data
  const route = to.includes('#/') ? to.replace('?size=52', '') : to.split('#')[0]!
  expect([...new Set(events.map(({ url }) => url))]).toEqual([origin + route])
  expect(JSON.stringify(events)).not.toContain(minted!.token)
  await context.close()
})
