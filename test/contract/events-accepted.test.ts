/**
 * How `POST /v1/events` handles a batch that it accepts: which visitor it belongs to, which cookie is returned, which
 * time each event gets, and which of its fields are stored. Results are read from the timeline, as an operator would.
 */
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WireReply } from '../../tag/wire.ts'
import { filesHolding, newVisitor, post, type SiteView, timeline, timelineStatus } from '../support/requests.ts'
import { batch, consent, event, eventId, send, settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { ENGINE } from '../support/store.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

let server: TestServer
let key: string

beforeAll(async () => {
  server = await startServer()
  key = (await server.cli<{ key: string }>('keys', 'create', '--scopes', 'events:write')).key
})
afterAll(() => server.stop())

const keyed = () => ({ authorization: `Bearer ${key}` })

/** Sends and returns status, reply and cookie. */
async function sent(body: unknown, headers: Record<string, string | null> = {}, to: TestServer = server) {
  const response = await send(to, body, headers)
  const reply = (await response.json()) as WireReply
  return { status: response.status, reply, cookie: response.headers.get('set-cookie') }
}

/** The part of a Set-Cookie that the browser sends back. */
function pairOf(cookie: string | null): string {
  expect(cookie).not.toBeNull()
  return cookie!.split(';')[0]!
}

/** The attributes of a Set-Cookie, in lower case, sorted. */
function attributesOf(cookie: string): string[] {
  return cookie
    .split(';')
    .slice(1)
    .map((each) => each.trim().toLowerCase())
    .sort()
}

describe('the reply', () => {
  test('contains the visitor and the number of accepted events, and nothing else', async () => {
    const visitor = newVisitor()
    const { status, reply } = await sent(batch([event('page'), event('view_item')], { visitor }))
    expect(status).toBe(202)
    expect(reply).toEqual({ visitor, accepted: 2, duplicate: 0, rejected: [] })
  })

  test('must not be cached because it names a visitor', async () => {
    const response = await send(server, batch([event('page')], { visitor: newVisitor() }))
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('content-type')).toMatch(/^application\/json\b/)
  })

  test.each([
    ['text/plain, as the tag sends', 'text/plain'],
    ['text/plain with a charset', 'text/plain;charset=UTF-8'],
    ['application/json', 'application/json'],
    ['application/json with a charset, in capitals', 'Application/JSON; charset=utf-8'],
  ])('%s is read', async (_, type) => {
    const visitor = newVisitor()
    const { reply } = await sent(batch([event('page')], { visitor }), { 'content-type': type })
    expect(reply).toMatchObject({ visitor, accepted: 1 })
  })

  test('a gzip body is unpacked', async () => {
    const candidate = newVisitor()
    const body = new Uint8Array(gzipSync(JSON.stringify(batch([event('page', 0, { note: 'packed' })], { candidate }))))
    const response = await post(server, body, { 'content-encoding': 'gzip' })
    expect(response.status).toBe(202)
    await settled(server)
    expect((await timeline(server, server.visitorOf(candidate))).map((each) => each.props.note)).toEqual(['packed'])
  })
})

