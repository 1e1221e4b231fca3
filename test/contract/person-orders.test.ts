/**
 * The orders of persons as conditions read them (`person_orders`): one row for each order that a contact's page lists, with
 * what is left of it and its pieces, whichever channels report it. They follow refunds, pushes, undone imports, merges in the
 * CRM, links that end and erasures.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contactId, contactPerson, type PersonId, visitorId, visitorPerson } from '../../server/domain/ids.ts'
import { newVisitor, type SiteView, signLogin } from '../support/requests.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

const MINUTE = 60_000
let server: TestServer
let secret: string
let eventsKey: string

beforeAll(async () => {
  server = await startServer()
  secret = (await server.cli<SiteView>('sites', 'show', 'demo')).identity_secret
  eventsKey = (await server.cli<{ key: string }>('keys', 'create', '--scopes', 'events:write')).key
})
afterAll(() => server?.stop())

type Row = Record<string, unknown>
type Order = {
  order_id: string
  at: number
  total: number | null
  currency: string
  channel: string | null
  items: Row[]
}

const of = (contact: string) => contactPerson(contactId(contact))
const push = (...orders: Row[]) => server.post('/api/v1/orders', orders)
const contacts = (...rows: Row[]) => server.post('/api/v1/contacts', rows)
const order = (order_id: string, more: Row = {}) => ({
  ...{ order_id, at: '2026-03-01T09:30:00.000Z', total: 100, currency: 'EUR' },
  ...more,
})
const ring = { item_id: 'ring', item_name: 'Bague Améthyste', item_category: 'Bagues', item_variant: '52', price: 60 }
const chain = { item_id: 'chain', item_name: 'Chaîne', price: 40, quantity: 2 }
const bought = (id: string, more: Row = {}, agoMs = 0) =>
  event('purchase', agoMs, { transaction_id: id, currency: 'EUR', value: 100, items: [ring, chain], ...more })

/** The orders of a person, as they are stored. */
async function stored(person: PersonId): Promise<Order[]> {
  await settled(server)
  const rows = await server.query<Omit<Order, 'items'> & { items: string }>(
    'select order_id, at, total, currency, channel, items from person_orders where person_id = ? order by order_id',
    person,
  )
  return rows.map((row) => ({ ...row, items: JSON.parse(row.items) }))
}

/** Those of a contact, after comparing them with what its page lists and with its number of orders. */
async function ordersOf(contact: string): Promise<Order[]> {
  const rows = await stored(of(contact))
  const { orders } = await server.get<{ orders: Row[] }>(`/api/v1/contacts/${contact}`)
  const idsOf = (each: Order) => [...new Set(each.items.map(({ ids }) => (ids as string[])[0]))].sort()
  expect(
    rows.map((row) => [row.order_id, row.total === null ? null : row.total / 100, row.currency, idsOf(row)]),
  ).toEqual(
    orders
      .map((row) => [
        row.order_id,
        row.total,
        row.currency,
        [...new Set((row.item_ids as string[]).map((id) => id.toLowerCase()))].sort(),
      ])
      .sort((a, b) => ((a[0] as string) < (b[0] as string) ? -1 : 1)),
  )
  const [person] = await server.query<{ purchases: number }>(
    'select purchases from persons where person_id = ?',
    of(contact),
  )
  expect(person?.purchases ?? 0).toBe(rows.length)
  return rows
}

/** A contact with a visitor that is logged in. */
async function buyer(contact: string): Promise<string> {
  const visitor = newVisitor()
  await contacts({ id: contact, email: `${contact}@buyers.example`, mail_consent: true })
  await logIn(visitor, contact)
  return visitor
}

const logIn = async (visitor: string, contact: string, agoMs = 30 * MINUTE) => {
  const token = await signLogin(secret, contact, { seconds: Math.floor((Date.now() - agoMs) / 1000) })
  await sendAll(server, visitor, [event('page', agoMs + MINUTE), event('identify', agoMs, { kind: 'login', token })])
}
const send = (visitor: string, ...events: ReturnType<typeof event>[]) => sendAll(server, visitor, events)

