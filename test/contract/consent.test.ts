/**
 * Without consent nothing is stored, and consent can be withdrawn. Checked at the endpoint, in the API, and in the
 * files of the data folder, because a regulator would look there.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WireReply } from '../../tag/wire.ts'
import {
  filesHolding,
  newVisitor,
  type SiteView,
  signLogin,
  tablesHolding,
  timeline,
  timelineStatus,
} from '../support/requests.ts'
import { batch, consent, event, send, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

const MINUTE = 60_000

let server: TestServer
let secret: string
let choices = 0

beforeAll(async () => {
  server = await startServer()
  secret = (await server.cli<SiteView>('sites', 'show', 'demo')).identity_secret
})
afterAll(() => server.stop())

/** A consent choice with an id of its own. */
const choice = (given: Parameters<typeof consent>[0]) => consent({ id: `choice-of-consent-${++choices}`, ...given })
const denied = () => choice({ analytics: false, identity: false, marketing: false })

async function sent(body: unknown, headers: Record<string, string> = {}) {
  const response = await send(server, body, headers)
  expect(response.status).toBe(202)
  return { reply: (await response.json()) as WireReply, cookie: response.headers.get('set-cookie') }
}

/** A visitor linked to a contact by a signed login, with a page view a minute before it. */
async function loggedIn(contact: string): Promise<string> {
  const visitor = newVisitor()
  await server.post('/api/v1/contacts', [{ id: contact, email: `${contact}@mail.example`, mail_consent: true }])
  const token = await signLogin(secret, contact)
  await sendAll(server, visitor, [event('page', MINUTE), event('identify', 0, { kind: 'login', token })])
  await settled(server)
  return visitor
}

test('the source of each choice is kept, and the overview and the doctor say where choices come from', async () => {
  const shop = await server.cli<SiteView>('sites', 'create', '--id', 'sources', '--origin', 'https://sources.example')
  for (const source of ['klaro', 'tcf', 'klaro'] as const) {
    await sent(batch([event('page')], { site: shop.id, candidate: newVisitor(), consent: choice({ source }) }), {
      Origin: 'https://sources.example',
    })
  }
  await settled(server)
  const { consent_sources } = await server.get('/api/v1/reports/overview')
  const own = consent_sources.filter(({ site }: { site: string }) => site === shop.id)
  expect(own).toEqual([
    { site: shop.id, source: 'klaro', choices: 2, last_at: expect.stringMatching(/^20/) },
    { site: shop.id, source: 'tcf', choices: 1, last_at: expect.stringMatching(/^20/) },
  ])
  const findings = await server.cli<{ what: string }[]>('doctor')
  expect(findings.map(({ what }) => what)).toContain(
    'sources: the newest choices of visitors come from klaro (2), tcf (1); consent_source is manual',
  )
})

describe('without consent to analytics', () => {
  test.each<[string, () => unknown[]]>([
    ['a page', () => [event('page')]],
    ['a purchase', () => [event('purchase', 0, { transaction_id: 'no-consent-1', value: 5, currency: 'EUR' })]],
    ['a login', () => [event('identify', 0, { kind: 'login', contact_id: 'crm-1001' })]],
    ['a form', () => [event('identify', 0, { kind: 'form', email_sha256: 'a'.repeat(64) })]],
    ['a logout', () => [event('reset')]],
    ['a refusal by an unknown browser', () => [event('consent')]],
    ['a refusal among other events', () => [event('page'), event('consent'), event('page')]],
  ])('%s is rejected, sets no cookie and leaves nothing on disk', async (_, events) => {
    const candidate = newVisitor()
    const no = denied()
    const all = events()
    const { reply, cookie } = await sent(batch(all, { candidate, consent: no }))
    expect(reply).toEqual({
      visitor: null,
      accepted: 0,
      duplicate: 0,
      rejected: all.map((__, index) => ({
        index,
        code: 'no_consent',
        message: expect.stringMatching(/consent\.analytics must be true/),
      })),
    })
    expect(cookie).toBeNull()
    await settled(server)
    for (const trace of [no.id, candidate, server.visitorOf(candidate)]) {
      expect(await filesHolding(server, trace)).toEqual([])
    }
  })

  test('no file contains the candidate, the page or the choice, whereas with consent some do', async () => {
    const page = { url: 'https://shop.example/marker-of-a-refused-page', title: 'marker of a refused title' }
    const [refused, agreed] = [newVisitor(), newVisitor()]
    const no = denied()
    await sent(
      batch([event('page', 0, { note: 'marker of a refused note' }, page)], { candidate: refused, consent: no }),
    )
    const kept = { url: 'https://shop.example/marker-of-a-kept-page' }
    await sent(batch([event('page', 0, undefined, kept)], { candidate: agreed, consent: choice({}) }))
    await settled(server)
    expect(await filesHolding(server, server.visitorOf(agreed))).not.toEqual([])
    expect(await filesHolding(server, 'marker-of-a-kept-page')).not.toEqual([])
    for (const trace of [
      refused,
      server.visitorOf(refused),
      'marker-of-a-refused-page',
      'marker of a refused',
      no.id,
    ]) {
      expect(await filesHolding(server, trace)).toEqual([])
    }
    expect(await timelineStatus(server, server.visitorOf(refused))).toBe(404)
  })

  test('the other events of a known visitor are rejected too', async () => {
    const visitor = newVisitor()
    await sendAll(server, visitor, [event('page')])
    const { reply } = await sent(
      batch([event('page'), event('consent'), event('view_cart')], { visitor, consent: denied() }),
    )
    expect(reply).toMatchObject({ visitor: null, accepted: 1 })
    expect(reply.rejected.map(({ index, code }) => [index, code])).toEqual([
      [0, 'no_consent'],
      [2, 'no_consent'],
    ])
  })

  test('a forged cookie does not turn a refusal into a withdrawal', async () => {
    const visitor = newVisitor()
    await sendAll(server, visitor, [event('page')])
    const seconds = Math.floor(Date.now() / 1000)
    const cookie = `cv=${visitor}.${seconds}.${seconds}.${'A'.repeat(22)}`
    const { reply } = await sent(batch([event('consent')], { consent: denied() }), { cookie })
    expect(reply).toMatchObject({ accepted: 0, rejected: [{ index: 0, code: 'no_consent' }] })
    await settled(server)
    expect(await timelineStatus(server, visitor)).toBe(200)
  })
})

