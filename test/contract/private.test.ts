/**
 * What only the shop may see: signing in, the hosts that answer, the headers of dashboard and tag, timelines and the
 * report. Conversely, no public reply reveals whether a contact exists.
 */
import { createHash, createHmac } from 'node:crypto'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newVisitor, problemOf, type Seen, type SiteView, signLogin } from '../support/requests.ts'
import { batch, consent, event, send, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

const MINUTE = 60_000
const PASSWORD = 'a long password for tests'

let server: TestServer
let site: SiteView

beforeAll(async () => {
  server = await startServer({ env: { ADMIN_PASSWORD: PASSWORD } })
  site = await server.cli<SiteView>('sites', 'show', 'demo')
})
afterAll(() => server.stop())

const OWN = { 'sec-fetch-site': 'same-origin' }

function signIn(headers: Record<string, string> = OWN, password = PASSWORD): Promise<Response> {
  const body = JSON.stringify({ password })
  return fetch(`${server.url}/api/v1/session`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  })
}

async function sessionCookie(): Promise<string> {
  const response = await signIn()
  expect(response.status).toBe(204)
  return response.headers.get('set-cookie')!.split(';')[0]!
}

/** Sends a request with any `Host` header, which fetch does not allow. */
function ask(
  to: TestServer,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: to.port, path, headers }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (data: string) => {
        body += data
      })
      response.on('end', () => resolve({ status: response.statusCode!, body }))
    })
    sent.on('error', reject)
    sent.end()
  })
}

describe('signing in', () => {
  test('with the password starts a session that gives access to private routes', async () => {
    const response = await signIn()
    expect(response.status).toBe(204)
    const cookie = response.headers.get('set-cookie')!
    expect(cookie).toMatch(/;\s*HttpOnly/i)
    expect(cookie).toMatch(/;\s*SameSite=Strict/i)
    expect(cookie).toMatch(/;\s*Path=\/(;|$)/i)
    const headers = { cookie: cookie.split(';')[0]! }
    const session = await fetch(`${server.url}/api/v1/session`, { headers })
    expect(session.status).toBe(200)
    expect(Math.abs(Date.parse((await session.json()).since) - Date.now())).toBeLessThan(MINUTE)
    expect((await fetch(`${server.url}/api/v1/matches`, { headers })).status).toBe(200)
  })

  test.each<[string, () => Record<string, string>, number]>([
    ['the dashboard’s page', () => OWN, 204],
    ['a browser without Sec-Fetch-Site, from this origin', () => ({ origin: server.url }), 204],
    ['a request without Origin or Sec-Fetch-Site', () => ({}), 403],
    ['another site', () => ({ 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }), 403],
    ['another host of the same site', () => ({ 'sec-fetch-site': 'same-site' }), 403],
    ['another origin, without Sec-Fetch-Site', () => ({ origin: 'https://evil.example' }), 403],
    ['another port of this host', () => ({ origin: 'http://localhost:1' }), 403],
  ])('from %s', async (_, headers, status) => {
    const response = await signIn(headers())
    expect(response.status).toBe(status)
    if (status === 204) return
    expect(response.headers.get('set-cookie')).toBeNull()
    expect((await problemOf(response)).code).toBe('cross_site')
  })

  test.each(['', 'a long password for test', `${PASSWORD} `])(
    'with "%s" is refused with one sentence',
    async (password) => {
      const response = await signIn(OWN, password)
      expect(response.status).toBe(401)
      expect(response.headers.get('set-cookie')).toBeNull()
      const problem = await problemOf(response)
      expect(problem.code).toBe('wrong_password')
      expect(problem.detail).toBe('there is no user with this name and this password')
    },
  )

  test.each<[string, (cookie: string) => string]>([
    ['that was forged', () => 'couture_session=1.AAAAAAAAAAAAAAAAAAAAAA'],
    ['with another letter', (cookie) => cookie.replace(/=(.)/, (_, first) => (first === 'A' ? '=B' : '=A'))],
    ['that was cut off', (cookie) => cookie.slice(0, -1)],
    ['of excessive length', (cookie) => `${cookie}${'A'.repeat(4000)}`],
  ])('a session %s gives no access', async (_, forge) => {
    const response = await fetch(`${server.url}/api/v1/matches`, { headers: { cookie: forge(await sessionCookie()) } })
    expect(response.status).toBe(401)
    expect((await problemOf(response)).code).toBe('not_signed_in')
  })

  test.each<[string, Record<string, string>, number]>([
    ['the dashboard itself', OWN, 200],
    ['a request without Origin or Sec-Fetch-Site', {}, 403],
    ['another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a shop on the same domain', { 'sec-fetch-site': 'same-site', origin: 'https://shop.localhost' }, 403],
  ])('a write with the session from %s is %s', async (_, headers, status) => {
    const all = { 'content-type': 'application/json', cookie: await sessionCookie(), ...headers }
    const response = await fetch(`${server.url}/api/v1/contacts`, {
      method: 'POST',
      body: '[{"id":"by-session"}]',
      headers: all,
    })
    expect(response.status).toBe(status)
  })

  test('out removes the cookie and ends the session', async () => {
    const cookie = await sessionCookie()
    const response = await fetch(`${server.url}/api/v1/session`, { method: 'DELETE', headers: { cookie, ...OWN } })
    expect(response.status).toBe(204)
    expect(response.headers.get('set-cookie')).toMatch(/^couture_session=;.*Max-Age=0/i)
    expect((await fetch(`${server.url}/api/v1/matches`, { headers: { cookie } })).status).toBe(401)
  })

  test('private replies must not be cached', async () => {
    expect((await server.api('/api/v1/matches')).headers.get('cache-control')).toBe('no-store')
  })
})

