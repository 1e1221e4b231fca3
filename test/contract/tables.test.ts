/**
 * The register of tables is compared with the schema of the migrations and with the actual behaviour: every table
 * declared to be emptied by a withdrawal, an erasure or an expiry is filled over HTTP and then found empty.
 */
import BetterSqlite3 from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MOMENT_COLUMNS, TABLE_NAMES, TABLES } from '../../server/store/tables.ts'
import { newVisitor, type SiteView, signLogin } from '../support/requests.ts'
import { batch, consent, event, send, sendAll, settled } from '../support/sender.ts'
import { freePort, startServer, type TestServer, until } from '../support/server.ts'
import { ENGINE } from '../support/store.ts'

const DAY = 24 * 3600_000
/**
 * When the oldest events happened, and how far the clock is moved so that only these expire and the carts left
 * now count as abandoned.
 */
const OLD_DAYS = 28
const LATER_DAYS = 5

let server: TestServer
let secret: string
afterAll(() => server.stop())

type TableName = (typeof TABLE_NAMES)[number]
type Rule = 'onWithdrawal' | 'onErasure' | 'onExpiry'

/** Whether rows of a table are deleted by a rule shared by all tables that name it. */
function goesBy(table: TableName, field: Rule): boolean {
  const rule = TABLES[table][field]
  return typeof rule === 'string' ? rule !== 'worked off' : !('kept' in rule || 'special' in rule)
}

/** The tables that contain one of these texts anywhere. */
async function holding(texts: string[]): Promise<TableName[]> {
  const found: TableName[] = []
  for (const table of TABLE_NAMES) {
    const rows = (await server.query(`select * from ${table}`)).map((row) => JSON.stringify(row))
    if (rows.some((row) => texts.some((text) => row.includes(text)))) found.push(table)
  }
  return found
}

/** The same without the log of segments, which tells readers who has left for 90 days. */
async function heldElsewhere(texts: string[]): Promise<TableName[]> {
  return (await holding(texts)).filter((table) => table !== 'segment_changes')
}

/** The given tables that contain one of the texts; all of them if the test is set up correctly. */
async function heldIn(tables: TableName[], texts: string[]): Promise<TableName[]> {
  return (await holding(texts)).filter((table) => tables.includes(table))
}

const login = async (contact: string, agoMs = 0) =>
  event('identify', agoMs, {
    kind: 'login',
    token: await signLogin(secret, contact, { seconds: Math.floor((Date.now() - agoMs) / 1000) }),
  })

/** Makes a visitor leave a row in every table that can hold one. Returns the ids of its events. */
async function visit(visitor: string, contact: string, key: string): Promise<string[]> {
  const old = [event('page', OLD_DAYS * DAY), await login(contact, OLD_DAYS * DAY)]
  const history = await send(server, batch(old, { visitor }), { authorization: `Bearer ${key}` })
  expect(await history.json()).toMatchObject({ accepted: 2, rejected: [] })
  const request = { site: 'demo', contacts: [contact], message: 'letter' }
  const { data: tokens } = await server.post('/api/v1/link-tokens', request)
  const items = [{ item_id: `ring-${contact}`, price: 9 }]
  const order = { currency: 'EUR', transaction_id: `order-${visitor}`, items }
  const own = [
    event('page', 9000),
    await login(contact, 8000),
    event('identify', 7000, { kind: 'link', link: tokens[0].token }),
    event('page', 6000),
    event('add_to_cart', 5500, { currency: 'EUR', items }),
    event('purchase', 5000, order),
    event('add_to_cart', 4000, { currency: 'EUR', items }),
  ]
  await sendAll(server, visitor, own)
  await settled(server)
  const { data: links } = await server.get(`/api/v1/links?visitor=${visitor}`)
  for (const { id } of links)
    expect((await server.api(`/api/v1/links/${id}/confirm`, { method: 'POST' })).status).toBe(200)
  return [...old, ...own].map(({ id }) => id)
}

/** Moves the server's clock `days` ahead. */
const later = (days: number) => server.setClock(days * DAY)