describe('a withdrawal of analytics', () => {
  test.each<[string, (candidate: string, cookie: string) => { more: object; headers: Record<string, string> }]>([
    ['under the candidate, without the cookie', (candidate) => ({ more: { candidate }, headers: {} })],
    ['with the cookie', (_, cookie) => ({ more: {}, headers: { cookie } })],
    [
      'with both, naming the visitor',
      (candidate, cookie) => ({ more: { candidate, visitor: server.visitorOf(candidate) }, headers: { cookie } }),
    ],
  ])('%s expires the cookie and erases the visitor’s data', async (_, known) => {
    const candidate = newVisitor()
    const visitor = server.visitorOf(candidate)
    const page = { url: 'https://shop.example/left-behind' }
    const cart = { currency: 'EUR', items: [{ item_id: 'ring', price: 5, quantity: 1 }] }
    const first = await sent(
      batch([event('page', MINUTE, undefined, page), event('add_to_cart', 0, cart)], { candidate }),
    )
    await settled(server)
    expect(await timeline(server, visitor)).toHaveLength(2)
    expect(await tablesHolding(server, visitor)).toContain('events')

    const { more, headers } = known(candidate, first.cookie!.split(';')[0]!)
    const { reply, cookie } = await sent(batch([event('consent')], { ...more, consent: denied() }), headers)
    expect(reply).toEqual({ visitor: null, accepted: 1, duplicate: 0, rejected: [] })
    expect(cookie).toMatch(/^cv=;.*\bMax-Age=0\b/i)
    expect(cookie).toMatch(/;\s*Path=\/(;|$)/i)
    await settled(server)
    expect(await timelineStatus(server, visitor)).toBe(404)
    expect(await tablesHolding(server, visitor)).toEqual([])
  })

  test('rejects events that arrive later, and a later grant starts a new visitor', async () => {
    const candidate = newVisitor()
    const first = await sent(batch([event('page', MINUTE)], { candidate }))
    const visitor = first.reply.visitor!
    const late = [event('page', 30_000, { note: 'queued before the withdrawal' }), event('view_item')]
    await sent(batch([event('consent')], { visitor, consent: denied() }))
    await settled(server)
    // One tab was offline, and another still has the cookie.
    await sent(batch(late, { visitor, candidate }))
    await sent(batch([event('page')]), { cookie: first.cookie!.split(';')[0]! })
    await settled(server)
    expect(await timelineStatus(server, visitor)).toBe(404)
    expect(await tablesHolding(server, visitor)).toEqual([])

    const next = newVisitor()
    const again = await sent(batch([event('page')], { candidate: next, consent: choice({}) }))
    expect(again.reply.visitor).toBe(server.visitorOf(next))
    expect(again.cookie).toMatch(new RegExp(`^cv=${again.reply.visitor}\\.`))
    await settled(server)
    expect(await timeline(server, again.reply.visitor!)).toHaveLength(1)
  })

  test('also erases earlier events that arrive after it', async () => {
    const visitor = newVisitor()
    await sent(batch([event('consent')], { visitor, consent: denied() }))
    await sent(batch([event('page', MINUTE)], { visitor }))
    await settled(server)
    expect(await timelineStatus(server, visitor)).toBe(404)
    expect(await tablesHolding(server, visitor)).toEqual([])
  })

  test('unlinks the visitor from the contact, and the feed reports it', async () => {
    const visitor = await loggedIn('withdraws-all')
    expect((await server.get('/api/v1/contacts/withdraws-all/timeline')).data).toHaveLength(2)
    await sent(batch([event('consent')], { visitor, consent: denied() }))
    await settled(server)
    expect((await server.get('/api/v1/contacts/withdraws-all/timeline')).data).toEqual([])
    expect(await tablesHolding(server, visitor)).toEqual([])
    const { data } = await server.get('/api/v1/matches')
    expect(data.find((match: { contact: { id: string } }) => match.contact.id === 'withdraws-all')).toMatchObject({
      change: 'unmatched',
    })
  })

  test('of one visitor leaves other visitors unchanged', async () => {
    const [stays, goes] = [newVisitor(), newVisitor()]
    await sendAll(server, stays, [event('page')])
    await sendAll(server, goes, [event('page')])
    await sent(batch([event('consent')], { visitor: goes, consent: denied() }))
    await settled(server)
    expect([await timelineStatus(server, stays), await timelineStatus(server, goes)]).toEqual([200, 404])
  })
})

