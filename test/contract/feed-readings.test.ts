/**
 * What readers of the feed and of members end up with: whose purchase it was decides about a cart, not whose device; only
 * open carts are shown, in one consistent state; and a whole reading, over any number of pages, holds each contact once
 * while the log grows.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WireEvent } from '../../tag/wire.ts'
import { newVisitor, type SiteView, signLogin } from '../support/requests.ts'
import { consent, event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

const MINUTE = 60_000

let server: TestServer
let secret: string
let serverKey: string

beforeAll(async () => {
  server = await startServer({ movable: true })
  secret = (await server.cli<SiteView>('sites', 'show', 'demo')).identity_secret
  serverKey = (await server.cli<{ key: string }>('keys', 'create', '--scopes', 'events:write')).key
})
afterAll(() => server?.stop())

type Cart = { state: string; value: number | null; items: { item_id: string }[] }
type Match = {
  seq: number
  change: string
  reason?: string
  contact: { id: string; email?: string }
  mailable: boolean
  visitors?: number
  segments: { id: string }[] | null
  cart: Cart | null
  interests: { item_id: string; views: number }[] | null
  purchased: string[] | null
}
type Page = { data: Match[]; next: string; has_more: boolean }
type Member = { person: { kind: string; id: string }; mailable: boolean; cart?: Cart }
type MemberPage = { data: Member[]; next: string | null; has_more: boolean }

const query = (fields: Record<string, string | number>) =>
  new URLSearchParams(Object.entries(fields).map(([name, value]) => [name, String(value)]))

/** One page of the feed. */
const page = (fields: Record<string, string | number> = {}) => server.get<Page>(`/api/v1/matches?${query(fields)}`)

/** Reads the feed from a cursor to its end. `between` runs after each page but the last. */
async function read(
  after: string,
  fields: Record<string, string | number> = {},
  between: () => Promise<unknown> = async () => {},
): Promise<{ changes: Match[]; next: string }> {
  const changes: Match[] = []
  for (let next = after; ; ) {
    const reply = await page({ ...fields, ...(next === '' ? {} : { after: next }) })
    changes.push(...reply.data)
    if (!reply.has_more) return { changes, next: reply.next }
    await between()
    next = reply.next
  }
}

const end = async (fields: Record<string, string | number> = {}) => (await read('', fields)).next
const ABANDONED = { segment: 'cart_abandoned' }

async function members(fields: Record<string, string | number> = {}, between = async () => {}): Promise<Member[]> {
  const all: Member[] = []
  for (let after: string | null = null; ; ) {
    const from: Record<string, string> = after === null ? {} : { after }
    const reply: MemberPage = await server.get(
      `/api/v1/segments/cart_abandoned/members?${query({ ...fields, ...from })}`,
    )
    all.push(...reply.data)
    if (!reply.has_more) return all
    await between()
    after = reply.next
  }
}

const lines = (text: string) => text.trim().split('\n')
const file = async (path: string) => (await server.api(path)).text()
const ndjson = async (fields: Record<string, string> = {}): Promise<Match[]> => {
  const text = await file(`/api/v1/matches?${query({ format: 'ndjson', ...fields })}`)
  return text === '' ? [] : lines(text).map((line) => JSON.parse(line) as Match)
}

let made = 0
async function newContact(more: object = {}): Promise<string> {
  const id = `reading-${++made}`
  await server.post('/api/v1/contacts', [{ id, email: `${id}@mail.example`, mail_consent: true, ...more }])
  return id
}

const login = async (contact: string, agoMs: number) =>
  event('identify', agoMs, {
    kind: 'login',
    token: await signLogin(secret, contact, { seconds: Math.floor((Date.now() - agoMs) / 1000) }),
  })
const ring = { item_id: 'ring', price: 100, quantity: 1 }
const adds = (agoMs: number, items: object[] = [ring]) => event('add_to_cart', agoMs, { currency: 'EUR', items })
const buys = (agoMs: number, items: object[] = [ring], more: object = {}) =>
  event('purchase', agoMs, { currency: 'EUR', transaction_id: `o-${newVisitor()}`, items, ...more })