/** Starts the server again, with its clock `days` ahead, after a change of its files. */
async function restart(days: number, change: () => void): Promise<void> {
  await server.stop({ wipe: false })
  change()
  server = await startServer({
    port: await freePort(),
    dataDir: server.dataDir,
    movable: true,
    clockMs: days * DAY,
  })
}

/** Writes entries that cannot be landed, like a faulty collector. */
function poisonJournal(visitors: string[]): void {
  const journal = new BetterSqlite3(`${server.dataDir}/journal.db`)
  const insert = journal.prepare('insert into entries (at, events, bytes, body) values (?, 1, ?, ?)')
  for (const visitor of visitors) {
    const at = Date.now()
    const choice = { id: 'c', analytics: true, identity: true, marketing: true, source: 'manual', at }
    const entry = {
      request: `poison-${visitor}`,
      site: 'demo',
      visitor,
      received_at: at,
      keyed: false,
      consent: choice,
    }
    const body = JSON.stringify([{ ...entry, events: [{ id: 'no-type' }] }])
    insert.run(at, body.length, body)
  }
  journal.close()
}

/** The columns of every unique index and primary key of a table. */
async function keysOf(table: string): Promise<string[][]> {
  const rows =
    ENGINE === 'sqlite'
      ? await server.query<{ key: string; name: string }>(
          'select l.name as key, i.name as name from pragma_index_list(?) l, pragma_index_info(l.name) i where l."unique" = 1',
          table,
        )
      : await server.query<{ key: string; name: string }>(
          `select i.indexrelid::regclass::text as key, a.attname as name
           from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
           where i.indisunique and i.indrelid = ?::regclass`,
          table,
        )
  return [...Map.groupBy(rows, (row) => row.key).values()].map((columns) => columns.map(({ name }) => name))
}

/** The names of a table's columns. */
async function columnsOf(table: string): Promise<string[]> {
  const rows =
    ENGINE === 'sqlite'
      ? await server.query<{ name: string }>('select name from pragma_table_info(?)', table)
      : await server.query<{ name: string }>(
          "select column_name as name from information_schema.columns where table_schema = 'public' and table_name = ?",
          table,
        )
  return rows.map(({ name }) => name)
}

beforeAll(async () => {
  server = await startServer()
  await server.cli('sites', 'set', 'demo', 'retention_months=1')
  secret = (await server.cli<SiteView>('sites', 'show', 'demo')).identity_secret
})

describe('the register and the schema', () => {
  test('the register contains exactly the tables of the database', async () => {
    const made = (await server.tables()).filter((name) => !/^(sqlite|kysely)_/.test(name))
    expect([...TABLE_NAMES].sort()).toEqual(made.sort())
  })

  test.each(TABLE_NAMES)('every key of %s contains its distribution column', async (table) => {
    const place = TABLES[table].distributedBy
    const keys = await keysOf(table)
    expect(keys.length).toBeGreaterThan(0)
    if (typeof place !== 'string') for (const key of keys) expect(key).toContain(place.column)
  })

  test.each(TABLE_NAMES)('%s declares a rule for its visitor and contact columns', async (table) => {
    const columns = await columnsOf(table)
    if (columns.includes('visitor_id')) expect(TABLES[table].onWithdrawal).toMatch(/^(deleted|derived)$/)
    if (columns.includes('contact_id')) expect(TABLES[table].onErasure).not.toHaveProperty('kept')
  })
})

