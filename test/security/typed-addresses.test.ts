/**
 * What a stranger who knows a customer's address can do by typing it into a form: put a cart, links and pictures into the
 * customer's reminder, replace or empty the customer's own cart, make up orders, visits and interests, and grant or
 * withdraw the customer's consent to marketing. Nothing of it, unless the site asks to be told of carts that carry typed
 * addresses, and then it is told of them as `typed`, beside what is proven.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sha256Hex } from '../../server/ops/keyring.ts'
import type { WireEvent } from '../../tag/wire.ts'
import { newVisitor, type SiteView, signLogin, tablesHolding } from '../support/requests.ts'
import { consent, event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

const MINUTE = 60_000

let server: TestServer
let site: SiteView
beforeAll(async () => {
  server = await startServer({ env: { TRUST_PROXY: '1' } })
  site = await server.cli<SiteView>('sites', 'show', 'demo')
  await server.cli('sites', 'set', 'demo', 'cart_idle_minutes=1')
  await settled(server)
})
afterAll(() => server.stop())

const address = (id: string) => `${id}@typed.example`

let names = 0
async function contact(more: object = {}): Promise<string> {
  const id = `typed-${++names}`
  await server.post('/api/v1/contacts', [{ id, email: address(id), mail_consent: true, ...more }])
  return id
}

const item = (item_id: string) => ({ item_id, item_name: `The ${item_id}`, price: 100, quantity: 1 })
const added = (id: string, agoMs: number) => event('add_to_cart', agoMs, { currency: 'EUR', items: [item(id)] })
const bought = (id: string, agoMs: number, order = `order-${newVisitor()}`) =>
  event('purchase', agoMs, { currency: 'EUR', value: 100, transaction_id: order, items: [item(id)] })
const typed = (id: string, agoMs = 0, more: object = {}) =>
  event('identify', agoMs, { kind: 'form', email_sha256: sha256Hex(address(id)), ...more })
const login = async (id: string, agoMs: number) => {
  const token = await signLogin(site.identity_secret, id, { seconds: Math.floor((Date.now() - agoMs) / 1000) })
  return event('identify', agoMs, { kind: 'login', token })
}

async function visit(events: WireEvent[], choice = consent(), from = '203.0.113.9'): Promise<string> {
  const visitor = newVisitor()
  await sendAll(server, visitor, events, { consent: choice }, { 'x-forwarded-for': from })
  return visitor
}

/** A customer who signed in half an hour ago and left a ring in the cart. */
async function customer(): Promise<string> {
  const id = await contact()
  const visitor = newVisitor()
  await sendAll(server, visitor, [
    await login(id, 30 * MINUTE),
    event('view_item', 29 * MINUTE, { items: [item('ring')] }),
    added('ring', 28 * MINUTE),
  ])
  await settled(server)
  return id
}

const view = (id: string) => server.get(`/api/v1/contacts/${id}`)
const itemsOf = (cart: { items: { item_id: string }[] } | null | undefined) => cart?.items.map((each) => each.item_id)

/** What the feed says of a contact, and what it says as CSV. */
async function matchOf(id: string) {
  const { data } = await server.get('/api/v1/matches')
  return data.find((match: { contact: { id: string } }) => match.contact.id === id)
}
const exported = async (path: string) => (await server.api(`${path}${path.includes('?') ? '&' : '?'}format=csv`)).text()

async function members() {
  return (await server.get('/api/v1/segments/cart_abandoned/members')).data
}
const memberOf = async (id: string) =>
  (await members()).filter((member: { contact: { id: string } | null }) => member.contact?.id === id)

