/**
 * Conditions on what persons did, through the API: what each finds, since when, how it is worded, and that its members come
 * and go with the events and the time. The property test (`test/property/segment-events.test.ts`) compares SQL and spans.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WireEvent } from '../../tag/wire.ts'
import { newVisitor } from '../support/requests.ts'
import { judged } from '../support/segments.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const SHOP = 'https://shop.example'

let server: TestServer
const visitors = new Map<string, string>()
const names = new Map<string, string>()
let segments = 0

const BRACELET = { item_id: 'B-1', item_name: 'Bracelet Étoile', item_category: 'Bracelets', price: 890 }
const RING = { item_id: 'R-1', item_name: 'Bague', item_category: 'Bagues', item_category2: 'Or', price: 120 }
const view = (agoMs: number, ...items: object[]) => event('view_item', agoMs, { currency: 'EUR', items })
const page = (agoMs: number, path = '/', more: Partial<WireEvent> = {}) =>
  event('page', agoMs, undefined, { url: `${SHOP}${path}`, ...more })
const added = (agoMs: number, item: object, value: number) =>
  event('add_to_cart', agoMs, { currency: 'EUR', value, items: [item] })
const bought = (agoMs: number, id: string, item: object) =>
  event('purchase', agoMs, { currency: 'EUR', transaction_id: id, value: 890, items: [item] })

/** What each visitor did, by the name that the cases use. */
const DID: Record<string, WireEvent[]> = {
  'looks six times': Array.from({ length: 6 }, (_, i) => view((6 - i) * HOUR, BRACELET)),
  'looks at six pieces': Array.from({ length: 6 }, (_, i) => view((6 - i) * HOUR, { item_id: `P-${i}` })),
  'looked long ago': Array.from({ length: 6 }, (_, i) => view(6 * DAY + i * MINUTE, BRACELET)),
  'saw a list': [event('view_item_list', 2 * HOUR, { items: [BRACELET, RING] })],
  'came by diamonds': [
    page(3 * HOUR, '/?utm_campaign=Diamants&utm_source=news'),
    page(3 * HOUR - 1000, '/b'),
    view(2.9 * HOUR, RING),
  ],
  'left a cart': [added(2 * HOUR, RING, 120)],
  'bought soon': [added(2 * HOUR, RING, 120), bought(2 * HOUR - 10 * MINUTE, 'o-1', RING)],
  'bought late': [added(4 * HOUR, RING, 120), bought(HOUR, 'o-2', RING)],
  'stayed seconds': [page(HOUR), event('engagement', HOUR - 4000, { seconds: 4 })],
  'stayed long': [page(HOUR), event('engagement', HOUR - 40_000, { seconds: 40 })],
  'came thrice': [page(3 * DAY), page(2 * DAY), page(DAY)],
  'tried on': [event('ring_tried_on', HOUR, { size: '52', gift: true, stones: ['Rubis', 'Diamant'], weight: 3.5 })],
  searched: [
    event('search', HOUR, { search_term: 'Or Blanc' }, { title: 'Résultats', referrer: 'https://www.google.fr/' }),
  ],
}

const all = Object.keys(DID).sort()
const but = (...some: string[]) => all.filter((name) => !some.includes(name))
const day = (ago: number) => new Date(Date.now() - ago * DAY).toISOString().slice(0, 10)
const add = { type: 'add_to_cart' }
const buy = { type: 'purchase' }

type Case = [what: string, value: object, expected: string[]]

