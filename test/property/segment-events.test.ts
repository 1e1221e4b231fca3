/**
 * Conditions on what persons did (`event`, `sequence`, `visitor`): SQL over everybody and the spans of each person agree at
 * every moment, exactly at the edges of windows too, and so do rows that were derived step by step and at once.
 */
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { createDeriver } from '../../server/derive/derive.ts'
import type { Entry } from '../../server/domain/event.ts'
import { landBatch } from '../../server/land/land.ts'
import { judge } from '../../server/segments/evaluate.ts'
import type { SegmentNode } from '../../server/segments/nodes/node.ts'
import type { Rules } from '../../server/segments/rules.ts'
import { personsWhere } from '../../server/segments/where.ts'
import { ownsEverything } from '../../server/store/work/ownership.ts'
import { amount } from '../support/long.ts'
import { dropPlaces, placeOf } from '../support/place.ts'
import { journalOfRows } from '../support/rows-journal.ts'
import { ENGINE } from '../support/store.ts'

const HOUR = 3600_000
const DAY = 24 * HOUR
const START = Date.UTC(2026, 0, 1)
const SHOP = { currency: 'EUR', zone: 'Europe/Paris', scores: [] }
const tombstone = (visitor: string) => visitor

const ITEMS = [
  { item_id: 'A', item_name: 'Bague Étoile', item_category: 'Bagues' },
  { item_id: 'B', item_name: 'Collier', item_category: 'Colliers', item_category2: 'Or' },
  { item_id: 'C', item_category: 'Bagues', item_category2: 'Or' },
]

type Act = { visitor: number; quarter: number; kind: number; item: number }

const KINDS: ((act: Act) => { type: string; props?: Record<string, unknown>; url?: string })[] = [
  () => ({ type: 'page', url: 'https://shop.example/' }),
  ({ item }) => ({ type: 'page', url: `https://shop.example/Bagues?utm_campaign=C${item}&utm_source=mail` }),
  ({ item }) => ({ type: 'view_item', props: { currency: 'EUR', value: 100 * item, items: [ITEMS[item]] } }),
  ({ item }) => ({ type: 'view_item', props: { items: [ITEMS[item]] } }),
  ({ item }) => ({ type: 'view_item_list', props: { items: [ITEMS[item], ITEMS[(item + 1) % 3]] } }),
  ({ item }) => ({
    type: 'add_to_cart',
    props: { currency: 'USD', value: 50, items: [ITEMS[item], { item_id: 'D' }] },
  }),
  ({ item, quarter }) => ({ type: 'purchase', props: { transaction_id: `o${quarter}`, items: [ITEMS[item]] } }),
  ({ item }) => ({
    type: 'tried_on',
    props: { size: [52, '53', 54][item], colours: ['Or', 'Rosé'].slice(item), gift: item === 1 },
  }),
  () => ({ type: 'engagement', props: { seconds: 7.5 } }),
  () => ({ type: 'search', props: { search_term: 'Or blanc' } }),
  () => ({ type: 'reset' }),
]

const acts = fc.array(
  fc.record({
    visitor: fc.integer({ min: 0, max: 3 }),
    quarter: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 4 * 24 * 10 })),
    kind: fc.integer({ min: 0, max: KINDS.length - 1 }),
    item: fc.integer({ min: 0, max: 2 }),
  }),
  { minLength: 5, maxLength: 60 },
)

