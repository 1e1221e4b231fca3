/**
 * Fetches of the links of a mailing: gateways, previews and prefetching browsers are counted separately from pages that
 * open, are redirected all the same, and prove nothing. A broken link shows people a page and gives programs a problem
 * document.
 */
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BROWSER } from '../support/requests.ts'
import { settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let token: string
let target: string

beforeAll(async () => {
  server = await startServer()
  target = `${server.url}/demo/products/bracelet-white-gold`
  await server.post('/api/v1/contacts', [{ id: 'anna', email: 'anna@mail.example' }])
  const body = { site: 'demo', contacts: ['anna'], message: 'spring', target }
  token = (await server.post<{ data: { token: string }[] }>('/api/v1/link-tokens', body)).data[0]!.token
})
afterAll(() => server.stop())

type Reply = { status: number; headers: Record<string, string | string[] | undefined>; body: string }

/** Sends a request with only these headers, because `fetch` adds its own. */
function fetchLink(path: string, headers: Record<string, string>, method = 'GET'): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(`${server.url}/l/${path}`, { method, headers }, async (reply) => {
      let body = ''
      for await (const chunk of reply) body += chunk
      resolve({ status: reply.statusCode!, headers: reply.headers, body })
    })
    sent.on('error', reject).end()
  })
}

async function counted(): Promise<{ page: number; suspect: number }> {
  const text = await (await fetch(`${server.url}/metrics`)).text()
  const of = (kind: string) =>
    Number(new RegExp(`^couture_link_fetches_total\\{kind="${kind}"\\} (\\d+)$`, 'm').exec(text)?.[1])
  return { page: of('page'), suspect: of('suspect') }
}

const OUTLOOK = 'Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0; Microsoft Outlook 16.0)'
const opens = { 'user-agent': BROWSER, accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

describe('a fetch is counted', () => {
  test.each<[string, 'page' | 'suspect', Record<string, string>, string?]>([
    ['a browser that opens it', 'page', { ...opens, 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' }],
    ['an old browser without Sec-Fetch headers', 'page', opens],
    ['a browser with data saving and without a purpose', 'page', { ...opens, 'save-data': 'on' }],
    ['a HEAD request by a browser', 'suspect', opens, 'HEAD'],
    ['no user agent', 'suspect', { accept: 'text/html' }],
    ['an empty user agent', 'suspect', { 'user-agent': ' ' }],
    ['a bot', 'suspect', { 'user-agent': 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)' }],
    ['a script', 'suspect', { 'user-agent': 'python-requests/2.32.3' }],
    ['a headless browser', 'suspect', { 'user-agent': BROWSER.replace('Firefox', 'HeadlessChrome') }],
    ['a preview in a messenger', 'suspect', { 'user-agent': 'WhatsApp/2.24.6.77 A' }],
    ['Purpose: prefetch', 'suspect', { ...opens, purpose: 'prefetch' }],
    ['Purpose: prerender', 'suspect', { ...opens, purpose: 'prerender' }],
    ['Sec-Purpose: prefetch', 'suspect', { ...opens, 'sec-purpose': 'prefetch' }],
    ['Sec-Purpose: prefetch;prerender', 'suspect', { ...opens, 'sec-purpose': 'prefetch;prerender' }],
    ['X-Purpose: preview', 'suspect', { ...opens, 'x-purpose': 'preview' }],
    ['X-Moz: prefetch', 'suspect', { ...opens, 'x-moz': 'prefetch' }],
    ['an image', 'suspect', { ...opens, 'sec-fetch-dest': 'image' }],
    ['a frame', 'suspect', { ...opens, 'sec-fetch-dest': 'iframe' }],
    ['fetch in a page', 'suspect', { ...opens, 'sec-fetch-dest': 'empty' }],
  ])('%s: %s', async (_, kind, headers, method = 'GET') => {
    const before = await counted()
    const reply = await fetchLink(token, headers, method)
    expect(reply.status).toBe(302)
    expect(reply.headers.location).toBe(`${target}#cl=${token}`)
    expect(reply.headers['set-cookie']).toBeUndefined()
    expect(reply.headers['cache-control']).toBe('no-store')
    expect(reply.headers['referrer-policy']).toBe('no-referrer')
    expect(await counted()).toEqual({ ...before, [kind]: before[kind] + 1 })
  })

  test('and no fetch makes a claim', async () => {
    await fetchLink(token, { 'user-agent': OUTLOOK, cookie: 'cv=somebody' })
    await settled(server)
    expect(await server.query('select * from claims')).toEqual([])
    expect((await server.get('/api/v1/links?contact=anna')).data).toEqual([])
  })
})

describe('a broken link', () => {
  const broken: [string, () => string][] = [
    ['cut off', () => token.slice(0, -1)],
    ['altered', () => token.replace('.spring.', '.summer.')],
    ['that is markup', () => encodeURIComponent('<script>alert(1)</script>')],
  ]

  test.each(broken)('%s shows a person a page that repeats nothing of it', async (_, made) => {
    const before = await counted()
    const reply = await fetchLink(made(), opens)
    expect(reply.status).toBe(400)
    expect(reply.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'cache-control': 'no-store',
      vary: 'Accept',
    })
    expect(reply.headers.location).toBeUndefined()
    expect(reply.headers['set-cookie']).toBeUndefined()
    expect(reply.body).toContain('<h1>This link is incomplete</h1>')
    expect(reply.body).toContain('lang="fr"')
    expect(reply.body).not.toMatch(/<script|c1\./)
    expect(await counted()).toEqual(before)
  })

  test.each(broken)('%s gives a program a problem document', async (_, made) => {
    const reply = await fetchLink(made(), { 'user-agent': BROWSER, accept: 'application/json' })
    expect(reply.status).toBe(400)
    expect(reply.headers).toMatchObject({ 'content-type': 'application/problem+json', vary: 'Accept' })
    expect(JSON.parse(reply.body)).toMatchObject({ status: 400, code: 'invalid_link' })
  })

  test('has no body in reply to HEAD', async () => {
    expect(await fetchLink('x', opens, 'HEAD')).toMatchObject({ status: 400, body: '' })
  })
})