describe('the visitor of a batch', () => {
  test('is made from a candidate, which it does not reveal, and stored in the cookie', async () => {
    const candidate = newVisitor()
    const { reply, cookie } = await sent(batch([event('page')], { candidate }))
    expect(reply.visitor).toMatch(/^[A-Za-z0-9_-]{22}$/)
    expect(pairOf(cookie)).toMatch(new RegExp(`^cv=${reply.visitor}\\.[A-Za-z0-9._-]+$`))
    const { reply: again } = await sent(batch([event('page')], { candidate }))
    expect(again.visitor).toBe(reply.visitor)
    await settled(server)
    expect(await filesHolding(server, candidate)).toEqual([])
  })

  test('without any id the collector generates one as long as a candidate', async () => {
    const { reply } = await sent(batch([event('page')]))
    const { reply: other } = await sent(batch([event('page')]))
    expect(reply.visitor).toMatch(/^[A-Za-z0-9_-]{22,32}$/)
    expect(other.visitor).not.toBe(reply.visitor)
  })

  test('the cookie takes precedence over the candidate', async () => {
    const first = await sent(batch([event('page')], { candidate: newVisitor() }))
    const { reply } = await sent(batch([event('page')], { candidate: newVisitor() }), { cookie: pairOf(first.cookie) })
    expect(reply.visitor).toBe(first.reply.visitor)
  })

  test('a batch made under the visitor of its candidate stays that visitor’s, and the cookie stays another’s', async () => {
    const { cookie } = await sent(batch([event('page')], { candidate: newVisitor() }))
    const candidate = newVisitor()
    const visitor = server.visitorOf(candidate)
    const late = await sent(batch([event('page')], { visitor, candidate }), { cookie: pairOf(cookie) })
    expect(late).toMatchObject({ reply: { visitor }, cookie: null })
  })

  test('is the one that a secret key names, whoever else the request proves, and gets no cookie', async () => {
    const own = await sent(batch([event('page')], { candidate: newVisitor() }))
    const visitor = newVisitor()
    const body = batch([event('page')], { visitor, candidate: newVisitor() })
    const named = await sent(body, { ...keyed(), cookie: pairOf(own.cookie) })
    expect(named).toMatchObject({ reply: { visitor }, cookie: null })
    expect(await sent(batch([event('page')], { visitor }), keyed())).toMatchObject({ reply: { visitor }, cookie: null })
  })

  test('the cookie is found among others', async () => {
    const first = await sent(batch([event('page')], { candidate: newVisitor() }))
    const { reply } = await sent(batch([event('page')]), { cookie: `a=1; cvx=2; ${pairOf(first.cookie)}; b="x=y"` })
    expect(reply.visitor).toBe(first.reply.visitor)
  })

  const parts = (pair: string) => pair.split('=')[1]!.split('.') as [string, string, string, string]
  test.each<[string, (pair: string, victim: string) => string]>([
    ['is the bare id', (_, victim) => `cv=${victim}`],
    [
      'has another visitor’s id with its own MAC',
      (pair, victim) => `cv=${[victim, ...parts(pair).slice(1)].join('.')}`,
    ],
    ['has a later first issue', (pair) => pair.replace(/\.(\d+)\./, (_, at) => `.${Number(at) + 1}.`)],
    ['has a later renewal', (pair) => pair.replace(/\.(\d+)\.([^.]*)$/, (_, at, mac) => `.${Number(at) + 1}.${mac}`)],
    ['has another MAC', (pair) => pair.replace(/[^.]*$/, 'A'.repeat(22))],
    ['has no MAC', (pair) => pair.replace(/\.[^.]*$/, '.')],
    ['was cut off', (pair) => pair.slice(0, -1)],
    ['has the name used on https', (pair) => `__Host-${pair}`],
  ])('a cookie that %s is ignored', async (_, forge) => {
    const candidate = newVisitor()
    const { visitor: victim } = (await sent(batch([event('page')], { candidate: newVisitor() }))).reply
    const { cookie } = await sent(batch([event('page')], { candidate: newVisitor() }))
    const { reply } = await sent(batch([event('page')], { candidate }), { cookie: forge(pairOf(cookie), victim!) })
    expect(reply.visitor).toBe(server.visitorOf(candidate))
  })

  test('a cookie of another site is ignored here and accepted there', async () => {
    await server.cli<SiteView>('sites', 'create', '--id', 'other', '--origin', 'https://other.example')
    const { reply: there, cookie } = await sent(batch([event('page')], { site: 'other', candidate: newVisitor() }))
    const candidate = newVisitor()
    const here = await sent(batch([event('page')], { candidate }), { cookie: pairOf(cookie) })
    expect(here.reply.visitor).toBe(server.visitorOf(candidate))
    const again = await sent(batch([event('page')], { site: 'other', candidate }), { cookie: pairOf(cookie) })
    expect(again.reply.visitor).toBe(there.visitor)
  })
})