describe('the hosts under which private routes answer', () => {
  const PRIVATE = ['/api/v1/session', '/api/v1/matches', '/api/v1/segments', '/dashboard', '/dashboard/']
  let admin: TestServer
  beforeAll(async () => {
    const env = { PUBLIC_URL: 'https://shop.example', ADMIN_URL: 'https://admin.example', TRUST_PROXY: '1' }
    admin = await startServer({ env })
  })
  afterAll(() => admin.stop())

  test.each<[string, (port: number) => string, boolean]>([
    ['localhost', (port) => `localhost:${port}`, true],
    ['localhost without a port', () => 'localhost', true],
    ['127.0.0.1', (port) => `127.0.0.1:${port}`, true],
    ['[::1]', (port) => `[::1]:${port}`, true],
    ['the shop’s host', () => 'shop.example', false],
    ['any host', () => 'evil.example', false],
    ['a host that starts with localhost', () => 'localhost.evil.example', false],
    ['a host that ends with localhost', () => 'evil-localhost', false],
    ['a host that starts with 127.0.0.1', () => '127.0.0.1.evil.example', false],
  ])('%s', async (_, hostOf, answers) => {
    const host = hostOf(server.port)
    const nothing = await ask(server, '/nothing-here', { host })
    expect(nothing.status).toBe(404)
    for (const path of PRIVATE) {
      const { status, body } = await ask(server, path, { host })
      expect(`${path} ${status !== 404}`).toBe(`${path} ${answers}`)
      if (!answers) expect(body).toBe(nothing.body.replace('/nothing-here', path))
    }
  })

  test.each<[string, boolean]>([
    ['admin.example', true],
    ['localhost', true],
    ['shop.example', false],
    ['admin.example.evil.example', false],
  ])('with ADMIN_URL: %s', async (host, answers) => {
    for (const path of PRIVATE) {
      expect(`${path} ${(await ask(admin, path, { host })).status !== 404}`).toBe(`${path} ${answers}`)
    }
  })

  test.each(['shop.example', 'evil.example', 'admin.example'])('public routes also answer under %s', async (host) => {
    expect((await ask(admin, '/healthz', { host })).status).toBe(200)
    expect((await ask(admin, '/tag.js?site=demo', { host })).status).toBe(200)
  })

  test('metrics are only for this machine or the holder of a key', async () => {
    const { key } = await admin.cli<{ key: string }>('keys', 'create', '--scopes', 'matches:read')
    const far = { 'x-forwarded-for': '203.0.113.9' }
    expect((await ask(admin, '/metrics')).status).toBe(200)
    expect((await ask(admin, '/metrics', far)).status).toBe(401)
    expect((await ask(admin, '/metrics', { ...far, authorization: 'Bearer ck_none' })).status).toBe(401)
    expect((await ask(admin, '/metrics', { ...far, authorization: `Bearer ${key}` })).status).toBe(200)
  })
})

