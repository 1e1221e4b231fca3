/**
 * Which requests `POST /v1/events` refuses as a whole, with which status, code and detail, and that nothing of a
 * refused request is stored. A shop's developer reads these replies in the browser's console, so the cross-origin
 * headers matter too.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newVisitor, post, problemOf, timelineStatus } from '../support/requests.ts'
import { batch, consent, event, settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

const KIB = 1024

let server: TestServer
let keys: { events: string; contacts: string }

beforeAll(async () => {
  server = await startServer()
  const create = async (scopes: string) => (await server.cli<{ key: string }>('keys', 'create', '--scopes', scopes)).key
  keys = { events: await create('events:write'), contacts: await create('contacts:write,admin') }
})
afterAll(() => server.stop())

type Headers = Record<string, string | null>
type Body = Record<string, unknown>

/** A valid batch with one event of a browser with this candidate, modified by `change`. */
function changed(candidate: string, change: (body: Body) => unknown): string {
  const body = batch([event('page')], { candidate })
  return JSON.stringify(change(body) ?? body)
}

const without = (name: string) => (body: Body) => {
  delete body[name]
}
const having = (name: string, value: unknown) => (body: Body) => {
  body[name] = value
}
const choosing = (name: string, value: unknown) => (body: Body) => {
  body.consent = { ...consent(), [name]: value }
}

/** A valid batch padded with spaces to the given length in bytes. */
function padded(candidate: string, bytes: number): string {
  const text = changed(candidate, () => undefined)
  return text + ' '.repeat(bytes - Buffer.byteLength(text))
}

async function expectNothingKept(candidate: string): Promise<void> {
  await settled(server)
  expect(await timelineStatus(server, server.visitorOf(candidate))).toBe(404)
}

test('the same batch without a fault is accepted and readable', async () => {
  const candidate = newVisitor()
  expect(
    (
      await post(
        server,
        changed(candidate, () => undefined),
      )
    ).status,
  ).toBe(202)
  await settled(server)
  expect(await timelineStatus(server, server.visitorOf(candidate))).toBe(200)
})

describe('a body of the wrong shape is 400, and the detail names the field and what it must be', () => {
  test.each<[string, (body: Body) => unknown, RegExp]>([
    ['no site', without('site'), /^site\b.*string/],
    ['a site that is a number', having('site', 7), /^site\b.*string/],
    ['no consent', without('consent'), /^consent\b.*object/],
    ['a consent without an id', choosing('id', undefined), /^consent\.id\b.*string/],
    ['analytics as a string', choosing('analytics', 'true'), /^consent\.analytics\b.*boolean/],
    ['a missing identity', choosing('identity', undefined), /^consent\.identity\b.*boolean/],
    ['null as marketing', choosing('marketing', null), /^consent\.marketing\b.*boolean/],
    ['an unknown source of consent', choosing('source', 'guess'), /^consent\.source\b.*manual/],
    ['an invalid time of consent', choosing('at', 'yesterday'), /^consent\.at must be an ISO 8601 time/],
    ['no events', without('events'), /^events\b.*array/],
    ['events that are not a list', having('events', {}), /^events\b.*array/],
    ['an empty list of events', having('events', []), /^events must hold at least one/],
    ['a missing sent_at without a key', without('sent_at'), /^sent_at is required/],
    ['a sent_at that is not a full time', having('sent_at', '12:30'), /^sent_at must be an ISO 8601 time/],
    ['a sent_at that is a list', having('sent_at', [1]), /^sent_at must be an ISO 8601 time/],
    ['a visitor with a space', having('visitor', 'two words'), /^visitor must be 1 to 64/],
    ['an empty string as visitor', having('visitor', ''), /^visitor must be 1 to 64/],
    ['a visitor of 65 characters', having('visitor', 'v'.repeat(65)), /^visitor must be 1 to 64/],
    ['a visitor called "undefined"', having('visitor', 'undefined'), /^visitor must be an id of one visitor/],
    ['a candidate of 21 characters', having('candidate', 'c'.repeat(21)), /^candidate must be 22 to 32/],
    ['a candidate of 33 characters', having('candidate', 'c'.repeat(33)), /^candidate must be 22 to 32/],
    ['a candidate with a dot', having('candidate', `${'c'.repeat(22)}.`), /^candidate must be 22 to 32/],
    ['a list instead of the batch', (body) => [body], /^the body\b.*object/],
    ['a string instead of the batch', () => 'page', /^the body\b.*object/],
  ])('%s', async (_, change, detail) => {
    const candidate = newVisitor()
    const response = await post(server, changed(candidate, change))
    expect(response.status).toBe(400)
    expect(response.headers.get('set-cookie')).toBeNull()
    expect(await problemOf(response)).toMatchObject({ code: 'invalid_request', detail: expect.stringMatching(detail) })
    await expectNothingKept(candidate)
  })

  test.each([
    ['an empty body', ''],
    ['a form', 'site=demo&events=1'],
    ['JSON that was cut off', '{"site":"demo","events":['],
    ['two concatenated batches', '{}{}'],
  ])('%s is not JSON', async (_, body) => {
    const response = await post(server, body)
    expect(response.status).toBe(400)
    expect(await problemOf(response)).toMatchObject({ code: 'invalid_json', detail: 'the body must be JSON' })
  })

  test('a body that claims to be gzip but is not is refused', async () => {
    const candidate = newVisitor()
    const response = await post(
      server,
      changed(candidate, () => undefined),
      { 'content-encoding': 'gzip' },
    )
    expect(response.status).toBe(400)
    expect((await problemOf(response)).detail).toMatch(/must be gzip/)
    await expectNothingKept(candidate)
  })
})