// The cookie is written and read by the collector, before and without the store.
describe.runIf(ENGINE === 'sqlite')('the cookie', () => {
  test('on http is named cv, covers the whole site, is HttpOnly, and expires within 400 days', async () => {
    const { cookie } = await sent(batch([event('page')], { candidate: newVisitor() }))
    const maxAge = Number(/max-age=(\d+)/i.exec(cookie!)?.[1])
    expect(attributesOf(cookie!)).toEqual(['httponly', `max-age=${maxAge}`, 'path=/', 'samesite=lax'])
    expect(maxAge * 1000).toBeGreaterThan(360 * DAY)
    expect(maxAge * 1000).toBeLessThanOrEqual(400 * DAY)
  })

  test('is not sent again on the same day', async () => {
    const { cookie } = await sent(batch([event('page')], { candidate: newVisitor() }))
    const { status, cookie: second } = await sent(batch([event('page')]), { cookie: pairOf(cookie) })
    expect(status).toBe(202)
    expect(second).toBeNull()
  })

  test('is not sent if nothing was accepted', async () => {
    const body = batch([event('page', 30 * DAY)], { candidate: newVisitor() })
    const { reply, cookie } = await sent(body)
    expect(reply.accepted).toBe(0)
    expect(cookie).toBeNull()
  })

  test('on https is named __Host-cv and is Secure', async () => {
    const secure = await startServer({ env: { PUBLIC_URL: 'https://shop.example' } })
    try {
      const candidate = newVisitor()
      const headers = { origin: 'https://shop.example', 'sec-fetch-site': 'same-origin' }
      const visitor = secure.visitorOf(candidate)
      const { reply, cookie } = await sent(batch([event('page')], { candidate }), headers, secure)
      expect(reply.visitor).toBe(visitor)
      expect(pairOf(cookie)).toMatch(new RegExp(`^__Host-cv=${visitor}\\.[A-Za-z0-9._-]+$`))
      expect(attributesOf(cookie!)).toEqual([
        'httponly',
        expect.stringMatching(/^max-age=/),
        'path=/',
        'samesite=lax',
        'secure',
      ])
      const again = await sent(batch([event('page')]), { ...headers, cookie: pairOf(cookie) }, secure)
      expect(again).toMatchObject({ reply: { visitor }, cookie: null })
    } finally {
      await secure.stop()
    }
  })

  test('is renewed after a day and expires after 13 months at the latest, when a new visitor starts', async () => {
    const long = await startServer({ movable: true })
    try {
      const first = await sent(batch([event('page')], { candidate: newVisitor() }), {}, long)
      const { visitor } = first.reply
      await long.setClock(25 * HOUR)
      const next = await sent(batch([event('page')]), { cookie: pairOf(first.cookie) }, long)
      expect(next.reply.visitor).toBe(visitor)
      expect(pairOf(next.cookie)).not.toBe(pairOf(first.cookie))
      await long.setClock(380 * DAY)
      const last = await sent(batch([event('page')]), { cookie: pairOf(next.cookie) }, long)
      expect(last.reply.visitor).toBe(visitor)
      const maxAge = Number(/max-age=(\d+)/i.exec(last.cookie!)?.[1])
      expect((380 * DAY) / 1000 + maxAge).toBeLessThanOrEqual((396 * DAY) / 1000)
      await long.setClock(400 * DAY)
      const gone = await sent(batch([event('page')]), { cookie: pairOf(last.cookie) }, long)
      expect(gone.reply.visitor).not.toBe(visitor)
    } finally {
      await long.stop()
    }
  })
})

describe('the same event again', () => {
  test('is counted and stored once within one request, in its first version', async () => {
    const visitor = newVisitor()
    const one = event('page', 0, { n: 1 })
    const { reply } = await sent(batch([one, { ...one, props: { n: 2 } }, event('page'), one], { visitor }))
    expect(reply).toEqual({ visitor, accepted: 2, duplicate: 2, rejected: [] })
    await settled(server)
    const seen = await timeline(server, visitor)
    expect(seen).toHaveLength(2)
    expect(seen.find((each) => each.id === one.id)?.props).toEqual({ n: 1 })
  })

  test('is stored once across two requests, in its first version', async () => {
    const visitor = newVisitor()
    const one = event('page', 0, { n: 1 })
    await sent(batch([one], { visitor }))
    const { reply } = await sent(batch([{ ...one, props: { n: 2 } }], { visitor }))
    expect(reply).toEqual({ visitor, accepted: 1, duplicate: 0, rejected: [] })
    await settled(server)
    expect((await timeline(server, visitor)).map(({ id, props }) => ({ id, props }))).toEqual([
      { id: one.id, props: { n: 1 } },
    ])
  })

  test('is stored once across ten concurrent requests', async () => {
    const visitor = newVisitor()
    const one = event('page')
    await Promise.all(Array.from({ length: 10 }, () => sent(batch([one], { visitor }))))
    await settled(server)
    expect((await timeline(server, visitor)).map(({ id }) => id)).toEqual([one.id])
  })

  test('is another event when another visitor sends it', async () => {
    const [a, b] = [newVisitor(), newVisitor()]
    const one = event('page')
    await sent(batch([one], { visitor: a }))
    await sent(batch([one], { visitor: b }))
    await settled(server)
    expect([(await timeline(server, a)).length, (await timeline(server, b)).length]).toEqual([1, 1])
  })
})