/** A visitor that signed in as the contact and did something. */
async function visit(contact: string, events: WireEvent[], agoMs = 60 * MINUTE, visitor = newVisitor()) {
  await sendAll(server, visitor, [await login(contact, agoMs), ...events])
  return visitor
}

/** A contact with a cart that was abandoned half an hour ago. */
async function leaver(agoMs = 30 * MINUTE) {
  const contact = await newContact()
  return { contact, visitor: await visit(contact, [adds(agoMs)], agoMs + MINUTE) }
}

/** What each view says of a contact's cart: its items, or null. */
/** Others may hold contacts without a cart. */
const isAboutCarts = (segment: string) => segment === 'cart_abandoned'

async function views(contact: string) {
  const ofCart = (cart: Cart | null | undefined) => cart?.items.map((item) => item.item_id) ?? null
  const find = (matches: Match[]) => matches.find((match) => match.contact.id === contact)
  const match = find((await read('')).changes)
  const member = (await members()).find(({ person }) => person.id === contact)
  const known = await server.get<{ cart: Cart | null; segments: { id: string }[] }>(`/api/v1/contacts/${contact}`)
  const exported = JSON.parse(await file(`/api/v1/contacts/${contact}/export`)) as { carts: Cart[] }
  return {
    match: ofCart(match?.cart),
    named: match?.segments?.map(({ id }) => id).filter(isAboutCarts) ?? null,
    inSegmentFeed: ofCart(find((await read('', ABANDONED)).changes)?.cart),
    inFile: ofCart(find(await ndjson())?.cart),
    member: ofCart(member?.cart),
    page: ofCart(known.cart),
    pageSegments: known.segments.map(({ id }) => id).filter(isAboutCarts),
    carts: exported.carts.map((cart) => cart.items.map((item) => item.item_id)),
  }
}
// The export lists every cart, whatever became of it.
const STANDS = {
  ...{
    match: ['ring'],
    inSegmentFeed: ['ring'],
    inFile: ['ring'],
    member: ['ring'],
    page: ['ring'],
    carts: [['ring']],
  },
  ...{ named: ['cart_abandoned'], pageSegments: ['cart_abandoned'] },
}
const GONE = {
  ...{ match: null, inSegmentFeed: null, inFile: null, member: null, page: null, carts: [['ring']] },
  ...{ named: [], pageSegments: [] },
}

const abandonedNow = async () => {
  const today = new Date().toISOString().slice(0, 10)
  const from = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10)
  const { total } = await server.get(`/api/v1/reports/overview?from=${from}&to=${today}`)
  return total.carts.abandoned.count as number
}

