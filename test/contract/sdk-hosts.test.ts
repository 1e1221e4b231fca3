/**
 * The host that Segment's and RudderStack's SDKs are pointed at: the settings that they fetch first, the preflights of
 * their browsers, their paths, their ways to send a key, and how they state ids, consent and campaigns.
 */
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BROWSER, filesHolding, problemOf, type SiteView, timeline } from '../support/requests.ts'
import {
  ALL,
  basic,
  call,
  consenting,
  newAnonymous,
  postBatch,
  postCall,
  type SegmentKeys,
  segmentKeys,
} from '../support/segment-requests.ts'
import { settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

const SHOP = 'https://shop.example'
const ELSEWHERE = 'https://elsewhere.example'

let server: TestServer
let keys: SegmentKeys
/** A site of its own, with origins of its own. */
let shop: SiteView
beforeAll(async () => {
  server = await startServer({ env: { PUBLIC_URL: 'https://shop.example/c' } })
  shop = await server.cli<SiteView>('sites', 'create', '--id', 'shop', '--origin', SHOP)
  keys = await segmentKeys(server)
})
afterAll(() => server?.stop())

async function expectTaken(response: Response): Promise<void> {
  expect([response.status, await response.text()]).toEqual([200, '{"success":true}'])
  expect(response.headers.get('couture-left-out')).toBeNull()
  await settled(server)
}

const typesOf = async (visitor: string) => (await timeline(server, visitor)).map((event) => event.type)

/** A page call of a new visitor of the demo, with that visitor. */
function page(more: Record<string, unknown> = {}) {
  const { anonymousId, visitor } = newAnonymous(server)
  return { visitor, anonymousId, body: call('page', { anonymousId, ...more }) }
}

describe('a preflight', () => {
  const ask = (path: string, origin: string, headers: string, method = 'POST') =>
    fetch(server.url + path, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': headers },
    })

  test.each([
    ['/v1/t', 'authorization,content-type', 'POST'],
    ['/v1/b', 'authorization,content-type,x-retry-count', 'POST'],
    ['/v1/track', 'anonymousid,authorization,content-type,sentat', 'POST'],
    ['/v1/page', 'anonymousid,authorization,content-type,rsa-recovered,sentat', 'POST'],
    [
      '/v1/batch',
      'anonymousid,authorization,rsa-retry-attempt,rsa-retry-reason,rsa-since-first-attempt,rsa-since-last-attempt,sentat',
      'POST',
    ],
    ['/v1/batch', 'content-encoding,x-shop-release', 'POST'],
    ['/beacon/v1/batch', 'content-type', 'POST'],
    ['/v1/events', 'authorization,content-encoding,content-type', 'POST'],
    ['/sourceConfig/?writeKey=k', 'authorization', 'GET'],
    ['/sourceConfig', 'authorization,content-type', 'GET'],
    ['/v1/projects/k/settings', 'content-type', 'GET'],
  ])('of %s with %s by %s is allowed for the sites’ origins only', async (path, headers, method) => {
    const allowed = await ask(path, SHOP, headers, method)
    expect([allowed.status, allowed.headers.get('access-control-allow-origin')]).toEqual([204, SHOP])
    expect(allowed.headers.get('access-control-allow-methods')).toContain(method)
    expect(allowed.headers.get('vary')).toContain('Origin')
    const names = allowed.headers.get('access-control-allow-headers')!.split(', ')
    expect(names).toEqual(expect.arrayContaining(headers.split(',')))
    const refused = await ask(path, ELSEWHERE, headers, method)
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([204, null])
    expect(refused.headers.get('access-control-allow-credentials')).toBeNull()
  })

  test('names what SDKs send also if it does not ask', async () => {
    const response = await fetch(`${server.url}/v1/batch`, { method: 'OPTIONS', headers: { origin: SHOP } })
    const names = response.headers.get('access-control-allow-headers')!.split(', ')
    expect(names).toEqual(expect.arrayContaining(['anonymousid', 'sentat', 'authorization', 'content-type']))
  })

  test.each(['a'.repeat(5000), 'x y', 'é', Array(500).fill('x-a').join(',')])(
    'echoes no header like %.20s',
    async (asked) => {
      const response = await fetch(`${server.url}/v1/batch`, {
        method: 'OPTIONS',
        headers: { origin: SHOP, 'access-control-request-headers': Buffer.from(asked).toString('latin1') },
      })
      expect(response.status).toBe(204)
      expect(response.headers.get('access-control-allow-headers')!.length).toBeLessThan(1000)
    },
  )
})