describe('an invalid event is refused alone', () => {
  const good = () => event('page')
  /** An event of the given length in bytes once serialised. */
  const sized = (bytes: number, letter: string) => {
    const empty = event('page', 0, { fill: '' })
    const room = bytes - Buffer.byteLength(JSON.stringify(empty))
    const width = Buffer.byteLength(letter)
    return { ...empty, props: { fill: letter.repeat(Math.floor(room / width)) + 'x'.repeat(room % width) } }
  }

  /** Nested lists of the given depth. */
  const nested = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown

  test.each<[string, string, RegExp, () => unknown]>([
    ['has no id', 'invalid_event', /^id\b/, () => ({ ...good(), id: undefined })],
    ['has an id with a space', 'invalid_event', /^id must be 1 to 64/, () => ({ ...good(), id: 'a b' })],
    ['has an id of 65 characters', 'invalid_event', /^id must be 1 to 64/, () => ({ ...good(), id: 'i'.repeat(65) })],
    ['has no type', 'invalid_event', /^type\b/, () => ({ ...good(), type: undefined })],
    ['has an empty type', 'invalid_event', /^type\b/, () => ({ ...good(), type: '' })],
    ['has no time', 'invalid_event', /^at must be an ISO 8601 time/, () => ({ ...good(), at: undefined })],
    ['has a time in words', 'invalid_event', /^at must be an ISO 8601 time/, () => ({ ...good(), at: 'an hour ago' })],
    [
      'has a time that does not exist',
      'invalid_event',
      /^at must be an ISO 8601 time/,
      () => ({ ...good(), at: '2026-13-45T09:30:00Z' }),
    ],
    ['has a list as props', 'invalid_event', /^props\b/, () => ({ ...good(), props: [1] })],
    ['has a number as its url', 'invalid_event', /^url\b/, () => ({ ...good(), url: 7 })],
    ['is a text', 'invalid_event', /object/, () => 'page'],
    ['is null', 'invalid_event', /object/, () => null],
    [
      'is an identify without a kind',
      'invalid_event',
      /^props\.kind/,
      () => event('identify', 0, { email: 'a@b.example' }),
    ],
    [
      'is a login without an identifier',
      'invalid_event',
      /contact_id, email, email_sha256 or token/,
      () => event('identify', 0, { kind: 'login' }),
    ],
    [
      'is a login with an invalid address',
      'invalid_event',
      /^props\.email must be a mail address/,
      () => event('identify', 0, { kind: 'login', email: 'anna' }),
    ],
    [
      'is a login with an invalid hash',
      'invalid_event',
      /^props\.email_sha256 must be SHA-256/,
      () => event('identify', 0, { kind: 'login', email_sha256: 'abc' }),
    ],
    ['names "null"', 'blocked_identifier', /"null"/, () => event('identify', 0, { kind: 'login', contact_id: 'null' })],
    [
      'has an unfilled template as its id',
      'blocked_identifier',
      /contact\.id/,
      () => event('identify', 0, { kind: 'login', contact_id: '{{contact.id}}' }),
    ],
    [
      'has the hash of an empty address',
      'blocked_identifier',
      /./,
      () =>
        event('identify', 0, {
          kind: 'form',
          email_sha256: 'E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855',
        }),
    ],
    [
      'has an invalid JWT',
      'invalid_token',
      /^props\.token must be a valid JWT/,
      () => event('identify', 0, { kind: 'login', token: 'x.y.z' }),
    ],
    [
      'has a link token that was never minted',
      'invalid_token',
      /^props\.link must be a link token/,
      () => event('identify', 0, { kind: 'link', link: 'c1.m.x.1.y' }),
    ],
    ['has props 33 levels deep', 'invalid_event', /at most 32 levels/, () => event('page', 0, { deep: nested(32) })],
    [
      'has props 4,000 levels deep',
      'invalid_event',
      /at most 32 levels/,
      () => event('page', 0, { deep: nested(4000) }),
    ],
    [
      'has another field 4,000 levels deep',
      'invalid_event',
      /at most 32 levels/,
      () => ({ ...good(), other: nested(4000) }),
    ],
    ['is 8 days old', 'too_old', /last 7 days/, () => event('page', 8 * DAY)],
    ['is a second over 7 days old', 'too_old', /last 7 days/, () => event('page', 7 * DAY + 1000)],
    ['is two minutes ahead', 'in_future', /a minute ahead/, () => event('page', -2 * MINUTE)],
    ['has 32 KiB and a byte', 'event_too_large', /32768 bytes/, () => sized(32 * 1024 + 1, 'x')],
    [
      'has 32 KiB and a byte in letters of two bytes',
      'event_too_large',
      /32768 bytes/,
      () => sized(32 * 1024 + 1, 'é'),
    ],
  ])('one that %s: %s', async (_, code, message, bad) => {
    const visitor = newVisitor()
    const [before, after] = [good(), good()]
    const { status, reply } = await sent(batch([before, bad(), after], { visitor }))
    expect(status).toBe(202)
    expect(reply).toEqual({
      visitor,
      accepted: 2,
      duplicate: 0,
      rejected: [{ index: 1, code, message: expect.stringMatching(message) }],
    })
    await settled(server)
    expect((await timeline(server, visitor)).map((each) => each.id)).toEqual([before.id, after.id])
  })

  test('an event with props 32 levels deep is kept', async () => {
    const { reply } = await sent(batch([event('page', 0, { deep: nested(31) })], { visitor: newVisitor() }))
    expect(reply).toMatchObject({ accepted: 1, rejected: [] })
  })

  test('an event 15,000 levels deep is refused without a stack overflow', async () => {
    const body = JSON.stringify(batch([event('page', 0, { deep: 'HERE' }), good()], { candidate: newVisitor() }))
    const response = await post(server, body.replace('"HERE"', '['.repeat(15_000) + ']'.repeat(15_000)))
    expect(response.status).toBe(202)
    expect(await response.json()).toMatchObject({ accepted: 1, rejected: [{ index: 0, code: 'invalid_event' }] })
  })

  test('each of several invalid events is named by its index', async () => {
    const bad = [{}, event('page', 9 * DAY), good(), event('page', -HOUR)]
    const { reply } = await sent(batch(bad, { visitor: newVisitor() }))
    expect(reply.accepted).toBe(1)
    expect(reply.rejected.map(({ index, code }) => [index, code])).toEqual([
      [0, 'invalid_event'],
      [1, 'too_old'],
      [3, 'in_future'],
    ])
  })

  test.each([
    ['32 KiB', 'x'],
    ['32 KiB in letters of two bytes', 'é'],
  ])('an event of exactly %s is kept', async (_, letter) => {
    const { reply } = await sent(batch([sized(32 * 1024, letter)], { visitor: newVisitor() }))
    expect(reply).toMatchObject({ accepted: 1, rejected: [] })
  })
})

