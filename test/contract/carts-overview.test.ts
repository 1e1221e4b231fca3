/**
 * The overview's figures of carts, the list of abandoned carts page by page, its CSV export and the pages of the customers
 * say the same at the same moment. The carts are a mixture as shops send them: known and anonymous, mailable or not, in
 * several currencies and ages, of unknown value, bought, emptied, named over two devices, and under a typed address.
 */
import { createHash } from 'node:crypto'
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newVisitor, type SiteView, signLogin } from '../support/requests.ts'
import { consent, event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

const MINUTE = 60_000
const DAY = 24 * 60
const MIXTURE = 90
const PAGE = 7

type Figures = { count: number; values: { currency: string; value: number }[]; unknown?: number }
type Overview = {
  total: {
    carts: {
      open: Figures
      abandoned: Figures
      mailable: Figures
      recovered: Figures & { by_link: Figures; anyway: Figures }
    }
  }
  days: { carts: { abandoned: Figures; open: Figures; mailable: Figures } }[]
}
type Cart = { id: string; state: string; step: string; value: number | null; currency: string | null }
type Member = {
  person: { kind: string; id: string }
  contact: { id: string } | null
  mailable: boolean
  why_not_mailable?: string
  strength: string | null
  cart?: Cart
}
type Contact = { cart: Cart | null; mailable: boolean; why_not_mailable?: string }

let server: TestServer
let site: SiteView
let key: string

/** A small generator of numbers, so that every run sends the same mixture. */
function createChance(seed: number) {
  let state = seed
  return (below: number) => {
    state = (state * 48_271) % 0x7fffffff
    return state % below
  }
}

const CURRENCIES = ['EUR', 'JPY', 'CHF', 'KWD']
const AGES = [5, 59, 61, 300, DAY, 6 * DAY, 7 * DAY - 5, 7 * DAY + 5, 12 * DAY]

/** Sends history as the shop's server does, which may be of any age. */
const tell = (visitor: string, events: ReturnType<typeof event>[], given = {}) =>
  sendAll(server, visitor, events, { consent: consent(given) }, { authorization: `Bearer ${key}` })

async function sendMixture(): Promise<void> {
  const chance = createChance(15)
  const oneOf = <T>(list: readonly T[]) => list[chance(list.length)]!
  for (let n = 0; n < MIXTURE; n++) {
    const ago = oneOf(AGES)
    const price = oneOf([10, 24.5, 1000, null])
    const items = [{ item_id: `piece-${chance(5)}`, quantity: 1 + chance(3), ...(price === null ? {} : { price }) }]
    const props = { currency: oneOf(CURRENCIES), items }
    const first = oneOf(['add_to_cart', 'view_cart', 'begin_checkout', 'add_payment_info'])
    const visitor = newVisitor()
    const choice = { id: `mixture-${n}`, marketing: chance(5) > 0 }
    const isKnown = chance(3) > 0
    const named = chance(2) === 0 ? { cart_id: `cart-${n}` } : {}
    const events = [event(first, ago * MINUTE, { ...props, ...named })]
    const end = chance(6)
    const later = (type: string, more: object) =>
      events.push(event(type, (ago / 2) * MINUTE, { ...props, ...named, ...more }))
    if (end === 0) later('purchase', { transaction_id: `order-${n}`, value: price ?? 5 })
    if (end === 1) later('view_cart', { items: [], value: 0 })
    await tell(visitor, events, choice)
    if (!isKnown) continue
    const mail = oneOf([true, true, true, false, null])
    await server.post('/api/v1/contacts', [
      { id: `c-${n}`, email: `c-${n}@mail.example`, mail_consent: mail, minor: chance(12) === 0 },
    ])
    await server.post('/api/v1/identify', { site: 'demo', visitor, contact_id: `c-${n}` })
    if (chance(3) > 0) continue
    // The same customer's telephone, with the same cart, another, or an order.
    const phone = newVisitor()
    const piece = { currency: 'EUR', items: [{ item_id: 'piece-9', price: 5 }] }
    const does = oneOf(['add_to_cart', 'view_cart', 'purchase', 'remove_from_cart'])
    const given = does === 'purchase' ? { ...props, transaction_id: `phone-${n}` } : { ...piece, ...named }
    await tell(phone, [event(does, (ago / 3) * MINUTE, given)], choice)
    await server.post('/api/v1/identify', { site: 'demo', visitor: phone, contact_id: `c-${n}` })
  }
  for (let n = 0; n < 3; n++) {
    const email = `typed-${n}@mail.example`
    await server.post('/api/v1/contacts', [{ id: `typed-${n}`, email, mail_consent: n > 0 }])
    const hash = createHash('sha256').update(email).digest('hex')
    await tell(newVisitor(), [
      event('add_to_cart', 200 * MINUTE, { currency: 'EUR', items: [{ item_id: 'typed', price: 7 }] }),
      event('identify', 199 * MINUTE, { kind: 'form', email_sha256: hash }),
    ])
  }
}

const overview = () => server.get<Overview>('/api/v1/reports/overview')

async function list(): Promise<Member[]> {
  const members: Member[] = []
  for (let after = ''; ; ) {
    const page = await server.get<{ data: Member[]; next: string | null; has_more: boolean }>(
      `/api/v1/segments/cart_abandoned/members?limit=${PAGE}${after && `&after=${encodeURIComponent(after)}`}`,
    )
    members.push(...page.data)
    if (!page.has_more) return members
    after = page.next!
  }
}

/** Adds up carts as the overview does; currencies in order. */
function figuresOf(carts: Cart[]): Figures {
  const sums = new Map<string, number>()
  for (const { value, currency } of carts) {
    if (value !== null && currency !== null) sums.set(currency, (sums.get(currency) ?? 0) + value)
  }
  const unknown = carts.filter((cart) => cart.value === null || cart.currency === null).length
  return sorted({ count: carts.length, values: [...sums].map(([currency, value]) => ({ currency, value })), unknown })
}

function sorted({ count, values, unknown = 0 }: Figures): Figures {
  const inOrder = values.map(({ currency, value }) => ({ currency, value: Number(value.toFixed(3)) }))
  return { count, values: inOrder.sort((a, b) => (a.currency < b.currency ? -1 : 1)), unknown }
}

/** Adds up the days, which must be the total. */
function sumOfDays(days: Figures[]): Figures {
  const values = new Map<string, number>()
  for (const { currency, value } of days.flatMap((day) => day.values)) {
    values.set(currency, (values.get(currency) ?? 0) + value)
  }
  const total = (field: 'count' | 'unknown') => days.reduce((sum, day) => sum + (day[field] ?? 0), 0)
  return sorted({
    count: total('count'),
    values: [...values].map(([currency, value]) => ({ currency, value })),
    unknown: total('unknown'),
  })
}

beforeAll(async () => {
  server = await startServer()
  site = await server.cli<SiteView>('sites', 'show', 'demo')
  await server.cli('sites', 'set', 'demo', 'mail_typed_carts=true', 'cart_idle_minutes=60')
  ;({ key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'events:write'))
  await sendMixture()
  await settled(server)
}, 120_000)
afterAll(() => server.stop())

describe('the overview and the list of abandoned carts', () => {
  test('count the same people, and the same value where the list shows it', async () => {
    const [{ total, days }, members] = [await overview(), await list()]
    expect(members.length).toBeGreaterThan(20)
    expect(total.carts.abandoned.count).toBe(members.length)
    expect(sumOfDays(days.map((day) => day.carts.abandoned))).toEqual(sorted(total.carts.abandoned))
    const whole = await Promise.all(members.map(async (member) => member.cart ?? (await pageOf(member)).cart!))
    expect(sorted(total.carts.abandoned)).toEqual(figuresOf(whole))
  })

  test('agree on who can be mailed now, and on the value of that', async () => {
    const [{ total, days }, members] = [await overview(), await list()]
    const mailable = members.filter((member) => member.mailable)
    expect(mailable.some((member) => member.strength === 'typed')).toBe(true)
    expect(sorted(total.carts.mailable)).toEqual(figuresOf(mailable.map((member) => member.cart!)))
    expect(sumOfDays(days.map((day) => day.carts.mailable))).toEqual(sorted(total.carts.mailable))
  })

  test('agree with the file', async () => {
    const { total } = await overview()
    const text = await (await server.api('/api/v1/segments/cart_abandoned/members?format=csv')).text()
    const rows = parse(text, { columns: true }) as Record<string, string>[]
    expect(rows).toHaveLength(total.carts.abandoned.count)
    const carts = rows
      .filter((row) => ['1', 'true'].includes(row.mailable!))
      .map((row) => ({
        ...{ id: '', state: '', step: row.cart_step! },
        value: row.cart_value === '' ? null : Number(row.cart_value),
        currency: row.cart_currency || null,
      }))
    expect(figuresOf(carts)).toEqual(sorted(total.carts.mailable))
    expect(new Set(carts.map((cart) => cart.step))).toEqual(new Set(['cart', 'checkout', 'payment']))
  })

  test('agree with the page of each customer on the cart and on the permission', async () => {
    for (const member of await list()) {
      if (member.person.kind !== 'contact') continue
      const { cart, mailable, why_not_mailable } = await pageOf(member)
      expect({ mailable, why_not_mailable }).toEqual({
        mailable: member.mailable,
        why_not_mailable: member.why_not_mailable,
      })
      expect(cart).toMatchObject({ state: 'abandoned' })
      if (member.mailable) expect(cart).toEqual(member.cart)
    }
  })

  test('hold no cart beyond the week, and count the open ones apart', async () => {
    const { total } = await overview()
    const open = []
    for (let n = 0; n < MIXTURE; n++) {
      const response = await server.api(`/api/v1/contacts/c-${n}`)
      const { cart } = (await response.json()) as Contact
      if (cart?.state === 'open') open.push(cart)
    }
    expect(total.carts.open.count).toBeGreaterThanOrEqual(open.length)
    expect(open.length).toBeGreaterThan(0)
    const days = await server.get<Overview>('/api/v1/reports/overview?from=2020-01-01&to=2020-02-01')
    expect(days.total.carts.abandoned.count).toBe(0)
  })

  test('let go of a cart at the same moment when it is bought', async () => {
    const before = (await overview()).total.carts
    const [one] = (await list()).filter((member) => member.mailable && member.person.kind === 'contact')
    const at = new Date().toISOString()
    const id = one!.person.id
    await server.post('/api/v1/orders', [{ order_id: 'till-1', contact_id: id, at, total: 5, currency: 'EUR' }])
    const [after, members] = [(await overview()).total.carts, await list()]
    expect(after.abandoned.count).toBe(before.abandoned.count - 1)
    expect(members.some((member) => member.person.id === id)).toBe(false)
    await settled(server)
    expect((await overview()).total.carts.abandoned.count).toBe(before.abandoned.count - 1)
  })
})

describe('recovered carts', () => {
  test('count for what was in them and was bought, by what brought them back', async () => {
    const before = (await overview()).total.carts.recovered
    for (const [n, click] of [true, false].entries()) {
      const id = `back-${n}`
      await server.post('/api/v1/contacts', [{ id, email: `${id}@mail.example`, mail_consent: true }])
      const message = { site: 'demo', contacts: [id], message: 'come-back' }
      const { data } = await server.post<{ data: { token: string }[] }>('/api/v1/link-tokens', message)
      const crown = { item_id: 'crown', price: 200_000 }
      const ring = { item_id: 'ring', price: 10 }
      const login = await signLogin(site.identity_secret, id)
      await sendAll(server, newVisitor(), [
        event('add_to_cart', 300 * MINUTE, { currency: 'EUR', items: [crown, ring] }),
        ...(click ? [event('identify', 100 * MINUTE, { kind: 'link', link: data[0]!.token })] : []),
        event('purchase', 90 * MINUTE, { currency: 'EUR', items: [ring], value: 10, transaction_id: id }),
        event('identify', 1000, { kind: 'login', token: login }),
      ])
    }
    await settled(server)
    const { recovered } = (await overview()).total.carts
    const eur = (figures: Figures) => figures.values.find((sum) => sum.currency === 'EUR')?.value ?? 0
    const more = (which: (of: typeof recovered) => Figures) => [
      which(recovered).count - which(before).count,
      eur(which(recovered)) - eur(which(before)),
    ]
    expect(more((of) => of)).toEqual([2, 20])
    expect(more((of) => of.by_link)).toEqual([1, 10])
    expect(more((of) => of.anyway)).toEqual([1, 10])
  })
})

describe('a figure of the past', () => {
  const recovered = async () => (await overview()).total.carts.recovered

  test('stays when the settings change that decided about it, and so does what the customers’ pages say', async () => {
    const before = await recovered()
    expect(before.count).toBeGreaterThan(2)
    const pages = async () => {
      const contacts = await Promise.all(['back-0', 'back-1'].map((id) => server.get(`/api/v1/contacts/${id}`)))
      return contacts.map(({ past_carts: carts }) => carts)
    }
    const told = await pages()
    expect(told).toMatchObject([
      [{ state: 'recovered', recovered_by: { kind: 'link', message: 'come-back' }, recovered_value: 10 }],
      [{ state: 'recovered', recovered_by: { kind: 'anyway' }, recovered_value: 10 }],
    ])
    await server.cli('sites', 'set', 'demo', 'cart_idle_minutes=10000', 'attribution_days=1')
    await settled(server)
    expect(await recovered()).toEqual(before)
    expect(await pages()).toEqual(told)
    await server.cli('sites', 'set', 'demo', 'cart_idle_minutes=1', 'attribution_days=30')
    await settled(server)
    expect(await recovered()).toEqual(before)
    await server.cli('sites', 'set', 'demo', 'cart_idle_minutes=60', 'attribution_days=5')
    await settled(server)
    expect(await recovered()).toEqual(before)
  })

  test('stays when the customer is erased, when their visitor withdraws, and through a rebuild', async () => {
    const visitor = newVisitor()
    const chain = { currency: 'EUR', items: [{ item_id: 'chain', price: 33 }] }
    await tell(visitor, [
      event('add_to_cart', 300 * MINUTE, chain),
      event('purchase', 90 * MINUTE, { ...chain, value: 33, transaction_id: 'withdrawn' }),
    ])
    await settled(server)
    const before = await recovered()
    await tell(visitor, [event('consent', 0)], { id: 'no-more', analytics: false, identity: false, marketing: false })
    const erased = await server.api('/api/v1/contacts/back-0', { method: 'DELETE' })
    expect(erased.status).toBeLessThan(300)
    await settled(server)
    expect(await recovered()).toEqual(before)
    await server.cli('rebuild')
    await settled(server)
    expect(await recovered()).toEqual(before)
  })

  test('is corrected by events that arrive late', async () => {
    const visitor = newVisitor()
    const gem = { currency: 'EUR', items: [{ item_id: 'gem', price: 44 }] }
    const before = await recovered()
    await tell(visitor, [
      event('add_to_cart', 300 * MINUTE, gem),
      event('purchase', 220 * MINUTE, { ...gem, value: 44, transaction_id: 'late' }),
    ])
    await settled(server)
    expect((await recovered()).count).toBe(before.count + 1)
    await tell(visitor, [event('begin_checkout', 250 * MINUTE, gem)])
    await settled(server)
    expect((await recovered()).count).toBe(before.count)
  })

  test('counts an order once that another channel reports too, whenever it does', async () => {
    await server.post('/api/v1/contacts', [{ id: 'twice', email: 'twice@mail.example' }])
    const visitor = newVisitor()
    const pearl = { currency: 'EUR', items: [{ item_id: 'pearl', price: 55 }] }
    const before = await recovered()
    await tell(visitor, [
      event('add_to_cart', 300 * MINUTE, pearl),
      event('purchase', 90 * MINUTE, { ...pearl, value: 55, transaction_id: 'both' }),
    ])
    await server.post('/api/v1/identify', { site: 'demo', visitor, contact_id: 'twice' })
    await settled(server)
    const at = new Date(Date.now() - 91 * MINUTE).toISOString()
    const order = { order_id: 'both', contact_id: 'twice', at, total: 55, ...pearl }
    await server.post('/api/v1/orders', [order])
    await settled(server)
    expect((await recovered()).count).toBe(before.count + 1)
  })
})

async function pageOf(member: Member): Promise<Contact> {
  return (await server.api(`/api/v1/contacts/${member.person.id}`)).json()
}
