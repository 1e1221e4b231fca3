/**
 * Visitor ids are no passwords. Somebody who has read the id of a verified customer's visitor in a list, a log, an export
 * or the feed tries to add to the customer's cart, to get the visitor's cookie, and to withdraw and so erase: as the id
 * itself, as a candidate, with other proofs, through another site, and through Segment's API. Covers also what does
 * prove a visitor, whose visitor an anonymous id is, and that no secret of a browser is stored.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { WireBatch, WireReply } from '../../tag/wire.ts'
import {
  filesHolding,
  problemOf,
  type SiteView,
  signLogin,
  tablesHolding,
  timeline,
  timelineStatus,
} from '../support/requests.ts'
import { basic, call, consenting, postCall, type SegmentKeys, segmentKeys } from '../support/segment-requests.ts'
import { batch, consent, event, send, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

const MINUTE = 60_000
const OTHER = { site: 'other' }
const NO = { consent: consent({ id: 'no', analytics: false, identity: false, marketing: false }) }

let server: TestServer
let site: SiteView
let other: SiteView
let keys: SegmentKeys

beforeAll(async () => {
  server = await startServer()
  site = await server.cli<SiteView>('sites', 'show', 'demo')
  other = await server.cli<SiteView>('sites', 'create', '--id', 'other', '--origin', 'https://other.example')
  keys = await segmentKeys(server)
  const contacts = Array.from({ length: 14 }, (_, n) => ({ id: `customer-${n}`, email: `customer-${n}@mail.example` }))
  await server.post('/api/v1/contacts', contacts)
  customers = await Promise.all(contacts.map(({ id }) => newCustomer(id)))
  await settled(server)
})
afterAll(() => server.stop())

/** A browser's secret, as the tag makes it. */
const newCandidate = () => randomBytes(24).toString('base64url')
const cart = (item: string) =>
  event('add_to_cart', 0, { currency: 'EUR', items: [{ item_id: item, price: 9, quantity: 1 }] })

/** Sends a batch without a key; `headers` may carry a cookie. */
async function sent(events: unknown[], more: Partial<WireBatch>, headers: Record<string, string> = { cookie: '' }) {
  const response = await send(server, batch(events, more), headers)
  expect(response.status).toBe(202)
  const reply = (await response.json()) as WireReply
  return { visitor: reply.visitor, reply, cookie: response.headers.get('set-cookie') }
}

const pairOf = (setCookie: string | null) => setCookie!.split(';')[0]!

/** Expects a batch that names a visitor without a proof to be refused as a whole. */
async function refused(events: unknown[], more: Partial<WireBatch>, cookie = '') {
  const response = await send(server, batch(events, more), { cookie })
  expect([response.status, response.headers.get('set-cookie')]).toEqual([400, null])
  expect(await problemOf(response)).toMatchObject({
    code: 'visitor_unproven',
    detail: expect.stringMatching(/^visitor must be proven: .*key.*cookie.*candidate/),
  })
}

type Customer = { contact: string; candidate: string; cookie: string; id: string }

/** Customers with a verified link and a ring in the cart, each to be taken by one test. */
let customers: Customer[]
const customer = (): Customer => customers.pop()!

/** Signs a contact in; the cookie and the id are those of the reply. */
async function newCustomer(contact: string): Promise<Customer> {
  const candidate = newCandidate()
  const login = event('identify', 0, { kind: 'login', token: await signLogin(site.identity_secret, contact) })
  const { cookie, visitor } = await sent([cart('ring'), login], { candidate })
  return { contact, candidate, cookie: pairOf(cookie), id: visitor! }
}

/** What a customer's visitor has: its links, the cart, and its events. */
async function stateOf(contact: string, id: string) {
  await settled(server)
  const view = await server.get(`/api/v1/contacts/${contact}`)
  return {
    links: view.links.map((link: { state: string; strength: string }) => `${link.strength} ${link.state}`),
    visitors: view.visitors.map((each: { id: string }) => each.id),
    cart: view.cart.items.map((item: { item_id: string }) => item.item_id),
    events: (await timeline(server, id)).map(({ type }) => type),
    own: (await server.get(`/api/v1/contacts/${contact}/timeline`)).data.length,
  }
}

