/**
 * What e-mail tools pull: the feed of matches and the members of a segment. A poller that keeps `next` must receive
 * every change once; no contact may be mailed about behaviour without consent to it, or about items they have bought.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WireConsent, WireEvent } from '../../tag/wire.ts'
import { newVisitor, problemOf, type SiteView, signLogin } from '../support/requests.ts'
import { keepOnly } from '../support/segments.ts'
import { batch, consent, event, send, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

let server: TestServer
let secret: string
let keys: { events: string; matches: string; segments: string }

beforeAll(async () => {
  server = await startServer()
  await keepOnly(server, 'cart_abandoned')
  secret = (await server.cli<SiteView>('sites', 'show', 'demo')).identity_secret
  const create = async (scope: string) => (await server.cli<{ key: string }>('keys', 'create', '--scopes', scope)).key
  keys = {
    events: await create('events:write'),
    matches: await create('matches:read'),
    segments: await create('segments:read'),
  }
  await server.cli('sites', 'set', 'demo', 'redirect_hosts=shop.example', 'image_hosts=shop.example')
})
afterAll(() => server.stop())

type Cart = {
  id: string
  url: string | null
  currency: string
  value: number
  updated_at: string
  state: string
  items: unknown[]
}
type Match = {
  seq: number
  change: string
  reason?: string
  contact: { id: string; email?: string }
  mailable: boolean
  why_not_mailable?: string
  segments: { id: string; name: string; entered_at: string }[] | null
  cart: Cart | null
  interests: { item_id: string; views: number; last_at: string }[] | null
  purchased: string[] | null
  [key: string]: unknown
}
type Page = { data: Match[]; next: string; has_more: boolean }
type Member = {
  person: { kind: string; id: string }
  contact: { id: string } | null
  entered_at: string
  mailable: boolean
  why_not_mailable?: string
  cart?: Cart
  [key: string]: unknown
}

/** One page of a feed. */
const page = (query: Record<string, string | number> = {}) =>
  server.get<Page>(`/api/v1/matches?${new URLSearchParams(Object.entries(query).map(([k, v]) => [k, String(v)]))}`)

/** Follows a feed from a cursor to its end, and returns all changes and the cursor to continue from. */
async function follow(
  after: string,
  query: Record<string, string | number> = {},
): Promise<{ changes: Match[]; next: string }> {
  const changes: Match[] = []
  for (let next = after; ; ) {
    const { data, next: following, has_more } = await page({ ...query, ...(next === '' ? {} : { after: next }) })
    changes.push(...data)
    if (!has_more) return { changes, next: following }
    expect(following).not.toBe(next)
    next = following
  }
}

/** The cursor of the feed's end. */
const end = async (query: Record<string, string | number> = {}) => (await follow('', query)).next
const ABANDONED = { segment: 'cart_abandoned' }

async function members(limit = 1000): Promise<Member[]> {
  const all: Member[] = []
  for (let after = ''; ; ) {
    const reply = await server.get<{ data: Member[]; next: string | null; has_more: boolean }>(
      `/api/v1/segments/cart_abandoned/members?limit=${limit}${after === '' ? '' : `&after=${after}`}`,
    )
    all.push(...reply.data)
    if (!reply.has_more) return all
    after = reply.next!
  }
}
const memberOf = async (id: string) => (await members()).find((member) => member.person.id === id)

let contacts = 0
/** Creates a contact that may be mailed, or with the given fields. */
async function newContact(more: object = {}): Promise<string> {
  const id = `reader-${++contacts}`
  await server.post('/api/v1/contacts', [{ id, email: `${id}@mail.example`, mail_consent: true, ...more }])
  return id
}

/** Sends the events of a new visitor that signed in as the contact `agoMs` ago. */
async function visit(contact: string, events: WireEvent[] = [], agoMs = 10 * MINUTE, choice: WireConsent = consent()) {
  const visitor = newVisitor()
  const token = await signLogin(secret, contact, { seconds: Math.floor((Date.now() - agoMs) / 1000) })
  const login = event('identify', agoMs, { kind: 'login', token })
  await sendAll(server, visitor, [login, ...events], { consent: choice })
  return { visitor, login }
}

const RING = {
  item_id: 'ring',
  item_name: 'Gold ring',
  price: 890.5,
  quantity: 1,
  item_category: 'Rings',
  url: 'https://shop.example/ring',
  image_url: 'https://shop.example/ring.jpg',
}
const CHAIN = { item_id: 'chain', price: 20, quantity: 3 }
const added = (agoMs: number, items: object[] = [RING], currency = 'EUR') =>
  event('add_to_cart', agoMs, { currency, items }, { url: 'https://shop.example/cart?utm_source=mail' })
