/**
 * How much anybody can make the store grow: events, unpacked bytes, new visitors and new event names are limited by
 * address and by site, in memory that does not grow. A busy shop stays below the limits, and a server with a secret key
 * has its own.
 */
import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGrowth } from '../../server/collect/growth.ts'
import { COLLECT_LIMITS, createBuckets } from '../../server/collect/limits.ts'
import { createRateLimit } from '../../server/collect/rate-limit.ts'
import { createSeen } from '../../server/collect/seen.ts'
import type { Problem } from '../../server/domain/problem.ts'
import { call, type SegmentKeys, segmentKeys } from '../support/segment-requests.ts'
import { batch, event } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let keys: SegmentKeys
beforeAll(async () => {
  server = await startServer({ env: { TRUST_PROXY: '1' } })
  keys = await segmentKeys(server)
})
afterAll(() => server?.stop())

const AGENT = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36'
const newCandidate = () => randomBytes(18).toString('base64url')

/** Sends through the proxy from an address; null from this machine. */
const post = (
  path: string,
  from: string | null,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
) =>
  fetch(`${server.url}/v1/${path}`, {
    method: 'POST',
    body,
    headers: {
      ...{ 'content-type': 'text/plain', 'user-agent': AGENT },
      ...(from === null ? {} : { 'x-forwarded-for': from }),
      ...headers,
    },
  })

/** One request of a browser that was never here. */
const tagged = (from: string | null, types = ['page'], headers?: Record<string, string>) => {
  const events = types.map((type) => event(type))
  return post('events', from, JSON.stringify(batch(events, { candidate: newCandidate() })), headers)
}

/** A batch of Segment's calls, each of a visitor of its own or all of one. */
const segmentBatch = (visitors: (i: number) => string, calls = 1900) =>
  JSON.stringify({
    writeKey: keys.writeKey,
    batch: Array.from({ length: calls }, (_, i) => call('page', { anonymousId: visitors(i) })),
  })

/** Sends until a reply is a 429, and returns it with how many were taken before. */
async function untilLimited(send: () => Promise<Response>, most: number): Promise<[number, Response]> {
  for (let taken = 0; taken < most; taken++) {
    const response = await send()
    if (response.status === 429) return [taken, response]
    expect([200, 202, 400]).toContain(response.status)
    await response.body?.cancel()
  }
  throw new Error(`none of ${most} requests was limited`)
}

/** Expects a 429 that says which limit it is, and when to come again. */
async function expectLimit(response: Response, limit: string, says: RegExp) {
  expect([response.status, response.headers.get('couture-limit')]).toEqual([429, limit])
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  const wait = Number(response.headers.get('retry-after'))
  expect(wait).toBeGreaterThan(0)
  expect(wait).toBeLessThanOrEqual(180)
  const { code, detail } = (await response.json()) as { code: string; detail: string }
  expect(code).toBe('too_many_requests')
  expect(detail).toMatch(says)
}

const statuses = async (sent: Promise<Response>[]) => [
  ...new Set((await Promise.all(sent)).map(({ status }) => status)),
]

describe('a busy shop', () => {
  test('has an office of 400 that opens a mail at once', async () => {
    expect(await statuses(Array.from({ length: 400 }, () => tagged('198.51.100.1')))).toEqual([202])
  })

  test('has new visitors from everywhere', async () => {
    const many = Array.from({ length: 400 }, (_, i) => tagged(`198.51.${i % 200}.${2 + i}`, ['page', 'view_item']))
    expect(await statuses(many)).toEqual([202])
  })

  test('on its busiest day, 2,000 requests a second of new visitors for a minute, is below the limits of its site', () => {
    const growth = createGrowth(() => false)
    const day = () => {
      for (let i = 0; i < 2000 * 60; i++) {
        const from = { site: 'shop', address: `10.${i % 251}.${i % 241}.${i % 239}`, now: i / 2 }
        growth.admit(from, { events: 5, bytes: 4000 })
        growth.admitNew(from, [`visitor-${i}`], [{ type: 'page' }, { type: `custom_${i % 300}` }])
      }
    }
    expect(day).not.toThrow()
  })

  test('has one mobile carrier behind an address: 90 requests a second of 15 new visitors for ten minutes', () => {
    const growth = createGrowth(() => false)
    const minutes = () => {
      for (let i = 0; i < 90 * 600; i++) {
        const from = { site: 'shop', address: '203.0.113.1', now: (i * 1000) / 90 }
        growth.admit(from, { events: 2, bytes: 2000 })
        growth.admitNew(from, [`visitor-${Math.floor(i / 6)}`], [{ type: 'page' }, { type: 'scroll' }])
      }
    }
    expect(minutes).not.toThrow()
  })
})

