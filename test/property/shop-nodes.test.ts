/**
 * The conditions on orders, carts and attributes of contacts hold in SQL for exactly the persons in whose spans the moment lies:
 * random persons and random conditions, at random times. And what each means, as a table of cases, on both engines.
 */
import fc from 'fast-check'
import type { Kysely } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { foldedItem } from '../../server/domain/commerce/items.ts'
import { foldedAttributes } from '../../server/domain/folded-attributes.ts'
import { contactId, contactPerson, type PersonId, visitorId, visitorPerson } from '../../server/domain/ids.ts'
import { judge } from '../../server/segments/evaluate.ts'
import { definitionSchema } from '../../server/segments/grammar.ts'
import type { SegmentNode } from '../../server/segments/nodes/node.ts'
import type { Rules } from '../../server/segments/rules.ts'
import { personsWhere } from '../../server/segments/where.ts'
import { encodeJson } from '../../server/store/schema/columns.ts'
import type { PersonCartRow, PersonOrderRow, PersonRow } from '../../server/store/schema/derived.ts'
import type { Database } from '../../server/store/schema.ts'
import { amount } from '../support/long.ts'
import { dropPlaces, type Place, placeOf } from '../support/place.ts'
import { ENGINE } from '../support/store.ts'

const HOUR = 3600_000
const DAY = 24 * HOUR
/** A Sunday noon in Paris. */
const NOW = Date.UTC(2026, 2, 1, 11)
const SHOP = { currency: 'EUR', zone: 'Europe/Paris', scores: [] }

let place: Place
let db: Kysely<Database>
const personIds: PersonId[] = []

const rulesOf = (node: SegmentNode): Rules => ({
  definitions: new Map([['tried', { id: 'tried', name: 'tried', node }]]),
  shop: SHOP,
})

/** Who a condition holds for by its spans, with the time of entry; compared with its SQL. */
async function found(node: SegmentNode, now = NOW): Promise<Map<PersonId, number>> {
  const valid = definitionSchema().parse(node)
  const verdicts = (await judge(db, rulesOf(valid), ['tried'], now, personIds)).verdicts.get('tried') ?? []
  const members = new Map(verdicts.flatMap(({ personId, entered }) => (entered ? [[personId, entered.at]] : [])))
  const rows = await personsWhere(db, valid, now, SHOP).select('person_id').execute()
  expect(rows.map((row) => row.person_id).sort(), JSON.stringify(node)).toEqual([...members.keys()].sort())
  return members
}

type Bought = Partial<Omit<PersonOrderRow, 'items'>> & { ago: number; items?: Parameters<typeof foldedItem>[0][] }
type Cart = Partial<PersonCartRow> & { closedAgo: number; state: 'recovered' | 'converted'; items_?: string[] }
type Given = {
  orders?: Bought[]
  carts?: Cart[]
  attributes?: Record<string, unknown>
  times?: Record<string, number>
  row?: Partial<PersonRow>
}