const bought = (agoMs: number, items: object[] | undefined = [RING]) =>
  event('purchase', agoMs, { currency: 'EUR', transaction_id: `order-${newVisitor()}`, ...(items ? { items } : {}) })
const later = (time: string, ms: number) => new Date(Date.parse(time) + ms).toISOString()

describe('permission to read', () => {
  test.each<[string, string, () => string | null, number]>([
    ['the feed without a key', '/api/v1/matches', () => null, 401],
    ['the feed with segments:read', '/api/v1/matches', () => keys.segments, 403],
    ['the feed with matches:read', '/api/v1/matches', () => keys.matches, 200],
    ['the members without a key', '/api/v1/segments/cart_abandoned/members', () => null, 401],
    ['the members with matches:read', '/api/v1/segments/cart_abandoned/members', () => keys.matches, 403],
    ['the members with segments:read', '/api/v1/segments/cart_abandoned/members', () => keys.segments, 200],
    ['the segments with events:write', '/api/v1/segments', () => keys.events, 403],
    ['the segments with segments:read', '/api/v1/segments', () => keys.segments, 200],
  ])('%s (%s)', async (_, path, key, status) => {
    const given = key()
    const response = await fetch(server.url + path, {
      headers: given === null ? {} : { authorization: `Bearer ${given}` },
    })
    expect(response.status).toBe(status)
    if (status !== 200) await problemOf(response)
    else await response.body?.cancel()
  })
})

describe('an invalid query is 400, and an unknown segment is 404', () => {
  const coded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  test.each<[string, string, number, string, () => Promise<string> | string]>([
    ['a cursor that is a number', '/api/v1/matches?after=', 400, 'bad_cursor', () => '7'],
    ['a cursor that is not text', '/api/v1/matches?after=', 400, 'bad_cursor', () => '%00%ff'],
    ['a cursor of another shape', '/api/v1/matches?after=', 400, 'bad_cursor', () => coded({ seq: 1 })],
    ['a cursor before the beginning', '/api/v1/matches?after=', 400, 'bad_cursor', () => coded(['matches', -1])],
    ['the cursor of a segment’s feed', '/api/v1/matches?after=', 400, 'bad_cursor', () => end(ABANDONED)],
    ['the cursor of the whole feed', '/api/v1/matches?segment=cart_abandoned&after=', 400, 'bad_cursor', () => end()],
    [
      'the cursor of the feed for members',
      '/api/v1/segments/cart_abandoned/members?after=',
      400,
      'bad_cursor',
      () => end(ABANDONED),
    ],
    ['a limit of 0', '/api/v1/matches?limit=', 400, 'invalid_request', () => '0'],
    ['a limit of 1,001', '/api/v1/matches?limit=', 400, 'invalid_request', () => '1001'],
    ['a limit that is a word', '/api/v1/segments/cart_abandoned/members?limit=', 400, 'invalid_request', () => 'all'],
    ['an unknown segment', '/api/v1/matches?segment=', 400, 'unknown_segment', () => 'nobody'],
    ['members of an unknown segment', '/api/v1/segments/nobody/members', 404, 'unknown_segment', () => ''],
  ])('%s', async (_, path, status, code, value) => {
    const response = await server.api(path + (await value()))
    expect(response.status).toBe(status)
    expect((await problemOf(response)).code).toBe(code)
  })
})