describe('without consent to identity', () => {
  test.each<[string, () => Promise<Record<string, unknown>>]>([
    ['a signed login', async () => ({ kind: 'login', token: await signLogin(secret, 'crm-1001') })],
    ['an unsigned login', async () => ({ kind: 'login', contact_id: 'crm-1001' })],
    ['a login by address', async () => ({ kind: 'login', email: 'amelie.durand@example.com' })],
    ['a form', async () => ({ kind: 'form', email_sha256: 'b'.repeat(64) })],
  ])('%s is rejected and not stored, but other events are', async (_, props) => {
    const visitor = newVisitor()
    const page = event('page', MINUTE)
    const body = batch([page, event('identify', 0, await props())], { visitor, consent: choice({ identity: false }) })
    const { reply } = await sent(body)
    expect(reply).toEqual({
      visitor,
      accepted: 1,
      duplicate: 0,
      rejected: [{ index: 1, code: 'no_consent', message: expect.stringMatching(/consent\.identity must be true/) }],
    })
    await settled(server)
    expect((await timeline(server, visitor)).map((each) => each.id)).toEqual([page.id])
    expect(await server.query('select * from claims where visitor_id = ?', visitor)).toEqual([])
    expect(await server.query('select * from links where visitor_id = ?', visitor)).toEqual([])
  })

  test('events from before consent to identity stay anonymous after a login', async () => {
    const contact = 'agrees-late'
    await server.post('/api/v1/contacts', [{ id: contact }])
    const visitor = newVisitor()
    const before = event('page', 3 * MINUTE)
    await sendAll(server, visitor, [before], { consent: choice({ identity: false }) })
    const after = event('page', MINUTE)
    const login = event('identify', 0, { kind: 'login', token: await signLogin(secret, contact) })
    await sendAll(server, visitor, [after, login], { consent: choice({}) })
    await settled(server)
    const ids = (await server.get(`/api/v1/contacts/${contact}/timeline`)).data.map((each: { id: string }) => each.id)
    expect(ids).toEqual([after.id, login.id])
  })
})

describe('a withdrawal of identity', () => {
  test('voids the links and empties the contact’s timeline, but keeps the visitor', async () => {
    const visitor = await loggedIn('withdraws-identity')
    const open = await server.get(`/api/v1/links?visitor=${visitor}`)
    expect(open.data).toEqual([
      expect.objectContaining({ contact: 'withdraws-identity', state: 'open', strength: 'verified' }),
    ])
    expect((await server.get('/api/v1/contacts/withdraws-identity/timeline')).data).toHaveLength(2)

    const { reply, cookie } = await sent(batch([event('consent')], { visitor, consent: choice({ identity: false }) }))
    expect(reply).toMatchObject({ visitor, accepted: 1 })
    expect(cookie ?? '').not.toMatch(/Max-Age=0\b/i)
    await settled(server)
    const { data } = await server.get(`/api/v1/links?visitor=${visitor}`)
    expect(data).toEqual([expect.objectContaining({ state: 'void', reason: 'identity_withdrawn' })])
    expect((await server.get('/api/v1/contacts/withdraws-identity/timeline')).data).toEqual([])
    expect(await timeline(server, visitor)).toHaveLength(3)
    expect((await timeline(server, visitor)).map((each) => each.link)).toEqual([null, null, null])
  })

  test('is a lower bound: after a new grant and login, the contact gets only later events', async () => {
    const contact = 'returns-to-identity'
    const visitor = await loggedIn(contact)
    await sent(batch([event('consent')], { visitor, consent: choice({ identity: false }) }))
    const between = event('page')
    await sendAll(server, visitor, [between], { consent: choice({ identity: false }) })
    const anew = choice({})
    await sendAll(server, visitor, [event('page')], { consent: anew })
    await settled(server)
    expect((await server.get(`/api/v1/contacts/${contact}/timeline`)).data).toEqual([])

    const login = event('identify', 0, { kind: 'login', token: await signLogin(secret, contact) })
    await sendAll(server, visitor, [login], { consent: anew })
    await settled(server)
    const data = (await server.get(`/api/v1/contacts/${contact}/timeline`)).data as { id: string; type: string }[]
    expect(data.map((each) => each.type)).toEqual(['page', 'identify'])
    expect(data.map((each) => each.id)).not.toContain(between.id)
  })
})