describe('the time of an event', () => {
  test.each([
    ['right', 0],
    ['30 seconds ahead', 30_000],
    ['30 seconds behind', -30_000],
  ])('a clock that is %s is trusted', async (_, skew) => {
    const visitor = newVisitor()
    const one = event('page', 5 * MINUTE - skew)
    await sent(batch([one], { visitor, sent_at: new Date(Date.now() + skew).toISOString() }))
    await settled(server)
    expect((await timeline(server, visitor))[0]!.at).toBe(one.at)
  })

  test.each([
    ['10 minutes ahead', 10 * MINUTE],
    ['10 minutes behind', -10 * MINUTE],
    ['3 days ahead', 3 * DAY],
    ['3 days behind', -3 * DAY],
    ['a year behind', -365 * DAY],
  ])('a clock that is %s is corrected by the difference', async (_, skew) => {
    const visitor = newVisitor()
    const ages = [2 * HOUR, 5 * MINUTE, 0]
    const start = Date.now()
    const events = ages.map((age) => ({ ...event('page'), at: new Date(start - age + skew).toISOString() }))
    const { reply } = await sent(batch(events, { visitor, sent_at: new Date(start + skew).toISOString() }))
    const end = Date.now()
    expect(reply.rejected).toEqual([])
    await settled(server)
    const seen = await timeline(server, visitor)
    expect(seen).toHaveLength(3)
    seen.forEach(({ at }, i) => {
      expect(Date.parse(at) + ages[i]!).toBeGreaterThanOrEqual(start)
      expect(Date.parse(at) + ages[i]!).toBeLessThanOrEqual(end)
    })
  })

  test('is checked after its correction', async () => {
    const skew = 3 * DAY
    const events = [event('page', 8 * DAY - skew), event('page', 6 * DAY - skew)]
    const sent_at = new Date(Date.now() + skew).toISOString()
    const { reply } = await sent(batch(events, { visitor: newVisitor(), sent_at }))
    expect(reply.accepted).toBe(1)
    expect(reply.rejected).toEqual([expect.objectContaining({ index: 0, code: 'too_old' })])
  })

  test('may be in another zone and is returned in UTC', async () => {
    const visitor = newVisitor()
    const at = new Date(Date.now() - HOUR)
    const local = new Date(at.getTime() + 2 * HOUR).toISOString().replace('Z', '+02:00')
    await sent(batch([{ ...event('page'), at: local }], { visitor }))
    await settled(server)
    expect((await timeline(server, visitor))[0]!.at).toBe(at.toISOString())
  })

  test('is accepted just within 7 days, or just within a minute ahead', async () => {
    const events = [event('page', 7 * DAY - MINUTE), event('page', -30_000)]
    const { reply } = await sent(batch(events, { visitor: newVisitor() }))
    expect(reply).toMatchObject({ accepted: 2, rejected: [] })
  })
})

