/** Each node of the segment grammar: its JSON, its SQL on both engines, and the persons it finds. */

import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contactId, contactPerson, type PersonId, visitorId, visitorPerson } from '../../server/domain/ids.ts'
import { judge, verdictQuery } from '../../server/segments/compile.ts'
import type { SegmentNode } from '../../server/segments/nodes/node.ts'
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
    purchases: 0,
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

type Case = { means: string; node: SegmentNode; where: string; finds: Record<string, number> }

/** `finds`: each member, and how long ago it entered. */
const CASES: Case[] = [
  {
    means: 'has a cart',
    node: { cart: {} },
    where: '"cart_updated_at" is not null',
    finds: {
      [nobody('filling')]: 10 * 60_000,
      [nobody('left')]: 2 * HOUR,
      [nobody('left-long-ago')]: 8 * DAY,
      [contact('left')]: 3 * HOUR,
    },
  },
  {
    means: 'is filling a cart',
    node: { cart: { state: 'open' } },
    where: '("cart_updated_at" is not null and "cart_idle_at" > NOW)',
    finds: { [nobody('filling')]: 10 * 60_000 },
  },
  {
    means: 'left a cart, entered when it had been idle for the site’s time',
    node: { cart: { state: 'abandoned', idle: { max: '7d' } } },
    where: '("cart_updated_at" is not null and "cart_idle_at" <= NOW and "cart_updated_at" > NOW-7d)',
    finds: { [nobody('left')]: HOUR, [contact('left')]: 2 * HOUR },
  },
  {
    means: 'left a cart for 150 minutes to 30 days',
    node: { cart: { idle: { min: '150m', max: '30d' } } },
    where: '("cart_updated_at" is not null and "cart_updated_at" <= NOW-150m and "cart_updated_at" > NOW-30d)',
    finds: { [nobody('left-long-ago')]: 8 * DAY - 150 * 60_000, [contact('left')]: 30 * 60_000 },
  },
  {
    means: 'is a known contact',
    node: { matched: true },
    where: '"matched_at" is not null',
    finds: { [contact('left')]: 30 * 60_000, [contact('mailable')]: 5 * DAY, [contact('unsubscribed')]: DAY },
  },
  {
    means: 'is not known',
    node: { matched: false },
    where: '"matched_at" is null',
    finds: {
      [nobody('browsing')]: 20 * DAY,
      [nobody('filling')]: 20 * DAY,
      [nobody('left')]: 20 * DAY,
      [nobody('left-long-ago')]: 20 * DAY,
    },
  },
  {
    means: 'may be mailed',
    node: { consent: { mail: true } },
    where: '"mail_consent" = 1',
    finds: { [contact('mailable')]: 4 * DAY },
  },
  {
    means: 'allows marketing and recognition on every device',
    node: { consent: { marketing: true, identity: true } },
    where: '("marketing" = 1 and "identity" = 1)',
    finds: { [contact('mailable')]: 3 * DAY },
  },
  {
    means: 'all: known, and left a cart; entered when the later of the two came true',
    node: { all: [{ matched: true }, { cart: { state: 'abandoned' } }] },
    where: '("matched_at" is not null and ("cart_updated_at" is not null and "cart_idle_at" <= NOW))',
    finds: { [contact('left')]: 30 * 60_000 },
  },
]

/** The condition of a compiled query, with its parameters inlined and times relative to now. */
function condition(sql: string, parameters: readonly unknown[]): string {
  let next = 0
  const filled = sql.replaceAll(/\$\d+|\?/g, () => String(parameters[next++]))
  const where = /case when (.*?) then 1 else 0 end/.exec(filled)![1]!
  return where.replaceAll(/\b\d{13}\b/g, (time) => {
    const minutes = (NOW - Number(time)) / 60_000
    return minutes === 0 ? 'NOW' : minutes % 1440 === 0 ? `NOW-${minutes / 1440}d` : `NOW-${minutes}m`
  })
}

describe.each(CASES)('$means', ({ node, where, finds }) => {
  test('compiles to one condition, the same on both engines', () => {
    for (const engine of [db, postgres]) {
      const { sql, parameters } = verdictQuery(engine, node, NOW, [nobody('left')]).compile()
      expect(condition(sql, parameters)).toBe(where)
    }
  })

  test('finds its persons with their time of entry', async () => {
    const everybody = PERSONS.map((each) => each.person_id)
    const verdicts = await judge(db, node, NOW, everybody)
    const members = verdicts.filter((verdict) => verdict.member)
    expect(Object.fromEntries(members.map((each) => [each.personId, NOW - each.enteredAt]))).toEqual(finds)
  })
})

test('the edge of a person is the next future time that may change the verdict', async () => {
  const node: SegmentNode = { cart: { state: 'abandoned', idle: { max: '7d' } } }
  const verdicts = await judge(db, node, NOW, [
    nobody('browsing'),
    nobody('filling'),
    nobody('left'),
    nobody('left-long-ago'),
  ])
  expect(
    Object.fromEntries(verdicts.map((each) => [each.personId, each.edge === null ? null : each.edge - NOW])),
  ).toEqual({
    [nobody('browsing')]: null,
    [nobody('filling')]: 50 * 60_000,
    [nobody('left')]: 7 * DAY - 2 * HOUR,
    [nobody('left-long-ago')]: null,
  })
})
