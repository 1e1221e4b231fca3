/**
 * Expired data is deleted with everything derived from it, and no remaining event changes its owner. One server plays all
 * stories one after the other while its clock moves ahead; senders' clocks stay behind and are corrected by it.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { contactId, contactPerson } from '../../server/domain/ids.ts'
import type { WireEvent } from '../../tag/wire.ts'
import { newVisitor, type SiteView, signLogin, tablesHolding, timeline } from '../support/requests.ts'
import { batch, consent, event, send, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

const DAY = 24 * 3600_000
let server: TestServer
beforeAll(async () => {
  server = await startServer({ movable: true })
})
afterAll(() => server.stop())

/** How far the clock is ahead, and how far it was when the current test began. */
let day = 0
let firstDay = 0
beforeEach(() => {
  firstDay = day
})

/** Moves the clock to `days` after the beginning of the test. */
async function later(days: number): Promise<void> {
  day = firstDay + days
  await server.setClock(day * DAY)
}

/** The time by the server's clock, in seconds since 1970. */
const seconds = () => Math.floor((Date.now() + day * DAY) / 1000)

/** A site that keeps events for a month, and the `Origin` of its pages. */
async function shortSite(id: string): Promise<{ origin: string; secret: string }> {
  const origin = `https://${id}.example`
  await server.cli('sites', 'create', '--id', id, '--origin', origin)
  await server.cli('sites', 'set', id, 'retention_months=1')
  const { identity_secret } = await server.cli<SiteView>('sites', 'show', id)
  return { origin, secret: identity_secret }
}

/** The types of a visitor's stored events, in the order of their times. */
async function typesOf(visitor: string): Promise<string[]> {
  const sql = 'select type from events where visitor_id = ? order by at'
  return (await server.query<{ type: string }>(sql, visitor)).map((row) => row.type)
}
const stored = async (visitor: string) => (await typesOf(visitor)).length

/** Sends history with a key: events from `daysAgo`. */
async function history(visitor: string, daysAgo: number, types: string[]) {
  const at = new Date(Date.now() - daysAgo * DAY).toISOString()
  const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'events:write')
  const events = types.map((type) => ({ ...event(type), at }))
  const body = batch(events, { visitor, consent: consent({ at }) })
  const response = await send(server, body, { authorization: `Bearer ${key}` })
  expect(await response.json()).toMatchObject({ accepted: types.length, rejected: [] })
}

test('each site keeps events for as long as its setting says, and a change takes effect', async () => {
  const { origin } = await shortSite('short')
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
  await server.cli('sites', 'set', 'demo', 'retention_months=25')
})

test('a returning visitor loses expired events, and the remaining ones keep their contact', async () => {
  const { origin, secret } = await shortSite('returning')
  const contacts = ['anna', 'ben'].map((id) => ({ id, email: `${id}@example.com`, mail_consent: true }))
  await server.post('/api/v1/contacts', contacts)
  const visitor = newVisitor()
  const login = async (id: string) => {
    const token = await signLogin(secret, id, { seconds: seconds(), audience: 'returning' })
    return event('identify', 0, { kind: 'login', token })
  }
  const sent = (...events: WireEvent[]) => sendAll(server, visitor, events, { site: 'returning' }, { origin })
  await sent(event('page'), await login('anna'), event('view_item'))
  await settled(server)

  // Anna comes back without another login, then Ben logs in on the same browser within the 30 days that his login
  // reaches back.
  await later(25)
  await sent(event('page'))
  await settled(server)
  await later(45)
  await sent(await login('ben'))
  await until(async () => !(await typesOf(visitor)).includes('view_item'), 'the expired events to be deleted')
  await settled(server)
  expect(await typesOf(visitor)).toEqual(['page', 'identify'])
  const owners = await server.query<{ person_id: string }>(
    'select person_id from events where visitor_id = ? order by at',
    visitor,
  )
  expect(owners.map((row) => row.person_id)).toEqual(['anna', 'ben'].map((id) => contactPerson(contactId(id))))
  expect((await timeline(server, visitor)).map((each) => each.type)).toEqual(['page', 'identify'])
})

test('history that arrives too late is stored only until the next run', async () => {
  const [old, young] = [newVisitor(), newVisitor()]
  await history(old, 900, ['page', 'view_item'])
  await history(young, 100, ['page'])
  await settled(server)
  await later(1)
  await until(async () => (await stored(old)) === 0, 'the late history to go')
  await settled(server)
  expect(await stored(young)).toBe(1)
  expect(await server.query('select * from visitors where visitor_id = ?', old)).toEqual([])
})

test('the first visitor to use a mail token stays the first after its deletion', async () => {
  const { origin } = await shortSite('mailing')
  await server.post('/api/v1/contacts', [{ id: 'carla', email: 'carla@example.com', mail_consent: true }])
  const request = { site: 'mailing', contacts: ['carla'], message: 'letter' }
  const { data } = await server.post('/api/v1/link-tokens', request)
  const click = () => event('identify', 0, { kind: 'link', link: data[0].token })
  const [first, second] = [newVisitor(), newVisitor()]
  await sendAll(server, first, [event('page'), click()], { site: 'mailing' }, { origin })
  await settled(server)
  await later(20)
  await sendAll(server, second, [event('page'), click(), event('page')], { site: 'mailing' }, { origin })
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

test('a visitor whose last event has expired is deleted except for the proof of consent, which is deleted later', async () => {
  const visitor = newVisitor()
  const { identity_secret: secret } = await server.cli<SiteView>('sites', 'show', 'demo')
  await server.post('/api/v1/contacts', [{ id: 'crm-1', email: 'one@example.com', mail_consent: true }])
  const login = event('identify', 0, { kind: 'login', token: await signLogin(secret, 'crm-1', { seconds: seconds() }) })
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