describe('a stranger who types the address of a customer', () => {
  test('does not replace the customer’s cart with a newer one, in the 360° view, the feed, the members and their files', async () => {
    const anna = await customer()
    const before = await matchOf(anna)
    await visit([added('lure', 5 * MINUTE), typed(anna, 4 * MINUTE)])
    await settled(server)
    expect(itemsOf((await view(anna)).cart)).toEqual(['ring'])
    expect(await matchOf(anna)).toEqual(before)
    expect(itemsOf(before.cart)).toEqual(['ring'])
    const own = await memberOf(anna)
    expect(own.map((member: { cart: never }) => itemsOf(member.cart))).toEqual([['ring']])
    expect(await exported('/api/v1/matches')).not.toContain('lure')
    const row = (await exported('/api/v1/segments/cart_abandoned/members'))
      .split('\n')
      .find((line) => line.includes('lure'))
    expect(row).toMatch(/^visitor,/)
    expect(row).not.toContain(anna)
  })

  test('gives a cart to nobody: a customer without a cart still has none, and is no match', async () => {
    const anna = await contact()
    const visitor = await visit([added('lure', 5 * MINUTE), typed(anna, 4 * MINUTE)])
    await settled(server)
    const { cart, visitors, orders, segments, consents, links } = await view(anna)
    expect({ cart, visitors, orders, segments, consents }).toEqual({
      ...{ cart: null, visitors: [], orders: [], segments: [], consents: [] },
    })
    expect(links).toMatchObject([{ visitor, strength: 'typed', state: 'open' }])
    expect(await matchOf(anna)).toBeUndefined()
    expect(await memberOf(anna)).toEqual([])
    expect((await server.get(`/api/v1/contacts/${anna}/timeline`)).data).toEqual([])
  })

  test('does not empty the customer’s cart by a made-up purchase, which is no order of the customer’s', async () => {
    const anna = await customer()
    const real = `real-${anna}`
    const at = new Date(Date.now() - 60 * MINUTE).toISOString()
    await server.post('/api/v1/orders', [
      { order_id: real, contact_id: anna, at, total: 5, currency: 'EUR', items: [{ item_id: 'chain' }] },
    ])
    await visit([added('ring', 5 * MINUTE), typed(anna, 4 * MINUTE), bought('ring', 3 * MINUTE)])
    await visit([
      bought('ring', 3 * MINUTE, `made-up-${anna}`),
      typed(anna, 2 * MINUTE, { order_id: `made-up-${anna}` }),
    ])
    await visit([typed(anna, 6 * MINUTE), added('chain', 5 * MINUTE), bought('chain', 3 * MINUTE, real)])
    const takenBack = { transaction_id: real, currency: 'EUR', value: 5 }
    await visit([typed(anna, 6 * MINUTE), event('refund', MINUTE, takenBack), event('order_cancelled', 0, takenBack)])
    await settled(server)
    const { cart, orders } = await view(anna)
    expect(itemsOf(cart)).toEqual(['ring'])
    expect(orders).toMatchObject([{ order_id: real, total: 5 }])
    expect(await matchOf(anna)).toMatchObject({ purchased: ['chain'], interests: [{ item_id: 'ring' }] })
    expect((await memberOf(anna)).map((member: { cart: never }) => itemsOf(member.cart))).toEqual([['ring']])
  })

  test('adds no interest, visit or event', async () => {
    const anna = await customer()
    const views = Array.from({ length: 5 }, (_, n) => event('view_item', (9 - n) * MINUTE, { items: [item('lure')] }))
    await visit([...views, added('lure', 3 * MINUTE), typed(anna, 2 * MINUTE)])
    await settled(server)
    expect(await matchOf(anna)).toMatchObject({ visitors: 1, interests: [{ item_id: 'ring', views: 1 }] })
    expect((await view(anna)).visitors).toHaveLength(1)
    const { data } = await server.get(`/api/v1/contacts/${anna}/timeline`)
    expect(data.map((each: { type: string }) => each.type)).toEqual(['identify', 'view_item', 'add_to_cart'])
  })

  test('withdraws nobody’s consent to marketing: customers stay mailable, however many are named', async () => {
    const customers = [await customer(), await customer(), await customer()]
    const claims = customers.map((id) => typed(id, MINUTE))
    for (const claim of claims) await visit([added('lure', 2 * MINUTE), claim], consent({ marketing: false }))
    await settled(server)
    for (const id of customers) {
      expect(await matchOf(id)).toMatchObject({ mailable: true, visitors: 1 })
      expect(await memberOf(id)).toMatchObject([{ mailable: true }])
    }
  })

  test('grants nobody’s consent to marketing either', async () => {
    const anna = await contact()
    await visit([await login(anna, 30 * MINUTE), added('ring', 29 * MINUTE)], consent({ marketing: false }))
    await visit([added('lure', 2 * MINUTE), typed(anna, MINUTE)])
    await settled(server)
    expect(await matchOf(anna)).toMatchObject({ mailable: false, why_not_mailable: 'no_marketing_consent', cart: null })
  })

  test('takes nothing from the customer’s own browser: cart and order stay those of the login', async () => {
    const [anna, ben] = [await contact(), await contact()]
    await visit([await login(anna, 9 * MINUTE), added('ring', 8 * MINUTE), typed(ben, 7 * MINUTE)])
    await visit([
      ...[await login(ben, 9 * MINUTE), added('chain', 8 * MINUTE)],
      ...[typed(anna, 7 * MINUTE, { order_id: `paid-${ben}` }), bought('chain', 6 * MINUTE, `paid-${ben}`)],
    ])
    await settled(server)
    expect(itemsOf((await view(anna)).cart)).toEqual(['ring'])
    expect((await view(anna)).orders).toEqual([])
    expect((await view(ben)).orders).toMatchObject([{ order_id: `paid-${ben}` }])
    const exportOf = async (id: string) => {
      const { carts } = await server.get(`/api/v1/contacts/${id}/export`)
      return carts.map((cart: { items: { item_id: string }[]; typed: boolean }) => [itemsOf(cart), cart.typed])
    }
    expect(await exportOf(anna)).toEqual([[['ring'], false]])
    expect(await exportOf(ben)).toEqual([[['chain'], false]])
  })

  test('cannot hide what is proven behind a thousand claims', async () => {
    const anna = await contact()
    const claims = () => Array.from({ length: 25 }, () => [typed(anna), event('reset')]).flat()
    for (let n = 0; n < 41; n++) await visit(claims())
    await visit([await login(anna, 0)])
    await settled(server)
    const { links } = await view(anna)
    expect(links.filter((link: { strength: string }) => link.strength === 'verified')).toHaveLength(1)
  })
})

