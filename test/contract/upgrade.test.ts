/**
 * A store of each earlier version is upgraded to the current one: it gets the schema of a new store, keeps its rows,
 * and a server can use it. A store of a later version is refused.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Kysely } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contactId, contactPerson } from '../../server/domain/ids.ts'
import { migrate } from '../../server/store/migrate.ts'
import { openCommandStore } from '../../server/store/open.ts'
import type { Database } from '../../server/store/schema.ts'
import { DERIVED_TABLES } from '../../server/store/tables.ts'
import { bucketOf } from '../../server/store/work/buckets.ts'
import { amount } from '../support/long.ts'
import { ANNA, BOB, makeOldStore, OLD_KEY, OLD_SECRET, VERSIONS } from '../support/old-store.ts'
import { settled } from '../support/sender.ts'
import { freePort, startRefused, startServer } from '../support/server.ts'
import { ENGINE, openStore, type TestStore } from '../support/store.ts'

/** The description of a schema: columns with their types, keys and indexes. */
const SCHEMA =
  ENGINE === 'sqlite'
    ? ['select type, name, tbl_name, sql from sqlite_master order by type, name']
    : [
        `select table_name, ordinal_position, column_name, data_type, is_nullable, column_default, collation_name
         from information_schema.columns where table_schema = 'public' order by 1, 2`,
        "select tablename, indexname, indexdef from pg_indexes where schemaname = 'public' order by 1, 2",
        `select cast(conrelid as regclass) as name, conname, pg_get_constraintdef(oid) as definition from pg_constraint
         where connamespace = cast('public' as regnamespace) order by 1, 2`,
      ]

const schemaOf = async (store: TestStore) => Promise.all(SCHEMA.map((query) => store.query(query)))

/** Tables whose rows an upgrade derives again instead of keeping them; the test checks them through a server. */
const MADE_AGAIN = new Set<string>([...DERIVED_TABLES, 'dirty_visitors', 'dirty_persons', 'dirty_contacts'])

/**
 * A row without the columns that an upgrade rewrites: the owner of an event, and the name of a segment, which becomes
 * JSON. The use of a token gets the time at which its claim was received, and says that it is a login's.
 */
function unchanged({ person_id: _, name, ...row }: Record<string, string | number | null>) {
  if ('token_hash' in row && !('key_hash' in row))
    return { token_hash: row.token_hash, received_at: row.received_at ?? row.at, login: 1 }
  return 'node' in row ? row : { ...row, ...(name === undefined ? {} : { name }) }
}

let fresh: unknown

/** The versions of which a server is started too: all of them have the same schema by then. */
const EARLIER = VERSIONS.slice(0, -1)
const SERVED = EARLIER.slice(0, amount(1, EARLIER.length)).concat(EARLIER.slice(-1))

/** The versions that are upgraded: all of them, except on PostgreSQL in a short run, where each takes a second. */
const STEP = ENGINE === 'sqlite' ? 1 : amount(5, 1)
const UPGRADED = EARLIER.filter((version, i) => i % STEP === 0 || SERVED.includes(version))

/** A separate store in a new folder, opened both as the product does and as a test does. */
async function newStore() {
  const dataDir = mkdtempSync(join(tmpdir(), 'couture-upgrade-'))
  const store = await openStore(dataDir)
  const db: Kysely<Database> = openCommandStore({ dataDir, databaseUrl: store.env.DATABASE_URL ?? null })
  return { dataDir, store, db }
}

async function remove({ dataDir, store }: { dataDir: string; store: TestStore }) {
  await store.close({ wipe: true })
  rmSync(dataDir, { recursive: true, force: true })
}

describe('a store of an earlier version', () => {
  beforeAll(async () => {
    const made = await newStore()
    await migrate(made.db)
    await made.db.destroy()
    fresh = await schemaOf(made.store)
    await remove(made)
  })

  test.each(UPGRADED)('%s is upgraded', async (version) => {
    const made = await newStore()
    const { dataDir, store, db } = made
    const rows = await makeOldStore(db, version, Date.now())
    await migrate(db)
    await db.destroy()

    expect(await schemaOf(store)).toEqual(fresh)
    for (const [table, own] of Object.entries(rows)) {
      if (MADE_AGAIN.has(table)) continue
      const kept = await store.query(`select * from ${table}${table === 'meta' ? " where name != 'rebuilding'" : ''}`)
      expect(kept, table).toHaveLength(own.length)
      for (const row of own.map(unchanged)) expect(kept, table).toContainEqual(expect.objectContaining(row))
    }
    await expectBuckets(store, version)
    await expectMarks(store, version)
    if (!SERVED.includes(version)) {
      await store.close({ wipe: true })
      rmSync(dataDir, { recursive: true, force: true })
      return
    }
    // This folder has no journal from that time, and a server would warn of a lost journal.
    await store.change('delete from cursors')
    await store.close({ wipe: false })

    const server = await startServer({ dataDir, env: { COUTURE_SECRET: OLD_SECRET } })
    try {
      await settled(server)
      const read = async (path: string) =>
        (await fetch(server.url + path, { headers: { authorization: `Bearer ${OLD_KEY}` } })).json()
      const { data: members } = (await read('/api/v1/segments/cart_abandoned/members')) as {
        data: { person: object; contact: { email: string } | null; cart: { value: number } }[]
      }
      expect(members.map(({ person, contact, cart }) => [person, contact?.email, cart.value])).toEqual(
        expect.arrayContaining([
          [expect.objectContaining({ kind: 'contact', id: 'crm-1' }), 'anna@example.com', 120],
          [expect.objectContaining({ kind: 'visitor', id: BOB }), undefined, 120],
        ]),
      )
      expect(members).toHaveLength(2)
      // A store that has these tables keeps what is in them.
      const derived = version < '033-person-days' ? (['person_days', 'visits'] as const) : []
      for (const table of derived) {
        const had = await server.query<{ visitor_id: string }>(`select distinct visitor_id from ${table} order by 1`)
        expect(had.map((row) => row.visitor_id)).toEqual([ANNA, BOB])
      }
      const kept = await server.query(
        'select order_id, total, channel from person_orders where person_id = ?',
        contactPerson(contactId('crm-1')),
      )
      expect(kept).toEqual([{ order_id: 'o-1', total: 5000, channel: 'store' }])
      expect(await read(`/api/v1/visitors/${ANNA}/timeline`)).toMatchObject({
        data: [{ type: 'identify' }, { type: 'page' }, { type: 'add_to_cart' }],
      })
      // Whether scores have been published by now, and put the contact into a group, is open.
      expect(await read('/api/v1/matches')).toMatchObject({
        data: [
          {
            contact: { id: 'crm-1' },
            segments: expect.arrayContaining([expect.objectContaining({ id: 'cart_abandoned' })]),
          },
        ],
      })
    } finally {
      await server.stop()
    }
  })
})