describe('a poller that keeps next', () => {
  test('gets each change once and in order, even with pages of one', async () => {
    const start = await end()
    const ids = [await newContact(), await newContact(), await newContact()]
    for (const id of ids) {
      await visit(id)
      await settled(server)
    }
    const { changes, next } = await follow(start, { limit: 1 })
    expect(changes.map((match) => [match.contact.id, match.change])).toEqual(ids.map((id) => [id, 'matched']))
    const seqs = changes.map((match) => match.seq)
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b))
    const whole = await page({ after: start })
    expect(whole.data.map((match) => match.seq)).toEqual(seqs)
    expect(whole.has_more).toBe(false)
    expect((await page({ after: next })).data).toEqual([])
  })

  test('gets only the contacts that changed since its last poll', async () => {
    const [a, b, c] = [await newContact(), await newContact(), await newContact()]
    let next = await end()
    const round = async (work: () => Promise<unknown>) => {
      await work()
      await settled(server)
      const polled = await follow(next, { limit: 2 })
      next = polled.next
      return polled.changes.map((match) => `${match.contact.id} ${match.change}`)
    }
    expect(await round(async () => {})).toEqual([])
    const first = await visitRound()
    expect(first).toEqual([`${a} matched`, `${b} matched`])
    expect(await round(async () => {})).toEqual([])
    expect(await round(() => visit(c, [added(0)]))).toEqual([`${c} matched`])
    expect(await round(() => server.post('/api/v1/contacts', [{ id: a, email: 'moved@mail.example' }]))).toEqual([
      `${a} updated`,
    ])
    expect(await round(() => server.post('/api/v1/contacts', [{ id: a, email: 'moved@mail.example' }]))).toEqual([])
    expect(await round(() => visit(b))).toEqual([`${b} updated`])
    expect(await round(() => sendAll(server, newVisitor(), [added(0)]))).toEqual([])
    expect(await round(() => server.post('/api/v1/contacts', [{ id: c, mail_consent: false }]))).toEqual([
      `${c} updated`,
    ])

    async function visitRound() {
      return (
        await round(async () => {
          await visit(a)
          await visit(b)
        })
      ).sort()
    }
  })

  test('reaches the same state during concurrent changes as a poller that starts afterwards', async () => {
    const start = await end()
    const ids = await Promise.all(Array.from({ length: 8 }, () => newContact()))
    const work = Promise.all(
      ids.map(async (id, i) => {
        const { visitor } = await visit(id)
        await visit(id)
        if (i % 2 === 0)
          await sendAll(server, visitor, [event('consent')], { consent: consent({ id: `no-${id}`, identity: false }) })
      }),
    )
    let working = true
    const done = work
      .then(() => settled(server))
      .finally(() => {
        working = false
      })
    const changes: Match[] = []
    let next = start
    while (working) {
      const polled = await follow(next, { limit: 3 })
      changes.push(...polled.changes)
      next = polled.next
    }
    await done
    const rest = await follow(next)
    changes.push(...rest.changes)
    const seqs = changes.map((match) => match.seq)
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b))
    const last = (matches: Match[]) => Object.fromEntries(matches.map((match) => [match.contact.id, match.visitors]))
    const afterwards = (await follow(start)).changes
    expect(afterwards).toHaveLength(ids.length)
    expect(last(changes)).toEqual(last(afterwards))
    expect(last(changes)).toEqual(Object.fromEntries(ids.map((id, i) => [id, i % 2 === 0 ? 1 : 2])))
  })

  test('gets each contact once per page, in its current state', async () => {
    const start = await end()
    const id = await newContact()
    for (const city of ['one', 'two', 'three']) {
      await visit(id)
      await server.post('/api/v1/contacts', [{ id, email: `${city}@mail.example` }])
      await settled(server)
    }
    const { data } = await page({ after: start })
    expect(data).toHaveLength(1)
    expect(data[0]).toMatchObject({ change: 'matched', visitors: 3, contact: { id, email: 'three@mail.example' } })
  })

  test('of members gets each member once', async () => {
    for (let i = 1; i <= 3; i++) await sendAll(server, newVisitor(), [added((10 + i) * MINUTE)])
    await settled(server)
    const whole = await members()
    expect(whole.length).toBeGreaterThanOrEqual(3)
    expect(await members(1)).toEqual(whole)
    expect(new Set(whole.map(({ person }) => person.id)).size).toBe(whole.length)
  })
})