describe('an order on the site', () => {
  test('has its pieces without case and accents, their ids and quantities, and the channel web', async () => {
    const visitor = await buyer('site')
    const at = Date.now() - 5 * MINUTE
    await send(visitor, { ...bought('S-1'), at: new Date(at).toISOString() })
    expect(await ordersOf('site')).toEqual([
      {
        ...{ order_id: 'S-1', at, total: 10_000, currency: 'EUR', channel: 'web' },
        items: [
          { ids: ['ring'], variant: '52', name: 'bague amethyste', categories: ['bagues'], quantity: 1 },
          { ids: ['chain'], variant: null, name: 'chaine', categories: [], quantity: 2 },
        ],
      },
    ])
  })

  test('has all levels of its pieces’ categories, whichever way they are sent', async () => {
    const visitor = await buyer('levels')
    const levels = { item_id: 'l-1', item_category: 'Bijoux', item_category2: 'Bagues' }
    await send(visitor, bought('LV-1', { items: [levels, { item_id: 'l-2', categories: ['Montres', 'Homme'] }] }, 2000))
    await push(order('LV-2', { contact_id: 'levels', items: [levels] }))
    const [first, second] = await ordersOf('levels')
    expect(first?.items).toMatchObject([{ categories: ['bijoux', 'bagues'] }, { categories: ['montres', 'homme'] }])
    expect(second?.items).toMatchObject([{ categories: ['bijoux', 'bagues'] }])
    await send(visitor, event('add_to_cart', 1000, { currency: 'EUR', items: [levels] }))
    await settled(server)
    const [row] = await server.query<{ cart_items: string }>(
      'select cart_items from persons where person_id = ?',
      of('levels'),
    )
    expect(JSON.parse(row?.cart_items ?? '[]')).toMatchObject([{ categories: ['bijoux', 'bagues'] }])
  })

  test('of a visitor that nobody knows is kept with its epoch', async () => {
    const visitor = newVisitor()
    await send(visitor, bought('S-2', { value: undefined, items: [] }))
    expect(await stored(visitorPerson(visitorId(visitor), 1))).toMatchObject([{ order_id: 'S-2', items: [] }])
  })

  test.each<[string, ReturnType<typeof event>[], Row[]]>([
    ['a page of thanks that is loaded again', [bought('R-1', {}, 2 * MINUTE)], [{ order_id: 'R-1', total: 10_000 }]],
    [
      'a refund of an amount',
      [event('refund', 0, { transaction_id: 'R-1', value: 30, currency: 'EUR' })],
      [{ total: 7000, items: [{ ids: ['ring'] }, { ids: ['chain'] }] }],
    ],
    [
      'a refund of a piece',
      [event('refund', 0, { transaction_id: 'R-1', currency: 'EUR', items: [{ ...ring, quantity: 1 }] })],
      [{ total: 4000, items: [{ ids: ['chain'] }] }],
    ],
    ['a refund of the whole', [event('refund', 0, { transaction_id: 'R-1' })], []],
    ['a cancellation', [event('order_cancelled', 0, { order_id: 'R-1' })], []],
    ['an order that is worth nothing', [bought('R-0', { value: 0, items: [] })], [{ order_id: 'R-1' }]],
  ])('after %s is what is left of it', async (what, events, left) => {
    const contact = `after-${what.replaceAll(' ', '-')}`
    const visitor = await buyer(contact)
    await send(visitor, bought('R-1', {}, 5 * MINUTE), ...events)
    expect(await ordersOf(contact)).toMatchObject(left)
  })
})

describe('an order that several channels report', () => {
  test('is told by the first id of two reports of one time, whichever arrives first', async () => {
    const at = new Date(Date.now() - 5 * MINUTE).toISOString()
    const reports = [70, 80].map((value) => ({ ...bought('T-1', { value }), at }))
    for (const [contact, arriving] of [
      ['tied-as-made', reports],
      ['tied-reversed', reports.toReversed()],
    ] as const) {
      const visitor = await buyer(contact)
      for (const each of arriving) {
        await send(visitor, each)
        await settled(server)
      }
      expect(await ordersOf(contact)).toMatchObject([{ order_id: 'T-1', total: 7000 }])
    }
  })

  test('is one, with each field from the best source, and the channel that the shop names', async () => {
    const visitor = await buyer('several')
    await send(visitor, bought('M-1'))
    await sendAll(server, visitor, [bought('M-1', { value: 95 })], {}, { authorization: `Bearer ${eventsKey}` })
    expect(await ordersOf('several')).toMatchObject([{ total: 9500, channel: 'web' }])
    await push(order('M-1', { total: 90 }))
    expect(await ordersOf('several')).toMatchObject([{ total: 9000, channel: 'web', items: [{}, {}] }])
    const items = [{ item_id: 'SKU-1', product_id: 'ring', item_name: 'Bague' }]
    await push(order('M-1', { total: 80, contact_id: 'several', channel: 'Boutique Évry', items }))
    expect(await ordersOf('several')).toMatchObject([
      { total: 8000, channel: 'boutique evry', items: [{ ids: ['sku-1', 'ring'], name: 'bague' }] },
    ])
  })

  test.each<[string, Row[], Row[]]>([
    ['cancelled', [{ status: 'paid' }, { status: 'cancelled' }], []],
    ['never paid', [{ status: 'pending' }], []],
    ['paid in the end', [{ status: 'pending' }, { status: 'paid' }], [{ total: 10_000 }]],
    ['refunded', [{ status: 'refunded' }], []],
    ['refunded in part', [{ status: 'paid', refunds: [{ total: 25 }] }], [{ total: 7500 }]],
    ['of less than nothing', [{ total: -100 }], []],
  ])(
    'is followed when the shop says that it is %s, with or without the name of its contact',
    async (what, pushes, left) => {
      const contact = `status-${what.replaceAll(' ', '-')}`
      const visitor = await buyer(contact)
      const id = `ST-${what}`
      for (const more of pushes) await push(order(id, { contact_id: contact, ...more }))
      const rows = await stored(of(contact))
      expect(rows).toMatchObject(left)
      expect(rows).toHaveLength(left.length)

      const nameless = `SN-${what}`
      await send(visitor, bought(nameless))
      for (const more of pushes) await push(order(nameless, more))
      const both = (await stored(of(contact))).filter((row) => row.order_id === nameless)
      expect(both).toMatchObject(left)
      expect(both).toHaveLength(left.length)
    },
  )

  test('does not tell a stranger who guesses its id what it holds', async () => {
    await buyer('guessed')
    await push(order('G-1', { contact_id: 'guessed', items: [{ item_id: 'secret' }] }))
    const stranger = newVisitor()
    await send(stranger, bought('G-1', { value: 1, items: [] }))
    const theirs = await stored(visitorPerson(visitorId(stranger), 1))
    expect(theirs).toMatchObject([{ total: 100, items: [] }])
  })

  test('goes with its import when that is undone', async () => {
    await buyer('undone')
    const body = 'order_id,contact_id,at,total,currency\nU-1,undone,2026-03-01T10:00:00Z,50,EUR\n'
    const response = await server.api('/api/v1/orders', {
      method: 'POST',
      body,
      headers: { 'content-type': 'text/csv' },
    })
    const { id } = (await response.json()) as { id: string }
    expect(await ordersOf('undone')).toMatchObject([{ order_id: 'U-1' }])
    await server.post(`/api/v1/imports/${id}/undo`, {})
    expect(await ordersOf('undone')).toEqual([])
  })
})

