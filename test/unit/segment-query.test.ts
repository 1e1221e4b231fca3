/** Nodes of the segment grammar: their JSON, their SQL on both engines, the persons they find, and their sentences. */

import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contactId, contactPerson, type PersonId, visitorId, visitorPerson } from '../../server/domain/ids.ts'
import { judge } from '../../server/segments/evaluate.ts'
import type { SegmentNode } from '../../server/segments/nodes/node.ts'
import type { Rules } from '../../server/segments/rules.ts'
import { personsWhere } from '../../server/segments/where.ts'
import { sentenceOf } from '../../server/segments/words.ts'
import { createSqliteStore } from '../../server/store/engine/sqlite.ts'
import { migrate } from '../../server/store/migrate.ts'
import { encodeJson } from '../../server/store/schema/columns.ts'
import type { PersonRow } from '../../server/store/schema/derived.ts'
import type { Database } from '../../server/store/schema.ts'

const HOUR = 3600_000
const DAY = 24 * HOUR
const NOW = Date.UTC(2026, 2, 1)

let folder: string
let db: Kysely<Database>

const postgres = new Kysely<Database>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (each) => new PostgresIntrospector(each),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

const nobody = (id: string) => visitorPerson(visitorId(id), 1)
const contact = (id: string) => contactPerson(contactId(id))

function person(id: PersonId, more: Partial<PersonRow>): PersonRow {
  return {
    person_id: id,
    contact_id: null,
    first_seen: NOW - 20 * DAY,
    last_seen: NOW - HOUR,
    visitors: 1,
    strength: null,
    evidence: encodeJson([]),
    grade: null,
    matched_at: null,
    identity: 0,
    marketing: 0,
    marketing_since: null,
    mail_consent: null,
    mail_consent_since: null,
    minor: 0,
    cart_visitor_id: null,
    cart_id: null,
    cart_updated_at: null,
    cart_idle_at: null,
    carts_joined: 0,
    cart_currency: null,
    cart_value: null,
    cart_created_at: null,
    cart_step: null,
    cart_items: null,
    purchases: 0,
    first_order_at: null,
    last_order_at: null,
    orders_total: null,
    orders_currency: null,
    attributes: null,
    attributes_at: null,
    attribute_times: null,
    typed_contact_id: null,
    edge_at: null,
    bucket: 0,
    ...more,
  }
}

const cart = (agoMs: number) => ({ cart_updated_at: NOW - agoMs, cart_idle_at: NOW - agoMs + HOUR })

const PERSONS = [
  person(nobody('browsing'), {}),
  person(nobody('filling'), cart(10 * 60_000)),
  person(nobody('left'), cart(2 * HOUR)),
  person(nobody('left-long-ago'), cart(8 * DAY)),
  person(contact('left'), { ...cart(3 * HOUR), contact_id: 'left', matched_at: NOW - 30 * 60_000 }),
  person(contact('mailable'), {
    contact_id: 'mailable',
    matched_at: NOW - 5 * DAY,
    mail_consent: 1,
    mail_consent_since: NOW - 4 * DAY,
    marketing: 1,
    marketing_since: NOW - 3 * DAY,
    identity: 1,
  }),
  person(contact('unsubscribed'), { contact_id: 'unsubscribed', matched_at: NOW - DAY, mail_consent: 0, identity: 1 }),
]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'couture-segments-'))
  db = createSqliteStore(join(folder, 'couture.db'))
  await migrate(db)
  await db.insertInto('persons').values(PERSONS).execute()
})
afterAll(async () => {
  await db.destroy()
  rmSync(folder, { recursive: true })
})

const SHOP = { currency: 'EUR', zone: 'Europe/Paris', scores: [] }
const rulesOf = (node: SegmentNode): Rules => ({
  definitions: new Map([['tried', { id: 'tried', name: 'tried', node }]]),
  shop: SHOP,
})

type Case = {
  means: string
  node: SegmentNode
  where: string
  finds: Record<string, number>
  words: [en: string, fr: string]
}

