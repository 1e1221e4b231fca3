/** Expired data is deleted with everything derived from it, and no remaining event changes its owner. */
import { afterEach, expect, test } from 'vitest'
import { contactId, contactPerson } from '../../server/domain/ids.ts'
import { newVisitor, type SiteView, signLogin, tablesHolding, timeline } from '../support/requests.ts'
import { batch, consent, event, send, sendAll, settled } from '../support/sender.ts'
import { freePort, startServer, type TestServer, until } from '../support/server.ts'

const DAY = 24 * 3600_000
let server: TestServer
afterEach(() => server.stop())

/** The same folder, `days` later. */
async function later(days: number): Promise<void> {
  await server.stop({ wipe: false })
  server = await startServer({ port: await freePort(), dataDir: server.dataDir, clockMs: days * DAY })
}

/** The types of a visitor's stored events, in the order of their times. */
async function typesOf(visitor: string): Promise<string[]> {
  const sql = 'select type from events where visitor_id = ? order by at'
  return (await server.query<{ type: string }>(sql, visitor)).map((row) => row.type)
}
const stored = async (visitor: string) => (await typesOf(visitor)).length

/** Sends history with a key: events from `daysAgo` in the server's real past. */
async function history(visitor: string, daysAgo: number, types: string[], site = 'demo') {
  const at = new Date(Date.now() - daysAgo * DAY).toISOString()
  const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'events:write')
  const events = types.map((type) => ({ ...event(type), at }))
  const body = batch(events, { visitor, site, consent: consent({ at }) })
  const response = await send(server, body, { authorization: `Bearer ${key}` })
  expect(await response.json()).toMatchObject({ accepted: types.length, rejected: [] })
}

test('a visitor whose last event has expired is deleted except for the proof of consent, which is deleted later', async () => {
  server = await startServer()
  const visitor = newVisitor()
  const { identity_secret: secret } = await server.cli<SiteView>('sites', 'show', 'demo')
  await server.post('/api/v1/contacts', [{ id: 'crm-1', email: 'one@example.com', mail_consent: true }])
  const login = event('identify', 0, { kind: 'login', token: await signLogin(secret, 'crm-1') })
  const order = { currency: 'EUR', transaction_id: 'o-1', items: [{ item_id: 'ring', price: 9 }] }
  await sendAll(server, visitor, [event('page'), login, event('purchase', 0, order)])
  await settled(server)
  const { next } = await server.get('/api/v1/matches')

  await later(760)
  await settled(server)
  expect(await stored(visitor)).toBe(3)

  await later(762)
  await until(async () => (await stored(visitor)) === 0, 'the old events to go')
  await settled(server)
  expect(await tablesHolding(server, visitor)).toEqual(['consents', 'departed_visitors'])
  expect((await server.get(`/api/v1/matches?after=${next}`)).data).toMatchObject([
    { change: 'unmatched', contact: { id: 'crm-1' } },
  ])

  await later(762 + 5 * 365.25 + 1)
  await until(async () => (await tablesHolding(server, visitor)).length === 0, 'the proof to go')
})

test('each site keeps events for as long as its setting says, and a change takes effect', async () => {
  server = await startServer()
  const origin = 'https://short.example'
  await server.cli('sites', 'create', '--id', 'short', '--origin', origin)
  await server.cli('sites', 'set', 'short', 'retention_months=1')
  const [long, short] = [newVisitor(), newVisitor()]
  await sendAll(server, long, [event('page')])
  await sendAll(server, short, [event('page')], { site: 'short' }, { origin })
  await settled(server)
  await later(32)
  await until(async () => (await stored(short)) === 0, 'the event of the short site to go')
  expect(await stored(long)).toBe(1)
  await server.cli('sites', 'set', 'demo', 'retention_months=1')
  await settled(server)
  await later(33)
  await until(async () => (await stored(long)) === 0, 'the event of the other site to go')
})