describe('who has the id of a verified customer’s visitor', () => {
  let victim: Customer
  let before: Awaited<ReturnType<typeof stateOf>>
  beforeAll(async () => {
    victim = customer()
    before = await stateOf(victim.contact, victim.id)
    expect(before).toMatchObject({ links: ['verified open'], visitors: [victim.id], cart: ['ring'] })
  })
  // Each attempt would leave a trace of its own, so one look after all of them is enough.
  afterAll(async () => expect(await stateOf(victim.contact, victim.id)).toEqual(before))

  const acts: [string, () => Promise<{ events: unknown[]; more?: Partial<WireBatch> }>][] = [
    ['add to the cart', async () => ({ events: [cart('stone')] })],
    ['add an engagement', async () => ({ events: [event('engagement', 0, { ms: 10_000 })] })],
    ['log out', async () => ({ events: [event('reset')] })],
    ['buy', async () => ({ events: [event('purchase', 0, { transaction_id: 'stolen', value: 1, currency: 'EUR' })] })],
    ['claim a contact', async () => ({ events: [event('identify', 0, { kind: 'login', contact_id: 'mallory' })] })],
    [
      'follow a mail link of their own',
      async () => {
        await server.post('/api/v1/contacts', [{ id: 'mallory', email: 'mallory@mail.example' }])
        const body = { site: 'demo', contacts: ['mallory'], message: 'news' }
        const { data } = await server.post('/api/v1/link-tokens', body)
        return { events: [event('identify', 0, { kind: 'link', link: data[0].token })] }
      },
    ],
    [
      'withdraw identity',
      async () => ({ events: [event('consent')], more: { consent: consent({ identity: false }) } }),
    ],
    ['withdraw everything and so erase', async () => ({ events: [event('consent')], more: NO })],
  ]

  test.each(acts)(
    'cannot %s: with the id alone, as a candidate, beside own proofs, or through another site',
    async (_, act) => {
      const { events, more } = await act()
      await refused(events, { visitor: victim.id, ...more })

      const asCandidate = await sent(events, { candidate: victim.id, ...more })
      expect(asCandidate.visitor).not.toBe(victim.id)

      const candidate = newCandidate()
      const beside = await sent(events, { visitor: victim.id, candidate, ...more })
      expect(beside.visitor).toBe(more === NO ? null : server.visitorOf(candidate))

      const own = await sent([event('page')], { candidate: newCandidate() })
      const besideCookie = await sent(events, { visitor: victim.id, ...more }, { cookie: pairOf(own.cookie) })
      expect(besideCookie.visitor).toBe(more === NO ? null : own.visitor)
      for (const { cookie } of [asCandidate, beside, besideCookie]) expect(cookie ?? '').not.toContain(victim.id)

      await refused(events, { ...OTHER, visitor: victim.id, ...more })
      await sent(events, { ...OTHER, candidate: victim.id, ...more })
      // Even the browser itself is another visitor there.
      await refused(events, { ...OTHER, visitor: victim.id, ...more }, victim.cookie)
      await sent(events, { ...OTHER, candidate: victim.candidate, ...more }, { cookie: victim.cookie })
    },
  )

  test.each<[string, (id: string, own: string) => string]>([
    ['is the bare id', (id) => `cv=${id}`],
    ['has another visitor’s signature', (id, own) => `cv=${[id, ...own.split('.').slice(1)].join('.')}`],
    ['has a made-up signature', (id) => `cv=${id}.1796000000.1796000000.${'A'.repeat(22)}`],
  ])('cannot use a cookie that %s', async (_, forge) => {
    const own = pairOf((await sent([event('page')], { candidate: newCandidate() })).cookie).slice(3)
    await refused([cart('stone')], { visitor: victim.id }, forge(victim.id, own))
    await refused([event('consent')], { visitor: victim.id, ...NO }, forge(victim.id, own))
    const { visitor } = await sent([cart('stone')], {}, { cookie: forge(victim.id, own) })
    expect(visitor).not.toBe(victim.id)
  })

  test('cannot use a cookie that another site signed', async () => {
    await refused([cart('stone')], { visitor: victim.id }, server.cookie(victim.id, 'other'))
    const { visitor } = await sent([cart('stone')], {}, { cookie: server.cookie(victim.id, 'other') })
    expect(visitor).not.toBe(victim.id)
  })

  test.each<[string, (id: string) => Record<string, unknown>]>([
    ['its anonymous id', (id) => ({ anonymousId: id })],
    ['the anonymous id that would make it', (id) => ({ anonymousId: `s:${id}` })],
    ['an earlier id', (id) => ({ type: 'alias', previousId: id, userId: 'mallory' })],
    ['the user’s id', (id) => ({ userId: id })],
  ])('cannot reach the visitor through Segment’s API as %s', async (_, fields) => {
    for (const { write_key } of [site, other]) {
      const add = { event: 'Product Added', properties: { product_id: 'stone', price: 1, quantity: 1 } }
      const logout = { event: 'Signed Out' }
      const choice = { event: 'Segment Consent Preference Updated', context: consenting({ Analytics: false }) }
      for (const more of [add, logout, choice]) {
        const body = { ...call('track', more), ...fields(victim.id) }
        expect((await postCall(server, 'batch', { batch: [body] }, basic(write_key))).status).toBe(200)
      }
    }
  })

  test('can be a reader of lists only: other keys than those to write and to vouch open nothing', async () => {
    const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'segments:read,people:read')
    const headers = { authorization: `Bearer ${key}` }
    expect((await send(server, batch([cart('stone')], { visitor: victim.id }), headers)).status).toBe(403)
    const login = { site: 'demo', visitor: victim.id, contact_id: victim.contact }
    const init = {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(login),
    }
    expect((await fetch(`${server.url}/api/v1/identify`, init)).status).toBe(403)
    expect((await postCall(server, 'track', call('track', { anonymousId: victim.id }), basic(key))).status).toBe(403)
  })

  test('gets no cookie for it, with a key to write either', async () => {
    const headers = { authorization: `Bearer ${keys.secret}` }
    const response = await send(server, batch([event('page')], { visitor: 'a-server-names-it' }), headers)
    expect(response.headers.get('set-cookie')).toBeNull()
    expect(await response.json()).toMatchObject({ visitor: 'a-server-names-it', accepted: 1 })
  })

  test('finds that an id is never the candidate of its own visitor, however often it is hashed', async () => {
    const seen = new Set([victim.candidate])
    for (let id = victim.id; seen.size < 20; id = (await sent([event('page')], { candidate: id })).visitor!) {
      expect(seen).not.toContain(id)
      seen.add(id)
    }
  })
})