describe('where the site tells such carts (mail_typed_carts)', () => {
  beforeAll(async () => {
    await server.cli('sites', 'set', 'demo', 'mail_typed_carts=true')
    await settled(server)
  })

  test('a typed cart is told as typed, by the visitor it belongs to, and without interests or purchases', async () => {
    const anna = await contact()
    const visitor = await visit([added('ring', 5 * MINUTE), typed(anna, 4 * MINUTE)])
    await settled(server)
    expect(await matchOf(anna)).toMatchObject({
      ...{ change: 'matched', strength: 'typed', evidence: ['form_email'], mailable: true, visitors: 1 },
      ...{ segments: [{ id: 'cart_abandoned' }], cart: { value: 100 }, interests: null, purchased: null },
    })
    const [member, ...others] = await memberOf(anna)
    expect(others).toEqual([])
    expect(member).toMatchObject({
      ...{ person: { kind: 'visitor', id: visitor, epoch: 1 }, contact: { id: anna, email: address(anna) } },
      ...{ strength: 'typed', evidence: ['form_email'], matched_at: null, mailable: true, cart: { value: 100 } },
    })
    expect(await server.get(`/api/v1/visitors/${visitor}`)).toMatchObject({ id: visitor })
    expect(await view(anna)).toMatchObject({ cart: null, visitors: [], orders: [], segments: [], consents: [] })
    const tokens = await server.post('/api/v1/link-tokens', { site: 'demo', segment: 'cart_abandoned', message: 'm' })
    expect(tokens.data.map((each: { contact: string }) => each.contact)).not.toContain(anna)
  })

  test('it is told only under the contact’s own permission, and the visitor’s consent to marketing', async () => {
    const [no, unknown, minor, ben] = [
      await contact({ mail_consent: false }),
      await contact({ mail_consent: null }),
      await contact({ minor: true }),
      await contact(),
    ]
    for (const id of [no, unknown, minor]) await visit([added('ring', 5 * MINUTE), typed(id, 4 * MINUTE)])
    await visit([added('ring', 5 * MINUTE), typed(ben, 4 * MINUTE)], consent({ marketing: false }))
    await settled(server)
    for (const id of [no, unknown, minor, ben]) {
      expect(await matchOf(id), id).toBeUndefined()
      expect(await memberOf(id), id).toEqual([])
    }
    await server.post('/api/v1/contacts', [{ id: no, mail_consent: true }])
    await settled(server)
    expect(await matchOf(no)).toMatchObject({ change: 'matched', strength: 'typed' })
    await server.post('/api/v1/contacts', [{ id: no, mail_consent: false }])
    expect(await memberOf(no)).toEqual([])
    await settled(server)
    expect(await matchOf(no)).toMatchObject({ change: 'unmatched', cart: null })
  })

  test('it never displaces what is proven, and makes nobody unmailable', async () => {
    const anna = await customer()
    const before = await matchOf(anna)
    await visit([added('lure', 5 * MINUTE), typed(anna, 4 * MINUTE)])
    await visit([added('lure', 5 * MINUTE), typed(anna, 4 * MINUTE)], consent({ marketing: false }))
    await visit([bought('ring', 5 * MINUTE), typed(anna, 4 * MINUTE)])
    await settled(server)
    expect(await matchOf(anna)).toEqual(before)
    expect(await memberOf(anna)).toMatchObject([{ person: { kind: 'contact', id: anna }, strength: 'verified' }])
    expect(await view(anna)).toMatchObject({ cart: { items: [{ item_id: 'ring' }] }, orders: [] })
  })

  test('it ends when it is bought, and the order is nobody’s', async () => {
    const anna = await contact()
    const visitor = await visit([added('ring', 5 * MINUTE), typed(anna, 4 * MINUTE)])
    await settled(server)
    expect(await matchOf(anna)).toMatchObject({ strength: 'typed' })
    await sendAll(server, visitor, [bought('ring', MINUTE)])
    await settled(server)
    expect(await matchOf(anna)).toMatchObject({ change: 'unmatched' })
    expect(await view(anna)).toMatchObject({ cart: null, orders: [] })
  })

  test.each([
    ['identity', { identity: false }],
    ['marketing', { marketing: false }],
  ])('it ends with the visitor’s consent to %s', async (_, no) => {
    const anna = await contact()
    const visitor = await visit([added('ring', 5 * MINUTE), typed(anna, 4 * MINUTE)])
    await settled(server)
    expect(await matchOf(anna)).toMatchObject({ strength: 'typed' })
    await sendAll(server, visitor, [event('consent')], { consent: consent({ id: 'choice-2', ...no }) })
    await settled(server)
    expect(await matchOf(anna)).toMatchObject({ change: 'unmatched' })
    expect(await memberOf(anna)).toEqual([])
    expect(await server.query('select person_id from persons where typed_contact_id = ?', anna)).toEqual([])
  })

  test('an order that the shop reports for the contact settles it, at once and for good', async () => {
    const anna = await contact()
    await visit([added('ring', 5 * MINUTE), typed(anna, 4 * MINUTE)])
    await settled(server)
    expect(await memberOf(anna)).toHaveLength(1)
    const at = new Date().toISOString()
    const order = { order_id: `till-${anna}`, email: address(anna), at, total: 100, currency: 'EUR' }
    await server.post('/api/v1/orders', [{ ...order, items: [{ item_id: 'ring' }] }])
    expect(await memberOf(anna)).toEqual([])
    await settled(server)
    expect(await matchOf(anna)).toMatchObject({ change: 'unmatched', cart: null })
  })

  test('what the contact buys on the site leaves it alone, whoever is derived together', async () => {
    const anna = await contact()
    const visitor = await visit([added('ring', 5 * MINUTE), typed(anna, 4 * MINUTE)])
    await settled(server)
    await visit([await login(anna, 3 * MINUTE), bought('ring', 2 * MINUTE)])
    await settled(server)
    const isListed = async () =>
      (await members()).some((member: { person: { id: string } }) => member.person.id === visitor)
    expect(await isListed()).toBe(true)
    // A change of the record derives the contact and such carts in one step, as a rule.
    for (const city of ['Lyon', 'Lille', 'Brest']) {
      await server.post('/api/v1/contacts', [{ id: anna, attributes: { city } }])
      await settled(server)
      expect(await isListed()).toBe(true)
    }
    expect(await memberOf(anna)).toEqual([])
  })

  test('of several strangers who type one address only five networks in a day are told', async () => {
    const anna = await contact()
    const told = []
    for (let n = 1; n <= 7; n++) {
      await visit([added(`lure-${n}`, (20 - n) * MINUTE), typed(anna, 10 * MINUTE)], consent(), `198.51.${n}.7`)
      await settled(server)
      told.push(itemsOf((await matchOf(anna)).cart)?.[0])
    }
    expect(told).toEqual(['lure-1', 'lure-2', 'lure-3', 'lure-4', 'lure-5', 'lure-5', 'lure-5'])
  })

  test('it adds no evidence to what is proven', async () => {
    const anna = await contact()
    await visit([await login(anna, 9 * MINUTE), added('ring', 8 * MINUTE), typed(anna, 7 * MINUTE)])
    await settled(server)
    expect(await matchOf(anna)).toMatchObject({ strength: 'verified', evidence: ['login_verified'] })
  })

  test('nothing of it is left when the contact is erased', async () => {
    const [anna, ben] = [await contact(), await contact()]
    await visit([added('ring', 5 * MINUTE), typed(anna, 4 * MINUTE)])
    await visit([await login(ben, 9 * MINUTE), added('ring', 8 * MINUTE), typed(anna, 7 * MINUTE)])
    await settled(server)
    expect(await tablesHolding(server, `"${anna}"`)).toEqual(expect.arrayContaining(['carts', 'links', 'persons']))
    expect((await server.api(`/api/v1/contacts/${anna}`, { method: 'DELETE' })).status).toBe(200)
    await settled(server)
    // The feed keeps the id for 30 days, so that readers learn of the erasure.
    expect(await tablesHolding(server, `"${anna}"`)).toEqual(['farewells', 'match_changes'])
    expect((await view(ben)).orders).toEqual([])
  })

  test('it ends when the contact is proven anywhere, and when the setting is turned off', async () => {
    const [anna, ben] = [await contact(), await contact()]
    for (const id of [anna, ben]) await visit([added('lure', 5 * MINUTE), typed(id, 4 * MINUTE)])
    await visit([await login(anna, 0)])
    await settled(server)
    expect(await matchOf(anna)).toMatchObject({ strength: 'verified', cart: null })
    expect(await matchOf(ben)).toMatchObject({ strength: 'typed' })
    await server.cli('sites', 'set', 'demo', 'mail_typed_carts=false')
    await settled(server)
    expect(await matchOf(ben)).toMatchObject({ change: 'unmatched', cart: null })
    expect(await members()).not.toContainEqual(expect.objectContaining({ strength: 'typed' }))
  })
})