test('a returning visitor loses expired events, and the remaining ones keep their contact', async () => {
  server = await startServer()
  await server.cli('sites', 'set', 'demo', 'retention_months=1')
  const { identity_secret: secret } = await server.cli<SiteView>('sites', 'show', 'demo')
  const contacts = ['anna', 'ben'].map((id) => ({ id, email: `${id}@example.com`, mail_consent: true }))
  await server.post('/api/v1/contacts', contacts)
  const visitor = newVisitor()
  const login = async (id: string) => event('identify', 0, { kind: 'login', token: await signLogin(secret, id) })
  await sendAll(server, visitor, [event('page'), await login('anna'), event('view_item')])
  await settled(server)

  // Anna comes back without another login, then Ben logs in on the same browser within the 30 days that his login
  // reaches back.
  await later(25)
  const second = { ...event('page'), at: new Date(Date.now() + 25 * DAY).toISOString() }
  const shifted = { sent_at: new Date(Date.now() + 25 * DAY).toISOString() }
  await sendAll(server, visitor, [second], shifted)
  await settled(server)
  await later(45)
  const now = Date.now() + 45 * DAY
  const token = await signLogin(secret, 'ben', { seconds: Math.floor(now / 1000) })
  const third = { ...event('identify', 0, { kind: 'login', token }), at: new Date(now).toISOString() }
  await sendAll(server, visitor, [third], { sent_at: new Date(now).toISOString() })
  await until(async () => !(await typesOf(visitor)).includes('view_item'), 'the expired events to be deleted')
  await settled(server)
  expect(await typesOf(visitor)).toEqual(['page', 'identify'])
  const owners = await server.query<{ person_id: string }>('select person_id from events order by at')
  expect(owners.map((row) => row.person_id)).toEqual(['anna', 'ben'].map((id) => contactPerson(contactId(id))))
  expect((await timeline(server, visitor)).map((each) => each.type)).toEqual(['page', 'identify'])
})

test('history that arrives too late is stored only until the next run', async () => {
  server = await startServer()
  const [old, young] = [newVisitor(), newVisitor()]
  await history(old, 900, ['page', 'view_item'])
  await history(young, 100, ['page'])
  await settled(server)
  await later(0)
  await until(async () => (await stored(old)) === 0, 'the late history to go')
  await settled(server)
  expect(await stored(young)).toBe(1)
  expect(await server.query('select * from visitors where visitor_id = ?', old)).toEqual([])
})

test('the first visitor to use a mail token stays the first after its deletion', async () => {
  server = await startServer()
  await server.cli('sites', 'set', 'demo', 'retention_months=1')
  await server.post('/api/v1/contacts', [{ id: 'anna', email: 'anna@example.com', mail_consent: true }])
  const request = { site: 'demo', contacts: ['anna'], message: 'letter' }
  const { data } = await server.post('/api/v1/link-tokens', request)
  const click = () => event('identify', 0, { kind: 'link', link: data[0].token })
  const [first, second] = [newVisitor(), newVisitor()]
  await sendAll(server, first, [event('page'), click()])
  await settled(server)
  await later(20)
  const at = new Date(Date.now() + 20 * DAY).toISOString()
  const events = [event('page'), click(), event('page')].map((each) => ({ ...each, at }))
  await sendAll(server, second, events, { sent_at: at })
  await settled(server)
  const verdicts = () =>
    server.query('select state, reason, strength, end_reason from links where visitor_id = ?', second)
  const before = await verdicts()
  expect(before).toHaveLength(1)
  const proof = () => server.query('select * from token_uses where visitor_id = ?', first)

  await later(32)
  await until(async () => (await stored(first)) === 0, 'the first to go')
  await settled(server)
  expect(await verdicts()).toEqual(before)
  expect(await proof()).toHaveLength(1)

  await later(55)
  await until(async () => (await stored(second)) === 0, 'the second to go')
  expect(await server.query('select * from token_uses')).toEqual([])
})