describe('A leaves a cart on a device that B uses too', () => {
  type Story = (a: { contact: string; visitor: string }, b: string) => Promise<unknown>
  const STORIES: [name: string, stands: boolean, story: Story][] = [
    [
      'B signs in and buys the same piece',
      true,
      ({ visitor }, b) => visit(b, [buys(15 * MINUTE)], 20 * MINUTE, visitor),
    ],
    [
      'B signs in, adds the piece and buys it',
      true,
      ({ visitor }, b) => visit(b, [adds(16 * MINUTE), buys(15 * MINUTE)], 20 * MINUTE, visitor),
    ],
    [
      'B removes the piece',
      true,
      ({ visitor }, b) =>
        visit(b, [event('remove_from_cart', 15 * MINUTE, { currency: 'EUR', items: [ring] })], 20 * MINUTE, visitor),
    ],
    [
      'B empties the cart',
      true,
      ({ visitor }, b) => visit(b, [event('view_cart', 15 * MINUTE, { items: [], value: 0 })], 20 * MINUTE, visitor),
    ],
    [
      'A logs out, and a guest checks out',
      true,
      ({ visitor }) => sendAll(server, visitor, [event('reset', 20 * MINUTE), buys(15 * MINUTE)]),
    ],
    [
      'B signs in, logs out, and a guest checks out',
      true,
      ({ visitor }, b) => visit(b, [event('reset', 18 * MINUTE), buys(15 * MINUTE)], 20 * MINUTE, visitor),
    ],
    [
      "the shop's server reports B's purchase",
      true,
      async ({ visitor }, b) => {
        await visit(b, [], 20 * MINUTE, visitor)
        await sendAll(server, visitor, [buys(15 * MINUTE)], {}, { authorization: `Bearer ${serverKey}` })
      },
    ],
    [
      "B's order is imported",
      true,
      async ({ visitor }, b) => {
        await visit(b, [], 20 * MINUTE, visitor)
        await server.post('/api/v1/orders', [orderOf(b)])
      },
    ],
    ['A buys it on another device', false, ({ contact }) => visit(contact, [buys(15 * MINUTE)], 20 * MINUTE)],
    ["A's order is imported", false, ({ contact }) => server.post('/api/v1/orders', [orderOf(contact)])],
    [
      'A buys it there after B has used the device',
      false,
      async ({ contact, visitor }, b) => {
        await visit(b, [buys(15 * MINUTE, [{ item_id: 'chain', price: 5 }])], 20 * MINUTE, visitor)
        await visit(contact, [buys(5 * MINUTE)], 10 * MINUTE, visitor)
      },
    ],
    [
      'the order of a record that is merged into A is imported',
      false,
      async ({ contact }, b) => {
        await server.post('/api/v1/contacts', [{ id: b, merged_into: contact }])
        await server.post('/api/v1/orders', [orderOf(b)])
      },
    ],
  ]
  const contacts = new Map<string, string>()
  let told: Match[] = []

  // All at the same time: a visitor that comes back is not derived at once.
  beforeAll(async () => {
    const leavers = await Promise.all(STORIES.map(() => leaver()))
    await settled(server)
    const start = await end()
    await Promise.all(
      STORIES.map(async ([name, , story], i) => {
        contacts.set(name, leavers[i]!.contact)
        await story(leavers[i]!, await newContact())
      }),
    )
    await settled(server)
    told = (await read(start)).changes
  })

  test.each(STORIES)('%s: the cart stands is %s, in all views', async (name, stands) => {
    const contact = contacts.get(name)!
    expect(await views(contact)).toEqual(stands ? STANDS : GONE)
    const last = told.find((match) => match.contact.id === contact)
    if (last) expect(last.cart?.items.map((item) => item.item_id) ?? null).toEqual(stands ? ['ring'] : null)
  })

  test('the overview counts the carts that the list of members has', async () => {
    expect(await abandonedNow()).toBe((await members()).length)
  })
})

const orderOf = (contact: string, more: object = {}) => ({
  ...{ order_id: `till-${newVisitor()}`, contact_id: contact, at: new Date(Date.now() - 5 * MINUTE).toISOString() },
  ...{ total: 100, currency: 'EUR', items: [{ item_id: 'ring', price: 100 }], ...more },
})

describe('a cart that was bought or emptied is null at once', () => {
  test.each<[string, (a: { contact: string; visitor: string }) => Promise<unknown>]>([
    ['an order import just landed', ({ contact }) => server.post('/api/v1/orders', [orderOf(contact)])],
    [
      'an order of a merged record just landed',
      async ({ contact }) => {
        const other = await newContact({ merged_into: contact })
        await settled(server)
        await server.post('/api/v1/orders', [orderOf(other)])
      },
    ],
    ['it was bought', ({ visitor }) => sendAll(server, visitor, [buys(MINUTE)])],
    [
      'it was emptied',
      ({ visitor }) => sendAll(server, visitor, [event('view_cart', MINUTE, { items: [], value: 0 })]),
    ],
  ])('%s: no reading shows another state, and the copy of a poller ends right', async (_, story) => {
    const a = await leaver()
    await settled(server)
    let { next } = await read('')
    const copy = new Map<string, Match>()
    const shown: (string | null)[] = []
    const poll = async () => {
      const got = await read(next)
      next = got.next
      for (const match of got.changes) copy.set(match.contact.id, match)
      const whole = (await ndjson()).find((match) => match.contact.id === a.contact)!
      shown.push(whole.cart?.state ?? null)
      // Whoever has no cart is in no segment about carts.
      if (whole.cart === null) expect((whole.segments ?? []).filter(({ id }) => isAboutCarts(id))).toEqual([])
      const known = await server.get(`/api/v1/contacts/${a.contact}`)
      if (known.cart === null) expect(known.segments.filter(({ id }: { id: string }) => isAboutCarts(id))).toEqual([])
    }
    await story(a)
    for (let i = 0; i < 5; i++) await poll()
    await settled(server)
    await poll()
    expect(shown.filter((state) => state !== null && state !== 'abandoned')).toEqual([])
    expect(shown.at(-1)).toBeNull()
    const last = copy.get(a.contact)
    expect(last?.cart).toBeNull()
    expect(last?.segments?.filter(({ id }) => isAboutCarts(id))).toEqual([])
  })
})