describe('a visitor is proven', () => {
  test('by the candidate, when the cookie is deleted or of nobody, for batches that waited', async () => {
    const { contact, candidate, id } = customer()
    for (const cookie of ['', `cv=${id}`, server.cookie(id, 'other')]) {
      const { visitor, cookie: given } = await sent([event('page', MINUTE)], { candidate, visitor: id }, { cookie })
      expect(visitor).toBe(id)
      expect(given).toContain(`cv=${id}.`)
    }
    expect((await stateOf(contact, id)).events.filter((type) => type === 'page')).toHaveLength(3)
  })

  test('by the candidate for a batch that names it, while the browser has become another', async () => {
    const { id, candidate } = customer()
    const now = await sent([event('page')], { candidate: newCandidate() })
    const late = await sent([event('view_item', MINUTE)], { candidate, visitor: id }, { cookie: pairOf(now.cookie) })
    expect([late.visitor, late.cookie]).toEqual([id, null])
    await settled(server)
    expect((await timeline(server, id)).map(({ type }) => type)).toContain('view_item')
  })

  test('by a cookie from before ids were hashed', async () => {
    const old = `from-before-${newCandidate()}`
    const { visitor } = await sent([event('page')], { candidate: newCandidate() }, { cookie: server.cookie(old) })
    expect(visitor).toBe(old)
    await settled(server)
    expect(await timeline(server, old)).toHaveLength(1)
  })

  test('by a secret key, which may name any id', async () => {
    const { contact, id } = customer()
    await sendAll(server, id, [cart('bracelet')], {}, { authorization: `Bearer ${keys.secret}` })
    expect((await stateOf(contact, id)).cart).toEqual(['ring', 'bracelet'])
  })

  test('to a shop’s server by the cookie’s value or the id, at its own site', async () => {
    const { contact, cookie, id } = customer()
    const login = (visitor: string, at = 'demo') =>
      server.api('/api/v1/identify', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ site: at, visitor, contact_id: contact }),
      })
    for (const named of [id, cookie.slice('cv='.length)]) {
      const response = await login(named)
      expect([response.status, await response.json()]).toEqual([200, expect.objectContaining({ visitor: id })])
    }
    expect((await login(id, 'other')).status).toBe(409)
    expect((await login(cookie.slice('cv='.length), 'other')).status).toBe(400)
  })
})

