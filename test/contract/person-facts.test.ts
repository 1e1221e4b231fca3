/**
 * What a person's row says for conditions: the figures of its orders, what its open cart holds, what its closed carts held,
 * and the attributes of its contact with their times. They follow the shop's events, the CRM and the types of attributes.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contactId, contactPerson, type PersonId, visitorId, visitorPerson } from '../../server/domain/ids.ts'
import { newVisitor, type SiteView, signLogin } from '../support/requests.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
let server: TestServer
let secret: string

beforeAll(async () => {
  server = await startServer()
  secret = (await server.cli<SiteView>('sites', 'show', 'demo')).identity_secret
})
afterAll(() => server?.stop())

type Row = Record<string, unknown>

const of = (contact: string) => contactPerson(contactId(contact))
const contacts = (...rows: Row[]) => server.post('/api/v1/contacts', rows)

/** The row of a person; its JSON columns are read. */
async function person(id: PersonId): Promise<Row | undefined> {
  await settled(server)
  const [row] = await server.query<Row>('select * from persons where person_id = ?', id)
  if (row === undefined) return undefined
  for (const name of ['cart_items', 'attributes', 'attribute_times']) {
    const text = row[name] as string | null
    row[name] = text === null ? null : JSON.parse(text)
  }
  return row
}

async function logIn(visitor: string, contact: string, agoMs = 5 * HOUR) {
  const token = await signLogin(secret, contact, { seconds: Math.floor((Date.now() - agoMs) / 1000) })
  await sendAll(server, visitor, [event('page', agoMs + MINUTE), event('identify', agoMs, { kind: 'login', token })])
}

/** A contact with a visitor that is logged in. */
async function known(contact: string, more: Row = {}): Promise<string> {
  const visitor = newVisitor()
  await contacts({ id: contact, email: `${contact}@facts.example`, ...more })
  await logIn(visitor, contact)
  return visitor
}

const ring = { item_id: 'Ring', item_name: 'Bague Améthyste', item_category: 'Bagues', price: 60, quantity: 1 }
const chain = { item_id: 'chain', item_name: 'Chaîne', price: 40, quantity: 2 }
const shop = (type: string, agoMs: number, items: Row[], more: Row = {}) =>
  event(type, agoMs, { currency: 'EUR', items, ...more })

describe('the open cart', () => {
  test('says what it holds, how far the customer has got, and since when it is there', async () => {
    const visitor = newVisitor()
    const [added, checkout] = [shop('add_to_cart', 3 * HOUR, [ring]), shop('begin_checkout', 2 * HOUR, [ring, chain])]
    await sendAll(server, visitor, [added, checkout])
    expect(await person(visitorPerson(visitorId(visitor), 1))).toMatchObject({
      ...{ cart_created_at: Date.parse(added.at), cart_updated_at: Date.parse(checkout.at), cart_step: 'checkout' },
      ...{ cart_value: 14_000, cart_currency: 'EUR' },
      cart_items: [
        { ids: ['ring'], variant: null, name: 'bague amethyste', categories: ['bagues'], quantity: 1 },
        { ids: ['chain'], name: 'chaine', categories: [], quantity: 2 },
      ],
    })
    await sendAll(server, visitor, [shop('purchase', HOUR, [ring, chain], { transaction_id: 'open-1' })])
    expect(await person(visitorPerson(visitorId(visitor), 1))).toMatchObject({
      ...{ cart_created_at: null, cart_step: null, cart_items: null, purchases: 1 },
    })
  })

  test('is one over several devices', async () => {
    const [first, second] = [await known('devices'), newVisitor()]
    await logIn(second, 'devices')
    await sendAll(server, first, [shop('add_to_cart', 3 * HOUR, [ring], { cart_id: 'shared' })])
    await sendAll(server, second, [shop('add_to_cart', 2 * HOUR, [chain], { cart_id: 'shared' })])
    const row = await person(of('devices'))
    expect(row).toMatchObject({
      carts_joined: 1,
      cart_step: 'cart',
      cart_items: [{ ids: ['ring'] }, { ids: ['chain'] }],
    })
  })

  test('once closed is kept with what it held and how it ended', async () => {
    const visitor = await known('closed')
    await sendAll(server, visitor, [
      shop('add_to_cart', 4 * HOUR, [ring]),
      shop('purchase', 2 * HOUR, [ring], { transaction_id: 'closed-1' }),
      shop('add_to_cart', HOUR, [chain]),
      shop('purchase', HOUR - 1000, [chain], { transaction_id: 'closed-2' }),
    ])
    await settled(server)
    const carts = await server.query<{ state: string; folded_items: string }>(
      'select state, folded_items from person_carts where person_id = ? order by created_at',
      of('closed'),
    )
    expect(carts.map(({ state, folded_items }) => [state, JSON.parse(folded_items)])).toMatchObject([
      ['recovered', [{ ids: ['ring'], name: 'bague amethyste' }]],
      ['converted', [{ ids: ['chain'] }]],
    ])
  })
})

