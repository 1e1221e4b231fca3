/**
 * The pairs of writers that locks serialise (`server/store/work/locks.ts`): one is paused just before its commit, when
 * the other cannot see its changes; the other runs, everything is derived, and then the first continues. The final
 * state must equal a rebuild from the facts.
 */

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { InsertQueryNode, type Kysely, type KyselyPlugin, sql, type Transaction } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createKeysOf } from '../../server/actions/sites.ts'
import { createDeriver } from '../../server/derive/derive.ts'
import type { Entry, StampedEvent } from '../../server/domain/event.ts'
import { contactPerson } from '../../server/domain/ids.ts'
import { defaultSettings } from '../../server/domain/settings.ts'
import { eraseContact } from '../../server/erasure/erase.ts'
import { landBatch } from '../../server/land/land.ts'
import { createKeyring } from '../../server/ops/keyring.ts'
import { updatePresets } from '../../server/segments/presets.ts'
import { putApiKey } from '../../server/store/api-keys.ts'
import { configVersion } from '../../server/store/config-version.ts'
import type { ContactPatch } from '../../server/store/contact-patch.ts'
import { upsertContacts } from '../../server/store/contacts.ts'
import { createPostgresStore } from '../../server/store/engine/postgres.ts'
import { transact } from '../../server/store/engine/transact.ts'
import { migrate } from '../../server/store/migrate.ts'
import { upsertOrders } from '../../server/store/orders.ts'
import { encodeJson } from '../../server/store/schema/columns.ts'
import type { Database } from '../../server/store/schema.ts'
import { insertSite, updateSite } from '../../server/store/sites.ts'
import { DERIVED_TABLES } from '../../server/store/tables.ts'
import { bucketOf } from '../../server/store/work/buckets.ts'
import { mark } from '../../server/store/work/dirty.ts'
import { createLeases, type Leases } from '../../server/store/work/leases.ts'
import { LostClaim, type Ownership, ownsEverything } from '../../server/store/work/ownership.ts'
import { emptyStore } from '../support/place.ts'
import { journalOfRows } from '../support/rows-journal.ts'
import { createDatabase, dropDatabase } from '../support/store.ts'

const keyring = createKeyring('a secret for tests')
const keysOf = createKeysOf(keyring, () => [])
const NOW = Date.UTC(2026, 3, 1)

let url: string
let db: Kysely<Database>
let leases: Leases
const open = () => createPostgresStore(url, { connections: 4, name: 'test', statementTimeoutMs: 20_000 })

beforeAll(async () => {
  url = await createDatabase()
  db = open()
  await migrate(db)
})
afterAll(async () => {
  await db.destroy()
  await dropDatabase(url)
})

/** Deletes everything except the facts, and marks every visitor for deriving. */
async function emptyDerived(): Promise<void> {
  const visitors = await db.selectFrom('events').select('visitor_id').distinct().execute()
  const contacts = await db.selectFrom('contacts').select('contact_id').execute()
  for (const table of DERIVED_TABLES) await db.deleteFrom(table).execute()
  await mark(
    db,
    'dirty_visitors',
    visitors.map((row) => row.visitor_id),
  )
  await mark(
    db,
    'dirty_persons',
    contacts.map((row) => contactPerson(row.contact_id)),
  )
}

beforeEach(async () => {
  await emptyStore(db)
  await updatePresets(db, NOW)
  await insertSite(
    db,
    { id: 'shop', origins: [], write_key: '', identity_secret: '', link_secret: '', settings: defaultSettings() },
    NOW,
  )
  leases = createLeases({ db, id: 'test' })
  await leases.beat()
})

let journals = 0
/** Lands one request of a visitor from a separate journal. */
async function land(on: Kysely<Database>, visitor: string, events: StampedEvent[], analytics = true): Promise<void> {
  const consent = { id: 'choice', analytics, identity: true, marketing: true, source: 'manual' as const, at: NOW }
  const received_at = Math.max(NOW, ...events.map((event) => event.at))
  const request = `r-${visitor}-${events[0]?.id}`
  const entry: Entry = { request, site: 'shop', visitor, received_at, keyed: false, consent, events }
  const journalId = `journal-${++journals}`
  const read = (after: number) => (after > 0 ? [] : [{ id: 1, at: NOW, body: JSON.stringify([entry]), events: 1 }])
  const describeAgent = () => ({ device: 'desktop', browser: null, os: null })
  const from = journalOfRows(journalId, read)
  const { tombstone } = keyring
  await landBatch({
    db: on,
    journal: from,
    describeAgent,
    tombstone,
    removeErased: async () => {},
    unread: () => {},
    now: () => NOW,
  })
}