describe('a whole reading', () => {
  const ids: string[] = []
  beforeAll(async () => {
    for (let i = 0; i < 4; i++) ids.push((await leaver(20 * MINUTE)).contact)
    await settled(server)
    await lengthen(3000)
  })

  /** Adds changes to the log that were published long ago: whatever they said, only the state of now counts. */
  async function lengthen(rows: number) {
    const [last] = await server.query<{ seq: number }>('select max(seq) as seq from match_changes')
    const owners = ids.map((id, nth) => `(${nth}, '${id}')`).join(', ')
    await server.change(
      `insert into match_changes
         (seq, contact_id, change, segments, entered, left_segments, grade, cart_grade, earlier_grade, earlier_cart_grade, at)
       with recursive n(i) as (select 1 union all select i + 1 from n where i < ${rows}),
         owners(nth, id) as (values ${owners})
       select ${last!.seq} + i, owners.id, 'updated', '["cart_abandoned"]', '[]', '[]',
         'proven', 'proven', 'proven', 'proven', 1
       from n join owners on owners.nth = i % ${ids.length}`,
    )
  }

  const counted = (given: string[]) => ids.map((id) => given.filter((each) => each === id).length)
  const once = () => ids.map(() => 1)

  test.each<[string, Record<string, string>]>([
    ['of everybody', {}],
    ['of a segment', ABANDONED],
    ['of a segment, from 0', { ...ABANDONED, after: '0' }],
    ['with a floor', { min_grade: 'clicked' }],
    ['of a segment with a floor', { ...ABANDONED, min_grade: 'clicked' }],
  ])('as a file %s holds each contact once, in its present state', async (_, fields) => {
    const rows = await ndjson(fields)
    expect(counted(rows.map((match) => match.contact.id))).toEqual(once())
    expect(new Set(rows.map((match) => match.contact.id)).size).toBe(rows.length)
    for (const match of rows.filter(({ contact }) => ids.includes(contact.id))) {
      expect(match).toMatchObject({ change: 'matched', cart: { items: [{ item_id: 'ring' }] } })
    }
    const csv = lines(await file(`/api/v1/matches?${query({ format: 'csv', ...fields })}`))
    expect(csv).toHaveLength(rows.length + 1)
    expect(counted(csv.map((line) => line.split(',')[3]!))).toEqual(once())
  })

  test.each<[number, Record<string, string>]>([
    [1, {}],
    [7, ABANDONED],
    [1000, { min_grade: 'clicked' }],
  ])('in pages of %i holds each contact once while changes arrive', async (limit, fields) => {
    let changed = 0
    const start = await end(fields)
    const { changes, next } = await read('', { ...fields, limit }, async () => {
      // The publisher is busy elsewhere; what it appends looks like this.
      if (changed++ < 20) await lengthen(10)
    })
    expect(counted(changes.map((match) => match.contact.id))).toEqual(once())
    expect(new Set(changes.map((match) => match.contact.id)).size).toBe(changes.length)
    if (limit > 100) return
    // The next reading begins where this one ended, and has them once more.
    expect(next).toBe(start)
    const after = await read(next, { ...fields, limit })
    expect(counted(after.changes.map((match) => match.contact.id))).toEqual(once())
    expect(after.changes.every(({ change }) => change === 'updated')).toBe(true)
    expect((await read(after.next, fields)).changes).toEqual([])
  })

  test('a reading that began before an upgrade goes on', async () => {
    const cursor = Buffer.from(JSON.stringify(['matches', 1])).toString('base64url')
    const { changes } = await read(cursor, { limit: 3 })
    expect(counted(changes.map((match) => match.contact.id))).toEqual(once())
  })

  test('tells once of who came and went in between', async () => {
    const starts = [await end(), await end(ABANDONED), await end({ min_grade: 'clicked' })]
    const { contact, visitor } = await leaver()
    await settled(server)
    await sendAll(server, visitor, [event('consent')], { consent: consent({ id: 'gone', identity: false }) })
    await settled(server)
    for (const [i, fields] of [{}, ABANDONED, { min_grade: 'clicked' }].entries()) {
      const { changes } = await read(starts[i]!, { ...(fields as Record<string, string>), limit: 1 })
      expect(changes).toEqual([expect.objectContaining({ contact: { id: contact }, change: 'unmatched', cart: null })])
    }
  })
})