describe('the orders of a contact', () => {
  test('go to the record that survives a merge in the CRM, and back if the merge is taken back', async () => {
    await buyer('survives')
    const visitor = await buyer('merged-away')
    await send(visitor, bought('MG-1'))
    await push(order('MG-2', { contact_id: 'merged-away' }))
    expect(await ordersOf('survives')).toEqual([])
    await contacts({ id: 'merged-away', merged_into: 'survives' })
    expect(await ordersOf('survives')).toMatchObject([{ order_id: 'MG-1' }, { order_id: 'MG-2' }])
    expect(await stored(of('merged-away'))).toEqual([])
    await contacts({ id: 'merged-away', merged_into: null })
    expect(await ordersOf('survives')).toEqual([])
    expect(await ordersOf('merged-away')).toHaveLength(2)
  })

  test('of all its devices count, and go when a link is voided', async () => {
    const first = await buyer('voided')
    const second = newVisitor()
    await logIn(second, 'voided')
    await send(first, bought('V-1', {}, 2 * MINUTE))
    await send(second, bought('V-2'))
    expect(await ordersOf('voided')).toHaveLength(2)
    const { data } = await server.get<{ data: { id: string }[] }>(`/api/v1/links?visitor=${second}`)
    await server.post(`/api/v1/links/${data[0]?.id}/void`, {})
    expect(await ordersOf('voided')).toMatchObject([{ order_id: 'V-1' }])
    expect(await stored(visitorPerson(visitorId(second), 1))).toMatchObject([{ order_id: 'V-2' }])
  })

  test('are those from before a logout', async () => {
    const visitor = await buyer('logs-out')
    await send(visitor, bought('L-1', {}, 9 * MINUTE), event('reset', 8 * MINUTE), bought('L-2', {}, 7 * MINUTE))
    expect(await ordersOf('logs-out')).toMatchObject([{ order_id: 'L-1' }])
    expect(await stored(visitorPerson(visitorId(visitor), 2))).toMatchObject([{ order_id: 'L-2' }])
  })

  test('are erased with it, and what another reported of them falls back to its own word', async () => {
    const visitor = await buyer('erased')
    await send(visitor, bought('E-1'))
    await push(order('E-2', { contact_id: 'erased', items: [{ item_id: 'gift' }] }))
    const other = await buyer('reports-too')
    await send(other, bought('E-2', { value: 7, items: [] }))
    expect(await ordersOf('reports-too')).toMatchObject([{ total: 10_000, items: [{ ids: ['gift'] }] }])
    await server.api('/api/v1/contacts/erased', { method: 'DELETE' })
    expect(await stored(of('erased'))).toEqual([])
    expect(await ordersOf('reports-too')).toMatchObject([{ total: 700, items: [] }])
    expect(await server.query("select 1 from person_orders where items like '%gift%'")).toEqual([])
  })

  test('are the same after a rebuild', async () => {
    const all = () => server.query('select * from person_orders order by person_id, order_id')
    await settled(server)
    const before = await all()
    expect(before.length).toBeGreaterThan(10)
    await server.cli('rebuild')
    await settled(server)
    expect(await all()).toEqual(before)
  })
})
