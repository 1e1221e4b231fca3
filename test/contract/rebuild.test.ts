/** Invariant "Everything derived can be rebuilt, identical", on a running server, and its readers hear nothing of it. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DERIVED_TABLES } from '../../server/store/schema.ts'
import { batch, event, send, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

const MINUTE = 60_000
let server: TestServer

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server?.stop())

/** Every derived row, as text, in an order of its own. */
async function derived(): Promise<Record<string, string[]>> {
  const rows = await Promise.all(DERIVED_TABLES.map((table) => server.query(`select * from ${table}`)))
  return Object.fromEntries(
    DERIVED_TABLES.map((table, i) => [table, rows[i]!.map((row) => JSON.stringify(row)).sort()]),
  )
}

test('everything derived can be rebuilt, identical, and the feed tells nothing', async () => {
  const contacts = Array.from({ length: 30 }, (_, i) => ({
    id: `crm-${i}`,
    email: `c${i}@example.com`,
    mail_consent: true,
  }))
  await server.post('/api/v1/contacts', contacts)
  const links = await server.post('/api/v1/link-tokens', {
    site: 'demo',
    contacts: contacts.map((contact) => contact.id),
    message: 'letter',
  })
  const item = { currency: 'EUR', items: [{ item_id: 'ring', price: 120, quantity: 2 }] }
  for (const [i, { token }] of links.data.entries()) {
    const visitor = `visitor-${String(i).padStart(3, '0')}-aaaaaaaaaa`
    await sendAll(server, visitor, [event('page', 90 * MINUTE), event('add_to_cart', 85 * MINUTE, item)])
    await sendAll(server, visitor, [
      event('page', 2 * MINUTE),
      event('identify', MINUTE, { kind: 'link', link: token }),
    ])
    if (i % 3 === 0) await sendAll(server, visitor, [event('purchase', 0, { ...item, transaction_id: `o-${i}` })])
    if (i % 5 === 0)
      await send(
        server,
        batch([event('consent')], {
          visitor,
          consent: { id: 'no', analytics: true, identity: false, marketing: false, source: 'manual' },
        }),
      )
  }
  await settled(server)
  const before = await derived()
  expect(before.links).toHaveLength(30)
  expect(before.segment_members!.length).toBeGreaterThan(10)
  const { next } = await server.get('/api/v1/matches')

  expect(await server.cli('rebuild')).toEqual({ visitors: 30 })
  await settled(server)
  expect(await derived()).toEqual(before)
  expect((await server.get(`/api/v1/matches?after=${next}`)).data).toEqual([])
})
