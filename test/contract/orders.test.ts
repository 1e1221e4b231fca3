/**
 * `POST /api/v1/orders` and `couture import orders`: orders from other channels, one per order id, that close carts,
 * appear in the feed, and are combined with the orders sent by the tag and the shop's server.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contactId, contactPerson } from '../../server/domain/ids.ts'
import { newVisitor, problemOf, type SiteView, signLogin } from '../support/requests.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let secret: string
let key: string

beforeAll(async () => {
  server = await startServer()
  secret = (await server.cli<SiteView>('sites', 'show', 'demo')).identity_secret
  key = (await server.cli<{ key: string }>('keys', 'create', '--scopes', 'orders:write')).key
})
afterAll(() => server.stop())

type Row = Record<string, unknown>
type Rejected = { row: number; code: string; message: string }
type Result = { created: number; updated: number; unchanged: number; rejected: Rejected[]; columns?: Row[] }

function upload(body: string, type = 'application/json', query = ''): Promise<Response> {
  const headers = { 'content-type': type, authorization: `Bearer ${key}` }
  return fetch(`${server.url}/api/v1/orders${query}`, { method: 'POST', headers, body })
}

async function pushed(...rows: unknown[]): Promise<Result> {
  const response = await upload(JSON.stringify(rows))
  if (response.status !== 200) throw new Error(await response.text())
  return response.json() as Promise<Result>
}

const contacts = (...rows: Row[]) => server.post('/api/v1/contacts', rows)
const known = (id: string) => server.get(`/api/v1/contacts/${encodeURIComponent(id)}`)
const counts = (created: number, updated: number, unchanged: number) => ({ created, updated, unchanged, rejected: [] })
const AT = '2026-03-01T09:30:00.000Z'
const order = (order_id: string, more: Row = {}) => ({ order_id, at: AT, total: 49.9, currency: 'EUR', ...more })

async function buyer(contact: string): Promise<string> {
  const visitor = newVisitor()
  await contacts({ id: contact, email: `${contact}@orders.example`, mail_consent: true })
  const token = await signLogin(secret, contact)
  await sendAll(server, visitor, [event('page', 60_000), event('identify', 59_000, { kind: 'login', token })])
  return visitor
}

describe('an order', () => {
  test('is created, unchanged when repeated, and replaced by a later push', async () => {
    await contacts({ id: 'o-1' })
    const first = order('A-1', { contact_id: 'o-1', channel: 'till', items: [{ item_id: 'ring', price: 49.9 }] })
    expect(await pushed(first)).toEqual(counts(1, 0, 0))
    expect(await pushed(first)).toEqual(counts(0, 0, 1))
    expect((await known('o-1')).orders).toEqual([
      { order_id: 'A-1', at: AT, total: 49.9, currency: 'EUR', item_ids: ['ring'] },
    ])
    expect(await pushed(order('A-1', { contact_id: 'o-1', total: '12.30', currency: 'usd' }))).toEqual(counts(0, 1, 0))
    expect((await known('o-1')).orders).toEqual([
      { order_id: 'A-1', at: AT, total: 12.3, currency: 'USD', item_ids: [] },
    ])
    expect(await server.query("select source, visitor_id, total from orders where order_id = 'A-1'")).toEqual([
      { source: 'api', visitor_id: '', total: 1230 },
    ])
  })

  test('is followed through its status: pending, paid, refunded in part, cancelled', async () => {
    await contacts({ id: 'st-1' })
    const totals = async () => ((await known('st-1')).orders as Row[]).map((each) => each.total)
    const push = (more: Row) => pushed(order('ST-1', { contact_id: 'st-1', total: 50, ...more }))
    await push({ status: 'pending' })
    expect(await totals()).toEqual([])
    await push({ status: 'paid', tax: 8.33 })
    expect(await totals()).toEqual([50])
    expect(await push({ status: 'paid', tax: 8.33 })).toEqual(counts(0, 0, 1))
    await push({ status: 'partially_refunded', refunds: [{ total: 20, items: [{ item_id: 'ring' }] }] })
    expect(await totals()).toEqual([30])
    await push({ status: 'cancelled' })
    expect(await totals()).toEqual([])
    expect(await server.query("select status, standing, refunds, tax from orders where order_id = 'ST-1'")).toEqual([
      { status: 'cancelled', standing: 'returned', refunds: '[]', tax: null },
    ])
  })

  test.each([
    ['EUR', 49.9, 4990],
    ['JPY', 500, 500],
    ['KWD', '1.234', 1234],
    ['EUR', 1.005, 101],
    ['EUR', -5, -500],
  ])('of %s %s is stored in minor units', async (currency, total, minor) => {
    const id = `money-${currency}-${total}`
    await pushed(order(id, { currency, total }))
    expect(await server.query('select total from orders where order_id = ?', id)).toEqual([{ total: minor }])
  })

  test('finds its contact by address if exactly one contact has it', async () => {
    await contacts(
      { id: 'mail-1', email: 'One@orders.example' },
      { id: 'mail-2', email: 'two@orders.example' },
      { id: 'mail-3', email: 'two@orders.example' },
    )
    const result = await pushed(
      order('M-1', { email: ' one@Orders.example' }),
      order('M-2', { email: 'two@orders.example' }),
      order('M-3', { email: 'nobody@orders.example' }),
    )
    expect(result).toMatchObject({ created: 1 })
    expect(result.rejected.map(({ row, code }) => [row, code])).toEqual([
      [2, 'ambiguous_identifier'],
      [3, 'unknown_contact'],
    ])
    expect((await known('mail-1')).orders).toMatchObject([{ order_id: 'M-1' }])
    expect(await server.query("select * from orders where order_id in ('M-2', 'M-3')")).toEqual([])
  })

  test('goes to its contact when that is pushed later', async () => {
    expect(await pushed(order('L-1', { contact_id: 'comes-later' }))).toEqual(counts(1, 0, 0))
    expect((await server.api('/api/v1/contacts/comes-later')).status).toBe(404)
    await contacts({ id: 'comes-later' })
    expect((await known('comes-later')).orders).toMatchObject([{ order_id: 'L-1' }])
  })

  test('that moves to another contact leaves the first one', async () => {
    await contacts({ id: 'from' }, { id: 'to' })
    await pushed(order('G-1', { contact_id: 'from' }))
    await pushed(order('G-1', { contact_id: 'to' }))
    expect((await known('from')).orders).toEqual([])
    expect((await known('to')).orders).toMatchObject([{ order_id: 'G-1' }])
  })

  test.each<[string, unknown, RegExp]>([
    ['without an order id', { ...order('x'), order_id: undefined }, /^order_id must/],
    ['with a blocked id', order('null'), /^order_id must/],
    ['without a time', { ...order('x'), at: undefined }, /^at must be an ISO 8601 time/],
    ['with a word instead of a time', order('x', { at: 'yesterday' }), /^at must be an ISO 8601 time/],
    ['with half a time', order('x', { at: '2026-03' }), /^at must be an ISO 8601 time/],
    ['without an amount', { ...order('x'), total: undefined }, /^total must be an amount/],
    ['of words', order('x', { total: 'ten' }), /^total must be an amount/],
    ['with an amount in pieces', order('x', { total: '1 2 3' }), /^total must be an amount/],
    ['without a currency', { ...order('x'), currency: undefined }, /^currency must be an ISO 4217 code/],
    ['in florins', order('x', { currency: 'florins' }), /^currency must be an ISO 4217 code/],
    ['with an invalid address', order('x', { email: 'anna' }), /^email must be a mail address/],
    ['with invalid items', order('x', { items: 'ring' }), /^items must be a list/],
    ['with an unknown field', order('x', { amount: 5 }), /amount/],
  ])('%s is rejected, and the others are stored', async (_, bad, message) => {
    const result = await pushed(bad, order('stays'))
    expect(result.rejected).toEqual([{ row: 1, code: 'invalid_order', message: expect.stringMatching(message) }])
    expect(result.created + result.unchanged).toBe(1)
    expect(await server.query("select * from orders where order_id = 'x'")).toEqual([])
  })
})

describe('combined with orders from the tag and the server', () => {
  test('is one order, with each field from the best source', async () => {
    const visitor = await buyer('merged')
    const bought = (total: number, item: string) => ({
      transaction_id: 'S-1',
      value: total,
      currency: 'EUR',
      items: [{ item_id: item, price: total, quantity: 1 }],
    })
    await sendAll(server, visitor, [event('purchase', 5000, bought(10, 'by-tag'))])
    await settled(server)
    expect((await known('merged')).orders).toMatchObject([{ order_id: 'S-1', total: 10, item_ids: ['by-tag'] }])
    const { key: eventsKey } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'events:write')
    await sendAll(
      server,
      visitor,
      [event('purchase', 4000, bought(20, 'by-server'))],
      {},
      { authorization: `Bearer ${eventsKey}` },
    )
    await settled(server)
    expect((await known('merged')).orders).toMatchObject([{ order_id: 'S-1', total: 20, item_ids: ['by-server'] }])
    await pushed(order('S-1', { total: 30 }))
    expect((await known('merged')).orders).toMatchObject([{ total: 30, at: AT, item_ids: ['by-server'] }])
    await pushed(order('S-1', { total: 30, contact_id: 'merged', items: [{ item_id: 'by-api' }] }))
    expect((await known('merged')).orders).toMatchObject([{ order_id: 'S-1', total: 30, item_ids: ['by-api'] }])
    await settled(server)
    expect(
      await server.query('select purchases from persons where person_id = ?', contactPerson(contactId('merged'))),
    ).toEqual([{ purchases: 1 }])
  })

  test('closes an open cart, and the feed contains the purchase', async () => {
    const visitor = await buyer('cart-owner')
    const cart = { currency: 'EUR', items: [{ item_id: 'necklace', price: 80, quantity: 1 }] }
    await sendAll(server, visitor, [event('add_to_cart', 5000, cart)])
    await settled(server)
    expect((await known('cart-owner')).cart).toMatchObject({ items: [{ item_id: 'necklace' }] })
    const page = await server.get('/api/v1/matches')

    const items = [{ item_id: 'earring' }]
    await pushed(order('C-1', { contact_id: 'cart-owner', at: new Date().toISOString(), items }))
    await settled(server)
    expect((await known('cart-owner')).cart).toMatchObject({ items: [{ item_id: 'necklace' }] })
    await pushed(order('C-2', { contact_id: 'cart-owner', items: [{ item_id: 'necklace' }] }))
    expect((await known('cart-owner')).cart).not.toBe(null)

    await pushed(
      order('C-3', {
        email: 'cart-owner@orders.example',
        at: new Date().toISOString(),
        items: [{ item_id: 'necklace' }],
      }),
    )
    await settled(server)
    expect((await known('cart-owner')).cart).toBe(null)
    expect(
      await server.query('select cart_id from persons where person_id = ?', contactPerson(contactId('cart-owner'))),
    ).toEqual([{ cart_id: null }])
    const news = await server.get(`/api/v1/matches?after=${page.next}`)
    expect(news.data).toMatchObject([
      { contact: { id: 'cart-owner' }, change: 'updated', cart: null, purchased: ['earring', 'necklace'] },
    ])
  })
})

describe('a file', () => {
  test('of CSV is imported, with the same result through the command', async () => {
    await contacts({ id: 'file-1', email: 'file-1@orders.example' })
    const text = [
      'Bestellnummer;Bestelldatum;Betrag;E-Mail;Kanal;Bemerkung',
      'F-1;28.02.2026;1.234,50 €;file-1@orders.example;Laden;x',
      'F-2;28.02.2026;12,00 €;nobody@orders.example;Laden;',
      'F-3;28.02.2026;umsonst;;Laden;',
      'F-4;01.03.2026;5;;Markt;',
    ].join('\n')
    const response = await upload(text, 'text/csv', '?currency=CHF')
    const result = (await response.json()) as Result & { id: string }
    expect(result).toMatchObject({
      created: 2,
      updated: 0,
      unchanged: 0,
      rejected_total: 2,
      dialect: { delimiter: 'semicolon' },
    })
    expect(result.rejected.map(({ row, code }) => [row, code])).toEqual([
      [3, 'unknown_contact'],
      [4, 'invalid_order'],
    ])
    expect(result.columns).toMatchObject([
      { field: 'order_id' },
      { field: 'at' },
      { field: 'total' },
      { field: 'email' },
      { field: 'channel' },
      { field: null, note: 'not a field of an order' },
    ])
    expect((await known('file-1')).orders).toEqual([
      { order_id: 'F-1', at: '2026-02-28T00:00:00.000Z', total: 1234.5, currency: 'EUR', item_ids: [] },
    ])
    expect(await server.query("select currency, channel, contact_id from orders where order_id = 'F-4'")).toEqual([
      { currency: 'CHF', channel: 'Markt', contact_id: null },
    ])
    const folder = mkdtempSync(join(tmpdir(), 'couture-orders-'))
    try {
      const file = join(folder, 'orders.csv')
      writeFileSync(file, text)
      const run = (...args: string[]) =>
        server.cli<Record<string, unknown>>('import', 'orders', file, '--currency', 'chf', ...args)
      const { id: _, ...again } = { ...result, created: 0, unchanged: 2 }
      expect(await run('--dry-run')).toEqual({ ...again, dry_run: true })
      expect(await run()).toEqual({ ...again, id: expect.any(String), dry_run: false })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  test('of NDJSON is imported', async () => {
    const response = await upload(`${JSON.stringify(order('N-1'))}\n{}\n`, 'application/x-ndjson')
    expect(await response.json()).toMatchObject({ created: 1, rejected: [{ row: 2, code: 'invalid_order' }] })
  })

  test('without the required columns is refused', async () => {
    const response = await upload('order_id,customer_id\n1,2\n', 'text/csv')
    expect(response.status).toBe(400)
    expect(await problemOf(response)).toMatchObject({ code: 'no_order_columns' })
  })
})

test('writes leave an audit row and need the scope', async () => {
  await pushed(order('audit-1', { email: 'file-1@orders.example' }))
  const [row] = await server.query<{ action: string; detail: string }>('select * from audit order by at desc limit 1')
  expect(row).toMatchObject({ action: 'orders.write' })
  expect(JSON.parse(row!.detail)).toEqual({ created: 1, updated: 0, unchanged: 0, rejected: 0 })
  const { key: other } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'contacts:write')
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${other}` }
  const response = await fetch(`${server.url}/api/v1/orders`, { method: 'POST', headers, body: '[]' })
  expect([response.status, (await problemOf(response)).code]).toEqual([403, 'missing_scope'])
})