const login = (contact: string, token: string, at = NOW): StampedEvent => ({
  id: `login-${token}-${at}`,
  type: 'identify',
  at,
  claim: {
    evidence: 'login_verified',
    key: keyring.identifier('contact', contact),
    token: keyring.token(token),
    iat: Math.floor(at / 1000),
    exp: Math.floor(at / 1000) + 600,
  },
})
const cart: StampedEvent = {
  id: 'cart',
  type: 'add_to_cart',
  at: NOW + 1000,
  props: { currency: 'EUR', items: [{ item_id: 'ring', price: 20 }] },
}

const push = (on: Kysely<Database>, patch: Omit<ContactPatch, 'updated_at'>, updated_at = NOW) =>
  transact(on, (trx) => upsertContacts(trx, [{ ...patch, updated_at }], keysOf, NOW - 1000))

const deriver = (on: Kysely<Database>, ownership = ownsEverything) =>
  createDeriver({ db: on, ownership, tombstone: keyring.tombstone, seal: keyring.seal, now: () => NOW + 60_000 })

async function deriveAll(on: Kysely<Database>): Promise<void> {
  while (await deriver(on).round());
}

/** A store that pauses its user once, after an insert into the given table, until released. */
function heldAfter(table: keyof Database) {
  let release: () => void = () => {}
  let reached: () => void = () => {}
  const gate = new Promise<void>((resolve) => (release = resolve))
  const there = new Promise<void>((resolve) => (reached = resolve))
  const marked = new WeakSet<object>()
  let done = false
  const plugin: KyselyPlugin = {
    transformQuery({ node, queryId }) {
      if (InsertQueryNode.is(node) && node.into?.table.identifier.name === table) marked.add(queryId)
      return node
    },
    async transformResult({ result, queryId }) {
      if (marked.has(queryId) && !done) {
        done = true
        reached()
        await gate
      }
      return result
    },
  }
  return { store: open().withPlugin(plugin), there, release }
}

type Pair = {
  name: string
  before?: () => Promise<unknown>
  /** The table of the first writer's last insert before its commit. */
  heldAfter: keyof Database
  held: (on: Kysely<Database>) => Promise<unknown>
  meanwhile: (on: Kysely<Database>) => Promise<unknown>
}

/** Writes an unrelated row, so that a writer paused there has done everything else. */
const note = (trx: Transaction<Database>) =>
  trx
    .insertInto('audit')
    .values({ id: 'x', at: NOW, actor: '', action: '', detail: encodeJson({}) })
    .execute()

/** The earlier visitors of a contact: a sixth one within a day is too many. */
async function visitorsBefore(n: number): Promise<void> {
  for (let i = 1; i <= n; i++) await land(db, `before-${i}`, [claimed(idKey, `before-${i}`, NOW - i * 1000)])
}
const anna = { id: 'anna', email: 'anna@example.com' }
const [idKey, addressKey] = keysOf({ ...anna, emailSha256: null })
/** An unsigned login, which a guard can hold back. */
const claimed = (key: string | undefined, token: string, at: number): StampedEvent => {
  const event = login('anna', token, at)
  return { ...event, claim: { evidence: 'login_claimed', key: key! } }
}