describe('with a secret key', () => {
  test('history of any age is accepted at its own time, without sent_at', async () => {
    const visitor = newVisitor()
    const events = [event('page', 3 * 365 * DAY), event('page', 8 * DAY), event('page', 0)]
    const { reply } = await sent(batch(events, { visitor, sent_at: undefined }), keyed())
    expect(reply).toMatchObject({ visitor, accepted: 3, rejected: [] })
    await settled(server)
    expect((await timeline(server, visitor)).map((each) => each.at)).toEqual(events.map((each) => each.at))
  })

  test('500 events in a body of 1 MiB are accepted and stored', async () => {
    const visitor = newVisitor()
    const body = JSON.stringify(
      batch(
        Array.from({ length: 500 }, () => event('page')),
        { visitor },
      ),
    )
    const response = await post(server, body + ' '.repeat(1024 * 1024 - Buffer.byteLength(body)), keyed())
    expect(await response.json()).toEqual({ visitor, accepted: 500, duplicate: 0, rejected: [] })
    await settled(server)
    expect(await timeline(server, visitor)).toHaveLength(500)
  })

  test('an event has the same limit of 32 KiB', async () => {
    const large = event('page', 0, { fill: 'x'.repeat(33 * 1024) })
    const { reply } = await sent(batch([large], { visitor: newVisitor() }), keyed())
    expect(reply.rejected).toEqual([expect.objectContaining({ code: 'event_too_large' })])
  })

  test('a login without a JWT is still an unverified claim that owns nothing', async () => {
    const visitor = newVisitor()
    await server.post('/api/v1/contacts', [{ id: 'keyed-1' }])
    const events = [event('page', MINUTE), event('identify', 0, { kind: 'login', contact_id: 'keyed-1' })]
    await sent(batch(events, { visitor }), keyed())
    await settled(server)
    const { links } = await server.get(`/api/v1/visitors/${visitor}`)
    expect(links).toEqual([expect.objectContaining({ contact: 'keyed-1', strength: 'claimed' })])
    expect((await server.get('/api/v1/contacts/keyed-1/timeline')).data).toEqual([])
  })
})