/** Adds a person as deriving would have stored it. */
async function add(id: PersonId, { orders = [], carts = [], attributes, times = {}, row = {} }: Given): Promise<void> {
  personIds.push(id)
  const folded = attributes && foldedAttributes(attributes, new Map(Object.entries(times)), NOW - 10 * DAY)
  await db
    .insertInto('persons')
    .values({
      ...{
        person_id: id,
        contact_id: id.startsWith('c') ? id.slice(2) : null,
        first_seen: NOW - 900 * DAY,
        last_seen: NOW,
      },
      ...{ visitors: 1, evidence: encodeJson([]), identity: 0, marketing: 0, minor: 0, carts_joined: 0, bucket: 0 },
      purchases: orders.length,
      ...(folded
        ? {
            attributes: encodeJson(folded.values),
            attributes_at: NOW - 10 * DAY,
            attribute_times: encodeJson(folded.times),
          }
        : {}),
      ...row,
    } as PersonRow)
    .execute()
  for (const [i, { ago, items = [], ...more }] of orders.entries()) {
    const order = { order_id: `o-${i}`, at: NOW - ago, total: 10_000, currency: 'EUR', channel: 'web', ...more }
    const pieces = encodeJson(items.map(foldedItem))
    await db
      .insertInto('person_orders')
      .values({ person_id: id, ...order, items: pieces })
      .execute()
  }
  for (const [i, { closedAgo, items_ = [], ...more }] of carts.entries()) {
    await db
      .insertInto('person_carts')
      .values({
        ...{
          person_id: id,
          visitor_id: `v-${i}`,
          id: `cart-${i}`,
          site_id: 'shop',
          epoch: 1,
          currency: 'EUR',
          value: 9000,
        },
        ...{ items: encodeJson([]), created_at: NOW - closedAgo - 5 * HOUR, updated_at: NOW - closedAgo - 4 * HOUR },
        ...{
          idle_at: NOW - closedAgo - 3 * HOUR,
          closed_at: NOW - closedAgo,
          step: 'checkout',
          left_out: encodeJson([]),
        },
        ...{ joined: 0, recovered_value: more.state === 'recovered' ? 3000 : null },
        folded_items: encodeJson(items_.map((item_id) => foldedItem({ item_id }))),
        ...more,
      } as PersonCartRow)
      .execute()
  }
}

const anna = contactPerson(contactId('anna'))
const bela = contactPerson(contactId('bela'))
const cleo = contactPerson(contactId('cleo'))
const guest = visitorPerson(visitorId('guest'), 1)
const NAMES: Record<string, string> = { [anna]: 'anna', [bela]: 'bela', [cleo]: 'cleo', [guest]: 'guest' }

const ring = {
  item_id: 'R-1',
  other_ids: ['SKU-9'],
  item_name: 'Bague Étoile',
  item_category: 'Bagues',
  item_variant: '52',
}
const watch = { item_id: 'W-1', item_name: 'Montre', item_category: 'Montres', item_categories: ['Montres', 'Homme'] }

beforeAll(async () => {
  place = await placeOf(ENGINE)
  db = place.open()
  await add(anna, {
    orders: [
      { ago: 400 * DAY, items: [ring] },
      { ago: 30 * DAY, items: [watch], total: 5000 },
      { ago: 2 * DAY, items: [ring, watch], total: 20_000, channel: 'boutique evry' },
    ],
    carts: [
      { closedAgo: 30 * DAY, state: 'converted', items_: ['W-1'] },
      { closedAgo: 2 * DAY, state: 'recovered', items_: ['R-1', 'W-1'] },
    ],
    attributes: {
      ...{ City: 'Saint-Étienne', points: 1200, vip: true, interests: ['Or', 'Émail'], birthday_of_wife: '1984-03-10' },
      ...{ children: ['2015-03-02', '2018-07-01'], code: '42', 'a"b': 'quoted', since: '2020-05-01T10:00:00Z' },
    },
    times: { points: NOW - 3 * DAY },
  })
  await add(bela, {
    orders: [
      { ago: 200 * DAY, items: [ring], total: null },
      { ago: 190 * DAY, items: [], total: 4000, currency: 'CHF', channel: null },
    ],
    attributes: {
      city: 'Lyon',
      points: 80,
      vip: false,
      birthday_of_wife: '2000-02-29',
      interests: ['argent'],
      bad: '1984-02-31',
    },
    row: {
      ...{
        cart_updated_at: NOW - 2 * HOUR,
        cart_idle_at: NOW - HOUR,
        cart_created_at: NOW - 3 * HOUR,
        cart_currency: 'EUR',
      },
      ...{
        cart_value: 12_000,
        cart_step: 'shipping',
        cart_items: encodeJson([foldedItem(ring)]),
        cart_visitor_id: 'v',
        cart_id: 'c',
      },
    },
  })
  await add(cleo, { attributes: {}, times: { city: NOW - DAY }, row: { visitors: 0 } })
  await add(guest, {
    orders: [{ ago: HOUR, items: [watch], total: 7000 }],
    row: {
      ...{
        cart_updated_at: NOW - 60_000,
        cart_idle_at: NOW + HOUR,
        cart_created_at: NOW - 60_000,
        cart_currency: 'EUR',
      },
      ...{
        cart_value: null,
        cart_step: 'cart',
        cart_items: encodeJson([foldedItem(watch)]),
        cart_visitor_id: 'g',
        cart_id: 'g',
      },
    },
  })
})
afterAll(async () => {
  await db?.destroy()
  await place?.done()
  await dropPlaces()
})