describe('a match', () => {
  test('contains the contact, the evidence, the time and the viewed items', async () => {
    const start = await end()
    const id = await newContact({ attributes: { first_name: 'Anna' } })
    const looks = [4, 3].map((minutes) => event('view_item', minutes * MINUTE, { items: [{ item_id: 'ring' }] }))
    const other = event('view_item', 2 * MINUTE, { items: [{ item_id: 'chain' }] })
    const { login } = await visit(id, [...looks, other])
    await settled(server)
    expect((await follow(start)).changes).toEqual([
      {
        seq: expect.any(Number),
        change: 'matched',
        contact: { id, email: `${id}@mail.example` },
        strength: 'verified',
        evidence: ['login_verified'],
        grade: 'proven',
        matched_at: login.at,
        last_seen_at: other.at,
        visitors: 1,
        mailable: true,
        segments: [],
        cart: null,
        interests: [
          { item_id: 'ring', views: 2, last_at: looks[1]!.at },
          { item_id: 'chain', views: 1, last_at: other.at },
        ],
        purchased: [],
      },
    ])
  })

  test('is matched, then updated, then unmatched, and then contains only the id', async () => {
    let next = await end()
    const id = await newContact()
    const tell = async () => {
      await settled(server)
      const polled = await follow(next)
      next = polled.next
      return polled.changes
    }
    const phone = await visit(id)
    expect(await tell()).toEqual([expect.objectContaining({ change: 'matched', visitors: 1 })])
    const laptop = await visit(id, [added(5 * MINUTE)])
    expect(await tell()).toEqual([expect.objectContaining({ change: 'updated', visitors: 2 })])
    const none = consent({ id: `withdrawn-${id}`, identity: false })
    await sendAll(server, phone.visitor, [event('consent')], { consent: none })
    expect(await tell()).toEqual([expect.objectContaining({ change: 'updated', visitors: 1 })])
    await sendAll(server, laptop.visitor, [event('consent')], { consent: none })
    expect(await tell()).toEqual([
      {
        seq: expect.any(Number),
        change: 'unmatched',
        reason: expect.any(String),
        contact: { id },
        mailable: false,
        segments: null,
        cart: null,
        interests: null,
        purchased: null,
      },
    ])
  })

  test('is not made by an unsigned login', async () => {
    const start = await end()
    const id = await newContact()
    await sendAll(server, newVisitor(), [
      event('page', MINUTE),
      event('identify', 0, { kind: 'login', contact_id: id }),
      added(0),
    ])
    await settled(server)
    expect((await follow(start)).changes).toEqual([])
  })
})

describe('a contact that may not be mailed is published without its behaviour', () => {
  const quiet = () => consent({ id: `quiet-${newVisitor()}`, marketing: false })
  const did = () => [event('view_item', 8 * MINUTE, { items: [RING] }), added(5 * MINUTE)]

  test.each<[string, string | null, () => Promise<string>]>([
    [
      'a contact that may be mailed, for comparison',
      null,
      async () => {
        const id = await newContact()
        await visit(id, did())
        return id
      },
    ],
    [
      'a contact without recorded mail consent',
      'no_mail_consent',
      async () => {
        const id = await newContact({ mail_consent: null })
        await visit(id, did())
        return id
      },
    ],
    [
      'a contact that refused mail',
      'no_mail_consent',
      async () => {
        const id = await newContact({ mail_consent: false })
        await visit(id, did())
        return id
      },
    ],
    [
      'a contact that withdrew mail consent afterwards',
      'no_mail_consent',
      async () => {
        const id = await newContact()
        await visit(id, did())
        await settled(server)
        await server.post('/api/v1/contacts', [{ id, mail_consent: false }])
        return id
      },
    ],
    [
      'a contact without marketing consent on its only visitor',
      'no_marketing_consent',
      async () => {
        const id = await newContact()
        await visit(id, did(), 10 * MINUTE, quiet())
        return id
      },
    ],
    [
      'a contact without marketing consent on one of two visitors',
      'no_marketing_consent',
      async () => {
        const id = await newContact()
        await visit(id, did())
        await visit(id, [], 9 * MINUTE, quiet())
        return id
      },
    ],
    [
      'a contact that withdrew marketing consent on one of two visitors',
      'no_marketing_consent',
      async () => {
        const id = await newContact()
        await visit(id, did())
        const { visitor } = await visit(id)
        await settled(server)
        await sendAll(server, visitor, [event('consent')], { consent: quiet() })
        return id
      },
    ],
  ])('%s: %s', async (_, why, story) => {
    const [start, startOfSegment] = [await end(), await end(ABANDONED)]
    const id = await story()
    await settled(server)
    const match = (await follow(start)).changes.find((each) => each.contact.id === id)!
    const inSegment = (await follow(startOfSegment, ABANDONED)).changes.find((each) => each.contact.id === id)!
    const member = (await memberOf(id))!
    for (const entry of [match, inSegment]) {
      if (why === null) {
        expect(entry).toMatchObject({
          mailable: true,
          segments: [{ id: 'cart_abandoned' }],
          cart: { items: [{ item_id: 'ring' }] },
          interests: [{ item_id: 'ring', views: 1 }],
        })
        expect(entry).not.toHaveProperty('why_not_mailable')
      } else {
        expect(entry).toMatchObject({
          mailable: false,
          why_not_mailable: why,
          segments: null,
          cart: null,
          interests: null,
        })
        expect(JSON.stringify(entry)).not.toContain('ring')
      }
    }
    expect(member).toMatchObject(why === null ? { mailable: true } : { mailable: false, why_not_mailable: why })
    expect(member.cart !== undefined).toBe(why === null)
  })

  test('is published in full once it consents', async () => {
    const id = await newContact({ mail_consent: false })
    await visit(id, did())
    await settled(server)
    const start = await end()
    await server.post('/api/v1/contacts', [{ id, mail_consent: true }])
    await settled(server)
    expect((await follow(start)).changes).toEqual([
      expect.objectContaining({
        change: 'updated',
        mailable: true,
        cart: expect.objectContaining({ state: 'abandoned' }),
      }),
    ])
  })

  test('a contact found to be a minor is removed from the feed and the segment', async () => {
    const id = await newContact()
    await visit(id, did())
    await settled(server)
    expect(await memberOf(id)).toMatchObject({ mailable: true })
    const start = await end()
    await server.post('/api/v1/contacts', [{ id, minor: true }])
    await settled(server)
    expect((await follow(start)).changes).toEqual([expect.objectContaining({ contact: { id }, change: 'unmatched' })])
    expect(await memberOf(id)).toBeUndefined()
  })

  test('a contact known to be a minor from the start never enters the feed', async () => {
    const start = await end()
    const id = await newContact({ minor: true })
    await visit(id, did())
    await settled(server)
    expect((await follow(start)).changes).toEqual([])
    expect(await memberOf(id)).toBeUndefined()
  })
})