describe('page addresses', () => {
  test.each([
    ['without query stay as they are', 'https://shop.example/ring', 'https://shop.example/ring'],
    ['lose their query', 'https://shop.example/ring?email=anna&id=7', 'https://shop.example/ring'],
    [
      'keep utm_*',
      'https://shop.example/ring?utm_source=mail&u=7&utm_campaign=may',
      'https://shop.example/ring?utm_source=mail&utm_campaign=may',
    ],
    ['lose a name that only ends in utm', 'https://shop.example/?my_utm_source=1&utm=2', 'https://shop.example/'],
    ['lose their fragment', 'https://shop.example/ring#cl=c1.abc', 'https://shop.example/ring'],
    [
      'lose a query and a fragment that follow kept names',
      'https://shop.example/?utm_medium=x&token=1#a?utm_source=2',
      'https://shop.example/?utm_medium=x',
    ],
    [
      'are matched by their decoded names',
      'https://shop.example/ring?%75tm_source=mail&%65mail=anna',
      'https://shop.example/ring?utm_source=mail',
    ],
    [
      'keep a value as it was written',
      'https://shop.example/ring?id=7&utm_campaign=white%20gold',
      'https://shop.example/ring?utm_campaign=white%20gold',
    ],
    ['keep the page of a router in the fragment', 'https://shop.example/#/rings/12', 'https://shop.example/#/rings/12'],
    [
      'keep it behind a kept query',
      'https://shop.example/?utm_source=a&b=1#!/r',
      'https://shop.example/?utm_source=a#!/r',
    ],
    [
      'cut the query of such a page likewise',
      'https://shop.example/app#/rings?utm_source=mail&token=1&%65mail=anna&cl=c1.abc',
      'https://shop.example/app#/rings?utm_source=mail',
    ],
    ['lose a token behind such a page', 'https://shop.example/#/rings&cl=c1.abc', 'https://shop.example/#/rings'],
    [
      'lose values in the place of a page',
      'https://shop.example/#/access_token=abc',
      'https://shop.example/#/access_token',
    ],
    [
      'write such a page as an address',
      'https://shop.example/#/bagues été\n',
      'https://shop.example/#/bagues%20%C3%A9t%C3%A9',
    ],
    [
      'lose an address in such a page',
      'https://shop.example/#/users/anna@mail.example',
      'https://shop.example/#/users/[email]',
    ],
    ['lose a query without names', 'https://shop.example/ring?&=#', 'https://shop.example/ring'],
    ['lose user and password', 'https://anna:secret@shop.example/ring', 'https://shop.example/ring'],
    ['that are not web addresses are not kept', 'javascript:alert(1)', null],
    ['that are invalid are not kept', 'not an address?email=anna', null],
  ])('%s', async (_, given, kept) => {
    const visitor = newVisitor()
    await sent(batch([event('page', 0, undefined, { url: given, referrer: given })], { visitor }))
    await settled(server)
    expect(await timeline(server, visitor)).toEqual([expect.objectContaining({ url: kept, referrer: kept })])
  })

  test('keep only the query names that the site lists', async () => {
    await server.cli('sites', 'create', '--id', 'kept', '--origin', 'https://kept.example')
    await server.cli('sites', 'set', 'kept', 'kept_query=page,filter_*')
    const visitor = newVisitor()
    const url = 'https://kept.example/list?page=2&filter_colour=red&utm_source=mail&pages=3'
    // The server sees a change of settings at its next check, within a second.
    await until(async () => {
      await sent(batch([event('page', 0, undefined, { url })], { site: 'kept', visitor }))
      await settled(server)
      return (await timeline(server, visitor)).at(-1)?.url === 'https://kept.example/list?page=2&filter_colour=red'
    }, 'the list of kept names to take effect')
  })

  test('and texts contain U+FFFD instead of NUL, which not every engine can store', async () => {
    const visitor = newVisitor()
    const choice = { ...consent({ id: 'choice\0' }), policy: 'v\0' }
    const props = { 'a\0': ['b\0', 'c\\u0000'] }
    await sent(batch([event('page', 0, props, { title: 'Rings\0' })], { visitor, consent: choice }))
    await settled(server)
    expect(await timeline(server, visitor)).toMatchObject([
      { title: 'Rings\uFFFD', props: { 'a\uFFFD': ['b\uFFFD', 'c\\u0000'] } },
    ])
    expect(await server.query('select id, policy from consents where visitor_id = ?', visitor)).toEqual([
      { id: 'choice\uFFFD', policy: 'v\uFFFD' },
    ])
  })

  test('and titles, referrers and props contain no mail address', async () => {
    const visitor = newVisitor()
    const address = 'Anna.Marie+shop@mail.example'
    const props = { note: `for ${address}`, deep: [{ [address]: address }] }
    const url = `https://shop.example/u/${encodeURIComponent(address)}?utm_term=${encodeURIComponent(address)}`
    await sent(batch([event('page', 0, props, { url, title: `Hello ${address}` })], { visitor }))
    await settled(server)
    const seen = JSON.stringify(await timeline(server, visitor))
    expect(seen).toContain('Hello ')
    expect(seen.toLowerCase()).not.toContain('mail.example')
    expect(seen.toLowerCase()).not.toContain('anna.marie')
  })
})