const within = (attribute: string, time: string): SegmentNode => ({ contact: { attribute, anniversary_within: time } })

/** Who a condition finds, each with how long ago they entered; `-` for those of whom it has always held. */
const CASES: [means: string, node: SegmentNode, finds: Record<string, number | '-'>][] = [
  ['bought', { order: {} }, { anna: 400 * DAY, bela: 200 * DAY, guest: HOUR }],
  ['never bought', { order: { count: 0 } }, { cleo: '-' }],
  ['bought at least twice', { order: { count: { gte: 2 } } }, { anna: 30 * DAY, bela: 190 * DAY }],
  ['bought less than twice', { order: { count: { lt: 2 } } }, { cleo: '-', guest: '-' }],
  ['bought a ring by its id', { order: { contains: { item_id: 'r-1' } } }, { anna: 400 * DAY, bela: 200 * DAY }],
  [
    'bought it by another id of the shop',
    { order: { contains: { item_id: 'SKU-9' } } },
    { anna: 400 * DAY, bela: 200 * DAY },
  ],
  [
    'bought a watch by the second level of its category',
    { order: { contains: { item_category: 'homme' } } },
    { anna: 30 * DAY, guest: HOUR },
  ],
  [
    'bought a piece that is both a ring and of size 52',
    { order: { contains: { item_category: 'Bagues', item_variant: '52' } } },
    { anna: 400 * DAY, bela: 200 * DAY },
  ],
  ['bought a ring that is a watch', { order: { contains: { item_category: 'Bagues', item_name: 'montre' } } }, {}],
  [
    'bought a ring, never a watch',
    {
      all: [
        { order: { contains: { item_name: { starts: 'bague' } } } },
        { order: { contains: { item_category: 'montres' }, count: 0 } },
      ],
    },
    { bela: 200 * DAY },
  ],
  ['bought in the shop', { order: { channel: 'Boutique Évry' } }, { anna: 2 * DAY }],
  [
    'bought through a channel that is known',
    { order: { channel: { exists: true } } },
    { anna: 400 * DAY, bela: 200 * DAY, guest: HOUR },
  ],
  ['bought otherwise than on the site', { order: { channel: { not: 'web' } } }, { anna: 2 * DAY, bela: 190 * DAY }],
  ['bought within a year', { order: { within: '365d' } }, { anna: 30 * DAY, bela: 200 * DAY, guest: HOUR }],
  ['has not bought for 180 days', { order: { last: { before: '180d' } } }, { bela: 10 * DAY }],
  ['spent at least 300 €', { order: { total: { gte: 300 } } }, { anna: 2 * DAY }],
  ['spent at most 100 € in a month', { order: { total: { lte: 100 }, within: '31d' } }, { guest: HOUR }],
  ['spends 110 € on average and more', { order: { average: { gte: 110 } } }, { anna: 2 * DAY }],
  [
    'has not spent exactly 70 €, as far as anybody knows',
    { order: { total: { not: 70 } } },
    { anna: '-', bela: '-', cleo: '-' },
  ],
  ['lives in Saint-Étienne', { contact: { attribute: 'CITY', is: 'saint-etienne' } }, { anna: 10 * DAY }],
  [
    'lives elsewhere, or nobody knows where',
    { contact: { attribute: 'city', not: 'Lyon' } },
    { anna: 10 * DAY, cleo: DAY },
  ],
  ['has a city', { contact: { attribute: 'city', exists: true } }, { anna: 10 * DAY, bela: 10 * DAY }],
  ['has none', { contact: { attribute: 'city', exists: false } }, { cleo: DAY }],
  ['is close to the next tier', { contact: { attribute: 'points', gte: 1000, lt: 1500 } }, { anna: 3 * DAY }],
  ['is a VIP', { contact: { attribute: 'vip', is: true } }, { anna: 10 * DAY }],
  ['is none', { contact: { attribute: 'vip', is: false } }, { bela: 10 * DAY }],
  ['likes gold, among others', { contact: { attribute: 'interests', in: ['or', 'platine'] } }, { anna: 10 * DAY }],
  ['likes enamel', { contact: { attribute: 'interests', contains: 'MAIL' } }, { anna: 10 * DAY }],
  ['has a code that is a number in a text', { contact: { attribute: 'code', is: 42 } }, { anna: 10 * DAY }],
  ['has an attribute with a quotation mark', { contact: { attribute: 'a"b', is: 'quoted' } }, { anna: 10 * DAY }],
  ['is a customer since before June 2020', { contact: { attribute: 'since', lt: '2020-06-01' } }, { anna: 10 * DAY }],
  ['has an attribute that is a percent sign', { contact: { attribute: '%', exists: true } }, {}],
  [
    'has an anniversary within 14 days',
    within('birthday_of_wife', '14d'),
    { anna: NOW - (Date.UTC(2026, 2, 9, 23) - 14 * DAY) },
  ],
  ['has one today, or 29 February the day before', within('birthday_of_wife', '0d'), {}],
  ['has a child whose birthday is tomorrow', within('children', '1d'), { anna: 12 * HOUR }],
  ['has an anniversary on a day that does not exist', within('bad', '400d'), {}],
  ['has any anniversary within a year', within('birthday_of_wife', '366d'), { anna: 10 * DAY, bela: 10 * DAY }],
  ['has a cart with a ring', { cart: { contains: { item_category: 'bagues' } } }, { bela: 2 * HOUR }],
  ['got to the checkout with an open cart', { cart: { step: 'checkout' } }, { bela: 2 * HOUR }],
  ['got to the payment', { cart: { step: 'payment' } }, {}],
  ['has a cart of 100 € and more', { cart: { value: { gte: 100 } } }, { bela: 2 * HOUR }],
  ['recovered a cart', { cart: { state: 'recovered' } }, { anna: 2 * DAY }],
  ['recovered a cart of which 30 € were bought', { cart: { state: 'recovered', value: 30 } }, { anna: 2 * DAY }],
  [
    'recovered a cart with a watch this week',
    { cart: { state: 'recovered', contains: { item_id: 'w-1' }, idle: { max: '7d' } } },
    { anna: 2 * DAY },
  ],
  [
    'bought a cart at once, a week ago and longer',
    { cart: { state: 'converted', idle: { min: '7d' } } },
    { anna: 23 * DAY },
  ],
]