describe('a sender without permission', () => {
  test.each<[string, number, string, RegExp, () => { change?: (body: Body) => unknown; headers?: Headers }]>([
    ['an unknown site', 401, 'unknown_site', /^site must be.*"nowhere"/, () => ({ change: having('site', 'nowhere') })],
    [
      'an unknown key',
      401,
      'unknown_key',
      /^Authorization must be/,
      () => ({ headers: { authorization: 'Bearer ck_no' } }),
    ],
    [
      'a valid key under another scheme',
      401,
      'unknown_key',
      /^Authorization must be "Bearer KEY"/,
      () => ({ headers: { authorization: `Basic ${keys.events}` } }),
    ],
    [
      'a key without events:write',
      403,
      'missing_scope',
      /scope events:write/,
      () => ({ headers: { authorization: `Bearer ${keys.contacts}` } }),
    ],
  ])('%s is %i %s', async (_, status, code, detail, given) => {
    const candidate = newVisitor()
    const { change = () => undefined, headers = {} } = given()
    const response = await post(server, changed(candidate, change), headers)
    expect(response.status).toBe(status)
    expect(response.headers.get('set-cookie')).toBeNull()
    expect(await problemOf(response)).toMatchObject({ code, detail: expect.stringMatching(detail) })
    await expectNothingKept(candidate)
  })

  const own = () => server.url
  test.each<[string, () => string | null, string | null, number]>([
    ['the site’s origin', own, null, 202],
    ['the site’s origin, cross-site to the collector', own, 'cross-site', 202],
    ['an unlisted origin', () => 'https://evil.example', null, 403],
    ['an unlisted origin that claims to be same-site', () => 'https://evil.example', 'same-site', 403],
    ['the site’s host with another scheme', () => own().replace('http:', 'https:'), null, 403],
    ['the site’s host on another port', () => 'http://localhost:1', null, 403],
    ['the site’s origin with something after it', () => `${own()}.evil.example`, null, 403],
    ['no origin and no Sec-Fetch-Site, as a server sends', () => null, null, 202],
    ['no origin, same-origin', () => null, 'same-origin', 202],
    ['no origin, same-site', () => null, 'same-site', 202],
    ['no origin, cross-site', () => null, 'cross-site', 403],
    ['no origin, typed in by a user', () => null, 'none', 403],
    ['a null origin without Sec-Fetch-Site', () => 'null', null, 202],
    ['a null origin, same-origin', () => 'null', 'same-origin', 202],
    ['a null origin, same-site', () => 'null', 'same-site', 202],
    ['a null origin, cross-site', () => 'null', 'cross-site', 403],
    ['a null origin, typed in by a user', () => 'null', 'none', 403],
  ])('%s gets the expected status (%#)', async (_, origin, fetchSite, status) => {
    const candidate = newVisitor()
    const headers = { origin: origin(), 'sec-fetch-site': fetchSite }
    const response = await post(
      server,
      changed(candidate, () => undefined),
      headers,
    )
    expect(response.status).toBe(status)
    if (status === 202) return
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    expect(await problemOf(response)).toMatchObject({ code: 'origin_not_allowed' })
    await expectNothingKept(candidate)
  })
})

