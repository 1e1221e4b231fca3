/**
 * `couture trace`: what is known about a visitor or a contact and why, what is pending, and what is shown after a
 * withdrawal or an erasure.
 */
import { userInfo } from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newVisitor, type SiteView, signLogin } from '../support/requests.ts'
import { basic, call, newAnonymous, postCall, segmentKeys } from '../support/segment-requests.ts'
import { batch, consent, event, sendAll, settled } from '../support/sender.ts'
import { couture, startServer, type TestServer } from '../support/server.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const RING = { currency: 'EUR', items: [{ item_id: 'ring', price: 100, quantity: 1 }] }

type Trace = any

let server: TestServer
let site: SiteView

beforeAll(async () => {
  server = await startServer()
  site = await server.cli<SiteView>('sites', 'show', 'demo')
  await server.cli('sites', 'set', 'demo', 'cart_idle_minutes=60')
  const contacts = ['anna', 'bela', 'gone', 'silent'].map((id) => ({
    id,
    email: `${id}@mail.example`,
    mail_consent: true,
  }))
  await server.post('/api/v1/contacts', contacts)
})
afterAll(() => server.stop())

const trace = (id: string) => server.cli<Trace>('trace', id)
const login = async (contact: string, agoMs = 0) =>
  event('identify', agoMs, { kind: 'login', token: await signLogin(site.identity_secret, contact) })
const text = (...args: string[]) =>
  couture(['trace', ...args], { ...process.env, ...server.storeEnv, DATA_DIR: server.dataDir })

describe('the trace of a visitor that logged in, bought and logged out', () => {
  const visitor = newVisitor()
  beforeAll(async () => {
    await sendAll(server, visitor, [
      event('add_to_cart', 4 * HOUR, RING),
      event('purchase', HOUR, { transaction_id: 'o-1', ...RING }),
    ])
    await sendAll(server, visitor, [await login('anna', 30_000), event('reset', 20_000), event('page', 10_000)])
    await settled(server)
  })

  test('contains choices, claims with their outcome, links with reasons, epochs with persons, and carts', async () => {
    const { visitors, contact, ended } = await trace(visitor)
    expect([contact, ended]).toEqual([null, []])
    expect(visitors).toHaveLength(1)
    const [only] = visitors
    expect(only).toMatchObject({ id: visitor, site: 'demo', events: 5, shared: false, waits_to_be_derived: false })
    expect(only.consents).toMatchObject([
      { id: 'choice-1', analytics: true, identity: true, marketing: true, source: 'manual' },
    ])
    expect(only.claims).toMatchObject([
      { evidence: 'login_verified', outcome: { contact: 'anna', state: 'closed', reason: 'signed_login' }, acts: [] },
    ])
    expect(only.links).toMatchObject([
      { contact: 'anna', state: 'closed', strength: 'verified', reason: 'signed_login', end_reason: 'logout' },
    ])
    expect(only.links[0].why).toMatch(/logged in/)
    expect(only.links[0].why_ended).toMatch(/logged out/)
    expect(only.epochs.map((epoch: Trace) => epoch.contact)).toEqual([null, 'anna', null])
    expect(only.persons).toEqual(expect.arrayContaining(only.epochs.map((epoch: Trace) => epoch.person)))
    expect(only.carts).toMatchObject([
      { state: 'recovered', value: 100, currency: 'EUR', items: [{ item_id: 'ring', quantity: 1 }] },
    ])
    expect(only.carts[0].why).toMatch(/purchase closed it .* after it was abandoned/)
    expect(only.purchases).toMatchObject([{ order_id: 'o-1', total: 100, currency: 'EUR' }])
  })

  test('is also found by contact, and leaves an audit row without names', async () => {
    const { contact, visitors, persons } = await trace('anna')
    expect(contact).toMatchObject({ id: 'anna', mail_consent: true, minor: false, merged_into: null })
    expect(visitors.map((each: Trace) => each.id)).toEqual([visitor])
    expect(persons).toHaveLength(1)
    const rows = await server.query<{ actor: string; detail: string }>(
      "select actor, detail from audit where action = 'trace.read' order by at, id",
    )
    expect(rows.length).toBeGreaterThanOrEqual(2)
    expect(rows.every((row) => row.actor === `cli:${userInfo().username}`)).toBe(true)
    expect(JSON.stringify(rows)).not.toMatch(new RegExp(`anna|${visitor}`))
  })

  test('can be printed for people', async () => {
    const { code, stdout } = await text(visitor)
    expect(code).toBe(0)
    for (const part of [
      'Consents',
      'Claims',
      'Links',
      'Epochs',
      'Carts',
      'signed_login',
      'ended as logout',
      'recovered',
    ]) {
      expect(stdout).toContain(part)
    }
  })
})