const NODES: SegmentNode[] = [
  { event: { type: 'page' } },
  { event: { type: ['view_item', 'view_item_list'], count: { gte: 3 }, within: '1d' } },
  { event: { type: 'view_item', same: 'item_id', count: { gte: 2 }, within: '3d' } },
  { event: { type: 'view_item_list', same: 'item_category', count: { gte: 2 } } },
  { event: { type: ['view_item', 'view_item_list'], same: 'item_category', where: { item_id: 'c' }, count: 2 } },
  { event: { type: 'page', same: 'campaign', count: { gte: 2 } } },
  { event: { type: 'view_item', where: { item_category: 'OR' } } },
  { event: { type: ['view_item', 'add_to_cart'], where: { item_category: 'bagues', item_id: { in: ['B', 'C'] } } } },
  { event: { type: 'view_item', where: { item_category: { not: 'bagues' } } } },
  { event: { type: ['view_item', 'page'], where: { item_name: { exists: false } } } },
  { event: { type: 'view_item', where: { item_name: { starts: 'BAGUE é' } }, count: { lt: 2 }, within: '6h' } },
  { event: { type: 'view_item', where: { value: { gte: 100 } }, count: 1 } },
  { event: { type: 'add_to_cart', where: { value: { gte: 50 }, currency: 'usd' } } },
  { event: { type: 'add_to_cart', where: { value: { gte: 50 } } } },
  { event: { type: 'purchase', count: { is: 0 }, within: '2d' } },
  { event: { type: 'purchase', count: { lte: 1 } } },
  { event: { type: 'page', between: ['2026-01-02', '2026-01-03'], count: { gte: 2 } } },
  { event: { type: 'page', between: ['2026-01-01T05:00:00Z', '2026-01-01T09:15:00Z'] } },
  { event: { type: 'page', where: { url: { contains: '/bagues' }, campaign: { in: ['c1', 'c2'] }, source: 'MAIL' } } },
  { event: { type: 'view_item', where: { campaign: { exists: true } } } },
  { event: { type: 'search', where: { search_term: 'OR BLANC', site: 'shop' }, count: { gt: 1 } } },
  { event: { type: 'tried_on', where: { 'props.size': { gte: 53 } } } },
  { event: { type: 'tried_on', where: { 'props.size': '53' } } },
  { event: { type: 'tried_on', where: { 'props.size': 52, 'props.gift': false } } },
  { event: { type: 'tried_on', where: { 'props.colours': 'rose' } } },
  { event: { type: 'tried_on', where: { 'props.colours': { not: 'or' } } } },
  { event: { type: 'tried_on', where: { 'props.colours': { exists: false } } } },
  { sequence: { first: { type: 'view_item' }, then: { type: 'purchase' } } },
  { sequence: { first: { type: 'add_to_cart' }, then: { type: 'purchase' }, within: '1h', absent: true } },
  {
    sequence: { first: { type: 'add_to_cart', within: '2d' }, then: { type: 'purchase' }, within: '1h', absent: true },
  },
  { sequence: { first: { type: 'view_item', within: '1d' }, then: { type: 'purchase' }, absent: true } },
  { sequence: { first: { type: 'page' }, then: { type: 'page' }, within: '15m' } },
  { sequence: { first: { type: 'page' }, then: { type: 'view_item', where: { item_id: 'A' } }, within: '30m' } },
  { visitor: { campaign: 'c1' } },
  { visitor: { landing: { contains: '/bagues' }, source: 'mail', device: 'desktop' } },
  { visitor: { sessions: { gte: 2 } } },
  { visitor: { sessions: { lt: 3 } } },
  { visitor: { sessions: 0, campaign: 'c2' } },
  { visitor: { engaged_seconds: { lt: 10 } } },
  { visitor: { engaged_seconds: { gte: 15 }, sessions: { gte: 1 } } },
  { visitor: { last_seen: { within: '6h' } } },
  { visitor: { last_seen: { within: '1d' }, campaign: { not: 'c1' } } },
]

function entryOf(act: Act, index: number): Entry {
  const at = START + act.quarter * 15 * 60_000
  return {
    ...{ request: `r${index}`, site: 'shop', visitor: `visitor-${act.visitor}`, received_at: at, keyed: false },
    user_agent: 'Mozilla/5.0',
    consent: { id: 'c', analytics: true, identity: true, marketing: true, source: 'manual', at: START },
    events: [{ id: `e${String(index).padStart(4, '0')}`, at, ...KINDS[act.kind]!(act) }],
  }
}

/** Moments at and around the edges of events and of the windows that begin with them. */
function momentsOf(history: Act[]): number[] {
  const times = history.slice(0, 2).map(({ quarter }) => START + quarter * 15 * 60_000)
  const edges = times.flatMap((at) => [at, at + HOUR, at + DAY, at + 2 * DAY])
  return [...new Set([...edges.flatMap((at) => [at - 1, at]), START + 40 * DAY])]
}

const RUNS = Number(process.env.PROPERTY_RUNS ?? (ENGINE === 'sqlite' ? amount(3, 60) : amount(1, 10)))

afterAll(dropPlaces)

test('SQL finds those for whom a span holds the moment', async () => {
  await fc.assert(
    fc.asyncProperty(acts, async (history) => {
      const place = await placeOf(ENGINE)
      const db = place.open()
      try {
        const rows = history.map((act, i) => {
          return { id: i + 1, at: START, body: JSON.stringify([entryOf(act, i)]), events: 1 }
        })
        const now = START + 30 * DAY
        const deriver = createDeriver({ db, ownership: ownsEverything, tombstone, seal: tombstone, now: () => now })
        const landing = {
          db,
          journal: journalOfRows('journal', (after) => rows.filter((row) => row.id > after)),
          describeAgent: () => ({ device: 'desktop', browser: 'Firefox', os: null }),
          ...{ tombstone, removeErased: async () => {}, unread: () => {}, now: () => now },
        }
        while ((await landBatch(landing)).events > 0);
        while (await deriver.round());
        const persons = (await db.selectFrom('persons').select('person_id').execute()).map((row) => row.person_id)
        const definitions = new Map(NODES.map((node, i) => [String(i), { id: String(i), name: '', node }]))
        const rules: Rules = { definitions: definitions as Rules['definitions'], shop: SHOP }
        for (const moment of momentsOf(history)) {
          const { verdicts } = await judge(db, rules, [...definitions.keys()], moment, persons)
          for (const [i, node] of NODES.entries()) {
            const found = await personsWhere(db, node, moment, SHOP).select('person_id').execute()
            const held = verdicts.get(String(i))!.filter(({ entered }) => entered !== null)
            expect(
              found.map((row) => row.person_id).sort(),
              `${JSON.stringify(node)} at ${new Date(moment).toISOString()}`,
            ).toEqual(held.map(({ personId }) => personId).sort())
          }
        }
      } finally {
        await db.destroy()
        await place.done()
      }
    }),
    { numRuns: RUNS, endOnFailure: true },
  )
})