describe('a withdrawal under a valid proof', () => {
  test.each<[string, (one: Customer) => [Partial<WireBatch>, string]]>([
    ['the candidate', ({ candidate }) => [{ candidate }, '']],
    ['the cookie', ({ cookie }) => [{}, cookie]],
    ['both', ({ candidate, cookie, id }) => [{ candidate, visitor: id }, cookie]],
  ])('%s retires the id for good', async (_, proof) => {
    const one = customer()
    const [more, cookie] = proof(one)
    const { reply, cookie: given } = await sent([event('consent')], { ...more, ...NO }, { cookie })
    expect(reply).toEqual({ visitor: null, accepted: 1, duplicate: 0, rejected: [] })
    expect(given).toMatch(/^cv=;.*Max-Age=0/)
    await settled(server)
    expect(await tablesHolding(server, one.id)).toEqual([])

    // What still waits somewhere arrives for nobody, and a later grant starts anew.
    await sent([cart('late')], { candidate: one.candidate }, { cookie: one.cookie })
    await sent([cart('late')], { candidate: one.candidate })
    await settled(server)
    expect(await timelineStatus(server, one.id)).toBe(404)
    const anew = await sent([event('page')], { candidate: newCandidate() })
    expect(anew.visitor).not.toBe(one.id)
    await settled(server)
    expect(await timeline(server, anew.visitor!)).toHaveLength(1)
  })

  test('counts under the candidate alone also after a restart, when only the store knows the visitor', async () => {
    const { candidate, id } = customer()
    await server.stop({ wipe: false })
    server = await startServer({ dataDir: server.dataDir, port: server.port })
    const { reply } = await sent([event('consent')], { candidate, ...NO })
    expect(reply).toMatchObject({ visitor: null, accepted: 1 })
    await settled(server)
    expect(await timelineStatus(server, id)).toBe(404)
    // Repeated, because its reply was lost.
    expect((await sent([event('consent')], { candidate, ...NO })).reply).toMatchObject({ accepted: 1 })
  })

  test('of a page that is older than its browser’s cookie retires both visitors', async () => {
    const [old, now] = [customer(), customer()]
    await sent([event('consent')], { candidate: old.candidate, visitor: old.id, ...NO }, { cookie: now.cookie })
    await settled(server)
    expect([await timelineStatus(server, old.id), await timelineStatus(server, now.id)]).toEqual([404, 404])
  })

  test('of a returning browser is for the visitor of its cookie, whatever candidate its new page has made', async () => {
    const { cookie, id } = customer()
    const proofs = async () => (await server.query('select count(*) n from withdrawals'))[0]!.n as number
    const before = await proofs()
    await sent([event('consent')], { candidate: newCandidate(), ...NO }, { cookie })
    await settled(server)
    expect([await timelineStatus(server, id), await proofs()]).toEqual([404, before + 1])
  })
})