test('memberships have a start, and other segments show which part fails, and on what it rests', async () => {
  const [inside, outside] = [newVisitor(), newVisitor()]
  await sendAll(server, inside, [event('add_to_cart', 2 * HOUR, RING)])
  await sendAll(server, outside, [event('add_to_cart', 10 * MINUTE, RING), await login('bela', 30_000)])
  await settled(server)
  const of = async (id: string) =>
    (await trace(id)).persons.map(({ memberships }: Trace) =>
      memberships.find((m: Trace) => m.segment === 'cart_abandoned'),
    )
  const [member] = await of(inside)
  expect(member).toMatchObject({ member: true, reason: 'time', nodes: [{ path: 'cart', holds: true }] })
  expect(Date.parse(member.entered_at)).toBeLessThan(Date.now() - HOUR + MINUTE)
  const [other] = await of('bela')
  expect(other).toMatchObject({ member: false, entered_at: null, reason: null })
  const failing = other.nodes.filter((node: Trace) => !node.holds)
  expect(failing).toMatchObject([{ path: 'cart' }])
  // The cart is not idle yet: it will be.
  expect(Date.parse(other.changes_at)).toBeGreaterThan(Date.now())
  expect(failing[0]).toMatchObject({ changes_at: other.changes_at, facts: [{ kind: 'cart', text: 'cart changed' }] })
  expect((await text(inside)).stdout).toMatch(/in cart_abandoned since \S+ \(time\)/)
  const { stdout } = await text('bela')
  expect(stdout).toMatch(/not in cart_abandoned[^\n]*\n +fails +cart +cart changed \d{4}-/)
})

test('ids of Segment SDKs and ids with colons work', async () => {
  for (const id of ['s:anonymous-user-1', 'web:42']) {
    await server.post('/v1/events', batch([event('page')], { visitor: id }))
    await settled(server)
    expect((await trace(id)).visitors).toMatchObject([{ id, events: 1 }])
  }
})

test('a visitor is found by the anonymous id that its browser gave an SDK', async () => {
  const { anonymousId, visitor } = newAnonymous(server)
  const { writeKey } = await segmentKeys(server)
  const answer = await postCall(server, 'page', call('page', { anonymousId }), basic(writeKey))
  expect(answer.status).toBe(200)
  await settled(server)
  expect((await trace(`s:${anonymousId}`)).visitors).toMatchObject([{ id: visitor, events: 1 }])
})

test('pending work is shown: marks, failures and dead letters', async () => {
  const visitor = newVisitor()
  await sendAll(server, visitor, [event('page')])
  await settled(server)
  const [{ person_id }] = (await server.query<{ person_id: string }>(
    'select person_id from events where visitor_id = ?',
    visitor,
  )) as [{ person_id: string }]
  await server.change(
    `insert into derive_failures (key, stage, error, attempts, at) values ('${person_id}', 'person', 'a fault', 2, ${Date.now()})`,
  )
  await server.change(
    `insert into dead_letters (journal_id, entry_id, part, error, body, at, visitor_id, attempts) values ('j', 1, 0, 'not an entry', '{}', ${Date.now()}, '${visitor}', 1)`,
  )
  const { visitors, pending } = await trace(visitor)
  expect(visitors[0].dead_letters).toMatchObject([{ id: 'j:1:0', error: 'not an entry', attempts: 1 }])
  expect(pending.failures).toMatchObject([{ stage: 'person', error: 'a fault', attempts: 2 }])
  await server.change("delete from derive_failures where error = 'a fault'")
  await server.change("delete from dead_letters where journal_id = 'j'")
})

test('a withdrawn visitor or an erased contact shows only when that happened', async () => {
  const visitor = newVisitor()
  await sendAll(server, visitor, [event('page', MINUTE)])
  await settled(server)
  const no = consent({ id: 'choice-2', analytics: false, identity: false, marketing: false })
  await sendAll(server, visitor, [event('consent')], { consent: no })
  await settled(server)
  expect(await trace(visitor)).toMatchObject({
    ended: [{ kind: 'visitor', ended: 'withdrawn' }],
    contact: null,
    visitors: [],
    persons: [],
  })

  const own = newVisitor()
  await sendAll(server, own, [await login('gone', 30_000)])
  await settled(server)
  await server.cli('erase', 'gone')
  await settled(server)
  expect(await trace('gone')).toMatchObject({
    ended: [{ kind: 'contact', ended: 'erased' }],
    contact: null,
    visitors: [],
  })
  expect(await trace(own)).toMatchObject({ ended: [{ kind: 'visitor', ended: 'erased' }], visitors: [] })
  expect((await text('gone')).stdout).toMatch(/^The contact gone was erased on \S+\. Nothing else is kept\.\n$/)
})

test('a contact without visits is known, and an unknown id is not', async () => {
  expect(await trace('silent')).toMatchObject({ contact: { id: 'silent' }, visitors: [] })
  const { code, stdout, stderr } = await text('nobody-knows-me')
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toBe('there is no visitor or contact "nobody-knows-me"\n')
})
