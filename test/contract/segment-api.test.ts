/**
 * The endpoints of Segment's API: who may call them and in which forms, what they read, what they refuse in whole or in
 * part, and which time an event gets.
 */
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BROWSER, problemOf, type SiteView, timeline, timelineStatus } from '../support/requests.ts'
import {
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

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

let server: TestServer
let keys: SegmentKeys
beforeAll(async () => {
  server = await startServer()
  keys = await segmentKeys(server)
})
afterAll(() => server.stop())

/** A page call of a new visitor, with that visitor and its anonymous id. */
function page(more: Record<string, unknown> = {}) {
  const { anonymousId, visitor } = newAnonymous(server)
  return { visitor, anonymousId, body: call('page', { anonymousId, ...more }) }
}

async function expectTaken(response: Response): Promise<void> {
  expect([response.status, await response.text()]).toEqual([200, '{"success":true}'])
  expect(response.headers.get('couture-left-out')).toBeNull()
  await settled(server)
}

/** Expects a 200 that reports the given skipped calls. */
async function expectLeftOut(response: Response, what: string): Promise<void> {
  expect([response.status, await response.text()]).toEqual([200, '{"success":true}'])
  expect(response.headers.get('couture-left-out')).toBe(what)
  await settled(server)
}

const eventsOf = async (visitor: string) => (await timeline(server, visitor)).map((event) => event.type)

describe('authentication', () => {
  const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
  test.each<[string, (keys: SegmentKeys) => [Record<string, string>, Record<string, unknown>]]>([
    ['the write key as the user name of Basic', ({ writeKey }) => [basic(writeKey), {}]],
    ['the write key as Bearer', ({ writeKey }) => [bearer(writeKey), {}]],
    ['the write key in the body', ({ writeKey }) => [{}, { writeKey }]],
    ['the write key in the body with an empty user name', ({ writeKey }) => [basic(''), { writeKey }]],
    ['a secret key as the user name of Basic', ({ secret }) => [basic(secret), {}]],
    ['a secret key as Bearer', ({ secret }) => [bearer(secret), {}]],
    ['a secret key in the body', ({ secret }) => [{}, { writeKey: secret }]],
    ['a secret key with its site', ({ secret }) => [basic(`${secret}:demo`), {}]],
    [
      'a secret key in the header and the write key in the body',
      ({ secret, writeKey }) => [basic(secret), { writeKey }],
    ],
  ])('%s', async (_, form) => {
    const [headers, fields] = form(keys)
    const { visitor, anonymousId, body } = page()
    await expectTaken(await postBatch(server, [body], headers, fields))
    const single = { ...call('page', { anonymousId }), ...fields }
    await expectTaken(await postCall(server, 'page', single, headers))
    expect(await eventsOf(visitor)).toEqual(['page', 'page'])
  })

  test.each<[string, Record<string, string>, Record<string, unknown>]>([
    ['no key', {}, {}],
    ['an unknown key as user name', basic('wk_unknown'), {}],
    ['an unknown key as Bearer', bearer('ck_unknown'), {}],
    ['an unknown key in the body', {}, { writeKey: 'nobody' }],
    ['another scheme', { authorization: 'Digest username="x"' }, {}],
    ['an empty user name alone', basic(''), {}],
  ])('%s is 401', async (_, headers, fields) => {
    const response = await postBatch(server, [page().body], headers, fields)
    expect(response.status).toBe(401)
    expect((await problemOf(response)).code).toBe('unknown_key')
  })

  test('a secret key without the scope is 403', async () => {
    const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'matches:read')
    const response = await postBatch(server, [page().body], basic(key))
    expect(response.status).toBe(403)
    expect((await problemOf(response)).code).toBe('missing_scope')
  })

  test('with several sites, a secret key must name one', async () => {
    const other = await startServer()
    try {
      const { secret } = await segmentKeys(other)
      const shop = await other.cli<SiteView>('sites', 'create', '--id', 'shop', '--origin', 'https://s.example')
      await other.cli('sites', 'create', '--id', 'outlet', '--origin', 'https://outlet.example')
      // Until the server has noticed the second shop, the first is the only one.
      await expect.poll(async () => (await postBatch(other, [], basic(secret))).status).toBe(400)
      const unsaid = await postBatch(other, [page().body], basic(secret))
      expect([unsaid.status, (await problemOf(unsaid)).code]).toEqual([400, 'invalid_request'])
      const unknown = await postBatch(other, [page().body], basic(`${secret}:nowhere`))
      expect([unknown.status, (await problemOf(unknown)).code]).toEqual([401, 'unknown_site'])

      const inContext = page({ context: consenting(undefined, { site: 'shop' }) })
      const replies = [
        await postBatch(other, [page().body], basic(`${secret}:shop`)),
        await postCall(other, 'batch?site=shop', { batch: [page().body] }, basic(secret)),
        await postBatch(other, [page().body], basic(secret), { site: 'shop' }),
        await postBatch(other, [page().body], basic(secret), { context: { site: 'shop' } }),
        await postBatch(other, [page().body], basic(secret), { writeKey: shop.write_key }),
        await postBatch(other, [inContext.body], basic(secret)),
        // A new site's write key works at once.
        await postBatch(other, [page().body], basic(shop.write_key)),
      ]
      expect(replies.map((reply) => reply.status)).toEqual(replies.map(() => 200))
      await settled(other)
      expect(await other.query("select count(*) n from events where id like 'message-%' and site_id = 'shop'")).toEqual(
        [{ n: replies.length }],
      )
      const two = [page({ context: { site: 'shop' } }).body, page({ context: { site: 'demo' } }).body]
      expect((await postBatch(other, two, basic(secret))).status).toBe(400)
    } finally {
      await other.stop()
    }
  })
})