/** `finds`: each member, and how long ago it entered. */
const CASES: Case[] = [
  {
    means: 'has a cart',
    node: { cart: {} },
    where: 'coalesce("cart_updated_at" <= NOW, false)',
    finds: {
      [nobody('filling')]: 10 * 60_000,
      [nobody('left')]: 2 * HOUR,
      [nobody('left-long-ago')]: 8 * DAY,
      [contact('left')]: 3 * HOUR,
    },
    words: ['Persons who have a cart.', 'Les personnes qui ont un panier.'],
  },
  {
    means: 'is filling a cart',
    node: { cart: { state: 'open' } },
    where: '(coalesce("cart_updated_at" <= NOW, false) and "cart_idle_at" > NOW)',
    finds: { [nobody('filling')]: 10 * 60_000 },
    words: ['Persons who have an open cart.', 'Les personnes qui ont un panier en cours.'],
  },
  {
    means: 'left a cart, entered when it had been idle for the site’s time',
    node: { cart: { state: 'abandoned', idle: { max: '7d' } } },
    where: '(coalesce("cart_updated_at" <= NOW, false) and "cart_idle_at" <= NOW and "cart_updated_at" > NOW-7d)',
    finds: { [nobody('left')]: HOUR, [contact('left')]: 2 * HOUR },
    words: [
      'Persons who have abandoned a cart and touched it less than 7 days ago.',
      'Les personnes qui ont abandonné un panier et y ont touché il y a moins de 7 jours.',
    ],
  },
  {
    means: 'left a cart for 150 minutes to 30 days',
    node: { cart: { idle: { min: '150m', max: '30d' } } },
    where:
      '(coalesce("cart_updated_at" <= NOW, false) and "cart_updated_at" <= NOW-150m and "cart_updated_at" > NOW-30d)',
    finds: { [nobody('left-long-ago')]: 8 * DAY - 150 * 60_000, [contact('left')]: 30 * 60_000 },
    words: [
      'Persons who have a cart, have not touched it for at least 150 minutes and touched it less than 30 days ago.',
      'Les personnes qui ont un panier, n’y ont pas touché depuis au moins 150 minutes et y ont touché il y a moins de 30 jours.',
    ],
  },
  {
    means: 'is a known contact',
    node: { matched: true },
    where: 'coalesce("matched_at" <= NOW, false)',
    finds: { [contact('left')]: 30 * 60_000, [contact('mailable')]: 5 * DAY, [contact('unsubscribed')]: DAY },
    words: ['Persons who are known contacts.', 'Les personnes qui sont identifiées.'],
  },
  {
    means: 'is not known',
    node: { matched: false },
    where: '(not coalesce("matched_at" <= NOW, false) and "visitors" > 0)',
    finds: {
      [nobody('browsing')]: 20 * DAY,
      [nobody('filling')]: 20 * DAY,
      [nobody('left')]: 20 * DAY,
      [nobody('left-long-ago')]: 20 * DAY,
    },
    words: ['Persons who are not known.', 'Les personnes qui ne sont pas identifiées.'],
  },
  {
    means: 'may be mailed',
    node: { consent: { mail: true } },
    where: '("mail_consent" = 1 and ("mail_consent_since" is null or "mail_consent_since" <= NOW))',
    finds: { [contact('mailable')]: 4 * DAY },
    words: ['Persons who may be sent e-mail.', 'Les personnes qui acceptent les e-mails.'],
  },
  {
    means: 'allows marketing and recognition on every device',
    node: { consent: { marketing: true, identity: true } },
    where: '(("marketing" = 1 and ("marketing_since" is null or "marketing_since" <= NOW)) and "identity" = 1)',
    finds: { [contact('mailable')]: 3 * DAY },
    words: [
      'Persons who allow marketing and allow to be recognised.',
      'Les personnes qui acceptent le marketing et acceptent d’être reconnues.',
    ],
  },
  {
    means: 'all: known, and left a cart; entered when the later of the two came true',
    node: { all: [{ matched: true }, { cart: { state: 'abandoned' } }] },
    where:
      '(coalesce("matched_at" <= NOW, false) and (coalesce("cart_updated_at" <= NOW, false) and "cart_idle_at" <= NOW))',
    finds: { [contact('left')]: 30 * 60_000 },
    words: [
      'Persons who are known contacts and have abandoned a cart.',
      'Les personnes qui sont identifiées et ont abandonné un panier.',
    ],
  },
]

/** The condition of a compiled query, with its parameters inlined and times relative to now. */
function condition(sql: string, parameters: readonly unknown[]): string {
  let next = 0
  const filled = sql.replaceAll(/\$\d+|\?/g, () => String(parameters[next++]))
  const where = /from "persons" where (.*)$/.exec(filled)![1]!
  return where.replaceAll(/\b\d{13}\b/g, (time) => {
    const minutes = (NOW - Number(time)) / 60_000
    return minutes === 0 ? 'NOW' : minutes % 1440 === 0 ? `NOW-${minutes / 1440}d` : `NOW-${minutes}m`
  })
}