const EVENTS: Case[] = [
  [
    'one bracelet looked at six times',
    { type: 'view_item', same: 'item_id', count: { gte: 6 }, within: '3d' },
    ['looks six times'],
  ],
  [
    'six looks at anything',
    { type: 'view_item', count: { gte: 6 }, within: '3d' },
    ['looks at six pieces', 'looks six times'],
  ],
  [
    'exactly six looks ever',
    { type: 'view_item', count: 6 },
    ['looked long ago', 'looks at six pieces', 'looks six times'],
  ],
  [
    'Segment’s name of an event',
    { type: 'Product Viewed', same: 'item_id', count: { gt: 5 } },
    ['looked long ago', 'looks six times'],
  ],
  [
    'a name without accents',
    { type: 'view_item', where: { item_name: { contains: 'etoile' } }, within: '1d' },
    ['looks six times'],
  ],
  [
    'a category of any level',
    { type: ['view_item', 'view_item_list'], where: { item_category: 'OR' } },
    ['came by diamonds', 'saw a list'],
  ],
  [
    'one piece must meet both conditions',
    { type: 'view_item_list', where: { item_id: 'b-1', item_category: 'or' } },
    [],
  ],
  ['and one does', { type: 'view_item_list', where: { item_id: 'R-1', item_category: 'or' } }, ['saw a list']],
  [
    'a list counts once, however many of its pieces match',
    { type: 'view_item_list', where: { item_id: { in: ['B-1', 'R-1'] } }, count: { gte: 2 } },
    [],
  ],
  [
    'a value in major units',
    { type: 'add_to_cart', where: { value: { gte: 120 } } },
    ['bought late', 'bought soon', 'left a cart'],
  ],
  ['a value too high', { type: 'add_to_cart', where: { value: { gt: 120 } } }, []],
  ['a value in another currency', { type: 'add_to_cart', where: { value: 120, currency: 'USD' } }, []],
  ['the campaign of its visit', { type: 'view_item', where: { campaign: 'diamants' } }, ['came by diamonds']],
  [
    'the source on every page of the visit',
    { type: 'page', where: { source: 'NEWS' }, count: { is: 2 } },
    ['came by diamonds'],
  ],
  ['the address', { type: 'page', where: { url: { contains: '/B' } } }, ['came by diamonds']],
  [
    'title, referrer and search',
    {
      type: 'search',
      where: { title: 'resultats', referrer: { contains: 'google' }, search_term: { starts: 'or' } },
    },
    ['searched'],
  ],
  [
    'a property that is a text',
    { type: 'ring_tried_on', where: { 'props.size': 52, 'props.gift': true } },
    ['tried on'],
  ],
  [
    'a property that is a list',
    { type: 'ring_tried_on', where: { 'props.stones': { in: ['diamant', 'saphir'] } } },
    ['tried on'],
  ],
  [
    'a property that is a number',
    { type: 'ring_tried_on', where: { 'props.weight': { gt: 3, lte: 3.5 } } },
    ['tried on'],
  ],
  ['a property that is not there', { type: 'ring_tried_on', where: { 'props.colour': { exists: true } } }, []],
  ['the site', { type: 'ring_tried_on', where: { site: 'demo' } }, ['tried on']],
  [
    'never',
    { type: 'view_item', count: { is: 0 } },
    but('looks six times', 'looks at six pieces', 'looked long ago', 'came by diamonds'),
  ],
  [
    'less than seven times lately',
    { type: 'view_item', count: { lt: 6 }, within: '1d' },
    but('looks six times', 'looks at six pieces'),
  ],
  ['days, of which the last counts too', { type: 'page', between: [day(3), day(2)] }, ['came thrice']],
  ['days on which nothing happened', { type: 'page', between: ['2020-01-01', '2020-12-31'] }, []],
]

const SEQUENCES: Case[] = [
  ['one and then the other', { first: add, then: buy }, ['bought late', 'bought soon']],
  ['within an hour', { first: add, then: buy, within: '1h' }, ['bought soon']],
  ['not within an hour', { first: add, then: buy, within: '1h', absent: true }, ['bought late', 'left a cart']],
  ['not at all', { first: add, then: buy, absent: true }, ['left a cart']],
  [
    'with conditions on each',
    { first: { ...add, where: { item_id: 'r-1' } }, then: { ...buy, where: { item_category: 'bracelets' } } },
    [],
  ],
  ['only what began lately', { first: { ...add, within: '3h' }, then: buy }, ['bought soon']],
  ['never the other way round', { first: buy, then: add }, []],
  ['the same twice', { first: { type: 'page' }, then: { type: 'page' }, within: '2s' }, ['came by diamonds']],
]