describe('an abandoned cart', () => {
  test('is published with its items, amounts in major units, and the time it was abandoned', async () => {
    const [start, startOfSegment] = [await end(), await end(ABANDONED)]
    const id = await newContact()
    const first = added(6 * MINUTE)
    const change = added(5 * MINUTE, [CHAIN])
    await visit(id, [first, change])
    await settled(server)
    const cart = {
      id: expect.any(String),
      url: 'https://shop.example/cart?utm_source=mail',
      currency: 'EUR',
      value: 950.5,
      updated_at: change.at,
      state: 'abandoned',
      items: [RING, CHAIN],
    }
    const entered_at = later(change.at, MINUTE)
    const changes = (await follow(start)).changes
    expect(changes.at(-1)).toMatchObject({
      contact: { id },
      cart,
      segments: [{ id: 'cart_abandoned', name: expect.any(String), entered_at }],
    })
    const segmentChanges = (await follow(startOfSegment, ABANDONED)).changes
    expect(segmentChanges).toHaveLength(1)
    expect(segmentChanges[0]).toMatchObject({ change: 'matched', contact: { id }, cart })
    expect(await memberOf(id)).toMatchObject({
      person: { kind: 'contact', id },
      contact: { id, email: `${id}@mail.example` },
      entered_at,
      mailable: true,
      strength: 'verified',
      evidence: ['login_verified'],
      cart,
    })
  })

  test.each([
    ['EUR', 19.99, 3, 59.97],
    ['EUR', 0.1, 3, 0.3],
    ['JPY', 1200, 2, 2400],
    ['KWD', 1.234, 2, 2.468],
    ['eur', 5, 1, 5],
  ])('in %s at %d, %i times, is worth %d', async (currency, price, quantity, value) => {
    const visitor = newVisitor()
    await sendAll(server, visitor, [added(5 * MINUTE, [{ item_id: 'x', price, quantity }], currency)])
    await settled(server)
    const { cart } = (await memberOf(visitor))!
    expect(cart).toMatchObject({ currency: currency.toUpperCase(), value, items: [{ item_id: 'x', price, quantity }] })
  })

  test.each<[string, boolean, number, () => Record<string, string>]>([
    ['just now', false, 0, () => ({})],
    ['two minutes ago', true, 2 * MINUTE, () => ({})],
    ['six days ago', true, 6 * DAY, () => ({})],
    ['eight days ago, sent by a server', false, 8 * DAY, () => ({ authorization: `Bearer ${keys.events}` })],
  ])('that was last changed %s: a member is %s', async (_, isMember, agoMs, headers) => {
    const visitor = newVisitor()
    const change = added(agoMs)
    await sendAll(server, visitor, [change], {}, headers())
    await settled(server)
    const member = await memberOf(visitor)
    expect(member?.entered_at).toBe(isMember ? later(change.at, MINUTE) : undefined)
  })

  test('of an anonymous visitor is a member that cannot be mailed', async () => {
    const visitor = newVisitor()
    await sendAll(server, visitor, [added(5 * MINUTE)])
    await settled(server)
    expect(await memberOf(visitor)).toMatchObject({
      person: { kind: 'visitor', id: visitor, epoch: 1 },
      contact: null,
      mailable: false,
      why_not_mailable: 'not_a_contact',
      strength: null,
      evidence: [],
      cart: { items: [RING] },
    })
  })

  test('moves to the contact at login, and the anonymous member leaves', async () => {
    const id = await newContact()
    const visitor = newVisitor()
    const change = added(5 * MINUTE)
    await sendAll(server, visitor, [change])
    await settled(server)
    expect(await memberOf(visitor)).toBeDefined()
    await sendAll(server, visitor, [event('identify', 0, { kind: 'login', token: await signLogin(secret, id) })])
    await settled(server)
    expect(await memberOf(visitor)).toBeUndefined()
    expect(await memberOf(id)).toMatchObject({ entered_at: later(change.at, MINUTE), cart: { items: [RING] } })
  })

  test('does not exist once its owner has emptied it', async () => {
    const visitor = newVisitor()
    await sendAll(server, visitor, [
      added(6 * MINUTE),
      event('remove_from_cart', 5 * MINUTE, { currency: 'EUR', items: [RING] }),
    ])
    await settled(server)
    expect(await memberOf(visitor)).toBeUndefined()
  })
})