describe('erasure', () => {
  test.each<[string, boolean]>([
    ['a member', true],
    ['one that has left the segment', false],
  ])('of %s reaches the readers of the segment', async (_, isMember) => {
    const { contact, visitor } = await leaver()
    await settled(server)
    const start = await end(ABANDONED)
    if (!isMember) {
      await sendAll(server, visitor, [buys(MINUTE)])
      await settled(server)
    }
    await server.api(`/api/v1/contacts/${contact}`, { method: 'DELETE' })
    await settled(server)
    expect((await read(start, ABANDONED)).changes).toEqual([
      expect.objectContaining({ change: 'erased', contact: { id: contact } }),
    ])
  })
})

describe('the members, page by page', () => {
  test('hold each person once while members enter again', async () => {
    const visitors: string[] = []
    for (let i = 0; i < 6; i++) {
      const visitor = newVisitor()
      await sendAll(server, visitor, [adds((40 + i) * MINUTE)])
      visitors.push(visitor)
    }
    await settled(server)
    const before = new Set((await members()).map(({ person }) => person.id))
    let turn = 0
    const read = await members({ limit: 2 }, async () => {
      // They come back for another piece, and abandon their carts again: the first ones after they were listed, the
      // last ones before. One buys that piece, and is left with an older time of entry.
      const visitor = visitors[turn++ % visitors.length]!
      if (turn > visitors.length) return
      await sendAll(server, visitor, [adds((20 - turn) * MINUTE, [{ item_id: `more-${turn}`, price: 1 }])])
      await settled(server)
    })
    const listed = read.map(({ person }) => person.id)
    expect(new Set(listed).size).toBe(listed.length)
    expect(new Set(listed)).toEqual(before)
  })

  test('with sort=newest list those that entered last first', async () => {
    const reply = await server.get<{ data: { entered_at: string }[] }>(
      '/api/v1/segments/cart_abandoned/members?sort=newest',
    )
    const entered = reply.data.map((member) => member.entered_at)
    expect(entered.length).toBeGreaterThan(3)
    expect(entered).toEqual([...entered].sort().reverse())
  })
})