const VISITORS: Case[] = [
  ['a campaign', { campaign: 'DIAMANTS' }, ['came by diamonds']],
  [
    'landing page and source of one visit',
    { landing: { contains: 'utm_campaign' }, source: 'news', device: 'desktop' },
    ['came by diamonds'],
  ],
  ['a referring site', { referrer: 'google.fr' }, []],
  ['three sessions', { sessions: 3 }, ['came thrice']],
  ['seconds only', { engaged_seconds: { gt: 0, lt: 10 } }, ['stayed seconds']],
  [
    'not lately',
    { last_seen: { within: '7d' }, sessions: { gte: 1, lt: 2 }, engaged_seconds: { gte: 10 } },
    ['stayed long'],
  ],
]

beforeAll(async () => {
  server = await startServer({ movable: true })
  await server.cli('sites', 'set', 'demo', 'currency=EUR')
  for (const [name, events] of Object.entries(DID)) {
    const visitor = newVisitor()
    visitors.set(name, visitor)
    names.set(visitor, name)
    await sendAll(server, visitor, events)
  }
  await settled(server)
  // All at once, because everybody is judged by all new segments together.
  for (const [, event] of EVENTS) await define({ event })
  for (const [, sequence] of SEQUENCES) await define({ sequence })
  for (const [, visitor] of VISITORS) await define({ visitor })
  await judged(server)
})
afterAll(() => server?.stop())

const put = (node: unknown, id: string) =>
  server.api('/api/v1/segments', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id, name: id, node }),
  })

type Member = { person: { id: string }; entered_at: string }

async function membersOf(id: string): Promise<Record<string, number>> {
  const { data } = await server.get<{ data: Member[] }>(`/api/v1/segments/${id}/members`)
  return Object.fromEntries(
    data.map(({ person, entered_at }) => [names.get(person.id) ?? person.id, Date.parse(entered_at)]),
  )
}

/** The segments by their conditions. */
const ids = new Map<string, string>()

async function define(node: object): Promise<string> {
  const id = `tried_${++segments}`
  ids.set(JSON.stringify(node), id)
  const reply = await put(node, id)
  expect(await reply.json()).toMatchObject({ id })
  return id
}

/** The members of the segment with that condition. */
async function found(node: object): Promise<string[]> {
  const id = ids.get(JSON.stringify(node))!
  const members = Object.keys(await membersOf(id)).sort()
  // SQL finds as many.
  const { people } = await server.post('/api/v1/segments/preview', { node })
  expect(people).toBe(members.length)
  // The contacts of the demo shop never did anything.
  return members.filter((name) => name in DID)
}

const timesOf = (name: string) => DID[name]!.map(({ at }) => Date.parse(at))

describe('event', () => {
  test.each(EVENTS)('%s', async (_what, value, expected) => {
    expect(await found({ event: value })).toEqual(expected)
  })

  test.each<[what: string, value: object, message: RegExp]>([
    [
      'an unknown field',
      { type: 'page', where: { colour: 'red' } },
      /event\.where\.colour must be one of item_id, .*props\.NAME/,
    ],
    [
      'more fields than anybody asks for',
      { type: 'page', where: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`props.p${i}`, 1])) },
      /event\.where must have at most 20 members/,
    ],
    ['no type', { where: {} }, /event\.type/],
    ['an empty list of types', { type: [] }, /event\.type/],
    [
      'within and between',
      { type: 'page', within: '1d', between: ['2026-01-01', '2026-01-02'] },
      /at most one of within and between/,
    ],
    ['a count below 0', { type: 'page', count: { gte: -1 } }, /event\.count/],
    ['a count of nothing', { type: 'page', count: {} }, /event\.count/],
    ['a day that does not exist', { type: 'page', between: ['2026-13-01', '2026-01-02'] }, /event\.between/],
    ['a value as same', { type: 'page', same: 'value' }, /event\.same must be one of/],
    ['a member that is none', { type: 'page', times: 3 }, /event must not have the member times/],
  ])('refuses %s', async (_what, value, message) => {
    const reply = await put({ event: value }, 'refused')
    expect(reply.status).toBe(400)
    expect(JSON.stringify(await reply.json())).toMatch(message)
  })
})