describe('a purchase', () => {
  test('on the same device closes the cart: unmatched in the segment’s feed, updated in the others', async () => {
    const id = await newContact()
    const { visitor } = await visit(id, [added(5 * MINUTE)])
    await settled(server)
    expect(await memberOf(id)).toBeDefined()
    const [start, startOfSegment] = [await end(), await end(ABANDONED)]
    await sendAll(server, visitor, [bought(MINUTE)])
    await settled(server)
    expect(await memberOf(id)).toBeUndefined()
    expect((await follow(start)).changes).toEqual([
      expect.objectContaining({
        contact: { id, email: `${id}@mail.example` },
        change: 'updated',
        cart: null,
        segments: [],
        purchased: ['ring'],
      }),
    ])
    expect((await follow(startOfSegment, ABANDONED)).changes).toEqual([
      expect.objectContaining({
        contact: { id },
        change: 'unmatched',
        reason: 'left_segment',
        cart: null,
        segments: null,
      }),
    ])
  })

  test.each<[string, boolean, WireEvent, 'same' | 'other']>([
    ['of the same item on another device of the contact closes the cart', true, bought(MINUTE), 'same'],
    ['of one of its items and others closes the cart', true, bought(MINUTE, [CHAIN, RING]), 'same'],
    ['without items closes the cart', true, bought(MINUTE, []), 'same'],
    ['of other items on another device leaves it', false, bought(MINUTE, [CHAIN]), 'same'],
    ['from before the cart’s last change leaves it', false, bought(20 * MINUTE), 'same'],
    ['of the same item by another contact leaves it', false, bought(MINUTE), 'other'],
  ])('%s', async (_, closes, purchase, buyer) => {
    const id = await newContact()
    await visit(id, [added(5 * MINUTE)])
    await settled(server)
    expect(await memberOf(id)).toBeDefined()
    await visit(buyer === 'same' ? id : await newContact(), [purchase], 30 * MINUTE)
    await settled(server)
    expect((await memberOf(id)) === undefined).toBe(closes)
    const { cart } = await server.get(`/api/v1/contacts/${id}`)
    expect(cart === null).toBe(closes)
  })
})

test('time alone abandons a cart, dated a minute after its last change however late that is noticed', async () => {
  const clock = await startServer({ movable: true })
  try {
    const visitor = newVisitor()
    const change = added(0)
    const response = await send(clock, batch([change], { visitor }))
    expect(response.status).toBe(202)
    await settled(clock)
    const read = async () => (await clock.get<{ data: Member[] }>('/api/v1/segments/cart_abandoned/members')).data
    expect(await read()).toEqual([])
    await clock.setClock(HOUR)
    await expect.poll(read, { timeout: 20_000 }).toEqual([
      expect.objectContaining({
        person: { kind: 'visitor', id: visitor, epoch: 1 },
        entered_at: later(change.at, MINUTE),
      }),
    ])
  } finally {
    await clock.stop()
  }
})