describe('a request that is too large is 413', () => {
  const events = (n: number) => Array.from({ length: n }, () => event('page'))
  const stream = (text: string) =>
    new ReadableStream({
      start(controller) {
        for (let i = 0; i < text.length; i += 8 * KIB) controller.enqueue(Buffer.from(text.slice(i, i + 8 * KIB)))
        controller.close()
      },
    })
  const zipped = (text: string) => new Uint8Array(gzipSync(text))
  const gzip = { 'content-encoding': 'gzip' }
  type Sent = { body: string | Uint8Array<ArrayBuffer> | ReadableStream; headers?: Headers }

  test.each<[string, number, (candidate: string) => Sent]>([
    ['64 KiB', 202, (v) => ({ body: padded(v, 64 * KIB) })],
    ['64 KiB and a byte', 413, (v) => ({ body: padded(v, 64 * KIB + 1) })],
    ['64 KiB of unknown length', 202, (v) => ({ body: stream(padded(v, 64 * KIB)) })],
    ['64 KiB and a byte of unknown length', 413, (v) => ({ body: stream(padded(v, 64 * KIB + 1)) })],
    ['gzip of 64 KiB', 202, (v) => ({ body: zipped(padded(v, 64 * KIB)), headers: gzip })],
    ['gzip of 64 KiB and a byte', 413, (v) => ({ body: zipped(padded(v, 64 * KIB + 1)), headers: gzip })],
    ['a gzip bomb of 32 MiB', 413, (v) => ({ body: zipped(padded(v, 32 * KIB * KIB)), headers: gzip })],
    ['50 events', 202, (candidate) => ({ body: JSON.stringify(batch(events(50), { candidate })) })],
    ['51 events', 413, (candidate) => ({ body: JSON.stringify(batch(events(51), { candidate })) })],
    [
      '1 MiB with a key',
      202,
      (v) => ({ body: padded(v, KIB * KIB), headers: { authorization: `Bearer ${keys.events}` } }),
    ],
    [
      '1 MiB and a byte with a key',
      413,
      (v) => ({ body: padded(v, KIB * KIB + 1), headers: { authorization: `Bearer ${keys.events}` } }),
    ],
    [
      '500 events with a key',
      202,
      (candidate) => ({
        body: JSON.stringify(batch(events(500), { candidate })),
        headers: { authorization: `Bearer ${keys.events}` },
      }),
    ],
    [
      '501 events with a key',
      413,
      (candidate) => ({
        body: JSON.stringify(batch(events(501), { candidate })),
        headers: { authorization: `Bearer ${keys.events}` },
      }),
    ],
  ])('%s: %i', async (_, status, made) => {
    const candidate = newVisitor()
    const { body, headers } = made(candidate)
    const response = await post(server, body, headers)
    expect(response.status).toBe(status)
    if (status === 202) return
    expect((await problemOf(response)).detail).toMatch(/must (have|hold) at most \d+/)
    await expectNothingKept(candidate)
  })
})

describe('a request with an unknown encoding is 415', () => {
  test.each<[string, Headers, RegExp]>([
    ['Brotli', { 'content-encoding': 'br' }, /^Content-Encoding must be gzip/],
    ['deflate', { 'content-encoding': 'deflate' }, /^Content-Encoding must be gzip/],
  ])('%s', async (_, headers, detail) => {
    const candidate = newVisitor()
    const response = await post(server, new Uint8Array(Buffer.from(changed(candidate, () => undefined))), headers)
    expect(response.status).toBe(415)
    expect((await problemOf(response)).detail).toMatch(detail)
    await expectNothingKept(candidate)
  })
})

describe('cross-origin headers', () => {
  const listed = () => ({ origin: server.url })

  /** The headers that a page of a listed origin needs to read a reply and to send its cookie again. */
  function expectReadable(response: Response, origin: string): void {
    expect(response.headers.get('access-control-allow-origin')).toBe(origin)
    expect(response.headers.get('access-control-allow-credentials')).toBe('true')
    expect(response.headers.get('access-control-expose-headers')).toMatch(/\bRetry-After\b/i)
    expect(response.headers.get('vary')).toMatch(/\bOrigin\b/i)
  }

  test.each<[number, string, () => Promise<Response>]>([
    [
      202,
      'an accepted batch',
      () =>
        post(
          server,
          changed(newVisitor(), () => undefined),
          listed(),
        ),
    ],
    [400, 'a wrong body', () => post(server, '{', listed())],
    [401, 'an unknown site', () => post(server, changed(newVisitor(), having('site', 'nowhere')), listed())],
    [401, 'an unknown key', () => post(server, '{}', { ...listed(), authorization: 'Bearer ck_no' })],
    [
      403,
      'a key without the scope',
      () => post(server, '{}', { ...listed(), authorization: `Bearer ${keys.contacts}` }),
    ],
    [413, 'a large body', () => post(server, padded(newVisitor(), 70_000), listed())],
    [415, 'an unknown encoding', () => post(server, '{}', { ...listed(), 'content-encoding': 'br' })],
  ])('%i for %s is readable by the site’s pages', async (status, _, sent) => {
    const response = await sent()
    expect(response.status).toBe(status)
    expectReadable(response, server.url)
  })

  test('a page of an unlisted origin cannot read any reply', async () => {
    const response = await post(server, '{', { origin: 'https://evil.example' })
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    expect(response.headers.get('access-control-allow-credentials')).toBeNull()
    expect(response.headers.get('vary')).toMatch(/\bOrigin\b/i)
  })

  const ask = (origin: string) =>
    fetch(`${server.url}/v1/events`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,content-encoding',
      },
    })

  test('a preflight of a listed origin returns the allowed methods and headers', async () => {
    const response = await ask(server.url)
    expect(response.ok).toBe(true)
    expectReadable(response, server.url)
    expect(response.headers.get('access-control-allow-methods')).toMatch(/\bPOST\b/)
    expect(response.headers.get('access-control-allow-headers')).toMatch(/content-type/i)
    expect(response.headers.get('access-control-allow-headers')).toMatch(/content-encoding/i)
  })

  test('a preflight of another origin is answered without permission', async () => {
    const response = await ask('https://evil.example')
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    expect(response.headers.get('access-control-allow-credentials')).toBeNull()
  })
})