describe('the settings of Segment’s SDKs', () => {
  const settings = (key: string, headers: Record<string, string> = {}) =>
    fetch(`${server.url}/v1/projects/${key}/settings`, { headers })

  test('name this host, no destination, and the categories of the site', async () => {
    await server.cli('sites', 'set', 'shop', 'consent_map=*=analytics,Analytics=analytics,Publicité=marketing')
    await expect
      .poll(async () => (await (await settings(shop.write_key)).json()).consentSettings.allCategories)
      .toEqual(['Analytics', 'Publicité'])
    const response = await settings(shop.write_key, { origin: SHOP })
    expect(response.headers.get('access-control-allow-origin')).toBe(SHOP)
    expect(response.headers.get('access-control-allow-credentials')).toBeNull()
    const body = await response.json()
    expect(body.integrations).toEqual({
      'Segment.io': expect.objectContaining({
        apiKey: shop.write_key,
        apiHost: 'shop.example/c/v1',
        protocol: 'https',
      }),
    })
    expect(body).toMatchObject({ metrics: { sampleRate: 0 }, remotePlugins: [], legacyVideoPluginsEnabled: false })
    expect(JSON.stringify(body)).not.toContain(shop.identity_secret)
  })

  test.each(['unknown', '%00', '..%2f', 'x'.repeat(5000)])('of the key %.10s do not exist', async (key) => {
    const response = await settings(key)
    expect([response.status, (await problemOf(response)).code]).toEqual([404, 'unknown_key'])
  })

  test('are not told to a secret key, nor to a page of another site', async () => {
    expect((await settings(keys.secret)).status).toBe(404)
    const response = await settings(shop.write_key, { origin: ELSEWHERE })
    expect([response.status, (await problemOf(response)).code]).toEqual([403, 'origin_not_allowed'])
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
  })
})

describe('the source of RudderStack’s SDKs', () => {
  const source = (query: string, headers: Record<string, string> = {}, path = '/sourceConfig') =>
    fetch(`${server.url}${path}${query}`, { headers })

  test.each<[string, (key: string) => Promise<Response>]>([
    [
      'in a browser',
      (key) => source(`?p=npm&v=3.34.1&writeKey=${key}`, { origin: SHOP, ...basic(key) }, '/sourceConfig/'),
    ],
    ['on Android', (key) => source('?p=android&v=1.27.0&bv=34', basic(key))],
    ['on iOS', (key) => source('?p=ios&v=1.31.0', basic(key))],
    ['in Unity', (key) => source(`?p=unity&v=1.0.0&w=${key}`, basic(key))],
    ['with its key in the query only', (key) => source(`?writeKey=${key}`)],
  ])('%s', async (_, asked) => {
    const response = await asked(shop.write_key)
    expect(response.status).toBe(200)
    // Each of these members is required by one of the SDKs.
    expect(await response.json()).toMatchObject({
      isHosted: true,
      source: {
        id: 'shop',
        name: 'shop',
        writeKey: shop.write_key,
        enabled: true,
        workspaceId: expect.any(String),
        updatedAt: expect.any(String),
        config: { statsCollection: { errors: { enabled: false }, metrics: { enabled: false } } },
        destinations: [],
        connections: [],
      },
    })
  })

  test.each<[string, string, Record<string, string>]>([
    ['unknown', '?writeKey=nothing', {}],
    ['missing', '?p=android', {}],
    ['secret', '', {}],
  ])('of an %s key is refused in the words that the SDKs know', async (what, query, headers) => {
    const response = await source(query, what === 'secret' ? basic(keys.secret) : headers)
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ code: 'unknown_key', message: 'Invalid write key' })
  })

  test('can be read by the page that asks', async () => {
    const response = await source(`?writeKey=${shop.write_key}`, { origin: SHOP })
    expect(response.headers.get('access-control-allow-origin')).toBe(SHOP)
    expect((await source(`?writeKey=${shop.write_key}`, { origin: ELSEWHERE })).status).toBe(403)
  })
})

