/**
 * Conditions about scores: each as a definition, in SQL that is the same on both engines, with the persons that it finds by
 * SQL and by spans, and in words.
 */
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contactPerson, type PersonId, personId } from '../../server/domain/ids.ts'
import type { ScoreVersion } from '../../server/domain/scores/person-scores.ts'
import { standingOf } from '../../server/domain/scores/standing.ts'
import { judge } from '../../server/segments/evaluate.ts'
import type { SegmentNode } from '../../server/segments/nodes/node.ts'
import { personsWhere } from '../../server/segments/where.ts'
import { sentenceOf } from '../../server/segments/words.ts'
import { createSqliteStore } from '../../server/store/engine/sqlite.ts'
import { migrate } from '../../server/store/migrate.ts'
import { encodeJson } from '../../server/store/schema/columns.ts'
import type { PersonOrderRow, PersonRow } from '../../server/store/schema/derived.ts'
import type { Database } from '../../server/store/schema.ts'

const DAY = 24 * 3600_000
const NOW = Date.UTC(2026, 5, 15, 10)

const VERSION: ScoreVersion = {
  ...{ version: 3, at: NOW - 5 * DAY, zone: 'Europe/Paris', currency: 'EUR', windowDays: 730, money: 'mean' },
  bounds: { r: [30, 60, 120.4, 240], f: [2, 3, 4.2, 6], m: [5_000, 10_000, 15_000, 20_000] },
  fit: { r: 0.24, alpha: 31, a: 0.79, b: 2.4, logLikelihood: -1, customers: 100, repeatOrders: 50 },
}
const SHOP = { currency: 'EUR', zone: 'Europe/Paris', scores: [VERSION] }

/** The orders of each contact: days ago, and euros. */
const ORDERS: Record<string, [daysAgo: number, euros: number | null][]> = {
  champion: [
    [2, 300],
    [20, 250],
    [40, 220],
    [60, 210],
    [80, 200],
    [100, 230],
  ],
  loyal: [
    [70, 120],
    [100, 80],
    [130, 90],
    [160, 110],
  ],
  newcomer: [[3, 40]],
  lost: [[500, 30]],
  gone: [[800, 900]],
  unknown: [
    [10, null],
    [12, null],
  ],
  returning: [
    [300, 60],
    [310, 60],
    [320, 60],
    [330, 60],
    [340, 60],
    [350, 60],
    [360, 60],
  ],
  browsing: [],
}
const stranger = personId({ kind: 'visitor', id: 'stranger', epoch: 1 })

const ordersOf = (name: string): PersonOrderRow[] =>
  (ORDERS[name] ?? []).map(([daysAgo, euros], n) => ({
    ...{ person_id: contactPerson(name), order_id: `${name}-${n}`, at: NOW - daysAgo * DAY },
    ...{ total: euros === null ? null : euros * 100, currency: 'EUR', channel: null, items: encodeJson([]) },
  }))

let db: Kysely<Database>
let folder: string
const postgres = new Kysely<Database>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (own) => new PostgresIntrospector(own),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

function person(id: PersonId, contact: string | null): PersonRow {
  return {
    ...{ person_id: id, contact_id: contact, first_seen: NOW - 900 * DAY, last_seen: NOW, visitors: 1, bucket: 0 },
    ...{ strength: null, evidence: encodeJson([]), grade: null, matched_at: null, identity: 0, marketing: 0 },
    ...{ marketing_since: null, mail_consent: null, mail_consent_since: null, minor: 0, cart_visitor_id: null },
    ...{ cart_id: null, carts_joined: 0, cart_updated_at: null, cart_idle_at: null, cart_currency: null },
    ...{ cart_value: null, cart_created_at: null, cart_step: null, cart_items: null, purchases: 0 },
    ...{ first_order_at: null, last_order_at: null, orders_total: null, orders_currency: null, attributes: null },
    ...{ attributes_at: null, attribute_times: null, typed_contact_id: null, edge_at: null },
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'couture-segment-scores-'))
  db = createSqliteStore(join(folder, 'couture.db'))
  await migrate(db)
  const contacts = Object.keys(ORDERS)
  await db
    .insertInto('persons')
    .values([person(stranger, null), ...contacts.map((name) => person(contactPerson(name), name))])
    .execute()
  const orders = contacts.flatMap(ordersOf)
  // An anonymous visitor's order counts for nobody.
  const anonymous = { ...orders[0]!, person_id: stranger }
  await db
    .insertInto('person_orders')
    .values([...orders, anonymous])
    .execute()
  const rows = contacts.flatMap((name) => {
    const rules = { versions: SHOP.scores, counting: VERSION }
    const standing = standingOf(ordersOf(name), rules, NOW)
    return standing === null ? [] : { person_id: contactPerson(name), ...standing }
  })
  await db.insertInto('person_scores').values(rows).execute()
})
afterAll(async () => {
  await db.destroy()
  rmSync(folder, { recursive: true })
})