describe('sequence', () => {
  test.each(SEQUENCES)('%s', async (_what, value, expected) => {
    expect(await found({ sequence: value })).toEqual(expected)
  })
})

describe('visitor', () => {
  test.each(VISITORS)('%s', async (_what, value, expected) => {
    expect(await found({ visitor: value })).toEqual(expected)
  })
})

describe('members', () => {
  test('enter with the event that completes the condition, and leave when it falls out of the window', async () => {
    const id = await define({ event: { type: 'view_item', same: 'item_id', count: { gte: 6 }, within: '7d' } })
    await judged(server)
    expect(await membersOf(id)).toEqual({
      'looks six times': Math.max(...timesOf('looks six times')),
      'looked long ago': Math.max(...timesOf('looked long ago')),
    })
    await server.setClock(DAY + HOUR)
    await until(async () => !('looked long ago' in (await membersOf(id))), 'the first look to fall out of the window')
    expect(Object.keys(await membersOf(id))).toEqual(['looks six times'])
    await server.setClock(0)
  })

  test('of an absence enter when its time is over, and not before', async () => {
    const visitor = newVisitor()
    names.set(visitor, 'just left')
    await sendAll(server, visitor, [added(59 * MINUTE, RING, 120)])
    await settled(server)
    const id = ids.get(JSON.stringify({ sequence: { first: add, then: buy, within: '1h', absent: true } }))!
    expect(await membersOf(id)).not.toHaveProperty('just left')
    await server.setClock(2 * MINUTE)
    await until(async () => 'just left' in (await membersOf(id)), 'the hour to be over')
    const [{ at } = { at: 0 }] = await server.query<{ at: number }>(
      'select at from events where visitor_id = ?',
      visitor,
    )
    expect((await membersOf(id))['just left']).toBe(at + HOUR)
    await server.setClock(0)
  })

  test('are worded in both languages', async () => {
    const words = async (node: object) => {
      const id = `said_${++segments}`
      await put(node, id)
      const { data } = await server.get<{ data: { id: string; sentence: { fr: string; en: string } }[] }>(
        '/api/v1/segments',
      )
      return data.find((segment) => segment.id === id)!.sentence
    }
    expect(
      await words({
        event: {
          type: 'view_item',
          where: { item_category: 'Bagues' },
          same: 'item_id',
          count: { gte: 3 },
          within: '14d',
        },
      }),
    ).toEqual({
      fr: 'Les personnes qui ont vu un produit au moins 3 fois (la catégorie est « Bagues ») il y a moins de 14 jours (même produit).',
      en: 'Persons who have viewed a product at least 3 times (the category is “Bagues”) in the last 14 days (the product being the same).',
    })
    expect(await words({ event: { type: 'purchase', count: 0 } })).toEqual({
      fr: 'Les personnes qui n’ont pas acheté sur le site.',
      en: 'Persons who have not bought on the site.',
    })
    expect(
      await words({
        sequence: { first: { type: 'add_to_cart' }, then: { type: 'purchase' }, within: '1h', absent: true },
      }),
    ).toEqual({
      fr: 'Les personnes qui ont ajouté au panier, puis n’ont pas acheté sur le site dans un délai de 1 heure.',
      en: 'Persons who have added to the cart, and then have not bought on the site within 1 hour.',
    })
    expect(
      await words({ visitor: { campaign: 'diamants', sessions: { gte: 2 }, last_seen: { within: '30d' } } }),
    ).toEqual({
      fr: 'Les personnes qui sont venues avec campagne est « diamants », dont le nombre de visites est d’au moins 2 et sont venues il y a moins de 30 jours.',
      en: 'Persons who came with campaign is “diamants”, whose number of visits is at least 2 and came in the last 30 days.',
    })
  })
})