describe('one address', () => {
  test('brings a bounded number of new visitors, and goes on with those that are known', async () => {
    const from = '203.0.113.20'
    let round = 0
    const next = () => {
      round++
      return post(
        'batch',
        from,
        segmentBatch((i) => `many-${round}-${i}`, 1500),
      )
    }
    const first = segmentBatch((i) => `known-${i}`, 1500)
    expect((await post('batch', from, first)).status).toBe(200)
    const [taken, refused] = await untilLimited(next, 4)
    expect(taken).toBeLessThan(4)
    await expectLimit(
      refused,
      'address_visitors',
      /^an address may bring 1,000 new visitors a minute; try again in \d+ s$/,
    )
    expect((await post('batch', from, first)).status).toBe(200)
    expect((await tagged('203.0.113.21')).status).toBe(202)
    // The tag's browsers too.
    await expectLimit(await tagged(from), 'address_visitors', /new visitors/)
  })

  test('invents a bounded number of event names, and goes on with those that are known', async () => {
    const from = '203.0.113.30'
    const invented = () =>
      tagged(
        from,
        Array.from({ length: 50 }, () => `name_${newCandidate()}`),
      )
    expect((await tagged(from, ['scroll_to_end'])).status).toBe(202)
    const [taken, refused] = await untilLimited(invented, 8)
    expect(taken).toBeGreaterThanOrEqual(4)
    await expectLimit(refused, 'address_names', /^an address may use 100 new event names a minute/)
    expect((await tagged(from, ['scroll_to_end', 'purchase', 'page'])).status).toBe(202)
    // A name that somebody else has made known.
    expect((await tagged('203.0.113.31', ['size_guide'])).status).toBe(202)
    expect((await tagged(from, ['size_guide'])).status).toBe(202)
  })

  test('sends a bounded amount, as it is unpacked', async () => {
    const packed = gzipSync(JSON.stringify({ batch: [], writeKey: keys.writeKey, pad: ' '.repeat(450_000) }))
    expect(packed.length).toBeLessThan(2000)
    const send = () => post('batch', '203.0.113.40', packed, { 'content-encoding': 'gzip' })
    const [taken, refused] = await untilLimited(send, 200)
    expect(taken).toBeGreaterThanOrEqual(40)
    await expectLimit(refused, 'address_bytes', /^an address may send 1 MiB a second, unpacked/)
    expect((await tagged('203.0.113.41')).status).toBe(202)
  })

  test('makes a bounded number of calls, however they are packed into requests', async () => {
    const body = segmentBatch(() => 'one-visitor')
    const [taken, refused] = await untilLimited(() => post('batch', '2001:db8:7:7::1', body), 12)
    expect(taken).toBeGreaterThanOrEqual(5)
    await expectLimit(refused, 'address_events', /^an address may send 200 events a second/)
    await expectLimit(await tagged('2001:db8:7:7:ffff::2'), 'address_events', /200 events/)
    // A secret key has limits of its own, and the address behind it none.
    const keyed = { authorization: `Bearer ${keys.secret}` }
    expect((await tagged('2001:db8:7:7::1', ['page'], keyed)).status).toBe(202)
  })
})