const CASES: { means: string; node: SegmentNode; finds: string[]; words: [en: string, fr: string] }[] = [
  {
    means: 'a named group',
    node: { rfm: { group: 'champions' } },
    finds: ['champion'],
    words: [
      'Persons who are customers whose RFM group is “champions”.',
      'Les personnes qui sont des clients dont le groupe RFM est « champions ».',
    ],
  },
  {
    means: 'one of several groups',
    node: { rfm: { group: { in: ['new_customers', 'lost', 'others'] } } },
    finds: ['lost', 'newcomer', 'returning', 'unknown'],
    words: [
      'Persons who are customers whose RFM group is one of “new customers”, “lost”, “others”.',
      'Les personnes qui sont des clients dont le groupe RFM est parmi « nouveaux clients », « perdus », « autres ».',
    ],
  },
  {
    means: 'scores of recency and frequency',
    node: { rfm: { r: { gte: 3 }, f: { lt: 3 } } },
    finds: ['newcomer', 'unknown'],
    words: [
      'Persons who have an RFM score of recency that is at least 3 and have an RFM score of frequency that is less than 3.',
      'Les personnes qui ont un score RFM de récence qui est d’au moins 3 et ont un score RFM de fréquence qui est de moins de 3.',
    ],
  },
  {
    means: 'a score of money, which is unknown where spending is',
    node: { rfm: { m: { not: 1 } } },
    finds: ['champion', 'loyal', 'returning', 'unknown'],
    words: [
      'Persons who have an RFM score of money that is not 1.',
      'Les personnes qui ont un score RFM de montant qui n’est pas 1.',
    ],
  },
  {
    means: 'a score that nobody can have',
    node: { rfm: { r: 6 } },
    finds: [],
    words: [
      'Persons who have an RFM score of recency that is 6.',
      'Les personnes qui ont un score RFM de récence qui est 6.',
    ],
  },
  {
    means: 'not a group, among all persons',
    node: { not: { rfm: { r: { gte: 1 } } } },
    finds: ['browsing', 'gone', 'stranger'],
    words: [
      'Persons who do not meet the condition: have an RFM score of recency that is at least 1.',
      'Les personnes qui ne remplissent pas la condition : ont un score RFM de récence qui est d’au moins 1.',
    ],
  },
  {
    means: 'a low probability to be a customer still',
    node: { alive: { lt: 0.3 } },
    finds: ['returning'],
    words: [
      'Persons who have a probability of still being customers that is less than 30%.',
      'Les personnes qui ont une probabilité d’être encore clients qui est de moins de 30 %.',
    ],
  },
  {
    means: 'certainty, after a single order',
    node: { alive: 1 },
    finds: ['gone', 'lost', 'newcomer'],
    words: [
      'Persons who have a probability of still being customers that is 100%.',
      'Les personnes qui ont une probabilité d’être encore clients qui est 100 %.',
    ],
  },
]

describe.each(CASES)('$means', ({ node, finds, words }) => {
  test('compiles to one condition, the same on both engines', () => {
    const [own, other] = [db, postgres].map((engine) => {
      const { sql, parameters } = personsWhere(engine, node, NOW, SHOP).select('person_id').compile()
      return { sql: sql.replaceAll(/\$\d+/g, '?'), parameters }
    })
    expect(own).toEqual(other)
  })

  test('finds its persons, by SQL and by spans', async () => {
    const found = await personsWhere(db, node, NOW, SHOP).select('person_id').execute()
    const named = (ids: PersonId[]) =>
      ids.map((id) => Object.keys(ORDERS).find((name) => contactPerson(name) === id) ?? 'stranger').sort()
    expect(named(found.map((row) => row.person_id))).toEqual(finds)
    const everybody = [stranger, ...Object.keys(ORDERS).map(contactPerson)]
    const rules = { definitions: new Map([['tried', { id: 'tried', name: 'tried', node }]]), shop: SHOP }
    const verdicts = (await judge(db, rules, ['tried'], NOW, everybody)).verdicts.get('tried')!
    expect(named(verdicts.flatMap(({ personId: id, entered }) => (entered ? id : [])))).toEqual(finds)
  })

  test('has a sentence in both languages', () => {
    const said = (language: 'en' | 'fr') => sentenceOf({ node }, SHOP, language, (id) => id).replaceAll(/\s/g, ' ')
    expect([said('en'), said('fr')]).toEqual(words)
  })
})

