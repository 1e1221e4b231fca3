/**
 * A visitor with more than 10,000 events on one day (UTC) is overactive: its events are stored but nothing is derived
 * from them. That depends on the events and not on their order, delays no other visitor, and survives a rebuild.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DERIVED_TABLES } from '../../server/store/tables.ts'
import type { WireEvent } from '../../tag/wire.ts'
import { batch, event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

const MINUTE = 60_000
const DAY = 24 * 3600_000
/** The most events that one request with a key may contain. */
const MOST = 500

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server?.stop())

/** `n` events and an abandoned cart of yesterday, by a visitor without a signed login. */
function script(n: number): WireEvent[] {
  const noon = Math.floor((Date.now() - DAY) / DAY) * DAY + DAY / 2
  const at = (i: number) => ({ at: new Date(noon + i * 1000).toISOString() })
  const item = { currency: 'EUR', items: [{ item_id: 'ring', price: 120 }] }
  return [
    ...Array.from({ length: n - 1 }, (_, i) => event('page', 0, undefined, at(i))),
    event('add_to_cart', 0, item, at(n)),
  ]
}

async function sendWithKey(visitor: string, events: WireEvent[]): Promise<void> {
  for (let i = 0; i < events.length; i += MOST) {
    const part = events.slice(i, i + MOST)
    const reply = await server.post('/v1/events', batch(part, { visitor }))
    expect(reply.accepted).toBe(part.length)
  }
}

/** Whether the visitor is a member of the abandoned carts. */
async function isMember(visitor: string): Promise<boolean> {
  const { data } = await server.get('/api/v1/segments/cart_abandoned/members')
  return data.some((member: { person: { id: string } }) => member.person.id === visitor)
}

async function derived() {
  const rows = await Promise.all(DERIVED_TABLES.map((table) => server.query(`select * from ${table}`)))
  const people = await server.query('select visitor_id, id, person_id from events')
  return [...rows, people].map((each) => each.map((row) => JSON.stringify(row)).sort())
}

const IN_ORDER = 'script-in-order-aaaaaaa'
const REVERSED = 'script-reversed-aaaaaaa'
const BUSY = 'visitor-busy-aaaaaaaaaa'
const OTHER = 'visitor-other-aaaaaaaaa'

test('a visitor is derived normally up to 10,000 events a day and not at all above, whatever the order of events', async () => {
  await sendWithKey(BUSY, script(10_000))
  await sendWithKey(REVERSED, script(10_001).reverse())
  const events = script(10_001)
  await sendWithKey(IN_ORDER, events.slice(0, 500))
  await sendWithKey(IN_ORDER, events.slice(9_500))
  await until(() => isMember(IN_ORDER), 'the cart to appear while the visitor is still normal')
  await sendWithKey(IN_ORDER, events.slice(500, 9_500))

  // Meanwhile another visitor's cart appears.
  const left = { currency: 'EUR', items: [{ item_id: 'ring', price: 120 }] }
  await sendAll(server, OTHER, [event('add_to_cart', 90 * MINUTE, left)])
  await until(() => isMember(OTHER), 'the cart of another visitor to appear')

  await settled(server, 90_000)
  expect(await Promise.all([IN_ORDER, REVERSED, BUSY, OTHER].map(isMember))).toEqual([false, false, true, true])
  for (const visitor of [IN_ORDER, REVERSED]) {
    for (const table of DERIVED_TABLES.filter((name) => name !== 'visitors')) {
      const rows = (await server.query(`select * from ${table}`)).map((row) => JSON.stringify(row))
      expect(
        rows.filter((row) => row.includes(visitor)),
        table,
      ).toEqual([])
    }
    const timeline = await server.get(`/api/v1/visitors/${visitor}/timeline?limit=1`)
    expect(timeline.data).toHaveLength(1)
  }
}, 180_000)

test('the operator sees it', async () => {
  const { data } = await server.get('/api/v1/visitors?state=overactive')
  expect(data.map((visitor: { id: string; events: number }) => [visitor.id, visitor.events])).toEqual([
    [IN_ORDER, 10_001],
    [REVERSED, 10_001],
  ])
  const first = await server.get('/api/v1/visitors?state=overactive&limit=1')
  expect([first.data[0].id, first.has_more]).toEqual([IN_ORDER, true])
  const second = await server.get(`/api/v1/visitors?state=overactive&limit=1&after=${first.next}`)
  expect([second.data[0].id, second.has_more]).toEqual([REVERSED, false])
  expect(await server.get(`/api/v1/visitors/${BUSY}`)).toMatchObject({ overactive: false, events: 10_000 })
  const findings = await server.cli<{ state: string; what: string }[]>('doctor')
  expect(findings.filter((finding) => finding.what.includes(IN_ORDER))).toMatchObject([{ state: 'note' }])
})

test('a rebuild gives the same result', async () => {
  const before = await derived()
  // A server that runs on would wait a minute before it counts the overactive visitors again.
  await server.stop({ wipe: false })
  await server.cli('rebuild')
  server = await startServer({ dataDir: server.dataDir })
  await settled(server, 90_000)
  expect(await derived()).toEqual(before)
}, 120_000)