describe('orders', () => {
  const purchased = async (contact: string) => {
    const match = (await ndjson()).find((each) => each.contact.id === contact)
    const known = await server.get<{ orders: { item_ids: string[] }[] }>(`/api/v1/contacts/${contact}`)
    const items = [...new Set(known.orders.flatMap((order) => order.item_ids))].sort()
    expect(match?.purchased).toEqual(items)
    return items
  }
  /** What a poller is told of a contact after something happened. */
  const tells = async (contact: string, work: () => Promise<unknown>) => {
    const start = await end()
    await work()
    await settled(server)
    return (await read(start)).changes.filter((match) => match.contact.id === contact).map((match) => match.purchased)
  }

  test('whose items are corrected are told as they are now', async () => {
    const contact = await newContact()
    await visit(contact, [])
    await server.post('/api/v1/orders', [orderOf(contact, { order_id: 'fixed' })])
    await settled(server)
    const fixed = (item: string) =>
      server.post('/api/v1/orders', [orderOf(contact, { order_id: 'fixed', items: [{ item_id: item, price: 100 }] })])
    expect(await tells(contact, () => fixed('chain'))).toEqual([['chain']])
    expect(await purchased(contact)).toEqual(['chain'])
  })

  test('that a push without a contact corrects are the buyer’s', async () => {
    const contact = await newContact()
    await visit(contact, [buys(10 * MINUTE, [ring], { transaction_id: 'known-by-id' })])
    await settled(server)
    expect(await purchased(contact)).toEqual(['ring'])
    const { contact_id: _, ...nameless } = orderOf(contact, { order_id: 'known-by-id', items: [{ item_id: 'gem' }] })
    expect(await tells(contact, () => server.post('/api/v1/orders', [nameless]))).toEqual([['gem']])
    expect(await purchased(contact)).toEqual(['gem'])
  })

  test('of a merged record are told, and go with it when the merge is undone', async () => {
    const [contact, other] = [await newContact(), await newContact()]
    await visit(contact, [])
    await server.post('/api/v1/orders', [orderOf(other)])
    await settled(server)
    const merge = (into: string | null) => server.post('/api/v1/contacts', [{ id: other, merged_into: into }])
    expect(await tells(contact, () => merge(contact))).toEqual([['ring']])
    expect(await purchased(contact)).toEqual(['ring'])
    expect(await tells(contact, () => merge(null))).toEqual([[]])
    expect(await purchased(contact)).toEqual([])
  })

  test.each<[string, object, string[]]>([
    ['a refund of a piece', { type: 'refund', items: [{ item_id: 'chain' }], value: 5 }, ['ring']],
    ['a refund of everything', { type: 'refund' }, []],
    ['a cancellation', { type: 'order_cancelled' }, []],
  ])('less %s', async (_, { type, ...props }: { type?: string }, left) => {
    const contact = await newContact()
    const id = newVisitor()
    const items = [ring, { item_id: 'chain', price: 5 }]
    const visitor = await visit(contact, [buys(10 * MINUTE, items, { transaction_id: id, value: 105 })], 11 * MINUTE)
    await settled(server)
    expect(await purchased(contact)).toEqual(['chain', 'ring'])
    const refund = event(type!, 9 * MINUTE, { currency: 'EUR', transaction_id: id, ...props })
    expect(await tells(contact, () => sendAll(server, visitor, [refund]))).toEqual([left])
    expect(await purchased(contact)).toEqual(left)
  })
})