const PAIRS: Pair[] = [
  {
    name: 'a claim lands while its contact is imported',
    heldAfter: 'audit',
    held: (on) =>
      transact(on, async (trx) => {
        await upsertContacts(trx, [{ id: 'anna', updated_at: NOW }], keysOf, NOW - 1000)
        await note(trx)
      }),
    meanwhile: (on) => land(on, 'v1', [login('anna', 'a')]),
  },
  {
    name: 'a token is used on two visitors at once',
    before: () => push(db, { id: 'anna' }),
    heldAfter: 'cursors',
    held: (on) => land(on, 'v1', [login('anna', 'a', NOW)]),
    meanwhile: (on) => land(on, 'v2', [login('anna', 'a', NOW + 5000)]),
  },
  {
    name: 'the first user of a token is deleted while another use of it lands',
    before: async () => {
      await push(db, { id: 'anna' })
      await land(db, 'v1', [login('anna', 'a', NOW)])
      await deriveAll(db)
      await land(db, 'v1', [], false)
    },
    heldAfter: 'dirty_persons',
    held: (on) => deriver(on).round(),
    meanwhile: (on) => land(on, 'v2', [login('anna', 'a', NOW + 5000)]),
  },
  {
    name: 'the fifth and the sixth visitor name a contact at once, by id',
    before: async () => {
      await push(db, anna)
      await visitorsBefore(4)
    },
    heldAfter: 'cursors',
    held: (on) => land(on, 'v1', [claimed(idKey, 'a', NOW + 1000)]),
    meanwhile: (on) => land(on, 'v2', [claimed(idKey, 'b', NOW + 2000)]),
  },
  {
    name: 'the fifth and the sixth visitor name a contact at once, by id and by address',
    before: async () => {
      await push(db, anna)
      await visitorsBefore(4)
    },
    heldAfter: 'cursors',
    held: (on) => land(on, 'v1', [claimed(addressKey, 'a', NOW + 1000)]),
    meanwhile: (on) => land(on, 'v2', [claimed(idKey, 'b', NOW + 2000)]),
  },
  {
    name: 'a visitor is linked to a contact while an order of the contact is pushed',
    before: async () => {
      await push(db, { id: 'anna' })
      await land(db, 'v1', [login('anna', 'a'), cart])
    },
    heldAfter: 'audit',
    held: (on) =>
      transact(on, async (trx) => {
        const order = {
          ...{ order_id: 'o', contact_id: 'anna', at: NOW + 2000, until_at: null, total: 2000, currency: 'EUR' },
          ...{ channel: null, status: null, standing: 'bought' as const, refunds: [], tax: null },
        }
        await upsertOrders(trx, [{ ...order, items: [{ item_id: 'ring' }] }], NOW)
        await note(trx)
      }),
    meanwhile: (on) => deriver(on).round(),
  },
  {
    name: 'settings change while a new visitor is written under the old ones',
    before: () => land(db, 'v1', [cart]),
    heldAfter: 'dirty_persons',
    held: (on) => deriver(on, leases).round(),
    meanwhile: (on) => updateSite(on, 'shop', { settings: { cart_idle_minutes: 7 } }),
  },
  {
    name: 'a new visitor is derived under the old settings while they change',
    before: () => land(db, 'v1', [cart]),
    heldAfter: 'meta',
    held: (on) => updateSite(on, 'shop', { settings: { cart_idle_minutes: 7 } }),
    meanwhile: (on) => deriver(on, leases).round(),
  },
]

async function derived(): Promise<Record<string, string[]>> {
  const tables: Record<string, string[]> = {}
  for (const table of DERIVED_TABLES) {
    const rows = (await db.selectFrom(table).selectAll().execute()) as object[]
    tables[table] = rows.map((row) => JSON.stringify(row)).sort()
  }
  return tables
}

describe('the second writer waits or is noticed', () => {
  test.each(PAIRS)('$name', async ({ before, heldAfter: table, held, meanwhile }) => {
    await before?.()
    const first = heldAfter(table)
    const holding = held(first.store)
    await first.there
    // It may have to wait for the first. Everything it can already write is derived by now.
    const other = meanwhile(db).then(() => deriveAll(db))
    await Promise.race([other, sleep(800)])
    first.release()
    await Promise.all([holding, other])
    await first.store.destroy()
    await deriveAll(db)
    const kept = await derived()
    await emptyDerived()
    await deriveAll(db)
    expect(kept).toEqual(await derived())
    expect(kept.visitors!.length).toBeGreaterThan(0)
  })
})

test('two visitors name a contact at once, by id and by an address that it is given at that moment', async () => {
  await push(db, { id: 'anna' })
  await visitorsBefore(4)
  const pushing = heldAfter('audit')
  const pushed = transact(pushing.store, async (trx) => {
    await upsertContacts(trx, [{ ...anna, updated_at: NOW }], keysOf, NOW)
    await note(trx)
  })
  await pushing.there
  // Both have already looked up the named contact and wait for it.
  const fifth = heldAfter('cursors')
  const one = land(fifth.store, 'v1', [claimed(idKey, 'a', NOW + 1000)])
  const two = land(db, 'v2', [claimed(addressKey, 'b', NOW + 2000)]).then(() => deriveAll(db))
  await sleep(400)
  pushing.release()
  await pushed
  await Promise.race([fifth.there, two])
  await Promise.race([two, sleep(800)])
  fifth.release()
  await Promise.all([one, two])
  await deriveAll(db)
  for (const { store } of [pushing, fifth]) await store.destroy()
  const links = db.selectFrom('links').select(['visitor_id', 'state']).where('visitor_id', 'in', ['v1', 'v2'])
  expect(await links.orderBy('visitor_id').execute()).toEqual([
    { visitor_id: 'v1', state: 'open' },
    { visitor_id: 'v2', state: 'review' },
  ])
})