test('the orders of all channels make the figures, in the currency of most of them', async () => {
  const visitor = await known('figures')
  const at = (day: string) => `2026-03-${day}T09:00:00.000Z`
  await server.post('/api/v1/orders', [
    { order_id: 'f-1', contact_id: 'figures', at: at('02'), total: 10, currency: 'EUR' },
    { order_id: 'f-2', contact_id: 'figures', at: at('04'), total: 5000, currency: 'CHF' },
    { order_id: 'f-3', contact_id: 'figures', at: at('03'), total: 7, currency: 'EUR', status: 'cancelled' },
  ])
  const bought = shop('purchase', 3 * HOUR, [ring], { transaction_id: 'f-4', value: 60 })
  await sendAll(server, visitor, [bought, event('refund', HOUR, { transaction_id: 'f-4', value: 20, currency: 'EUR' })])
  expect(await person(of('figures'))).toMatchObject({
    ...{ purchases: 3, first_order_at: Date.parse(at('02')), last_order_at: Date.parse(bought.at) },
    ...{ orders_total: 5000, orders_currency: 'EUR' },
  })
  await server.post('/api/v1/orders', [
    { order_id: 'f-1', contact_id: 'figures', at: at('02'), total: 10, currency: 'EUR', status: 'refunded' },
  ])
  expect(await person(of('figures'))).toMatchObject({ purchases: 2, first_order_at: Date.parse(at('04')) })
})

describe('the attributes of a contact', () => {
  const attributes = async (contact: string) => (await person(of(contact)))?.attributes

  test('are kept folded, in the types that the installation has for them', async () => {
    await known('typed', {
      attributes: {
        ...{ Ville: 'Saint-Étienne', 'Points fidélité': 1200, VIP: true, Intérêts: ['Or', 'Émail'] },
        ...{ birthday_of_wife: '1984-03-17', nested: { a: 1 } },
      },
    })
    expect(await attributes('typed')).toEqual({
      ...{ ville: 'saint-etienne', 'points fidelite': 1200, vip: true, interets: ['or', 'email'] },
      birthday_of_wife: '1984-03-17',
    })
    await contacts({ id: 'typed', attributes: { 'points FIDELITE': '1 300', vip: 'non' } })
    expect(await attributes('typed')).toMatchObject({ 'points fidelite': 1300, vip: false })
  })

  test('have the times at which they were set, and those at which they went', async () => {
    const [early, late] = ['2026-01-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z']
    await known('timed', { updated_at: early, attributes: { city: 'Lyon', tier: 'gold' } })
    await contacts({ id: 'timed', updated_at: late, attributes: { tier: 'silver' } })
    const row = await person(of('timed'))
    expect(row).toMatchObject({ attributes_at: Date.parse(late), attribute_times: { city: Date.parse(early) } })
    expect(row?.attributes).toEqual({ city: 'lyon', tier: 'silver' })
    await contacts({ id: 'timed', updated_at: late, attributes: { city: null } })
    const after = await person(of('timed'))
    expect(after).toMatchObject({ attributes: { tier: 'silver' }, attribute_times: { city: Date.parse(late) } })
  })

  test('follow the type of an attribute when an operator changes it', async () => {
    await known('retyped', { attributes: { carats: '12' } })
    expect(await attributes('retyped')).toEqual({ carats: '12' })
    const body = JSON.stringify({ type: 'number' })
    await server.api('/api/v1/attributes/carats', {
      method: 'PUT',
      body,
      headers: { 'content-type': 'application/json' },
    })
    expect(await attributes('retyped')).toEqual({ carats: 12 })
  })

  test('come from a file, and go when its import is undone', async () => {
    await known('of-file')
    const body = 'id,updated_at,Ville\nof-file,2099-01-01T00:00:00Z,Évry\n'
    const response = await server.api('/api/v1/contacts', {
      method: 'POST',
      body,
      headers: { 'content-type': 'text/csv' },
    })
    const { id } = (await response.json()) as { id: string }
    expect(await attributes('of-file')).toEqual({ ville: 'evry' })
    await server.post(`/api/v1/imports/${id}/undo`, {})
    expect(await attributes('of-file')).toEqual({})
  })

  test('are those of the record that survives a merge, and go with an erasure', async () => {
    await known('survivor', { attributes: { tier: 'gold' } })
    const visitor = await known('other-record', { attributes: { tier: 'platinum' } })
    expect(await attributes('other-record')).toEqual({ tier: 'platinum' })
    await contacts({ id: 'other-record', merged_into: 'survivor' })
    expect(await person(of('survivor'))).toMatchObject({ visitors: 2, attributes: { tier: 'gold' } })
    expect(await person(of('other-record'))).toBeUndefined()
    await server.api('/api/v1/contacts/survivor', { method: 'DELETE' })
    expect(await person(of('survivor'))).toBeUndefined()
    expect(
      await server.query('select 1 from persons where person_id = ?', visitorPerson(visitorId(visitor), 1)),
    ).toEqual([])
    expect(await server.query("select 1 from persons where attributes like '%platinum%'")).toEqual([])
  })

  test('of nobody are none', async () => {
    const visitor = newVisitor()
    await sendAll(server, visitor, [event('page')])
    expect(await attributes('typed')).not.toBe(null)
    const row = await person(visitorPerson(visitorId(visitor), 1))
    expect(row).toMatchObject({ attributes: null, attributes_at: null, attribute_times: null })
  })
})