describe('interests', () => {
  const interests = async (contact: string) =>
    (await ndjson())
      .find((each) => each.contact.id === contact)
      ?.interests?.map(({ item_id, views }) => [item_id, views])
  const looks = (agoMs: number, props: object) => event('view_item', agoMs, { ...props })

  test('come from every form in which shops name a piece', async () => {
    const contact = await newContact()
    await visit(contact, [
      looks(9 * MINUTE, { items: [{ item_id: 4711 }] }),
      looks(8 * MINUTE, { item_id: 4711 }),
      looks(7 * MINUTE, { products: [{ product_id: '4711' }] }),
      looks(6 * MINUTE, { sku: 'R-1' }),
      looks(5 * MINUTE, { ecommerce: { items: [{ id: 'R-1' }] } }),
      looks(4 * MINUTE, { items: { '1': { item_id: 'gem' } } }),
    ])
    await settled(server)
    expect(await interests(contact)).toEqual([
      ['4711', 3],
      ['R-1', 2],
      ['gem', 1],
    ])
  })

  test('come from a server, too', async () => {
    const contact = await newContact()
    const visitor = await visit(contact, [])
    await sendAll(
      server,
      visitor,
      [looks(5 * MINUTE, { items: [{ item_id: 17 }] })],
      {},
      { authorization: `Bearer ${serverKey}` },
    )
    await settled(server)
    expect(await interests(contact)).toEqual([['17', 1]])
  })

  test.each<[what: string, bought: object, left: string[]]>([
    ['bought', { items: [{ item_id: 'ring' }] }, ['chain', 'gem']],
    ['bought under a number', { products: [{ product_id: 4711 }, { sku: 'gem' }] }, ['chain', 'ring']],
    ['bought by nobody', { value: 20, items: [{ item_id: 'pearl' }] }, ['chain', 'gem', 'ring']],
  ])('leave out what was %s, until it is given back', async (_, bought, left) => {
    const contact = await newContact()
    const id = `order-of-${contact}`
    const visitor = await visit(contact, [
      ...['ring', 'chain', 'gem'].map((item_id, n) => looks((9 - n) * MINUTE, { items: [{ item_id }] })),
      event('purchase', 5 * MINUTE, { currency: 'EUR', transaction_id: id, value: 90, ...bought }),
    ])
    const seen = async () => {
      await settled(server)
      return (await interests(contact))?.map(([item]) => String(item)).sort()
    }
    expect(await seen()).toEqual(left)
    await sendAll(server, visitor, [event('refund', MINUTE, { transaction_id: id })])
    expect(await seen()).toEqual(['chain', 'gem', 'ring'])
  })

  test('leave out what was bought in another channel, under any of its ids, whoever it was merged with', async () => {
    const [contact, former] = [await newContact(), await newContact()]
    await visit(
      contact,
      ['ring', 'chain', 'R-1'].map((item_id, n) => looks((9 - n) * MINUTE, { items: [{ item_id }] })),
    )
    const order = (more: object) => ({
      ...{ order_id: `till-${former}`, contact_id: former, at: new Date().toISOString(), total: 20, currency: 'EUR' },
      ...{ items: [{ item_id: 'chain', sku: 'R-1' }], ...more },
    })
    const seen = async () => {
      await settled(server)
      return (await interests(contact))?.map(([item]) => String(item)).sort()
    }
    await server.post('/api/v1/orders', [order({})])
    expect(await seen()).toEqual(['R-1', 'chain', 'ring'])
    await server.post('/api/v1/contacts', [{ id: former, merged_into: contact }])
    expect(await seen()).toEqual(['ring'])
    await server.post('/api/v1/orders', [order({ status: 'refunded' })])
    expect(await seen()).toEqual(['R-1', 'chain', 'ring'])
  })

  test('and visits are told at most once a day, and in the end', async () => {
    const contact = await newContact()
    const visitor = await visit(contact, [looks(9 * MINUTE, { item_id: 'ring' })])
    await settled(server)
    let { next } = await read('')
    const told = async () => {
      await settled(server)
      const got = await read(next)
      next = got.next
      return got.changes.filter((match) => match.contact.id === contact).map((match) => [match.change, match.interests])
    }
    const views = (item_id: string, count: number) => expect.objectContaining({ item_id, views: count })
    const look = (item: string, clockMs: number) =>
      sendAll(
        server,
        visitor,
        [event('view_item', 0, { item_id: item }, { at: new Date(Date.now() + clockMs).toISOString() })],
        { sent_at: new Date(Date.now() + clockMs).toISOString() },
      )
    const HOUR = 60 * MINUTE

    await look('ring', 0)
    expect(await told()).toEqual([])
    await server.setClock(23 * HOUR)
    await look('chain', 23 * HOUR)
    expect(await told()).toEqual([])
    // Nothing happens any more: time alone is a reason.
    await server.setClock(25 * HOUR)
    await expect.poll(told).toEqual([['updated', [views('ring', 2), views('chain', 1)]]])
    await look('gem', 25 * HOUR)
    await look('gem', 25 * HOUR)
    expect(await told()).toEqual([])
    await server.setClock(40 * HOUR)
    // What is told for another reason brings them along.
    await server.post('/api/v1/contacts', [{ id: contact, email: 'moved-today@mail.example' }])
    expect(await told()).toEqual([['updated', expect.arrayContaining([views('gem', 2)])]])
    await server.setClock(70 * HOUR)
    await look('ring', 70 * HOUR)
    await expect.poll(told).toEqual([['updated', expect.arrayContaining([views('ring', 3)])]])
  })
})