describe('a sender on a bad connection', () => {
  /** A new connection that has sent `text`, with the reply so far. */
  async function raw(text: string) {
    const socket = connect(server.port, 'localhost')
    let answer = ''
    socket.on('data', (data) => {
      answer += data
    })
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.write(text)
    return { socket, answer: () => answer }
  }
  const head = (length: string) =>
    `POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n${length}\r\n\r\n`

  test('that disconnects in the middle of a request leaves no data and no error in the log', async () => {
    const [candidate, other] = [newVisitor(), newVisitor()]
    const body = changed(candidate, () => undefined)
    for (const part of ['', body.slice(0, 40), body]) {
      const { socket } = await raw(head(`Content-Length: ${body.length + 1}`) + part)
      socket.destroy()
    }
    expect(
      (
        await post(
          server,
          changed(other, () => undefined),
        )
      ).status,
    ).toBe(202)
    await expectNothingKept(candidate)
    expect(server.output().stderr).toBe('')
  })

  test('that keeps sending past the limit gets 413 and is disconnected', async () => {
    const { socket, answer } = await raw(head('Transfer-Encoding: chunked'))
    const closed = once(socket, 'close')
    const chunk = `4000\r\n${' '.repeat(0x4000)}\r\n`
    const sending = setInterval(() => socket.write(chunk), 5)
    await until(async () => answer().startsWith('HTTP/1.1 413 '), 'the answer')
    await closed
    clearInterval(sending)
  })

  test('that sends a large request gets 413 and may send the next one on the same connection', async () => {
    const { socket, answer } = await raw(head(`Content-Length: ${8 * KIB * KIB}`))
    for (let i = 0; i < 8; i++) socket.write(' '.repeat(KIB * KIB))
    const body = changed(newVisitor(), () => undefined)
    socket.write(head(`Content-Length: ${body.length}`) + body)
    await until(async () => /^HTTP\/1\.1 413 [\s\S]*HTTP\/1\.1 202 /.test(answer()), 'both answers')
    socket.destroy()
  })
})

describe('behind a proxy, an address that sends too much', () => {
  let proxied: TestServer
  beforeAll(async () => {
    proxied = await startServer({ env: { TRUST_PROXY: '1' } })
  })
  afterAll(() => proxied.stop())

  test('gets 429 with Retry-After, while others are unaffected', async () => {
    const from = (address: string, body = '{') =>
      post(proxied, body, { 'x-forwarded-for': address, origin: proxied.url })
    let refused: Response | undefined
    for (let round = 0; round < 200 && !refused; round++) {
      const replies = await Promise.all(Array.from({ length: 50 }, () => from('10.9.9.9, 203.0.113.7')))
      refused = replies.find((reply) => reply.status === 429)
      await Promise.all(replies.map((reply) => (reply === refused ? null : reply.body?.cancel())))
    }
    expect(refused?.status).toBe(429)
    expect(Number(refused!.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(refused!.headers.get('access-control-allow-origin')).toBe(proxied.url)
    expect(refused!.headers.get('access-control-expose-headers')).toMatch(/\bRetry-After\b/i)
    expect((await problemOf(refused!)).code).toBe('too_many_requests')
    const other = await from(
      '203.0.113.7, 198.51.100.4',
      changed(newVisitor(), () => undefined),
    )
    expect(other.status).toBe(202)
  })
})