test('the names of a site are bounded from wherever they come, and standard names never wait', async () => {
  const invented = () =>
    tagged(
      null,
      Array.from({ length: 50 }, () => `name_${newCandidate()}`),
    )
  const [taken, refused] = await untilLimited(invented, 40)
  expect(taken).toBeGreaterThanOrEqual(10)
  await expectLimit(refused, 'site_names', /^a site takes 1,000 new event names a minute/)
  expect((await tagged('203.0.113.50', ['page', 'add_to_cart', 'purchase', 'size_guide'])).status).toBe(202)
})

test('a secret key has limits of its own, ten times as high, and this machine has none', () => {
  const limit = createRateLimit((address) => address === '127.0.0.1')
  const passed = (sender: { address: string; keyHash: string | null }) => {
    for (let n = 0; n < 20_000; n++) {
      try {
        limit(sender, 0)(100)
      } catch (error) {
        return [n, (error as Problem).headers['couture-limit']]
      }
    }
    return 'all'
  }
  expect(passed({ address: '203.0.113.60', keyHash: null })).toEqual([1000, 'address_requests'])
  expect(passed({ address: '203.0.113.60', keyHash: 'hash of a key' })).toEqual([10_000, 'key_requests'])
  expect(passed({ address: '203.0.113.60', keyHash: 'hash of another' })).toEqual([10_000, 'key_requests'])
  expect(passed({ address: '127.0.0.1', keyHash: 'hash of a key' })).toBe('all')
})

test('what is limited is counted by its limit', async () => {
  const text = await (await fetch(`${server.url}/metrics`)).text()
  for (const limit of ['address_visitors', 'address_names', 'address_bytes', 'address_events', 'site_names']) {
    const count = new RegExp(`^couture_limited_total\\{limit="${limit}"\\} (\\d+)$`, 'm').exec(text)?.[1]
    expect([limit, Number(count)]).toEqual([limit, expect.any(Number)])
    expect(Number(count)).toBeGreaterThan(0)
  }
})

describe('the memory of the limits', () => {
  const limitOf = (work: () => void): string | null => {
    try {
      work()
      return null
    } catch (error) {
      return (error as Problem).headers['couture-limit'] ?? null
    }
  }

  test('holds between the last 50,000 and 100,000 senders', () => {
    const buckets = createBuckets('address')
    const check = (sender: string) => limitOf(() => buckets.check(sender, 0, 'requests'))
    const useUp = (sender: string) => {
      buckets.check(sender, 0, 'requests')
      buckets.take(sender, 'requests', COLLECT_LIMITS.address.requests.burst)
    }
    for (const sender of ['first', 'second']) useUp(sender)
    expect([check('first'), check('second')]).toEqual(['address_requests', 'address_requests'])
    const strangers = (kind: string, n: number) => {
      for (let i = 0; i < n; i++) check(`${kind} ${i}`)
    }
    strangers('some', 60_000)
    expect(check('second')).toBe('address_requests')
    strangers('more', 60_000)
    // Who sends again is kept.
    expect([check('second'), check('first')]).toEqual(['address_requests', null])
  })

  test('holds a fixed number of names and visitors, and forgets the least', () => {
    const seen = createSeen(2 ** 10)
    for (let i = 0; i < 100_000; i++) seen.add(`key ${i}`)
    const kept = Array.from({ length: 100_000 }, (_, i) => `key ${i}`).filter(seen.has)
    expect(kept.length).toBeGreaterThan(900)
    expect(kept.length).toBeLessThanOrEqual(1024)
    expect(seen.has('key 99999')).toBe(true)
  })

  test('takes no longer for the last of many strangers than for the first', () => {
    const growth = createGrowth(() => false)
    const strangers = (from: number) => {
      const began = performance.now()
      for (let i = from; i < from + 20_000; i++) {
        const source = { site: 'shop', address: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, now: i * 10 }
        growth.admit(source, { events: 1, bytes: 100 })
        growth.admitNew(source, [`visitor ${i}`], [{ type: 'page' }])
      }
      return performance.now() - began
    }
    const first = Math.max(strangers(0), strangers(20_000))
    strangers(40_000)
    strangers(60_000)
    strangers(80_000)
    const last = Math.min(strangers(100_000), strangers(120_000), strangers(140_000))
    expect(last).toBeLessThan(5 * first)
  })
})