describe('the paths', () => {
  test.each(['v1/batch', 'beacon/v1/batch', 'beacon/v1/batch/', 'v1/import', '/v1/batch', '/v1//b'])(
    'a batch is taken at /%s',
    async (path) => {
      const { visitor, body } = page()
      const init = { method: 'POST', headers: basic(keys.writeKey), body: JSON.stringify({ batch: [body] }) }
      await expectTaken(await fetch(`${server.url}/${path}`, init))
      expect(await typesOf(visitor)).toEqual(['page'])
    },
  )

  test.each([
    ['track', { event: 'Product Viewed' }, 'view_item'],
    ['page', { name: 'Coats' }, 'page'],
    ['screen', { event: 'Coats', properties: { name: 'Coats' } }, 'page'],
    ['identify', { userId: 'u-1', context: consenting(ALL, { traits: { plan: 'x' } }) }, 'identify'],
    ['group', { groupId: 'g-1', traits: { name: 'Trade' } }, 'group'],
    ['alias', { userId: 'u-1', previousId: 'u-0' }, 'alias'],
  ])('a call of RudderStack without a type is taken at /v1/%s', async (path, fields, type) => {
    const { anonymousId, visitor } = newAnonymous(server)
    const { type: _, ...body } = call('', { anonymousId, channel: 'web', integrations: { All: true }, ...fields })
    await expectTaken(await postCall(server, path, body, basic(keys.writeKey)))
    expect(await typesOf(visitor)).toEqual([type])
  })

  test.each([
    {
      mergeProperties: [
        { type: 'email', value: 'a@mail.example' },
        { type: 'mobile', value: '+33' },
      ],
    },
    { mergeProperties: [], ...{ anonymousId: 'an-anonymous-id-that-is-long-enough' } },
    {},
  ])('a merge is answered and merges nobody', async (fields) => {
    const { type: _, ...body } = call('', fields)
    const response = await postCall(server, 'merge', body, basic(keys.writeKey))
    expect([response.status, await response.text()]).toEqual([200, '{"success":true}'])
    expect(response.headers.get('couture-left-out')).toBe('invalid_event=1')
    const inBatch = await postBatch(server, [{ ...body, type: 'merge' }], basic(keys.writeKey))
    expect([inBatch.status, inBatch.headers.get('couture-left-out')]).toEqual([200, 'invalid_event=1'])
  })
})

describe('a key', () => {
  test.each<[string, (keys: SegmentKeys) => [string, Record<string, string>]]>([
    ['in the query, as RudderStack’s beacons send it', ({ writeKey }) => [`/beacon/v1/batch?writeKey=${writeKey}`, {}]],
    ['in the query of any path', ({ writeKey }) => [`/v1/batch?writeKey=${writeKey}`, {}]],
    ['as Basic without a colon', ({ writeKey }) => ['/v1/batch', { authorization: `Basic ${btoa(writeKey)}` }]],
    ['as Basic with a password', ({ writeKey }) => ['/v1/batch', { authorization: `Basic ${btoa(`${writeKey}:x`)}` }]],
    ['as basic in lower case', ({ writeKey }) => ['/v1/batch', { authorization: `basic ${btoa(`${writeKey}:`)}` }]],
  ])('%s', async (_, form) => {
    const [path, headers] = form(keys)
    const { visitor, body } = page()
    const sent = JSON.stringify({ batch: [body], sentAt: new Date().toISOString() })
    await expectTaken(await fetch(server.url + path, { method: 'POST', headers, body: sent }))
    expect(await typesOf(visitor)).toEqual(['page'])
  })

  test('in the query must be a write key: addresses end in logs', async () => {
    const response = await postCall(server, `batch?writeKey=${keys.secret}`, { batch: [page().body] })
    expect([response.status, (await problemOf(response)).code]).toEqual([401, 'unknown_key'])
  })

  test.each<[string, Record<string, string>]>([
    ['unknown', basic('nothing')],
    ['missing', {}],
  ])('that is %s is refused in the words that the SDKs know', async (_, headers) => {
    const response = await postBatch(server, [page().body], headers)
    expect(response.status).toBe(401)
    expect((await problemOf(response)).detail).toMatch(/^invalid write key: /)
  })

  test('that is secret and names no site is that of the only shop; with two shops the reply says what to do', async () => {
    const { body, anonymousId } = page()
    await expectTaken(await postBatch(server, [body], basic(keys.secret)))
    expect(await server.query('select site_id from events where id = ?', body.messageId)).toEqual([{ site_id: 'shop' }])
    expect(anonymousId).toBeTruthy()
    await server.cli('sites', 'create', '--id', 'outlet', '--origin', 'https://outlet.example')
    await expect.poll(async () => (await postBatch(server, [], basic(keys.secret))).status).toBe(400)
    const response = await postBatch(server, [page().body], basic(keys.secret))
    expect((await problemOf(response)).detail).toMatch(/(shop, outlet|outlet, shop).*KEY:SITE.*\?site=.*context\.site/)
    await expectTaken(await postBatch(server, [page().body], basic(`${keys.secret}:outlet`)))
  })
})