describe('a request that is read', () => {
  test.each(['batch', 'batch/', 'b', 'import'])('has a batch at /v1/%s', async (path) => {
    const { visitor, body } = page()
    await expectTaken(await postCall(server, path, { batch: [body] }, basic(keys.writeKey)))
    expect(await eventsOf(visitor)).toEqual(['page'])
  })

  test.each([
    ['track', 'view_item'],
    ['track/', 'view_item'],
    ['page', 'page'],
    ['screen', 'page'],
    ['identify', 'identify'],
    ['group', 'group'],
    ['alias', 'alias'],
    ['t', 'view_item'],
    ['p', 'page'],
  ])('has one call at /v1/%s', async (path, type) => {
    const { anonymousId, visitor } = newAnonymous(server)
    const fields = { anonymousId, userId: 'u-9', event: 'Product Viewed', groupId: 'g', previousId: anonymousId }
    const { type: _, ...body } = call('', fields)
    await expectTaken(await postCall(server, path, body, basic(keys.writeKey)))
    expect(await eventsOf(visitor)).toEqual([type])
  })

  test.each([
    'text/plain',
    'text/plain;charset=UTF-8',
    'application/json; charset=utf-8',
    'application/x-www-form-urlencoded',
    'application/octet-stream',
  ])('has JSON with the content type %s', async (type) => {
    const { visitor, body } = page()
    await expectTaken(await postBatch(server, [body], { ...basic(keys.writeKey), 'content-type': type }))
    expect(await eventsOf(visitor)).toEqual(['page'])
  })

  test('may be compressed with gzip', async () => {
    const { visitor, body } = page()
    const packed = gzipSync(JSON.stringify({ batch: [body] }))
    const headers = { ...basic(keys.writeKey), 'content-encoding': 'gzip' }
    await expectTaken(await postCall(server, 'batch', new Uint8Array(packed), headers))
    expect(await eventsOf(visitor)).toEqual(['page'])
  })

  test('may have a context for the whole batch, which each call can override', async () => {
    const [whole, own] = [newAnonymous(server), newAnonymous(server)]
    const calls = [
      call('page', { anonymousId: whole.anonymousId, context: {} }),
      call('page', { anonymousId: own.anonymousId, context: consenting({ Analytics: false }) }),
    ]
    const response = await postBatch(server, calls, basic(keys.writeKey), { context: consenting() })
    await expectLeftOut(response, 'no_consent=1')
    expect(await eventsOf(whole.visitor)).toEqual(['page'])
    expect(await timelineStatus(server, own.visitor)).toBe(404)
  })

  test('may have an empty batch', async () => {
    await expectTaken(await postBatch(server, [], basic(keys.writeKey)))
  })
})