describe('an anonymous id of Segment’s API', () => {
  let anonymousId: string
  let id: string
  const track = (more: Record<string, unknown>) => ({
    ...call('track', { event: 'Product Added', properties: { product_id: 'ring', price: 9, quantity: 1 } }),
    ...more,
  })
  const taken = async (body: Record<string, unknown>, key: string) => {
    expect((await postCall(server, 'batch', { batch: [body] }, basic(key))).status).toBe(200)
    await settled(server)
  }
  const found = async (anonymous: string) =>
    (await server.get<{ data: { id: string; site: string }[] }>(`/api/v1/visitors?anonymous_id=${anonymous}`)).data
  beforeEach(async () => {
    anonymousId = randomUUID()
    await taken(track({ anonymousId }), keys.writeKey)
    id = (await found(anonymousId))[0]!.id
  })

  test('is not what its visitor is called, but finds it', async () => {
    expect(id).toMatch(/^s:[A-Za-z0-9_-]{22}$/)
    expect(await found(anonymousId)).toEqual([expect.objectContaining({ id, site: 'demo' })])
    const missing = await server.api('/api/v1/visitors')
    expect([missing.status, (await problemOf(missing)).detail]).toEqual([
      400,
      expect.stringContaining('either state or anonymous_id'),
    ])
  })

  test('is another visitor at another site', async () => {
    await taken(track({ anonymousId }), other.write_key)
    const both = await found(anonymousId)
    expect(both.map((each) => each.site).sort()).toEqual(['demo', 'other'])
    expect(new Set(both.map((each) => each.id)).size).toBe(2)
    expect(await timeline(server, id)).toHaveLength(1)
  })

  test('cannot be replaced by the visitor’s id: nothing is added, nobody withdraws', async () => {
    const no = { event: 'Consent', context: consenting({ Analytics: false, Functional: false, Advertising: false }) }
    for (const named of [id, id.slice(2)]) {
      await taken(track({ anonymousId: named }), keys.writeKey)
      await taken(track({ anonymousId: named, ...no }), keys.writeKey)
      await taken({ ...call('alias', { previousId: named, userId: 'mallory' }) }, keys.writeKey)
    }
    await refused([cart('stone')], { visitor: id })
    await refused([event('consent')], { visitor: id, ...NO })
    expect((await timeline(server, id)).map(({ type }) => type)).toEqual(['add_to_cart'])
    expect((await server.get(`/api/v1/links?visitor=${id}`)).data).toEqual([])
  })

  test('is one visitor for the browser and for the shop’s own server, and a server knows it as s: and the id', async () => {
    await server.post('/api/v1/contacts', [{ id: 'of-segment', email: 'of-segment@mail.example' }])
    await taken(call('identify', { anonymousId, userId: 'of-segment' }), `${keys.verifying}:demo`)
    expect(await found(anonymousId)).toHaveLength(1)
    const { data } = await server.get('/api/v1/contacts/of-segment/timeline')
    expect(data.map((each: { type: string; visitor: string }) => [each.type, each.visitor])).toEqual([
      ['add_to_cart', id],
      ['identify', id],
    ])
    const named = encodeURIComponent(`s:${anonymousId}`)
    expect((await server.get(`/api/v1/visitors/${named}`)).id).toBe(id)
    expect((await server.get(`/api/v1/visitors/${named}/timeline`)).data).toHaveLength(2)
    expect((await server.get(`/api/v1/links?visitor=${named}`)).data).toEqual([
      expect.objectContaining({ visitor: id, contact: 'of-segment', strength: 'verified' }),
    ])
    const login = { site: 'demo', visitor: `s:${anonymousId}`, contact_id: 'of-segment' }
    expect((await server.post('/api/v1/identify', login)).visitor).toBe(id)
  })

  test('that can be guessed opens nothing that a server reported under it', async () => {
    await server.post('/api/v1/contacts', [{ id: 'of-till', email: 'of-till@mail.example' }])
    const products = { product_id: 'watch', price: 900, quantity: 1 }
    await taken(track({ anonymousId: 'till-7', userId: 'of-till', properties: products }), `${keys.verifying}:demo`)
    const before = await stateOf('of-till', 's:till-7')
    await taken(track({ anonymousId: 'till-7' }), keys.writeKey)
    await taken(track({ anonymousId: 'till-7', event: 'Signed Out' }), keys.writeKey)
    await taken(track({ anonymousId: 'till-7', context: consenting({ Analytics: false }) }), keys.writeKey)
    expect(await stateOf('of-till', 's:till-7')).toEqual(before)
    expect((await found('till-7')).map((each) => each.id)).toContain('s:till-7')
  })
})

test.each<[string, keyof SegmentKeys]>([
  ['vouches for its logins', 'verifying'],
  ['only claims them', 'secret'],
])('a user’s id opens nothing that a server reported under it alone: the server %s', async (_, which) => {
  const userId = `known-user-${which}`
  await server.post('/api/v1/contacts', [{ id: userId, email: `${userId}@mail.example` }])
  const add = (product: string, more = {}) =>
    call('track', {
      userId,
      event: 'Product Added',
      properties: { product_id: product, price: 1, quantity: 1 },
      ...more,
    })
  const say = async (body: unknown, key: string) =>
    expect((await postCall(server, 'batch', { batch: [body] }, basic(key))).status).toBe(200)
  await say(add('ring'), `${keys[which]}:demo`)
  await settled(server)
  const { data } = await server.get(`/api/v1/contacts/${userId}/timeline?strength=all`)
  const id = data[0].visitor as string
  await say(add('stone'), keys.writeKey)
  await say(add('stone', { event: 'Signed Out' }), keys.writeKey)
  await say(add('stone', { event: 'Consent', context: consenting({ Analytics: false }) }), keys.writeKey)
  await say({ ...add('stone'), userId: undefined, anonymousId: id }, keys.writeKey)
  await settled(server)
  expect((await timeline(server, id)).map(({ type }) => type)).toEqual(['add_to_cart'])
})

test('no file contains a candidate or an anonymous id of a browser', async () => {
  const { candidate, id } = customer()
  const anonymousId = randomUUID()
  const calls = ['track', 'page', 'identify', 'alias'].map((type) =>
    call(type, { anonymousId, previousId: anonymousId, userId: 'u-1', event: 'Product Added' }),
  )
  expect((await postCall(server, 'batch', { batch: calls }, basic(keys.writeKey))).status).toBe(200)
  await settled(server)
  expect(await filesHolding(server, id)).not.toEqual([])
  for (const secret of [candidate, anonymousId]) expect(await filesHolding(server, secret)).toEqual([])
})