describe('a person who', () => {
  test.each(CASES)('%s is found', async (_, node, finds) => {
    const members = await found(node)
    const ago = [...members].map(([id, at]) => [NAMES[id], at === NOW - 900 * DAY ? '-' : NOW - at])
    expect(Object.fromEntries(ago)).toEqual(finds)
  })
})

describe('29 February', () => {
  const year = (y: number, month: number, day: number, hour = 12) => Date.UTC(y, month - 1, day, hour)
  test.each<[when: string, now: number, isNear: boolean]>([
    ['is on the 28th in a year without it', year(2026, 2, 28), true],
    ['is not on 1 March then', year(2026, 3, 1), false],
    ['is on the 29th in a leap year', year(2028, 2, 29), true],
    ['and not on the 28th then', year(2028, 2, 28), false],
    ['begins with the day in the shop’s zone', year(2026, 2, 27, 23), true],
    ['and not before it', year(2026, 2, 27, 22), false],
  ])('%s', async (_, now, isNear) => {
    expect((await found(within('birthday_of_wife', '0d'), now)).has(bela)).toBe(isNear)
  })
})

test('an anniversary enters and leaves with the days, the summer’s hour included', async () => {
  const at = async (now: number) => (await found(within('birthday_of_wife', '21d'), now)).has(anna)
  // From 17 February to the end of 10 March; the last day is over at 23 o'clock UTC.
  const [first, over] = [Date.UTC(2026, 2, 9, 23) - 21 * DAY, Date.UTC(2026, 2, 10, 23)]
  expect([await at(first - 1), await at(first), await at(over - 1), await at(over)]).toEqual([false, true, true, false])
})