describe('a body', () => {
  test('of a beacon has no content type', async () => {
    const { visitor, body } = page()
    const bytes = new TextEncoder().encode(JSON.stringify({ batch: [body] }))
    const response = await fetch(`${server.url}/beacon/v1/batch?writeKey=${keys.writeKey}`, {
      method: 'POST',
      headers: { 'user-agent': BROWSER, origin: server.url },
      body: bytes,
    })
    await expectTaken(response)
    expect(await typesOf(visitor)).toEqual(['page'])
  })

  test('may be gzip with a type of its own', async () => {
    const { visitor, body } = page()
    const packed = new Uint8Array(gzipSync(JSON.stringify({ batch: [body], writeKey: keys.writeKey })))
    const headers = { 'content-encoding': 'gzip', 'content-type': 'application/json; charset=utf-8' }
    await expectTaken(await postCall(server, 'b', packed, headers))
    expect(await typesOf(visitor)).toEqual(['page'])
  })
})

test.each([
  'unknown',
  'Dalvik/2.1.0 (Linux; U; Android 13; Pixel 7 Build/TQ3A)',
  'okhttp/4.12.0',
  'analytics-android 4.11.3',
  'UnityPlayer/2021.3.1f1 (UnityWebRequest/1.0, libcurl/7.80.0-DEV)',
  'ReactNative',
  'Shop/1.2 CFNetwork/1490.0.4 Darwin/23.2.0',
])('an app that calls itself %s is no crawler', async (userAgent) => {
  const { visitor, body } = page({ context: consenting(ALL, { userAgent }), channel: 'mobile' })
  await expectTaken(await postBatch(server, [body], { ...basic(keys.writeKey), 'user-agent': userAgent }))
  expect(await typesOf(visitor)).toEqual(['page'])
})

describe('an anonymous id', () => {
  const uuid = () => crypto.randomUUID()
  const json = (text: string) => Buffer.from(JSON.stringify(text)).toString('base64')

  test.each<[string, (id: string) => unknown]>([
    ['in quotes', (id) => `"${id}"`],
    ['as it stands in the cookie of analytics.js', (id) => `%22${id}%22`],
    ['in lower-case encoding', (id) => `%22${id}%22`.toLowerCase()],
    ['encoded twice', (id) => `%2522${id}%2522`],
    ['as JSON of JSON', (id) => JSON.stringify(JSON.stringify(id))],
    ['as it stands in the cookie of RudderStack', (id) => `RS_ENC_v3_${json(id)}`],
    ['as it stands in that cookie, encoded', (id) => encodeURIComponent(`RS_ENC_v3_${json(id)}`)],
    ['with space around it', (id) => ` ${id}\n`],
  ])('%s is the browser’s own', async (_, form) => {
    const id = uuid()
    const calls = [call('page', { anonymousId: id }), call('page', { anonymousId: form(id) })]
    for (const key of [keys.writeKey, `${keys.secret}:demo`]) {
      const again = calls.map((each) => ({ ...each, messageId: uuid() }))
      expect((await postBatch(server, again, basic(key))).headers.get('couture-left-out')).toBeNull()
    }
    await settled(server)
    expect(await typesOf(`s:${server.visitorOf(id)}`)).toEqual(['page', 'page', 'page', 'page'])
  })

  test.each<[string, unknown, unknown]>([
    ['with a bar', `a|${'b'.repeat(30)}`, 'x|y'],
    ['of 63 characters', 'l'.repeat(63), 'm'.repeat(64)],
    ['of 4,000 characters', 'n'.repeat(4000), 'o'.repeat(4001)],
    ['in another script', 'посетитель-номер-один-из-многих', '访客'],
    ['as a number', 1234567, 12345678901234],
    ['with a colon, a slash and an at sign', 'u:1/2@3-and-some-more-of-it', 'u:'],
    ['of an unfinished encoding', '%E0%A4%A-and-more-of-this-text', '%'],
  ])('%s stands for one visitor each', async (_, one, other) => {
    const before = (await server.query('select 1 from visitors')).length
    for (const key of [keys.writeKey, `${keys.secret}:demo`]) {
      const calls = [one, one, other].map((anonymousId) => call('page', { anonymousId }))
      expect((await postBatch(server, calls, basic(key))).headers.get('couture-left-out')).toBeNull()
    }
    await settled(server)
    const added = (await server.query('select 1 from visitors')).length - before
    expect([2, 3, 4]).toContain(added)
  })

  test.each<[string, string]>([
    ['in quotes', '"crm-77"'],
    ['as it stands in the cookie of analytics.js', '%22crm-77%22'],
    ['as it stands in the cookie of RudderStack', `RS_ENC_v3_${json('crm-77')}`],
  ])('and a user id %s', async (_, userId) => {
    await server.post('/api/v1/contacts', [{ id: 'crm-77', email: 'crm77@mail.example', attributes: {} }])
    const { anonymousId, visitor } = newAnonymous(server)
    await expectTaken(
      await postBatch(server, [call('identify', { anonymousId, userId })], basic(`${keys.verifying}:demo`)),
    )
    expect(await server.query("select contact_id from links where visitor_id = ? and state = 'open'", visitor)).toEqual(
      [{ contact_id: 'crm-77' }],
    )
  })
})

