/**
 * Segment's and RudderStack's own SDKs for servers against a real server with only their host changed: every event is
 * stored once, even if the first replies are refusals or are lost. Captured requests of those SDKs are replayed as well.
 */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import RudderAnalytics from '@rudderstack/rudder-sdk-node'
import { Analytics } from '@segment/analytics-node'
// @ts-expect-error: the older SDK comes without types
import OldSdk from 'analytics-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROOT } from '../support/process.ts'
import { filesHolding, type Seen, timeline } from '../support/requests.ts'
import {
  ALL,
  basic,
  consenting,
  failingNetwork,
  newAnonymous,
  postCall,
  type SegmentKeys,
  segmentKeys,
} from '../support/segment-requests.ts'
import { settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

/** The part of the older SDK that is used here. */
type OldAnalytics = {
  track(message: Record<string, unknown>): void
  identify(message: Record<string, unknown>): void
  page(message: Record<string, unknown>): void
  flush(): Promise<unknown>
}
const OldAnalytics = OldSdk as new (key: string, options: Record<string, unknown>) => OldAnalytics

let server: TestServer
let keys: SegmentKeys
beforeAll(async () => {
  server = await startServer()
  keys = await segmentKeys(server)
})
afterAll(() => server.stop())

/** Sends one identify, one page and `n` events of a visitor through one SDK, and resolves when the SDK is done. */
type Sdk = (host: string, key: string, anonymousId: string, n: number) => Promise<void>

const CONTEXT = consenting()

/** The same consent in RudderStack's own words. */
const MANAGED = { consentManagement: { allowedConsentIds: Object.keys(ALL), deniedConsentIds: [], provider: 'custom' } }

const SDKS: [string, Sdk][] = [
  [
    '@segment/analytics-node',
    async (host, writeKey, anonymousId, n) => {
      const analytics = new Analytics({ writeKey, host, flushAt: 5, flushInterval: 50, maxRetries: 5 })
      const errors: unknown[] = []
      analytics.on('error', (error) => errors.push(error))
      analytics.identify({ anonymousId, userId: 'u-7', traits: { email: 'sdk.person@mail.example' }, context: CONTEXT })
      analytics.page({
        anonymousId,
        name: 'Coats',
        properties: { url: 'https://s.example/coats?x=1' },
        context: CONTEXT,
      })
      for (let i = 0; i < n; i++) {
        const properties = { product_id: `p${i}`, price: 9.5, quantity: 1 }
        analytics.track({ anonymousId, event: 'Product Viewed', properties, context: CONTEXT })
      }
      await analytics.closeAndFlush({ timeout: 15_000 })
      expect(errors).toEqual([])
    },
  ],
  [
    'analytics-node',
    async (host, key, anonymousId, n) => {
      const errors: unknown[] = []
      const analytics = new OldAnalytics(key, {
        host,
        // It sends its first call at once and the rest as one batch on flush.
        flushAt: 100,
        flushInterval: 0,
        errorHandler: (error: unknown) => errors.push(error),
      })
      analytics.identify({ anonymousId, userId: 'u-7', traits: { email: 'sdk.person@mail.example' }, context: CONTEXT })
      analytics.page({
        anonymousId,
        name: 'Coats',
        properties: { url: 'https://s.example/coats?x=1' },
        context: CONTEXT,
      })
      for (let i = 0; i < n; i++) {
        const properties = { product_id: `p${i}`, price: 9.5, quantity: 1 }
        analytics.track({ anonymousId, event: 'Product Viewed', properties, context: CONTEXT })
      }
      await analytics.flush()
      expect(errors).toEqual([])
    },
  ],
  [
    '@rudderstack/rudder-sdk-node',
    async (dataPlaneUrl, key, anonymousId, n) => {
      const errors: unknown[] = []
      const analytics = new RudderAnalytics(key, {
        dataPlaneUrl,
        // It sends its first call at once and the rest on flush.
        flushAt: 100,
        errorHandler: (error: unknown) => errors.push(error),
        logLevel: 'none',
      })
      const said = { anonymousId, context: MANAGED }
      analytics.identify({ ...said, userId: 'u-7', traits: { email: 'sdk.person@mail.example' } })
      analytics.page({ ...said, name: 'Coats', properties: { url: 'https://s.example/coats?x=1' } })
      for (let i = 0; i < n; i++) {
        const properties = { product_id: `p${i}`, price: 9.5, quantity: 1 }
        analytics.track({ ...said, event: 'Product Viewed', properties })
      }
      await analytics.flush()
      expect(errors).toEqual([])
    },
  ],
]

/** Expects the visitor to have everything that an SDK sends with `n` events, each once. */
async function expectOnce(visitor: string, n: number): Promise<Seen[]> {
  // Nothing waits for the older SDK's first request.
  await expect
    .poll(
      async () => {
        await settled(server)
        return (await server.query('select id from events where visitor_id = ?', visitor)).length
      },
      { timeout: 20_000 },
    )
    .toBe(n + 2)
  const events = await timeline(server, visitor)
  const items = events.flatMap((each) => (each.props.items as { item_id: string }[] | undefined) ?? [])
  expect(items.map((item) => item.item_id).sort()).toEqual(Array.from({ length: n }, (_, i) => `p${i}`).sort())
  expect(new Set(events.map((each) => each.type))).toEqual(new Set(['identify', 'page', 'view_item']))
  expect(events.find((each) => each.type === 'page')!.url).toBe('https://s.example/coats')
  return events
}

describe.each(SDKS)('%s', (_, send) => {
  test('with the write key stores every event once', async () => {
    const { anonymousId, visitor } = newAnonymous(server)
    await send(server.url, keys.writeKey, anonymousId, 12)
    await expectOnce(visitor, 12)
  })

  test.each([429, 503])('stores every event once even if the first replies are %i', async (status) => {
    const network = await failingNetwork(server, 2, status)
    const { anonymousId, visitor } = newAnonymous(server)
    await send(network.url, keys.writeKey, anonymousId, 8)
    await expectOnce(visitor, 8)
    expect(network.requests()).toBeGreaterThan(3)
    await network.close()
  })

  test('stores every event once even if the server’s first replies are lost', async () => {
    const network = await failingNetwork(server, 2, 502, { reaching: true })
    const { anonymousId, visitor } = newAnonymous(server)
    await send(network.url, keys.writeKey, anonymousId, 8)
    await expectOnce(visitor, 8)
    expect(network.requests()).toBeGreaterThan(3)
    await network.close()
  })

  test('with a secret key and a site stores every event once, with its login as proof', async () => {
    const { anonymousId, visitor } = newAnonymous(server)
    await send(server.url, `${keys.verifying}:demo`, anonymousId, 3)
    await expectOnce(visitor, 3)
    expect(await server.query('select distinct evidence from claims where visitor_id = ?', visitor)).toEqual([
      { evidence: 'login_verified' },
    ])
  })

  test('leaves no address from a trait in any file', async () => {
    expect(await filesHolding(server, 'sdk.person@mail.example')).toEqual([])
  })
})

describe('the examples of docs/segment-sdks.md for servers', () => {
  const blocks = [...readFileSync(`${ROOT}docs/segment-sdks.md`, 'utf8').matchAll(/```(js|sh)\n([\s\S]*?)```/g)]
  const FOR_SERVERS = /@segment\/analytics-node|rudder-sdk-node|^curl/
  const examples = blocks.filter(([, , code]) => FOR_SERVERS.test(code!))

  test('are two SDKs and a call', () => {
    expect(examples.map(([, language]) => language)).toEqual(['js', 'js', 'sh'])
  })

  test.each(examples.map(([, language, code]) => [language!, code!]))('run (%s)', async (language, code) => {
    const { anonymousId, visitor } = newAnonymous(server)
    const filled = code
      .replace('https://couture.example', server.url)
      .replace('KEY:SITE', `${keys.secret}:demo`)
      .replace('ANONYMOUS_ID', anonymousId)
    const [command, flag] = language === 'js' ? [process.execPath, '--input-type=module'] : ['bash', '-eu']
    const run = promisify(execFile)(command!, [flag!, language === 'js' ? '-e' : '-c', filled], { cwd: ROOT })
    const { stdout, stderr } = await run
    expect([language === 'sh' ? stdout : '', stderr]).toEqual([language === 'sh' ? '{"success":true}' : '', ''])
    await settled(server)
    const [stored, ...others] = await timeline(server, visitor)
    expect(others).toEqual([])
    expect(stored).toMatchObject({
      type: language === 'js' ? 'purchase' : 'view_item',
      props: { items: [{ item_id: 'ring' }] },
    })
  })
})

// The captures are next to a development checkout and not part of the project.
const CAPTURES = new URL('../../../shared/data/sdk-captures/', import.meta.url)
const FILES = ['segment_analytics-node_3.1.0.jsonl', 'analytics-node_6.2.0.jsonl']

type Captured = { url: string; headers: Record<string, string>; body: string; t: number }

describe.skipIf(!existsSync(CAPTURES))('captured requests of the SDKs', () => {
  const captured = (file: string) =>
    readFileSync(new URL(file, CAPTURES), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Captured)

  /**
   * Replays a capture to a server with the clock of that time and a key of that server; the site vouches for its
   * visitors.
   */
  const replay = async (file: string, check: (old: TestServer) => Promise<void>) => {
    const requests = captured(file)
    const old = await startServer({ clockMs: requests[0]!.t - Date.now() })
    try {
      const { verifying } = await segmentKeys(old)
      await old.cli('sites', 'set', 'demo', 'consent_map=*=analytics,*=identity')
      // The server checks for new settings periodically. An alias without a user reveals whether it has, and stores
      // nothing.
      const alias = { type: 'alias', previousId: 'a0', userId: 'x'.repeat(400) }
      const left = async () => (await postCall(old, 'alias', alias, basic(verifying))).headers.get('couture-left-out')
      await expect.poll(left, { timeout: 10_000 }).toBe('blocked_identifier=1')
      for (const { url, headers, body } of requests) {
        const { host: _h, connection: _c, 'content-length': _l, authorization: _a, ...rest } = headers
        const path = url.replace('/v1/', '')
        const reply = await postCall(old, path, body, { ...rest, ...basic(verifying) })
        expect([reply.status, await reply.json()]).toEqual([200, { success: true }])
        expect(reply.headers.get('couture-left-out')).toBeNull()
      }
      await settled(old)
      await check(old)
    } finally {
      await old.stop()
    }
  }

  const eventsOf = async (from: TestServer) =>
    (
      await from.query<{ visitor_id: string; id: string; type: string; at: number; props: string | null }>(
        'select visitor_id, id, type, at, props from events order by at, id',
      )
    ).map((row) => ({ ...row, props: row.props === null ? null : JSON.parse(row.props) }))

  test(`${FILES[0]} is mapped`, async () => {
    await replay(FILES[0]!, async (old) => {
      const events = await eventsOf(old)
      expect(events).toEqual([
        {
          visitor_id: 's:a1',
          id: 'node-next-1795304434539-40475dc8-fe19-4c56-8064-930858683f13',
          type: 'identify',
          at: Date.parse('2026-11-21T23:40:34.539Z'),
          props: { kind: 'login' },
        },
        {
          visitor_id: expect.stringMatching(/^s:u:[A-Za-z0-9_-]{22}$/),
          id: 'node-next-1795304434540-5dc8fe19-8c56-4064-9308-58683f13c934',
          type: 'add_to_cart',
          at: Date.parse('2026-11-21T23:40:34.540Z'),
          props: { items: [{ item_id: 'p1', price: 9.5, quantity: 1 }] },
        },
        {
          visitor_id: 's:a1',
          id: 'node-next-1795304434540-fe198c56-0064-4308-9868-3f13c9348070',
          type: 'purchase',
          at: Date.parse('2026-11-21T23:40:34.540Z'),
          props: {
            ...{ transaction_id: 'o1', revenue: 9.5, value: 9.5, currency: 'EUR' },
            items: [{ item_id: 'p1', price: 9.5, quantity: 1 }],
          },
        },
      ])
      expect(await old.query('select order_id, source, total, currency from orders')).toEqual([
        { order_id: 'o1', source: 'server', total: 950, currency: 'EUR' },
      ])
      expect(await old.query('select evidence, count(distinct key_hash) keys, count(*) n from claims')).toEqual([
        { evidence: 'login_verified', keys: 1, n: 2 },
      ])
      expect(await filesHolding(old, 'u1@example.com')).toEqual([])
    })
  })

  test(`${FILES[1]} is mapped, including ids of 74 characters`, async () => {
    await replay(FILES[1]!, async (old) => {
      const events = await eventsOf(old)
      expect(events.map(({ id, type }) => [id.length, type])).toEqual([
        [74, 'identify'],
        [74, 'add_to_cart'],
      ])
      // Both name only the user.
      expect(new Set(events.map((each) => each.visitor_id)).size).toBe(1)
      expect(await filesHolding(old, 'u1@example.com')).toEqual([])
    })
  })
})