/** Sentences of conditions on orders, carts and attributes; `test/property/shop-nodes.test.ts` tells whom they find. */
const SENTENCES: [node: SegmentNode, en: string, fr: string][] = [
  [{ order: {} }, 'have orders', 'ont passé des commandes'],
  [{ order: { count: 0 } }, 'have no orders', 'n’ont aucune commande'],
  [
    { order: { count: { gte: 2 }, within: '365d' } },
    'have at least 2 orders in the last 365 days',
    'ont au moins 2 commandes au cours des derniers 365 jours',
  ],
  [
    { order: { contains: { item_category: 'bagues' }, channel: 'web' } },
    'have orders with a product whose category is “bagues” whose channel is “web”',
    'ont passé des commandes avec un produit dont la catégorie est « bagues » dont le canal est « web »',
  ],
  [
    { order: { total: { gte: 300 }, last: { before: '180d' } } },
    'have orders whose total is at least €300 and the last of which is at least 180 days old',
    'ont passé des commandes dont le total est d’au moins 300 € et dont la dernière remonte à au moins 180 jours',
  ],
  [{ contact: { attribute: 'city', exists: false } }, 'have no attribute “city”', 'n’ont pas d’attribut « city »'],
  [
    { contact: { attribute: 'points', gte: 1000 } },
    'have an attribute “points” that is at least 1,000',
    'ont un attribut « points » qui est d’au moins 1 000',
  ],
  [
    { contact: { attribute: 'birthday_of_wife', anniversary_within: '14d' } },
    'have the anniversary “birthday_of_wife” within 14 days',
    'fêtent l’anniversaire « birthday_of_wife » dans les 14 jours',
  ],
  [
    { cart: { state: 'abandoned', step: 'checkout' } },
    'have abandoned a cart and got at least to the checkout',
    'ont abandonné un panier et sont allées au moins jusqu’à la commande',
  ],
  [
    { cart: { state: 'recovered', contains: { item_id: 'R-1' }, idle: { max: '7d' } } },
    'came back and bought an abandoned cart with a product whose id is “R-1” and less than 7 days ago',
    'sont revenues acheter un panier abandonné avec un produit dont l’identifiant est « R-1 » et il y a moins de 7 jours',
  ],
]

test.each(SENTENCES)('%j has a sentence in both languages', (node, en, fr) => {
  const said = (language: 'en' | 'fr') =>
    sentenceOf({ node }, SHOP, language, (id) => id).replaceAll(/[\u202f\u00a0]/g, ' ')
  expect([said('en'), said('fr')]).toEqual([`Persons who ${en}.`, `Les personnes qui ${fr}.`])
})

describe.each(CASES)('$means', ({ node, where, finds, words }) => {
  test('compiles to one condition, the same on both engines', () => {
    for (const engine of [db, postgres]) {
      const { sql, parameters } = personsWhere(engine, node, NOW, SHOP).select('person_id').compile()
      expect(condition(sql, parameters)).toBe(where)
    }
  })

  test('finds its persons with their time of entry, and by SQL the same', async () => {
    const everybody = PERSONS.map((each) => each.person_id)
    const verdicts = (await judge(db, rulesOf(node), ['tried'], NOW, everybody)).verdicts.get('tried')!
    const members = verdicts.flatMap(({ personId, entered }) => (entered ? [[personId, NOW - entered.at]] : []))
    expect(Object.fromEntries(members)).toEqual(finds)
    const found = await personsWhere(db, node, NOW, SHOP).select('person_id').execute()
    expect(found.map((row) => row.person_id).sort()).toEqual(Object.keys(finds).sort())
  })

  test('has a sentence in both languages', () => {
    const said = (language: 'en' | 'fr') => sentenceOf({ node }, SHOP, language, (id) => id)
    expect([said('en'), said('fr')]).toEqual(words)
  })
})

test('the edge of a person is the next future time that changes the verdict', async () => {
  const node: SegmentNode = { cart: { state: 'abandoned', idle: { max: '7d' } } }
  const asked = [nobody('browsing'), nobody('filling'), nobody('left'), nobody('left-long-ago')]
  const verdicts = (await judge(db, rulesOf(node), ['tried'], NOW, asked)).verdicts.get('tried')!
  expect(
    Object.fromEntries(verdicts.map((each) => [each.personId, each.edge === null ? null : each.edge - NOW])),
  ).toEqual({
    [nobody('browsing')]: null,
    [nobody('filling')]: 50 * 60_000,
    [nobody('left')]: 7 * DAY - 2 * HOUR,
    [nobody('left-long-ago')]: null,
  })
})