describe('a request refused as a whole', () => {
  test.each<[string, string, unknown, number, string]>([
    ['no JSON', 'batch', '{', 400, 'invalid_json'],
    ['a list', 'batch', [], 400, 'invalid_request'],
    ['a batch without calls', 'batch', { batch: {} }, 400, 'invalid_request'],
    ['more than 500 KB', 'batch', { batch: [], pad: 'x'.repeat(512_000) }, 413, 'too_large'],
    ['more than 2,500 calls', 'batch', { batch: Array(2501).fill(0) }, 413, 'too_many_events'],
  ])('%s', async (_, path, body, status, code) => {
    const response = await postCall(server, path, body, basic(keys.writeKey))
    expect([response.status, (await problemOf(response)).code]).toEqual([status, code])
  })

  test('2,500 calls are accepted', async () => {
    const { anonymousId, visitor } = newAnonymous(server)
    const calls = Array.from({ length: 2500 }, (_, i) => ({ type: 'page', messageId: `many-${i}`, anonymousId }))
    const response = await postBatch(server, calls, basic(keys.writeKey), { context: consenting() })
    await expectTaken(response)
    expect(await server.query('select count(*) n from events where visitor_id = ?', visitor)).toEqual([{ n: 2500 }])
  })
})

describe('a call refused alone and counted', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['an unknown type', { type: 'trace' }, 'invalid_event'],
    ['no type', { type: undefined }, 'invalid_event'],
    ['a track without a name', { type: 'track' }, 'invalid_event'],
    ['an invalid time', { timestamp: 'yesterday' }, 'invalid_event'],
    ['nobody', { anonymousId: undefined }, 'invalid_event'],
    ['the anonymous id "null"', { anonymousId: 'null' }, 'blocked_identifier'],
    ['the anonymous id "undefined"', { anonymousId: 'undefined' }, 'blocked_identifier'],
    ['a placeholder as user id', { anonymousId: null, userId: '{{user.id}}' }, 'blocked_identifier'],
    ['an identify of "null"', { type: 'identify', userId: 'null' }, 'blocked_identifier'],
    ['a call over 32 KiB', { properties: { pad: 'x'.repeat(33_000) } }, 'event_too_large'],
    ['a call from eight days ago', { timestamp: new Date(Date.now() - 8 * DAY).toISOString() }, 'too_old'],
    ['a call in the future', { timestamp: new Date(Date.now() + 10 * MINUTE).toISOString() }, 'in_future'],
    ['a crawler', { context: consenting(undefined, { userAgent: 'Mozilla/5.0 (compatible; Googlebot/2.1)' }) }, 'bot'],
  ])('%s', async (_, fields, code) => {
    const { visitor, body } = page()
    const bad = { ...call('page'), ...newAnonymous(server), ...fields }
    await expectLeftOut(await postBatch(server, [bad, body], basic(keys.writeKey)), `${code}=1`)
    expect(await eventsOf(visitor)).toEqual(['page'])
  })

  test('a crawler is recognised by its header', async () => {
    const { visitor, body } = page()
    const headers = { ...basic(keys.writeKey), 'user-agent': 'Googlebot/2.1 (+http://www.google.com/bot.html)' }
    await expectLeftOut(await postBatch(server, [body], headers), 'bot=1')
    expect(await timelineStatus(server, visitor)).toBe(404)
  })

  test.each(['analytics-node/6.2.0', 'analytics-node-next/latest', 'node-fetch', 'analytics-python/2.3', 'okhttp/4.9'])(
    'a server with the user agent %s is not a crawler',
    async (agent) => {
      const { visitor, body } = page()
      await expectTaken(await postBatch(server, [body], { ...basic(keys.writeKey), 'user-agent': agent }))
      expect(await eventsOf(visitor)).toEqual(['page'])
    },
  )
})