test('one of five visitors of a contact is deleted while another process derives a sixth that names the contact', async () => {
  await push(db, anna)
  await visitorsBefore(5)
  await deriveAll(db)
  await land(db, 'before-3', [], false)
  const first = heldAfter('dirty_persons')
  const deleting = deriver(first.store).round()
  await first.there
  const ofSixth: Ownership = { keys: () => ({ buckets: [bucketOf('v2')], hold: async () => {} }), feed: () => null }
  const sixth = land(db, 'v2', [claimed(addressKey, 'b', NOW + 2000)]).then(() => deriver(db, ofSixth).round())
  await Promise.race([sixth, sleep(800)])
  first.release()
  await Promise.all([deleting, sixth])
  await first.store.destroy()
  await deriveAll(db)
  const link = db.selectFrom('links').select('state').where('visitor_id', '=', 'v2')
  expect(await link.execute()).toEqual([{ state: 'open' }])
})

test('events of an erased contact that land during the erasure are removed from a shared device', async () => {
  const MINUTE = 60_000
  const page = (id: string, at: number): StampedEvent => ({ id, type: 'page', at })
  await push(db, { id: 'anna' })
  await push(db, { id: 'ben' })
  await land(db, 'v1', [login('anna', 'a', NOW - 300 * MINUTE)])
  await land(db, 'v1', [login('ben', 'b', NOW - 200 * MINUTE), page('bens', NOW - 192 * MINUTE)])
  await deriveAll(db)
  const first = heldAfter('events')
  const late = [page('inside', NOW - 196 * MINUTE), page('after', NOW - 186 * MINUTE), page('much-later', NOW - MINUTE)]
  const landing = land(first.store, 'v1', late)
  await first.there
  const { tombstone } = keyring
  const erased = await transact(db, (trx) => {
    return eraseContact(trx, 'ben', { keysOf, tombstone, newId: randomUUID, now: NOW })
  })
  expect(erased).toMatchObject({ visitors: 0, shared: 1 })
  await deriveAll(db)
  first.release()
  await landing
  await first.store.destroy()
  await deriveAll(db)
  const ids = (await db.selectFrom('events').select('id').orderBy('at').execute()).map(({ id }) => id)
  expect(ids).toEqual([`login-a-${NOW - 300 * MINUTE}`, 'much-later'])
})

test('two concurrent pushes of one contact both count', async () => {
  const first = heldAfter('contact_keys')
  const one = push(first.store, { id: 'anna', email: 'anna@example.com' }, NOW)
  await first.there
  const two = push(db, { id: 'anna', phone: '123' }, NOW + 1)
  await Promise.race([two, sleep(400)])
  first.release()
  await Promise.all([one, two])
  await first.store.destroy()
  expect(await db.selectFrom('contacts').select(['email', 'phone']).execute()).toEqual([
    { email: 'anna@example.com', phone: '123' },
  ])
})

test('two concurrent changes of the configuration make two versions', async () => {
  const before = await configVersion(db)
  const key = (id: string) => ({ id, hash: id, name: null, scopes: [], expires_at: null })
  const first = heldAfter('api_keys')
  const one = putApiKey(first.store, key('a'), NOW)
  await first.there
  const two = putApiKey(db, key('b'), NOW)
  await Promise.race([two, sleep(400)])
  first.release()
  await Promise.all([one, two])
  await first.store.destroy()
  expect(await configVersion(db)).toBe(before + 2)
})

test('a process that has lost its lease does not write what it derived', async () => {
  await land(db, 'v1', [cart])
  const asleep = deriver(db, leases)
  await sql`update leases set expires_at = 1`.execute(db)
  const other = createLeases({ db, id: 'other' })
  await sql`delete from processes`.execute(db)
  await other.beat()
  const owners = await db.selectFrom('leases').select('owner').distinct().execute()
  expect(owners).toEqual([{ owner: 'other' }])
  await expect(asleep.round()).rejects.toThrow(LostClaim)
  expect(await db.selectFrom('visitors').selectAll().execute()).toEqual([])
  // By then it has noticed and leaves the work to the other process.
  expect(await asleep.round()).toBe(false)
  expect(await deriver(db, other).round()).toBe(true)
  expect(await db.selectFrom('visitors').select('visitor_id').execute()).toEqual([{ visitor_id: 'v1' }])
})