const number = fc.oneof(
  fc.integer({ min: 0, max: 4 }),
  fc.record({ gte: fc.constantFrom(0, 1, 2, 50, 100, 110) }),
  fc.record({ lt: fc.constantFrom(1, 2, 100, 300) }),
  fc.record({ not: fc.constantFrom(0, 1, 2, 70, 350) }),
  fc.record({ not_in: fc.constantFrom([0, 1], [2, 3]) }),
)
const texts = fc.oneof(
  fc.constantFrom('r-1', 'W-1', 'Bagues', 'web', 'Lyon', 'or', 'homme'),
  fc.record({ contains: fc.constantFrom('a', 'É', '%', '_', '-') }),
  fc.record({ starts: fc.constantFrom('b', 'M', 's') }),
  fc.record({ not: fc.constantFrom('web', 'R-1', 'lyon') }),
  fc.record({ in: fc.constantFrom(['W-1', 'x'], ['lyon', 42], [true, 'or']) }),
  fc.record({ exists: fc.boolean() }),
  fc.record({ gte: fc.constantFrom('a', 'm', 100) }),
  fc.record({ is: fc.boolean() }),
)
const optional = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined })
const times = fc.constantFrom('0d', '90m', '1d', '7d', '31d', '195d', '365d', '500d')
const pieces = fc
  .record({ item_id: optional(texts), item_category: optional(texts), item_variant: optional(texts) })
  .filter((tests) => Object.values(tests).some((each) => each !== undefined))
const nodes = fc.oneof(
  fc.record({
    order: fc.record({
      ...{ count: optional(number), total: optional(number), average: optional(number), contains: optional(pieces) },
      ...{ channel: optional(texts), within: optional(times), last: optional(fc.record({ before: times })) },
    }),
  }),
  fc.record({
    cart: fc.record({
      state: optional(fc.constantFrom('open', 'abandoned', 'recovered', 'converted')),
      step: optional(fc.constantFrom('cart', 'checkout', 'payment')),
      ...{ value: optional(number), contains: optional(pieces) },
      idle: optional(fc.record({ min: optional(times), max: optional(times) })),
    }),
  }),
  texts.chain((text) => {
    const attribute = fc.constantFrom(
      'city',
      'points',
      'vip',
      'interests',
      'children',
      'birthday_of_wife',
      'code',
      'nothing',
    )
    const operators = typeof text === 'object' ? text : { is: text }
    return fc.record({
      contact: fc.record({
        attribute,
        ...Object.fromEntries(Object.entries(operators).map(([name, value]) => [name, fc.constant(value)])),
        anniversary_within: optional(times),
      }),
    })
  }),
)

test('any condition finds the same persons in SQL and by spans, at any time', async () => {
  const clean = (value: unknown) => JSON.parse(JSON.stringify(value)) as SegmentNode
  const moments = fc.integer({ min: -450 * 24, max: 400 * 24 }).map((hours) => NOW + hours * HOUR)
  const runs = ENGINE === 'sqlite' ? amount(250, 3000) : amount(120, 800)
  await fc.assert(
    fc.asyncProperty(nodes, fc.boolean(), moments, async (node, negated, now) => {
      await found(negated ? { not: clean(node) } : clean(node), now)
    }),
    { numRuns: runs },
  )
})