test('without a version nobody has scores', async () => {
  const shop = { ...SHOP, scores: [] }
  for (const node of [{ rfm: { r: { gte: 1 } } }, { alive: { gte: 0 } }] as SegmentNode[]) {
    expect(await personsWhere(db, node, NOW, shop).select('person_id').execute()).toEqual([])
    // A version that is to come is none yet.
    expect(
      await personsWhere(db, node, NOW - 6 * DAY, SHOP)
        .select('person_id')
        .execute(),
    ).toEqual([])
  }
})

test('SQL and spans find the same persons, whatever the orders, the versions and the time', {
  timeout: 60_000,
}, async () => {
  const nodes: SegmentNode[] = [
    { rfm: { r: { gte: 3 } } },
    { rfm: { f: { lt: 3 }, m: { gte: 2 } } },
    { rfm: { m: { not: 5 } } },
    { rfm: { group: { not_in: ['champions', 'lost'] } } },
    { alive: { gte: 0.3, lt: 0.9 } },
    { alive: { not: 1 } },
    { not: { any: [{ rfm: { r: { gte: 4 } } }, { alive: { lt: 0.5 } }] } },
  ]
  const definitions = new Map(nodes.map((node, i) => [`n${i}`, { id: `n${i}`, name: 'tried', node }]))
  const people = ['a', 'b', 'c', 'd'].map(contactPerson)
  const order = fc.record({
    person: fc.constantFrom(...people),
    hour: fc.integer({ min: 0, max: 24 * 200 }),
    total: fc.option(fc.integer({ min: 0, max: 30_000 })),
    currency: fc.constantFrom('EUR', 'EUR', 'CHF'),
  })
  const versions = fc.array(
    fc.record({
      hour: fc.integer({ min: 0, max: 24 * 200 }),
      zone: fc.constantFrom('Europe/Paris', 'America/New_York'),
      windowDays: fc.constantFrom(40, 90, null),
      money: fc.constantFrom('mean' as const, 'total' as const),
      bounds: fc.constantFrom<ScoreVersion['bounds']>(
        { r: [10, 20.4, 30, 60], f: [2, 2, 3, 4.2], m: [5000, 10_000, 12_500.5, 20_000] },
        null,
      ),
      alpha: fc.integer({ min: 3, max: 60 }),
    }),
    { minLength: 1, maxLength: 3 },
  )
  const start = NOW - 200 * DAY
  await db.deleteFrom('person_orders').execute()
  await db.deleteFrom('person_scores').execute()
  await db.deleteFrom('persons').execute()
  await db
    .insertInto('persons')
    .values(people.map((id) => person(id, id.slice(-1))))
    .execute()
  const property = fc.asyncProperty(
    fc.array(order, { maxLength: 14 }),
    versions,
    fc.array(fc.integer({ min: 0, max: 24 * 400 }), { minLength: 1, maxLength: 3 }),
    async (orders, published, hours) => {
      const scores = published
        .sort((a, b) => a.hour - b.hour)
        .map(({ hour, alpha, ...rest }, i): ScoreVersion => {
          const fit = { ...VERSION.fit!, alpha }
          return { ...rest, fit, version: i + 1, at: start + hour * 3_600_000 + i, currency: 'EUR' }
        })
      const rows = orders.map(({ person: person_id, hour, total, currency }, n): PersonOrderRow => {
        const at = start + hour * 3_600_000
        return { person_id, order_id: `o${n}`, at, total, currency, channel: null, items: encodeJson([]) }
      })
      await db.deleteFrom('person_orders').execute()
      if (rows.length > 0) await db.insertInto('person_orders').values(rows).execute()
      const shop = { ...SHOP, scores }
      for (const now of hours.map((hour) => start + hour * 3_600_000)) {
        await db.deleteFrom('person_scores').execute()
        const standings = people.flatMap((person_id) => {
          const own = rows.filter((row) => row.person_id === person_id)
          const standing = standingOf(own, { versions: scores, counting: VERSION }, now)
          return standing === null ? [] : { person_id, ...standing }
        })
        if (standings.length > 0) await db.insertInto('person_scores').values(standings).execute()
        const { verdicts } = await judge(db, { definitions, shop }, [...definitions.keys()], now, people)
        for (const [id, { node }] of definitions) {
          const found = await personsWhere(db, node, now, shop).select('person_id').execute()
          const held = verdicts.get(id)!.flatMap(({ personId: who, entered }) => (entered ? who : []))
          expect(found.map((row) => row.person_id).sort(), `${JSON.stringify(node)} at ${now}`).toEqual(held.sort())
        }
      }
    },
  )
  await fc.assert(property, { numRuns: 60 })
})