test('what an earlier version gave a contact because its address was typed into a form goes back to the visitor', async () => {
  const { dataDir, store, db } = await newStore()
  const theirs = contactPerson(contactId('crm-1'))
  await makeOldStore(db, '011-receipt', Date.now())
  await store.change(
    `insert into claims (visitor_id, id, site_id, request_id, at, received_at, evidence, key_hash)
     select visitor_id, 'typed-1', site_id, 'request-2', at, received_at, 'form_email',
       (select key_hash from claims where evidence = 'login_verified')
     from events where id = ?`,
    `add-${BOB}`,
  )
  for (const table of ['carts', 'visitor_persons'])
    await store.change(`update ${table} set person_id = ? where visitor_id = ?`, theirs, BOB)
  await store.change(
    'update persons set visitors = 2, cart_visitor_id = ?, cart_id = ? where person_id = ?',
    BOB,
    `add-${BOB}`,
    theirs,
  )
  for (const table of ['dirty_visitors', 'dirty_persons', 'dirty_contacts', 'cursors'])
    await store.change(`delete from ${table}`)
  await migrate(db)
  await db.destroy()
  await store.close({ wipe: false })

  const server = await startServer({ dataDir, env: { COUTURE_SECRET: OLD_SECRET } })
  try {
    await settled(server)
    const read = async (path: string) =>
      (await fetch(server.url + path, { headers: { authorization: `Bearer ${OLD_KEY}` } })).json()
    expect(await read('/api/v1/contacts/crm-1')).toMatchObject({
      visitors: [{ id: ANNA }],
      cart: { id: `add-${ANNA}` },
    })
    const { data } = (await read('/api/v1/segments/cart_abandoned/members')) as { data: { person: object }[] }
    expect(data.map(({ person }) => person)).toContainEqual({ kind: 'visitor', id: BOB, epoch: 1 })
  } finally {
    await server.stop()
  }
})

/** Keys have the bucket in which the product looks for them. Two are literal, because they must never change. */
async function expectBuckets(store: TestStore, version: string): Promise<void> {
  if (version >= '002') return
  for (const [table, key] of [
    ['dirty_visitors', 'key'],
    ['dirty_persons', 'key'],
    ['dirty_contacts', 'key'],
    ['persons', 'person_id'],
  ] as const) {
    const rows = await store.query<{ key: string; bucket: number }>(`select ${key} as key, bucket from ${table}`)
    expect(rows.length, table).toBeGreaterThan(0)
    for (const row of rows) expect(row.bucket, row.key).toBe(bucketOf(row.key))
  }
  const [contact] = await store.query("select bucket from dirty_contacts where key = 'crm-1'")
  const [visitor] = await store.query('select bucket from dirty_visitors where key = ?', BOB)
  expect([contact, visitor]).toEqual([{ bucket: 13 }, { bucket: 60 }])
}

/** Every visitor is marked, and an existing mark has advanced. */
async function expectMarks(store: TestStore, version: string): Promise<void> {
  if (version >= '004') return
  const marks = await store.query<{ key: string; generation: number }>('select * from dirty_visitors order by key')
  expect(marks.map((mark) => mark.key)).toEqual([ANNA, BOB])
  expect(marks[0]!.generation).toBeGreaterThanOrEqual(1)
  expect(marks[1]!.generation).toBeGreaterThan(3)
}

describe('a store of a later version', () => {
  let made: Awaited<ReturnType<typeof newStore>>
  beforeAll(async () => {
    made = await newStore()
    await migrate(made.db)
    await made.store.change("insert into kysely_migration (name, timestamp) values ('999-future', '')")
  })
  afterAll(async () => {
    await made.db.destroy()
    await remove(made)
  })

  test('is refused with advice, and left unchanged', async () => {
    const told =
      'the store belongs to a newer version of Couture (it has the migration 999-future): ' +
      'start that version or a later one, or restore a backup made before the upgrade'
    await expect(migrate(made.db)).rejects.toThrow(told)
    const refused = await startRefused({ dataDir: made.dataDir, port: await freePort(), env: made.store.env })
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr.trim()).toBe(told)
    expect(await schemaOf(made.store)).toEqual(fresh)
  })
})