test.each(['/nothing', '/api/v1/nothing', '/v1/nothing', '/tag.wrong.js', '/demo/nothing.json/at/all'])(
  '%s is 404',
  async (path) => {
    const response = await server.api(path)
    expect(response.status).toBe(404)
    if (!path.startsWith('/demo')) expect((await problemOf(response)).code).toBe('not_found')
  },
)

describe('the dashboard', () => {
  test('has a path that ends with a slash', async () => {
    const response = await fetch(`${server.url}/dashboard`, { redirect: 'manual' })
    expect([301, 302, 307, 308]).toContain(response.status)
    expect(response.headers.get('location')).toBe('/dashboard/')
  })

  test('runs only its own scripts and cannot be framed', async () => {
    const response = await fetch(`${server.url}/dashboard/`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch(/^text\/html/)
    const policy = new Map(
      response.headers
        .get('content-security-policy')!
        .split(';')
        .map((part) => part.trim().split(/\s+/))
        .map(([name, ...values]) => [name, values.join(' ')]),
    )
    expect(policy.get('default-src')).toBe("'none'")
    expect(policy.get('script-src')).toBe("'self'")
    expect(policy.get('style-src')).toBe("'self'")
    expect(policy.get('connect-src')).toBe("'self'")
    expect(policy.get('base-uri')).toBe("'none'")
    expect(policy.get('frame-ancestors')).toBe("'none'")
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('referrer-policy')).toBe('no-referrer')
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    const html = await response.text()
    expect(html.match(/<script\b[^>]*>/g)!.every((tag) => /\ssrc=/.test(tag))).toBe(true)
    expect(html).not.toMatch(/<style\b|\sstyle=|\son[a-z]+=/i)
  })

  test('is revalidated by its ETag without sending a body', async () => {
    const html = await (await fetch(`${server.url}/dashboard/`)).text()
    const script = /<script\b[^>]*\ssrc="([^"]+)"/.exec(html)![1]!
    for (const path of ['/dashboard/', new URL(script, `${server.url}/dashboard/`).pathname]) {
      const first = await fetch(server.url + path)
      const etag = first.headers.get('etag')!
      expect(etag).toMatch(/^"[^"]+"$/)
      expect((await first.text()).length).toBeGreaterThan(0)
      const again = await fetch(server.url + path, { headers: { 'if-none-match': etag } })
      expect(again.status).toBe(304)
      expect(await again.text()).toBe('')
      expect((await fetch(server.url + path, { headers: { 'if-none-match': '"other"' } })).status).toBe(200)
    }
  })
})