test.each([
  ['Product Viewed', 'view_item'],
  ['Product Added', 'add_to_cart'],
  ['Product Removed', 'remove_from_cart'],
  ['Cart Viewed', 'view_cart'],
  ['Checkout Started', 'begin_checkout'],
  ['Payment Info Entered', 'add_payment_info'],
  ['Order Completed', 'purchase'],
  ['Order Refunded', 'refund'],
  ['Products Searched', 'search'],
  ['Product List Viewed', 'view_item_list'],
  ['Signed Up', 'sign_up'],
  ['Ring Engraved', 'Ring Engraved'],
  ['toString', 'toString'],
])('Segment’s "%s" is kept as %s', async (name, type) => {
  const visitor = newVisitor()
  await sent(batch([event(name)], { visitor }))
  await settled(server)
  expect((await timeline(server, visitor)).map((each) => each.type)).toEqual([type])
})

describe('bots', () => {
  const GOOGLEBOT = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'
  const counted = async () => {
    const text = await (await fetch(`${server.url}/metrics`)).text()
    return Number(/^couture_events_total\{outcome="bot"\} (\d+)/m.exec(text)?.[1] ?? 0)
  }

  test('get 202 without an id or cookie, and their events are counted but not stored', async () => {
    const before = await counted()
    const visitor = newVisitor()
    const { status, reply, cookie } = await sent(batch([event('page'), event('page')], { visitor }), {
      'user-agent': GOOGLEBOT,
    })
    expect(status).toBe(202)
    expect(reply).toMatchObject({ visitor: null, accepted: 0, rejected: [] })
    expect(cookie).toBeNull()
    expect(await counted()).toBe(before + 2)
    await settled(server)
    expect(await timelineStatus(server, visitor)).toBe(404)
  })

  test.each(['curl/8.10.0', 'python-requests/2.32', GOOGLEBOT])(
    'a server with a key may use the user agent %s',
    async (agent) => {
      const visitor = newVisitor()
      const { reply } = await sent(batch([event('page')], { visitor }), { ...keyed(), 'user-agent': agent })
      expect(reply).toMatchObject({ visitor, accepted: 1 })
      await settled(server)
      expect(await timelineStatus(server, visitor)).toBe(200)
    },
  )
})

test('events of one batch are returned ordered by time, then by their place in it', async () => {
  const visitor = newVisitor()
  const at = new Date(Date.now() - MINUTE).toISOString()
  const [a, b, c] = [eventId(), eventId(), eventId()]
  const events = [
    { ...event('page'), id: c, at },
    { ...event('page'), id: a, at },
    { ...event('page', 5 * MINUTE), id: b },
  ]
  await sent(batch(events, { visitor }))
  await settled(server)
  expect((await timeline(server, visitor)).map((each) => each.id)).toEqual([b, c, a])
})