describe('segments of a jeweller', () => {
  const day = (days: number) => new Date(Date.now() - days * 24 * HOUR).toISOString()
  const inDays = (days: number) => new Date(Date.now() + days * 24 * HOUR).toISOString().slice(0, 10)
  beforeAll(async () => {
    await contacts(
      {
        ...{ id: 'j-1', email: 'j-1@jeweller.example', mail_consent: true },
        attributes: { birthday_of_wife: `1984${inDays(5).slice(4)}`, points: 950, survey: 'Déçue' },
      },
      { id: 'j-2', email: 'j-2@jeweller.example', mail_consent: true, attributes: { points: 20 } },
      { id: 'j-3', email: 'j-3@jeweller.example', mail_consent: true },
    )
    const gold = { item_id: 'BR-1', item_name: 'Bracelet Or', item_category: 'Bracelets' }
    await server.post('/api/v1/orders', [
      {
        ...{ order_id: 'j-o1', contact_id: 'j-1', at: day(300), total: 900, currency: 'EUR', channel: 'Boutique Évry' },
        items: [gold],
      },
      {
        ...{ order_id: 'j-o2', contact_id: 'j-2', at: day(20), total: 100, currency: 'EUR' },
        items: [gold, { item_id: 'NE-1', item_category: 'Colliers' }],
      },
    ])
    const visitor = newVisitor()
    await logIn(visitor, 'j-2')
    await sendAll(server, visitor, [
      shop('add_to_cart', 4 * HOUR, [ring]),
      shop('purchase', 2 * HOUR, [ring], { transaction_id: 'j-o3', value: 60 }),
      shop('begin_checkout', HOUR, [chain]),
    ])
    await settled(server)
  })

  test.each<[name: string, node: Row, finds: string[]]>([
    ['lapsed buyers to win back', { order: { last: { before: '180d' } } }, ['j-1']],
    ['prospects, who never bought', { order: { count: 0 } }, ['j-3']],
    [
      'bought a bracelet, never a necklace',
      {
        all: [
          { order: { contains: { item_category: 'bracelets' } } },
          { order: { contains: { item_id: 'ne-1' }, count: 0 } },
        ],
      },
      ['j-1'],
    ],
    ['bought in the shop in Évry', { order: { channel: { contains: 'evry' } } }, ['j-1']],
    ['spent 150 € within a month', { order: { total: { gte: 150 }, within: '31d' } }, ['j-2']],
    ['the wife’s birthday is soon', { contact: { attribute: 'Birthday_of_wife', anniversary_within: '14d' } }, ['j-1']],
    ['close to the next tier', { contact: { attribute: 'points', gte: 900, lt: 1000 } }, ['j-1']],
    ['unhappy', { contact: { attribute: 'survey', in: ['decue', 'furieuse'] } }, ['j-1']],
    ['nobody knows their points', { contact: { attribute: 'points', exists: false } }, ['j-3']],
    ['recovered a cart with a ring', { cart: { state: 'recovered', contains: { item_category: 'bagues' } } }, ['j-2']],
    [
      'left the checkout',
      { cart: { state: 'abandoned', step: 'checkout', contains: { item_name: 'chaine' } } },
      ['j-2'],
    ],
  ])('%s: the preview, the members and the explanation say the same', async (name, node, finds) => {
    const among = (ids: string[]) => ids.filter((id) => id.startsWith('j-')).sort()
    const id = `jeweller_${name.replaceAll(/[^a-z]/g, '_').slice(0, 40)}`
    const preview = await server.post('/api/v1/segments/preview', { node })
    await server.post('/api/v1/segments', { id, name, node })
    const listed = async () => {
      const { data } = await server.get<{ data: { person: { id: string } }[] }>(`/api/v1/segments/${id}/members`)
      return data.map(({ person }) => person.id)
    }
    await expect.poll(async () => among(await listed())).toEqual(finds)
    await expect
      .poll(
        async () => (await server.get('/api/v1/segments')).data.find((each: Row) => each.id === id)?.judging ?? null,
      )
      .toBe(null)
    expect(preview.people).toBe((await listed()).length)
    const said = await server.get(`/api/v1/segments/${id}/explain?contact=${finds[0]}`)
    expect(said).toMatchObject({ member: true })
    const other = finds[0] === 'j-3' ? 'j-1' : 'j-3'
    expect(await server.get(`/api/v1/segments/${id}/explain?contact=${other}`)).toMatchObject({ member: false })
  })
})