describe('the tag', () => {
  const tag = (query = '?site=demo', headers: Record<string, string> = {}) =>
    fetch(`${server.url}/tag.js${query}`, { headers })

  test('may be cached for five minutes and is then revalidated by its ETag', async () => {
    const first = await tag()
    expect(first.status).toBe(200)
    expect(first.headers.get('content-type')).toMatch(/^text\/javascript/)
    expect(first.headers.get('cache-control')).toMatch(/\bmax-age=300\b/)
    expect(first.headers.get('x-content-type-options')).toBe('nosniff')
    expect(first.headers.get('set-cookie')).toBeNull()
    const again = await tag('?site=demo', { 'if-none-match': first.headers.get('etag')! })
    expect(again.status).toBe(304)
    expect(await again.text()).toBe('')
    expect(again.headers.get('cache-control')).toMatch(/\bmax-age=300\b/)
  })

  test.each(['', '?site=', '?site=nowhere', '?site=DEMO'])(
    'with the query "%s" is 404 with a reason',
    async (query) => {
      const response = await tag(query)
      expect(response.status).toBe(404)
      expect(await problemOf(response)).toMatchObject({
        code: 'unknown_site',
        detail: expect.stringMatching(/^site must be/),
      })
    },
  )

  test('has an immutable URL derived from its content, for SRI', async () => {
    const now = await tag()
    const hash = now.headers.get('etag')!.slice(1, -1)
    const pinned = await fetch(`${server.url}/tag.${hash}.js?site=demo`)
    expect(pinned.status).toBe(200)
    expect(pinned.headers.get('cache-control')).toMatch(/\bimmutable\b/)
    expect(pinned.headers.get('cache-control')).toMatch(/\bmax-age=31536000\b/)
    expect(pinned.headers.get('access-control-allow-origin')).toBe('*')
    const digest = (text: string) => createHash('sha384').update(text).digest('base64')
    expect(digest(await pinned.text())).toBe(digest(await now.text()))
    const other = await fetch(`${server.url}/tag.${'A'.repeat(hash.length)}.js?site=demo`)
    expect(other.status).toBe(404)
    await problemOf(other)
  })

  test('names its second stage, which is immutable, and the same for sites whose settings need the same code', async () => {
    const name = /"second":"(tag\.[\w-]{16}\.js)"/.exec(await (await tag()).text())?.[1]
    const second = await fetch(`${server.url}/${name}`)
    expect(second.status).toBe(200)
    expect(second.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(second.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(second.headers.get('access-control-allow-origin')).toBe('*')
    const text = await second.text()
    expect(text).not.toContain('demo')
    expect(name).toBe(`tag.${createHash('sha256').update(text).digest('base64url').slice(0, 16)}.js`)
    const other = await fetch(`${server.url}/tag.${'A'.repeat(16)}.js`)
    expect(other.status).toBe(404)
    expect((await problemOf(other)).code).toBe('unknown_version')
  })

  test('contains the site’s settings, so another site or a changed setting gives another tag', async () => {
    await server.cli('sites', 'create', '--id', 'tagged', '--origin', 'https://tagged.example')
    const first = await tag('?site=tagged')
    expect(await first.text()).toContain('"tagged"')
    expect(first.headers.get('etag')).not.toBe((await tag()).headers.get('etag'))
    await server.cli('sites', 'set', 'tagged', 'frames=true')
    await expect
      .poll(async () => (await tag('?site=tagged')).headers.get('etag'), { timeout: 20_000 })
      .not.toBe(first.headers.get('etag'))
  })

  test('contains none of the site’s secrets', async () => {
    const text = await (await tag()).text()
    for (const secret of [site.identity_secret, site.link_secret, site.write_key]) expect(text).not.toContain(secret)
  })
})

describe('timelines', () => {
  type Page = { data: Seen[]; next: string | null; has_more: boolean }
  const read = (path: string) => server.get<Page>(`/api/v1/${path}`)

  test('list events oldest first, each with the link that assigns it to the contact', async () => {
    await server.post('/api/v1/contacts', [{ id: 'timed' }])
    const visitors = [newVisitor(), newVisitor()] as const
    const login = async (minutes: number) =>
      event('identify', minutes * MINUTE, {
        kind: 'login',
        token: await signLogin(site.identity_secret, 'timed', {
          seconds: Math.floor(Date.now() / 1000) - minutes * 60,
        }),
      })
    const phone = [
      event('page', 50 * MINUTE),
      await login(40),
      event('view_item', 20 * MINUTE, { items: [{ item_id: 'ring' }] }),
    ]
    const laptop = [
      await login(45),
      event('page', 30 * MINUTE, undefined, { url: 'https://shop.example/a', title: 'A' }),
    ]
    await sendAll(server, visitors[0], [...phone].reverse())
    await sendAll(server, visitors[1], laptop)
    await settled(server)
    const expected = [phone[0]!, laptop[0]!, phone[1]!, laptop[1]!, phone[2]!]
    const { data, next, has_more } = await read('contacts/timed/timeline')
    expect({ next, has_more }).toEqual({ next: null, has_more: false })
    expect(data.map((each) => each.id)).toEqual(expected.map((each) => each.id))
    expect(data.map((each) => each.at)).toEqual(expected.map((each) => each.at))
    const links = (await server.get('/api/v1/links?contact=timed')).data as { id: string; visitor: string }[]
    for (const each of data) {
      expect(each.link).toEqual({ id: links.find((link) => link.visitor === each.visitor)!.id, strength: 'verified' })
    }
    expect(data[3]).toMatchObject({
      type: 'page',
      site: 'demo',
      visitor: visitors[1],
      url: 'https://shop.example/a',
      title: 'A',
      props: {},
    })
    expect(data[4]!.props).toEqual({ items: [{ item_id: 'ring' }] })

    const paged: string[] = []
    let after: string | null = ''
    while (after !== null) {
      const page: Page = await read(`contacts/timed/timeline?limit=2${after === '' ? '' : `&after=${after}`}`)
      expect(page.data.length).toBeLessThanOrEqual(2)
      expect(page.has_more).toBe(page.next !== null)
      paged.push(...page.data.map((each) => each.id))
      after = page.next
    }
    expect(paged).toEqual(expected.map((each) => each.id))
    expect((await read(`visitors/${visitors[0]}/timeline`)).data.map((each) => each.id)).toEqual(
      phone.map((each) => each.id),
    )
  })

  test('with strength=all include events under an unsigned login', async () => {
    await server.post('/api/v1/contacts', [{ id: 'claimed' }])
    const visitor = newVisitor()
    const [before, login, after] = [
      event('page', 3 * MINUTE),
      event('identify', 2 * MINUTE, { kind: 'login', contact_id: 'claimed' }),
      event('page', MINUTE),
    ]
    await sendAll(server, visitor, [before, login, after])
    await settled(server)
    expect((await read('contacts/claimed/timeline')).data).toEqual([])
    const all = (await read('contacts/claimed/timeline?strength=all')).data
    expect(all.map((each) => [each.id, each.link?.strength])).toEqual([
      [login.id, 'claimed'],
      [after.id, 'claimed'],
    ])
  })

  test('are empty for a contact without links, and 404 for an unknown contact', async () => {
    await server.post('/api/v1/contacts', [{ id: 'unlinked' }])
    expect(await read('contacts/unlinked/timeline')).toEqual({ data: [], next: null, has_more: false })
    for (const path of ['contacts/nobody/timeline', 'contacts/nobody', 'visitors/nobody/timeline', 'visitors/nobody']) {
      const response = await server.api(`/api/v1/${path}`)
      expect(response.status).toBe(404)
      expect((await problemOf(response)).code).toBe(path.startsWith('contacts') ? 'unknown_contact' : 'unknown_visitor')
    }
  })

  test('of one contact refuse the cursor of another', async () => {
    const visitor = newVisitor()
    await sendAll(server, visitor, [event('page', MINUTE), event('page')])
    await settled(server)
    const { next } = await read(`visitors/${visitor}/timeline?limit=1`)
    const response = await server.api(`/api/v1/contacts/unlinked/timeline?after=${next}`)
    expect(response.status).toBe(400)
    expect((await problemOf(response)).code).toBe('bad_cursor')
  })
})

describe('the overview of a small known history', () => {
  const [FIRST, SECOND] = ['2026-01-10', '2026-01-11']
  type Given = Partial<Parameters<typeof consent>[0]>

  beforeAll(async () => {
    const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'events:write')
    let choices = 0
    const tell = (
      visitor: string,
      given: Given,
      events: [at: string, type: string, props?: Record<string, unknown>][],
    ) =>
      sendAll(
        server,
        visitor,
        events.map(([at, type, props]) => ({ ...event(type, 0, props), at: `${at}Z` })),
        { sent_at: undefined, consent: consent({ id: `overview-${++choices}`, ...given }) },
        { authorization: `Bearer ${key}` },
      )
    const items = (price: number) => [{ item_id: 'ring', price, quantity: 1 }]
    const cart = (price: number, currency: string) => ({ currency, items: items(price) })
    await server.post('/api/v1/contacts', [{ id: 'counted' }])
    const seconds = Date.parse(`${FIRST}T10:00:00Z`) / 1000
    const token = await signLogin(site.identity_secret, 'counted', { seconds })
    const [one, three, five, six] = [newVisitor(), newVisitor(), newVisitor(), newVisitor()]
    await tell(one, {}, [
      [`${FIRST}T10:00:00`, 'identify', { kind: 'login', token }],
      [`${FIRST}T10:01:00`, 'add_to_cart', cart(10, 'EUR')],
      [`${FIRST}T10:06:00`, 'purchase', { ...cart(10, 'EUR'), transaction_id: 'overview-1' }],
    ])
    await tell(newVisitor(), { marketing: false }, [[`${FIRST}T11:00:00`, 'add_to_cart', cart(20.5, 'EUR')]])
    await tell(three, { identity: false, marketing: false }, [
      [`${FIRST}T23:59:59.999`, 'page'],
      [`${SECOND}T00:00:00`, 'page'],
    ])
    await tell(newVisitor(), {}, [[`${SECOND}T09:00:00`, 'add_to_cart', cart(1200, 'JPY')]])
    await tell(five, {}, [[`${SECOND}T09:00:00`, 'page']])
    await tell(five, { identity: false }, [[`${SECOND}T09:05:00`, 'consent']])
    await tell(six, {}, [[`${SECOND}T09:00:00`, 'page']])
    await tell(six, { analytics: false, identity: false, marketing: false }, [[`${SECOND}T09:05:00`, 'consent']])
    await tell(newVisitor(), {}, [
      [`${SECOND}T12:00:00`, 'add_to_cart', cart(7, 'EUR')],
      [`${SECOND}T12:00:30`, 'purchase', { ...cart(7, 'EUR'), transaction_id: 'overview-2' }],
    ])
    await settled(server)
  })

  const none = { count: 0, values: [] }
  const sum = (currency: string, value: number) => ({ count: 1, values: [{ currency, value }] })
  // What was left long ago is in no list any more, and so in no figure.
  const left = { open: none, abandoned: none, mailable: none }
  const bought = (what: object) => ({ ...what, by_link: none, anyway: what })
  const report = (query: string) => server.get(`/api/v1/reports/overview?${query}`)

  test('counts each visitor once by day and in total, with numerator and denominator', async () => {
    const first = {
      visitors: 3,
      matched: { count: 1, of: 2, rate: 1 / 2 },
      identity: { count: 2, of: 3, rate: 2 / 3 },
      marketing: { count: 1, of: 3, rate: 1 / 3 },
      withdrawals: 0,
      carts: { ...left, recovered: bought(sum('EUR', 10)) },
    }
    const second = {
      visitors: 4,
      matched: { count: 0, of: 2, rate: 0 },
      identity: { count: 2, of: 4, rate: 2 / 4 },
      marketing: { count: 3, of: 4, rate: 3 / 4 },
      withdrawals: 2,
      carts: { ...left, recovered: bought(none) },
    }
    const both = await report(`from=${FIRST}&to=${SECOND}`)
    expect(both).toEqual({
      from: FIRST,
      to: SECOND,
      missing_consent: [],
      consent_sources: expect.any(Array),
      days: [
        { date: FIRST, ...first },
        { date: SECOND, ...second },
      ],
      total: {
        visitors: 6,
        matched: { count: 1, of: 4, rate: 1 / 4 },
        identity: { count: 4, of: 6, rate: 4 / 6 },
        marketing: { count: 4, of: 6, rate: 4 / 6 },
        withdrawals: 2,
        carts: { ...left, recovered: bought(sum('EUR', 10)) },
      },
    })
    expect((await report(`from=${FIRST}&to=${FIRST}`)).total).toEqual(first)
  })

  test('has no rate for a period without visitors', async () => {
    const { total } = await report('from=2025-12-01&to=2025-12-03')
    expect(total).toMatchObject({
      visitors: 0,
      matched: { count: 0, of: 0, rate: null },
      identity: { count: 0, of: 0, rate: null },
    })
  })

  test('reports a cart that is still being filled as open', async () => {
    const change = event('add_to_cart', 0, { currency: 'EUR', items: [{ item_id: 'ring', price: 3, quantity: 2 }] })
    await sendAll(server, newVisitor(), [change])
    await settled(server)
    const day = change.at.slice(0, 10)
    expect((await report(`from=${day}&to=${day}`)).total.carts.open).toEqual(sum('EUR', 6))
  })

  test.each(['from=yesterday', 'to=2026-13-01', `from=${SECOND}&to=${FIRST}`, 'from=2020-01-01&to=2026-01-01'])(
    'refuses %s',
    async (query) => {
      const response = await server.api(`/api/v1/reports/overview?${query}`)
      expect(response.status).toBe(400)
      expect((await problemOf(response)).detail).toMatch(/must/)
    },
  )
})

describe('no public reply reveals whether a contact exists', () => {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
  beforeAll(async () => {
    await server.post('/api/v1/contacts', [{ id: 'known-7', email: 'known-7@mail.example' }])
  })

  /** Everything that a sender sees, except what depends only on the time and the visitor. */
  async function reply(props: Record<string, unknown>): Promise<unknown> {
    const visitor = newVisitor()
    const response = await send(server, batch([event('page'), event('identify', 0, props)], { visitor }), {
      origin: server.url,
    })
    const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== 'date'))
    headers['set-cookie'] = (headers['set-cookie'] ?? '').replace(/=[^;]*/, '=…').replace(/Max-Age=\d+/, 'Max-Age=…')
    const body = (await response.text()).replaceAll(visitor, 'VISITOR')
    return { status: response.status, headers, body }
  }

  test.each<[string, (id: string) => Promise<Record<string, unknown>> | Record<string, unknown>]>([
    ['an unsigned login by id', (id) => ({ kind: 'login', contact_id: id })],
    ['an unsigned login by address', (id) => ({ kind: 'login', email: `${id}@mail.example` })],
    [
      'an unsigned login by the hash of an address',
      (id) => ({ kind: 'login', email_sha256: sha256(`${id}@mail.example`) }),
    ],
    ['a signed login', async (id) => ({ kind: 'login', token: await signLogin(site.identity_secret, id) })],
    ['a form', (id) => ({ kind: 'form', email_sha256: sha256(`${id}@mail.example`) })],
    ['a mail link', (id) => ({ kind: 'link', link: linkOf(id) })],
  ])('%s', async (_, props) => {
    const known = await reply(await props('known-7'))
    expect(known).toMatchObject({
      status: 202,
      body: JSON.stringify({ visitor: 'VISITOR', accepted: 2, duplicate: 0, rejected: [] }),
    })
    expect(await reply(await props('nobody7'))).toEqual(known)
    await settled(server)
    // The replies are still the same after both claims have been decided.
    expect(await reply(await props('known-7'))).toEqual(known)
    expect(await reply(await props('nobody7'))).toEqual(known)
  })

  test('the redirect of a link does not', async () => {
    const look = async (id: string) => {
      const link = linkOf(id)
      const response = await fetch(`${server.url}/l/${link}`, { redirect: 'manual' })
      const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== 'date'))
      return JSON.stringify({ status: response.status, headers, body: await response.text() }).replaceAll(link, 'LINK')
    }
    expect(await look('known-7')).toContain('#cl=LINK')
    expect(await look('nobody7')).toBe(await look('known-7'))
  })

  function linkOf(id: string): string {
    const mac = (text: string) => createHmac('sha256', site.link_secret).update(text).digest('base64url').slice(0, 22)
    const head = `c1.mail.${mac(`contact:${id}`)}.${Math.floor(Date.now() / 1000)}`
    return `${head}.${mac(head)}`
  }
})
