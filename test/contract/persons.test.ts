/**
 * Persons as lists show them: for every visitor id that the wire allows, a person is a contact or an epoch of a
 * visitor, and the routes of visitors and contacts accept the ids that lists show.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { postCall, segmentKeys } from '../support/segment-requests.ts'
import { event, eventId, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

const MINUTE = 60_000
const RING = { item_id: 'ring', item_name: 'Ring', price: 120, quantity: 1 }
let server: TestServer
let secret: Record<string, string>

type Member = { person: { kind: string; id: string; epoch?: number }; entered_at: string }

beforeAll(async () => {
  server = await startServer()
  const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'events:write')
  secret = { authorization: `Bearer ${key}` }
})
afterAll(() => server?.stop())

const added = (agoMs: number, id = eventId()) => ({
  ...event('add_to_cart', agoMs, { currency: 'EUR', items: [RING] }),
  id,
})
const put = (visitor: string, ...events: ReturnType<typeof event>[]) => sendAll(server, visitor, events, {}, secret)
const members = async () => (await server.get<{ data: Member[] }>('/api/v1/segments/cart_abandoned/members')).data
const persons = async () => (await members()).map((member) => member.person)
const open = async () => {
  const { total } = await server.get('/api/v1/reports/overview')
  return total.carts.open.count + total.carts.abandoned.count
}

test.each([
  ['a server’s id', 'web:42'],
  ['an id that looks like the prefix of a person', 'c:c:anna'],
  ['an id that ends with the separator of an older version', 'web:'],
  ['an id of colons only', '::'],
  ['an id of the maximum length', `${'x:'.repeat(32)}`],
])('an anonymous visitor with %s is counted as a person, as a member and in the overview', async (_, visitor) => {
  const before = await open()
  await put(visitor, event('page', 6 * MINUTE), added(5 * MINUTE))
  await settled(server)
  expect(await persons()).toContainEqual({ kind: 'visitor', id: visitor, epoch: 1 })
  expect(await open()).toBe(before + 1)
  expect((await server.get(`/api/v1/visitors/${encodeURIComponent(visitor)}`)).id).toBe(visitor)
})

test('an anonymous visitor of a Segment SDK is counted as a person, as a member and in the overview', async () => {
  const { writeKey } = await segmentKeys(server)
  const before = await open()
  const timestamp = new Date(Date.now() - 5 * MINUTE).toISOString()
  const products = [{ product_id: 'ring', price: 120, quantity: 1 }]
  const context = { consent: { categoryPreferences: { Analytics: true, Functional: true, Advertising: true } } }
  const reply = await postCall(server, 'track', {
    writeKey,
    ...{ anonymousId: 'sdk-1', event: 'Product Added', messageId: 'sdk-message-1', timestamp, context },
    properties: { currency: 'EUR', products },
  })
  expect(reply.status).toBe(200)
  await settled(server)
  const visitors = await server.query<{ visitor_id: string }>(
    "select visitor_id from visitors where visitor_id like 's:%'",
  )
  expect(visitors).toHaveLength(1)
  expect(await persons()).toContainEqual({ kind: 'visitor', id: visitors[0]!.visitor_id, epoch: 1 })
  expect(await open()).toBe(before + 1)
})

test('the second epoch of one visitor and the first of another whose id ends in :2 are two persons', async () => {
  await put('shop', event('page', 30 * MINUTE), event('reset', 20 * MINUTE), added(10 * MINUTE))
  await put('shop:2', added(5 * MINUTE))
  await settled(server)
  const own = (await persons()).filter(({ id }) => id.startsWith('shop'))
  expect(own).toEqual([
    { kind: 'visitor', id: 'shop', epoch: 2 },
    { kind: 'visitor', id: 'shop:2', epoch: 1 },
  ])
})

test('the id of a member after a logout works in the visitor’s route', async () => {
  await put('logged-out', event('page', 30 * MINUTE), event('reset', 20 * MINUTE), added(10 * MINUTE))
  await settled(server)
  const person = (await persons()).find(({ id }) => id.startsWith('logged-out'))
  expect(person).toEqual({ kind: 'visitor', id: 'logged-out', epoch: 2 })
  expect(await server.get(`/api/v1/visitors/${person!.id}`)).toMatchObject({ id: person!.id })
})

test('the overview counts each open cart once, whatever the ids of other visitors’ carts', async () => {
  await server.post('/api/v1/contacts', [{ id: 'gift-giver', email: 'gift@mail.example', mail_consent: true }])
  const before = await open()
  const shared = eventId()
  // The visitor's own cart was bought in the shop; another visitor's open cart has the same id.
  await put('bought-it', added(20 * MINUTE, shared))
  await settled(server)
  await server.post('/api/v1/identify', { site: 'demo', visitor: 'bought-it', contact_id: 'gift-giver' })
  await settled(server)
  await server.post('/api/v1/orders', [
    { order_id: 'in-store', contact_id: 'gift-giver', at: new Date().toISOString(), total: 120, currency: 'EUR' },
  ])
  await put('left-it', added(15 * MINUTE, shared))
  await settled(server)
  expect((await persons()).map(({ id }) => id)).toContain('left-it')
  expect((await persons()).map(({ id }) => id)).not.toContain('gift-giver')
  expect(await open()).toBe(before + 1)
})

test('a member in a file has a kind, an id and an epoch', async () => {
  await put('of-the-file', added(5 * MINUTE))
  await settled(server)
  const csv = await (await server.api('/api/v1/segments/cart_abandoned/members?format=csv')).text()
  expect(csv).toMatch(/^person_kind,person_id,epoch,contact_id,/)
  expect(csv).toContain('\nvisitor,of-the-file,1,,')
  const ndjson = await (await server.api('/api/v1/segments/cart_abandoned/members?format=ndjson')).text()
  const rows = ndjson
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Member)
  expect(rows.map(({ person }) => person)).toContainEqual({ kind: 'visitor', id: 'of-the-file', epoch: 1 })
})

test('a list can be read page by page, whichever member ends a page', async () => {
  const at = 7 * MINUTE
  for (const visitor of ['edge', 'edge:2', 'edge-1', 'edge.1', 'Edge']) await put(visitor, added(at))
  await settled(server)
  const all = await persons()
  const walked: Member['person'][] = []
  for (let after = ''; ; ) {
    const page = await server.get(`/api/v1/segments/cart_abandoned/members?limit=1${after && `&after=${after}`}`)
    walked.push(...page.data.map((member: Member) => member.person))
    if (!page.has_more) break
    after = page.next
  }
  expect(walked).toEqual(all)
})