test.each<[string, Record<string, unknown>]>([
  ['traits', { traits: { email: 'By.Trait@mail.example' } }],
  [
    'the traits of the context, as RudderStack sends them',
    { context: consenting(ALL, { traits: { email: 'by.trait@mail.example' } }) },
  ],
  ['a user id as it stands in a cookie', { userId: 'by.trait%40mail.example' }],
])('an address in %s names the user', async (_, fields) => {
  await server.post('/api/v1/contacts', [{ id: 'crm-78', email: 'by.trait@mail.example', attributes: {} }])
  const { anonymousId, visitor } = newAnonymous(server)
  await expectTaken(
    await postBatch(server, [call('identify', { anonymousId, ...fields })], basic(`${keys.verifying}:demo`)),
  )
  expect(await server.query("select contact_id from links where visitor_id = ? and state = 'open'", visitor)).toEqual([
    { contact_id: 'crm-78' },
  ])
})

describe('consent as RudderStack states it', () => {
  const managed = (consentManagement: unknown, more: object = {}) => ({ consentManagement, ...more })
  const all = ['analytics', 'functional', 'advertising']
  test.each<[string, Record<string, unknown>, string | null]>([
    ['all allowed', managed({ allowedConsentIds: all, deniedConsentIds: [], provider: 'custom' }), 'AIM'],
    ['in another case', managed({ allowedConsentIds: all.map((id) => id.toUpperCase()) }), 'AIM'],
    [
      'only analytics',
      managed({ allowedConsentIds: ['C0002'], deniedConsentIds: ['C0003', 'C0004'], provider: 'oneTrust' }),
      'A--',
    ],
    ['names by id, as OneTrust', managed({ allowedConsentIds: { C0002: 'Performance', C0003: 'Functional' } }), 'AI-'],
    ['one id in both lists is denied', managed({ allowedConsentIds: all, deniedConsentIds: ['Analytics'] }), null],
    ['all denied', managed({ allowedConsentIds: [], deniedConsentIds: all }), null],
    ['nothing said', managed({ provider: 'custom' }), null],
    ['only what is denied', managed({ deniedConsentIds: ['marketing'] }), null],
    ['not lists', managed({ allowedConsentIds: 'analytics' }), null],
    ['the name of what servers vouch for', managed({ allowedConsentIds: ['*'] }), null],
    ['beside a yes of Segment’s', managed({ allowedConsentIds: all }, consenting({ Marketing: true })), 'AIM'],
    ['beside a no of Segment’s', managed({ allowedConsentIds: all }, consenting({ Analytics: false })), null],
  ])('%s', async (_, context, purposes) => {
    const { anonymousId, visitor } = newAnonymous(server)
    const response = await postBatch(server, [call('page', { anonymousId, context })], basic(keys.writeKey))
    expect([response.status, response.headers.get('couture-left-out')]).toEqual([200, purposes ? null : 'no_consent=1'])
    await settled(server)
    const rows = await server.query<{ analytics: number; identity: number; marketing: number }>(
      'select analytics, identity, marketing from consents where visitor_id = ?',
      visitor,
    )
    const letters = rows.map(({ analytics, identity, marketing }) =>
      [analytics && 'A', identity && 'I', marketing && 'M'].map((letter) => letter || '-').join(''),
    )
    expect(letters).toEqual(purposes === null ? [] : [purposes])
  })

  test.each(['Consent Management Interaction', 'Segment Consent Preference Updated'])(
    'the event %s is the choice itself',
    async (event) => {
      const { anonymousId, visitor } = newAnonymous(server)
      const context = managed({ allowedConsentIds: all, deniedConsentIds: [] })
      await expectTaken(await postBatch(server, [call('track', { anonymousId, event, context })], basic(keys.writeKey)))
      expect(await typesOf(visitor)).toEqual(['consent'])
    },
  )
})