describe('the tables declared to be emptied keep no row', () => {
  const withdrawing = newVisitor()
  const departed = newVisitor()
  const own = newVisitor()
  const shared = newVisitor()
  const expiring = newVisitor()
  const contactOfWithdrawing = 'wanda-withdraws'
  const contact = 'ellen-erased'
  const other = 'sam-stays'
  const contactOfExpiring = 'xenia-expires'
  let moments: string[]

  beforeAll(async () => {
    const contacts = [contactOfWithdrawing, contact, other, contactOfExpiring]
    await server.post(
      '/api/v1/contacts',
      contacts.map((id) => ({ id, email: `${id}@mail.example`, mail_consent: true })),
    )
    // A file, because what it changes is kept for undoing it.
    const file = { method: 'POST', headers: { 'content-type': 'text/csv' }, body: `id,city\n${contact},Ulm\n` }
    expect((await server.api('/api/v1/contacts', file)).status).toBe(200)
    await server.post('/api/v1/orders', [
      { order_id: 'till-1', contact_id: contact, at: '2026-03-02T16:00:00Z', total: 5, currency: 'EUR' },
    ])
    const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'events:write')
    const past = await send(server, batch([event('page', OLD_DAYS * DAY)], { visitor: departed }), {
      authorization: `Bearer ${key}`,
    })
    expect(past.status).toBe(202)
    await visit(withdrawing, contactOfWithdrawing, key)
    await visit(own, contact, key)
    moments = await visit(shared, contact, key)
    await sendAll(server, shared, [await login(other, 1000), event('page', 500)])
    await visit(expiring, contactOfExpiring, key)
    await settled(server)
    await restart(LATER_DAYS, () => poisonJournal([withdrawing, own, shared, expiring]))
    await until(
      async () => (await heldElsewhere([departed])).join() === 'consents,departed_visitors',
      'the old events to go',
    )
    await settled(server)
  }, 120_000)

  test('after a withdrawal', async () => {
    const texts = [withdrawing, departed, contactOfWithdrawing]
    const tables = TABLE_NAMES.filter((table) => goesBy(table, 'onWithdrawal'))
    expect(await heldIn(tables, texts)).toEqual(tables)
    const no = consent({ id: 'choice-2', analytics: false, identity: false, marketing: false })
    for (const visitor of [withdrawing, departed]) {
      expect((await send(server, batch([event('consent')], { visitor, consent: no }))).status).toBe(202)
    }
    await settled(server)
    // The contact is a person without visits now.
    expect(await heldIn(tables, texts)).toEqual(['persons'])
    expect(await holding([withdrawing, departed])).toEqual([])
  })

  test('after an erasure', async () => {
    const texts = [own, contact]
    const tables = TABLE_NAMES.filter((table) => goesBy(table, 'onErasure'))
    expect(await heldIn(tables, texts)).toEqual(tables)
    const ofShared = async () => {
      const found: string[] = []
      for (const { table, column } of MOMENT_COLUMNS) {
        const rows = await server.query(`select ${column} as id from ${table} where visitor_id = ?`, shared)
        if (rows.some(({ id }) => moments.includes(String(id)))) found.push(table)
      }
      return found
    }
    expect(await ofShared()).toEqual(MOMENT_COLUMNS.map(({ table }) => table))
    const reply = await server.api(`/api/v1/contacts/${contact}`, { method: 'DELETE' })
    expect(await reply.json()).toMatchObject({ visitors: 1, shared_visitors: 1, orders: 1 })
    await settled(server)
    expect(await heldIn(tables, texts)).toEqual([])
    expect(await ofShared()).toEqual([])
    expect(await holding([own])).toEqual([])
  })

  test('after an expiry', async () => {
    const texts = [expiring, contactOfExpiring]
    const tables = TABLE_NAMES.filter((table) => goesBy(table, 'onExpiry'))
    expect(await heldIn(tables, texts)).toEqual(tables)
    await later(LATER_DAYS + 60)
    // Dead letters are deleted when they are too old for every site, whatever this site's retention.
    const kept = ['consents', 'departed_visitors', 'dead_letters']
    await until(async () => (await heldElsewhere([expiring])).join() === kept.join(), 'all but the proofs to go')
    await settled(server)
    expect(await heldIn(tables, texts)).toEqual(['consents', 'persons'])
    await later(LATER_DAYS + 60 + 6 * 366)
    await until(async () => (await holding([expiring])).length === 0, 'the proofs to go')
    expect(await heldIn(tables, texts)).toEqual(['persons'])
  })
})