test.each<[string, string]>([
  ['an extremely nested call', `{"batch":[${'['.repeat(100_000)}${']'.repeat(100_000)}]}`],
  ['an extremely nested context', `{"batch":[{}],"context":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  ['an extremely nested time', `{"sentAt":${'['.repeat(100_000)}${']'.repeat(100_000)},"batch":[${oneCall()}]}`],
  [
    'members named like properties of every object',
    `{"batch":[${oneCall('"__proto__":{"type":1},"constructor":2,"toString":3')}]}`,
  ],
  ['an event with such a name', `{"batch":[${oneCall('"event":"constructor","properties":{"__proto__":{"a":1}}')}]}`],
  [
    'values of wrong types',
    `{"batch":[${oneCall('"context":3,"properties":[1],"event":{},"traits":"x","userId":{}')}]}`,
  ],
  ['calls that are not objects', '{"batch":[null,1,"x",[],true],"context":null,"sentAt":{},"writeKey":7}'],
])('%s does no harm', async (_, body) => {
  const response = await postCall(server, 'batch', body, basic(keys.writeKey))
  expect([response.status, await response.text()]).toEqual([200, '{"success":true}'])
  await settled(server)
})

/** A track call as JSON without id and time, with further fields inserted verbatim. */
function oneCall(more = '"event":"Product Added"'): string {
  const context = JSON.stringify(consenting())
  return `{"type":"track","anonymousId":"of-a-call-that-does-no-harm","context":${context},${more}}`
}

describe('stored once', () => {
  test('a call that is repeated in the same or another request', async () => {
    const { visitor, body } = page()
    await expectLeftOut(await postBatch(server, [body, body], basic(keys.writeKey)), 'duplicate=1')
    await expectTaken(await postBatch(server, [body], basic(keys.writeKey)))
    expect(await eventsOf(visitor)).toEqual(['page'])
  })

  test('a call without a messageId that is repeated with a new sentAt', async () => {
    const { visitor, body } = page({ messageId: undefined })
    const sentAt = new Date(Date.now() - 1000).toISOString()
    await expectTaken(await postBatch(server, [body], basic(keys.writeKey), { sentAt }))
    const again = { ...body, sentAt: new Date().toISOString() }
    await expectTaken(await postBatch(server, [again], basic(keys.writeKey)))
    expect(await eventsOf(visitor)).toEqual(['page'])
  })

  test('a call whose messageId is not a valid id, or is an address', async () => {
    const { anonymousId, visitor } = newAnonymous(server)
    const ids = ['with space', 'ann@mail.example', 'x'.repeat(200), 'é']
    const calls = ids.map((messageId) => call('page', { anonymousId, messageId }))
    await expectTaken(await postBatch(server, calls, basic(keys.writeKey)))
    await expectTaken(await postBatch(server, calls, basic(keys.writeKey)))
    expect((await timeline(server, visitor)).map((event) => event.id)).toEqual(
      ids.map(() => expect.stringMatching(/^h\.[A-Za-z0-9_-]{22}$/)),
    )
  })
})

describe('the time of an event', () => {
  const at = Date.parse('2024-02-29T12:00:00.000Z')
  const cases: [string, Record<string, unknown>, Record<string, unknown>][] = [
    ['timestamp', { timestamp: '2024-02-29T12:00:00.000Z' }, {}],
    ['originalTimestamp', { originalTimestamp: '2024-02-29T13:00:00+01:00' }, {}],
    ['a time without a zone, in UTC', { timestamp: '2024-02-29T12:00:00' }, {}],
    ['a time with microseconds', { timestamp: '2024-02-29T12:00:00.000123+00:00' }, {}],
    ['seconds since 1970', { timestamp: at / 1000 }, {}],
    ['timestamp, where it was corrected already', { timestamp: at, originalTimestamp: at - DAY }, { sentAt: 1e9 }],
  ]
  test.each(cases)('is %s for history sent with a secret key', async (_, fields, more) => {
    const { visitor, body } = page({ timestamp: undefined, ...fields })
    await expectTaken(await postCall(server, 'batch', { batch: [body], ...more }, basic(keys.secret)))
    expect((await timeline(server, visitor)).map((event) => Date.parse(event.at))).toEqual([at])
  })

  test.each(['the batch', 'the call'])(
    'is corrected by the sentAt of %s if the clock is two hours late',
    async (whose) => {
      const behind = (ms: number) => new Date(Date.now() - 2 * 60 * MINUTE - ms).toISOString()
      const sentAt = behind(0)
      const { visitor, body } = page({
        timestamp: undefined,
        originalTimestamp: behind(5000),
        ...(whose === 'the call' ? { sentAt } : {}),
      })
      const batch = { batch: [body], ...(whose === 'the batch' ? { sentAt } : {}) }
      const before = Date.now()
      await expectTaken(await postCall(server, 'batch', batch, basic(keys.writeKey)))
      const [event] = await timeline(server, visitor)
      expect(Math.abs(Date.parse(event!.at) - (before - 5000))).toBeLessThan(2000)
    },
  )

  test('is the time of receipt for a call without a time', async () => {
    const before = Date.now()
    const { visitor, body } = page({ timestamp: undefined })
    await expectTaken(await postCall(server, 'page', body, basic(keys.writeKey)))
    const [event] = await timeline(server, visitor)
    expect(Date.parse(event!.at)).toBeGreaterThanOrEqual(before)
    expect(Date.parse(event!.at)).toBeLessThanOrEqual(Date.now())
  })
})

describe('a call from a browser', () => {
  const browser = (origin: string) => ({ origin, 'user-agent': BROWSER, 'content-type': 'text/plain' })

  test('of the site can read replies and errors, and the browser is recognised', async () => {
    const context = consenting(undefined, {
      page: { url: `${server.url}/coats?size=4&utm_source=mail`, referrer: 'https://g.example/?q=ann', title: 'Coats' },
    })
    const { visitor, body } = page({ context, writeKey: keys.writeKey })
    const response = await postCall(server, 'p', body, browser(server.url))
    expect(response.headers.get('access-control-allow-origin')).toBe(server.url)
    await expectTaken(response)
    expect(await timeline(server, visitor)).toMatchObject([
      { url: `${server.url}/coats?utm_source=mail`, referrer: 'https://g.example/', title: 'Coats' },
    ])
    expect(await server.query('select browser, os from devices where visitor_id = ?', visitor)).toEqual([
      { browser: 'Firefox', os: 'Linux' },
    ])
    const refused = await postCall(server, 'p', '{', browser(server.url))
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([400, server.url])
  })

  test('of another site is refused', async () => {
    const { visitor, body } = page({ writeKey: keys.writeKey })
    const response = await postCall(server, 'p', body, browser('https://evil.example'))
    expect([response.status, (await problemOf(response)).code]).toEqual([403, 'origin_not_allowed'])
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    expect(await timelineStatus(server, visitor)).toBe(404)
  })

  test('has its preflight answered', async () => {
    const headers = { origin: server.url, 'access-control-request-method': 'POST' }
    const response = await fetch(`${server.url}/v1/batch`, { method: 'OPTIONS', headers })
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([204, server.url])
    expect(response.headers.get('access-control-allow-headers')).toMatch(/authorization/)
  })
})

test('an address that sends too much gets 429 with Retry-After', async () => {
  const proxied = await startServer({ env: { TRUST_PROXY: '1' } })
  try {
    const { writeKey } = await segmentKeys(proxied)
    const once = () => postBatch(proxied, [], { ...basic(writeKey), 'x-forwarded-for': '203.0.113.9' })
    let refused: Response | undefined
    for (let round = 0; round < 100 && !refused; round++) {
      const replies = await Promise.all(Array.from({ length: 50 }, once))
      refused = replies.find((reply) => reply.status === 429)
      await Promise.all(replies.map((reply) => (reply === refused ? null : reply.body?.cancel())))
    }
    expect(refused?.status).toBe(429)
    expect(Number(refused!.headers.get('retry-after'))).toBeGreaterThan(0)
  } finally {
    await proxied.stop()
  }
})