describe('the address of a page', () => {
  const campaign = { source: 'letter', medium: 'email', name: 'spring', term: 't', content: 'c' }
  const utm = 'utm_source=letter&utm_medium=email&utm_campaign=spring&utm_term=t&utm_content=c'
  test.each<[string, Record<string, unknown>, string]>([
    [
      'has its campaign in its query',
      { page: { url: `https://s.example/a?${utm}&x=1` } },
      `https://s.example/a?${utm}`,
    ],
    [
      'has it beside its canonical address',
      { page: { url: 'https://s.example/a', search: `?${utm}` } },
      `https://s.example/a?${utm}`,
    ],
    ['has it in the context', { page: { url: 'https://s.example/a' }, campaign }, `https://s.example/a?${utm}`],
    [
      'has it in the context and in its query',
      { page: { url: `https://s.example/a?${utm}` }, campaign },
      `https://s.example/a?${utm}`,
    ],
    ['has none', { page: { url: 'https://s.example/a?x=1#y', search: '?x=1' } }, 'https://s.example/a'],
    [
      'has a campaign of no text',
      { page: { url: 'https://s.example/a' }, campaign: { source: {}, name: 7 } },
      'https://s.example/a?utm_campaign=7',
    ],
  ])('%s', async (_, context, url) => {
    const { anonymousId, visitor } = newAnonymous(server)
    const body = call('track', { anonymousId, event: 'Looked', context: consenting(ALL, context) })
    await expectTaken(await postBatch(server, [body], basic(keys.writeKey)))
    expect((await timeline(server, visitor)).map((event) => event.url)).toEqual([url])
  })
})

test('a page call of RudderStack keeps no address but its own, without what its query holds', async () => {
  const { anonymousId, visitor } = newAnonymous(server)
  const secret = `token-${crypto.randomUUID()}`
  const address = { path: '/a', search: `?t=${secret}`, url: 'https://s.example/a', title: 'A', referrer: '$direct' }
  const others = {
    tab_url: `https://s.example/a?t=${secret}#${secret}`,
    referring_domain: '',
    initial_referrer: `https://g.example/?t=${secret}`,
    initial_referring_domain: 'g.example',
  }
  const properties = { ...address, ...others, name: 'Rings', shelf: 3 }
  const context = consenting(ALL, { page: { ...address, ...others } })
  await expectTaken(await postBatch(server, [call('page', { anonymousId, properties, context })], basic(keys.writeKey)))
  const [event] = await timeline(server, visitor)
  expect(event).toMatchObject({ url: 'https://s.example/a', title: 'A' })
  expect(event!.props).toEqual({ name: 'Rings', shelf: 3 })
  expect(await filesHolding(server, secret)).toEqual([])
})

describe('a message id', () => {
  test.each<[string, unknown, unknown]>([
    ['a number', 4711, 4712],
    ['a text with quotes', '"m-1"', '"m-2"'],
    ['a long text', 'm'.repeat(5000), 'n'.repeat(5000)],
    ['a text in another script', 'сообщение 1', 'сообщение 2'],
  ])('that is %s tells repeats from other calls', async (_, one, other) => {
    const { anonymousId, visitor } = newAnonymous(server)
    const calls = [one, one, other].map((messageId) => call('page', { anonymousId, messageId, timestamp: undefined }))
    for (const each of calls) expect((await postBatch(server, [each], basic(keys.writeKey))).status).toBe(200)
    await settled(server)
    expect(await typesOf(visitor)).toEqual(['page', 'page'])
  })
})

describe('calls of one moment', () => {
  const ids = ['z-first', 'm-second', 'a-third', 'b-fourth', 'A-fifth']
  const named = (visitor: string) =>
    timeline(server, visitor).then((events) => events.map((event) => event.id.replace(/-\d+$/, '')))
  let n = 0
  const calls = (anonymousId: string, timestamp: string) => {
    n++
    return ids.map((id) => call('page', { anonymousId, messageId: `${id}-${n}`, timestamp }))
  }

  test('keep their order in a batch', async () => {
    const { anonymousId, visitor } = newAnonymous(server)
    await expectTaken(await postBatch(server, calls(anonymousId, new Date().toISOString()), basic(keys.writeKey)))
    expect(await named(visitor)).toEqual(ids)
  })

  test('keep their order if others follow within the next milliseconds', async () => {
    const { anonymousId, visitor } = newAnonymous(server)
    const now = Date.now()
    const first = calls(anonymousId, new Date(now).toISOString())
    const next = calls(anonymousId, new Date(now + 1).toISOString())
    await expectTaken(await postBatch(server, [...first, ...next], basic(keys.writeKey)))
    expect(await named(visitor)).toEqual([...ids, ...ids])
  })

  test('keep their order in requests of their own, as browsers send them', async () => {
    const { anonymousId, visitor } = newAnonymous(server)
    for (const each of calls(anonymousId, new Date().toISOString())) {
      expect((await postBatch(server, [each], basic(keys.writeKey))).status).toBe(200)
    }
    await settled(server)
    expect(await named(visitor)).toEqual(ids)
  })

  test('add twice, then remove twice: no cart is left', async () => {
    const { anonymousId, visitor } = newAnonymous(server)
    const timestamp = new Date(Date.now() - 5000).toISOString()
    const item = { product_id: 'ring', price: 10, quantity: 1, currency: 'EUR' }
    const events = ['Product Added', 'Product Added', 'Product Removed', 'Product Removed']
    const batch = events.map((event, i) =>
      call('track', {
        anonymousId,
        event,
        timestamp,
        properties: item,
        messageId: `${'zyxw'[i]}-${crypto.randomUUID()}`,
      }),
    )
    await expectTaken(await postBatch(server, batch, basic(keys.writeKey)))
    const carts = await server.query(
      "select state from carts where visitor_id = ? and state in ('open', 'abandoned')",
      visitor,
    )
    expect(carts).toEqual([])
  })

  test('make the right cart though the first of a browser’s requests had to be repeated', async () => {
    const { anonymousId, visitor } = newAnonymous(server)
    const timestamp = new Date(Date.now() - 5000).toISOString()
    const ring = { product_id: 'ring', price: 10, quantity: 1, currency: 'EUR' }
    const picture = { currency: 'EUR', value: 10, products: [ring] }
    const sent: [string, object][] = [
      ['Checkout Started', picture],
      ['Cart Viewed', picture],
      ['Product Removed', { ...ring, product_id: 'chain' }],
      ['Product Added', { ...ring, product_id: 'chain' }],
      ['Product Added', ring],
    ]
    for (const [event, properties] of sent) {
      const body = call('track', { anonymousId, event, timestamp, properties, messageId: crypto.randomUUID() })
      expect((await postBatch(server, [body], basic(keys.writeKey))).status).toBe(200)
    }
    await settled(server)
    const types = ['add_to_cart', 'add_to_cart', 'remove_from_cart', 'view_cart', 'begin_checkout']
    expect(await typesOf(visitor)).toEqual(types)
    expect(await server.query('select value, state from carts where visitor_id = ?', visitor)).toEqual([
      { value: 1000, state: 'open' },
    ])
  })

  test('are in order of time where their times say so', async () => {
    const { anonymousId, visitor } = newAnonymous(server)
    const now = Date.now()
    const at = (ms: number, messageId: string) =>
      call('page', { anonymousId, messageId, timestamp: new Date(now + ms).toISOString() })
    await expectTaken(
      await postBatch(server, [at(0, 'late-1'), at(-2000, 'early-1'), at(-2000, 'a-early-1')], basic(keys.writeKey)),
    )
    expect(await named(visitor)).toEqual(['early', 'a-early', 'late'])
  })
})
