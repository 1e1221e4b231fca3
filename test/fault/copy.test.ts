/**
 * Moving a live installation from SQLite to PostgreSQL: collection continues, the command is killed, everything
 * acknowledged is present once, and readers of the feed continue with their cursors. No wrong order of commands
 * loses data.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask, type Ran } from '../support/ask.ts'
import { createCommandHosts } from '../support/command-hosts.ts'
import { amount } from '../support/long.ts'
import { type Cluster, startCluster } from '../support/postgres.ts'
import { ROOT } from '../support/process.ts'
import { type SiteView, signLogin } from '../support/requests.ts'
import { batch, consent, event, send, sendAll, settled } from '../support/sender.ts'
import { couture, freePort, startServer, type TestServer } from '../support/server.ts'

let cluster: Cluster
let server: TestServer
let target: string
const folder = mkdtempSync(join(tmpdir(), 'couture-copied-'))
/** Events in the store before the first copy begins. */
const EVENTS = amount(6_000, 30_000)

/** How long each sender of a load waits before its next request. */
const LOAD_PAUSE_MS = amount(40, 10)

type Table = { table: string; rows: number; equal: boolean }
type Finished = { written: number; tables: Table[]; secret_file: string }

const environment = (given: Record<string, string> = {}) => {
  const { DATABASE_URL: _, COUTURE_SECRET: __, ...inherited } = process.env
  return { ...inherited, DATA_DIR: folder, ...given }
}
/** Without the check of shapes, since a copy reads whole tables. */
const ANY_SHAPE = { SHAPES: 'any' }
const product = () => ask('product', null)
const hosts = createCommandHosts(product, ANY_SHAPE)
const run = (args: string[], env?: Record<string, string>) => hosts.run({ args, env: environment(env) })
const copy = (...more: string[]) => run(['copy', '--to', target, ...more])

/** Begins a copy in a process of its own, which can be killed. */
async function beginCopy(): Promise<{ child: ChildProcess; killed: Promise<NodeJS.Signals | null> }> {
  const args = [await product(), 'copy', '--to', target]
  const child = spawn(process.execPath, args, { cwd: ROOT, env: environment(ANY_SHAPE), stdio: 'ignore' })
  return { child, killed: new Promise((resolve) => child.once('close', (_, signal) => resolve(signal))) }
}

async function inTarget<T = Record<string, unknown>>(sql: string, url = target): Promise<T[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows as T[]
  } finally {
    await client.end()
  }
}

/** Expects one sentence without a stack trace or the password. */
function expectSentence(ran: Ran, sentence: RegExp): void {
  expect(ran.stderr.trim()).toMatch(sentence)
  expect(ran.stderr.trim().split('\n').length).toBe(1)
  expect(ran.stderr + ran.stdout).not.toContain('postgres:postgres@')
  expect(ran.code).toBe(1)
}

const secretOf = () => readFileSync(join(folder, 'secret'), 'utf8').trim()
const onPostgres = () => ({ DATABASE_URL: target, COUTURE_SECRET: secretOf() })
const start = (env: Record<string, string> = {}) => startServer({ dataDir: folder, port, env })
/** Starts a server that must refuse to start, and returns its message. */
const refusal = (env: Record<string, string> = {}) =>
  couture(['serve'], environment({ PORT: String(port), ...env }), { ownProcess: true })

let port: number
const acknowledged: string[] = []
const leaving = 'visitor-leaving-aaaaaaaa'
const MINUTE = 60_000
const ring = { currency: 'EUR', items: [{ item_id: 'ring', price: 900 }] }

/** Keeps sending events, carts and contacts until stopped. */
function startLoad(name: string): () => Promise<void> {
  let going = true
  const sender = async (n: number) => {
    for (let i = 0; going; i++) {
      const visitor = `${name}-${n}-${String(i % 60).padStart(18, '0')}`
      const events = [event('page'), event('view_item', 0, ring)]
      const response = await send(server, batch(events, { visitor })).catch(() => null)
      if (response?.status === 202) acknowledged.push(...events.map(({ id }) => `${visitor} ${id}`))
      await new Promise((resolve) => setTimeout(resolve, LOAD_PAUSE_MS))
    }
  }
  const senders = [1, 2, 3].map(sender)
  const pusher = (async () => {
    for (let i = 0; going; i++) {
      await server.post('/api/v1/contacts', [{ id: `crm-${i % 9}`, email: `n${i}@example.com` }]).catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  })()
  return async () => {
    going = false
    await Promise.all([...senders, pusher])
  }
}

type Page = { data: { seq: number }[]; next: string; has_more: boolean }

/** Follows the feed from a cursor to its end: the sequence numbers, and the cursor to continue from. */
async function follow(after: string): Promise<{ seqs: number[]; next: string }> {
  const seqs: number[] = []
  for (let next = after; ; ) {
    const page = await server.get<Page>(`/api/v1/matches?limit=5${next === '' ? '' : `&after=${next}`}`)
    seqs.push(...page.data.map(({ seq }) => seq))
    next = page.next
    if (!page.has_more) return { seqs, next }
  }
}

type Member = { person: { id: string }; entered_at: string }
async function members(): Promise<string[]> {
  const { data } = await server.get<{ data: Member[] }>('/api/v1/segments/cart_abandoned/members')
  return data.map((each) => `${each.person.id} ${each.entered_at}`).sort()
}

/** Several visitors log in, leave a cart and come back; one buys; one withdraws. */
async function history(contacts: string[]): Promise<void> {
  const { identity_secret: secret } = await server.cli<SiteView>('sites', 'show', 'demo')
  const rows = contacts.map((id) => ({ id, email: `${id}@example.com`, mail_consent: true }))
  await server.post('/api/v1/contacts', rows)
  const seconds = Math.floor((Date.now() - 9.5 * MINUTE) / 1000)
  for (const id of contacts) {
    const login = event('identify', 9 * MINUTE, { kind: 'login', token: await signLogin(secret, id, { seconds }) })
    await sendAll(server, `visitor-of-${id}-aaaaaaaaaa`, [event('add_to_cart', 10 * MINUTE, ring), login])
  }
  const bought = event('purchase', 8 * MINUTE, { ...ring, transaction_id: `order-${contacts[0]}` })
  await sendAll(server, `visitor-of-${contacts[0]}-aaaaaaaaaa`, [bought])
  await server.post('/api/v1/orders', [
    {
      order_id: `till-${contacts[1]}`,
      contact_id: contacts[1],
      at: new Date().toISOString(),
      total: 9,
      currency: 'EUR',
    },
  ])
}

async function withdraw(visitor: string): Promise<void> {
  const choice = consent({ id: 'no', analytics: false, identity: false, marketing: false })
  await send(server, batch([event('consent')], { visitor, consent: choice }))
}

/** All derived rows and the feed, read with the same SQL on either engine. */
async function derived(): Promise<Record<string, string[]>> {
  const all = async (sql: string) => (await server.query(sql)).map((row) => JSON.stringify(row))
  return {
    events: await all('select visitor_id, id, person_id from events order by 1, 2'),
    visitors: await all('select * from visitors order by visitor_id'),
    epochs: await all('select * from epochs order by visitor_id, n'),
    links: await all('select * from links order by visitor_id, id'),
    carts: await all('select * from carts order by visitor_id, id'),
    persons: await all('select * from persons order by person_id'),
    members: await all('select * from segment_members order by segment_id, person_id'),
    told: await all('select * from feed_state order by contact_id'),
    log: await all('select * from match_changes order by seq'),
  }
}

beforeAll(async () => {
  cluster = await startCluster()
  target = await cluster.create('couture')
  port = await freePort()
  server = await start()
})
afterAll(async () => {
  hosts.stop()
  await server.stop().catch(() => {})
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** Starts a copy, kills it as soon as its progress in the target meets the condition, and returns that progress. */
async function killWhen(what: string, isSuch: (notes: Notes) => boolean): Promise<Notes> {
  const client = new Client({ connectionString: target })
  await client.connect()
  const { child, killed } = await beginCopy()
  try {
    for (const deadline = Date.now() + 30_000; Date.now() < deadline; ) {
      if (isSuch(await readNotes(client))) break
    }
    child.kill('SIGKILL')
    expect(await killed, `killed when ${what}`).toBe('SIGKILL')
    return await readNotes(client)
  } finally {
    await client.end()
  }
}

type Place = { after: string[] | null; done: boolean; read: number; written: number }
type Notes = { pass: number; places: Record<string, Place>; walked: number; events: number }
type Pass = { pass: number; skipped: number; read: number; written: number }

async function readNotes(client: Client): Promise<Notes> {
  const { rows } = await client
    .query<{ name: string; value: string }>("select name, value from meta where name like 'copy:p%'")
    .catch(() => ({ rows: [] }))
  const passes = rows.find(({ name }) => name === 'copy:passes')
  const found = rows.filter((row) => row !== passes).map((row) => [row.name.split(':')[2], JSON.parse(row.value)])
  const places = Object.fromEntries(found) as Notes['places']
  return {
    pass: passes ? JSON.parse(passes.value).written.length + 1 : 0,
    places,
    walked: Object.values(places).reduce((sum, place) => sum + place.read, 0),
    events: places.events?.read ?? 0,
  }
}

/** The rows of the source that a pass reads; more may arrive meanwhile. */
async function rowsOfSource(): Promise<number> {
  const tables = await server.query<{ name: string }>(
    "select name from sqlite_master where type = 'table' and name not like 'sqlite%' and name not like 'kysely%'",
  )
  const left = ['locks', 'leases', 'processes', 'cursors']
  const counted = tables
    .filter(({ name }) => !left.includes(name))
    .map(({ name }) => `select count(*) as n from ${name}`)
  const rows = await server.query<{ n: number }>(counted.join(' union all '))
  return rows.reduce((sum, { n }) => sum + n, 0)
}

test('a copy killed in the middle of each pass resumes where it stopped while the server runs', async () => {
  await history(['anna', 'bert', 'carl', 'dora', 'emil', 'fred', 'gina'])
  await sendAll(server, leaving, [event('page'), event('add_to_cart', 0, ring)])
  for (let n = 0; n < EVENTS / 50; n++) {
    const events = Array.from({ length: 50 }, () => event('page', MINUTE))
    const visitor = `many-${String(n).padStart(20, '0')}`
    await sendAll(server, visitor, events)
    acknowledged.push(...events.map(({ id }) => `${visitor} ${id}`))
  }
  await settled(server)
  const stop = startLoad('first')
  const first = await killWhen('some events were copied', ({ pass, events }) => pass === 1 && events > EVENTS / 6)
  expect(first).toMatchObject({ pass: 1, places: { contacts: { done: true }, events: { done: false } } })
  const unfinished = { PORT: String(await freePort()), ...onPostgres(), DATA_DIR: `${folder}/none` }
  expect(await refusal(unfinished)).toEqual(
    expect.objectContaining({ code: 1, stderr: expect.stringMatching(/holds a copy that is not finished/) }),
  )
  rmSync(`${folder}/none`, { recursive: true })
  // A row deleted from the finished part stays missing until the next pass, because this one does not look there again.
  await inTarget("delete from contacts where contact_id = 'dora'")

  const second = await killWhen('some events were compared', ({ pass, events }) => pass === 2 && events > EVENTS / 2)
  expect(second).toMatchObject({ pass: 2, places: { contacts: { done: true, written: expect.any(Number) } } })
  expect(second.places.contacts!.written).toBeGreaterThan(0)
  expect(await inTarget("select 1 from contacts where contact_id = 'dora'")).toHaveLength(1)
  await inTarget("delete from contacts where contact_id = 'carl'")

  const before = await rowsOfSource()
  const again = await copy('--json')
  expect(again).toMatchObject({ code: 0, stderr: '' })
  const { passes } = JSON.parse(again.stdout) as { passes: Pass[] }
  console.log(JSON.stringify({ killed: [first, second].map(({ pass, walked }) => ({ pass, walked })), before, passes }))
  const [resumed] = passes
  expect(resumed).toMatchObject({ pass: 2, skipped: second.walked })
  expect(resumed!.skipped).toBeGreaterThan(EVENTS / 2)
  expect(resumed!.read).toBeGreaterThan(0)
  expect(resumed!.read).toBeLessThan(before - EVENTS / 6)
  // A finished copy leaves no progress, so that another one starts over, finds missing rows, and copies new ones.
  await stop()
  await settled(server)
  const anew = JSON.parse((await copy('--json')).stdout) as { passes: Pass[] }
  expect(anew.passes.map(({ pass, skipped }) => [pass, skipped])).toEqual([
    [1, 0],
    [2, 0],
  ])
  expect(await inTarget("select 1 from contacts where contact_id = 'carl'")).toHaveLength(1)
  const copied = await inTarget<{ key: string }>("select visitor_id || ' ' || id as key from events")
  const kept = new Set(copied.map(({ key }) => key))
  expect(acknowledged.filter((key) => !kept.has(key))).toEqual([])
  expectSentence(await copy('--finish'), /^--finish needs a stopped server/)
}, 120_000)

test('a copy that would differ is refused with the table and key of the difference', async () => {
  await withdraw(leaving)
  await settled(server)
  await server.stop({ wipe: false })
  await inTarget(`create function spoil() returns trigger language plpgsql as $$
    begin new.phone := 'spoilt'; return new; end $$`)
  await inTarget("update contacts set phone = 'old' where contact_id = 'carl'")
  await inTarget('create trigger spoil before insert or update on contacts for each row execute function spoil()')
  const ran = await copy('--finish')
  expect(ran.stderr).toMatch(/^the copy differs in contacts, first at the key \["carl"\]/)
  expect(ran.stdout).toMatch(/^contacts +\d+ +NO$/m)
  expect(ran.code).toBe(1)
  expect((await refusal(onPostgres())).stderr).toMatch(/holds a copy that is not finished/)
  await inTarget('drop trigger spoil on contacts')
})

test('a finished copy must be finished again if the server has run on SQLite since', async () => {
  expect(await copy('--finish')).toMatchObject({ code: 0, stderr: '' })
  server = await start()
  const stop = startLoad('second')
  await history(['hans', 'ines'])
  await stop()
  await settled(server)
  await server.stop({ wipe: false })
  expectSentence(await refusal(onPostgres()), /has been used since it was copied: with the server stopped, run/)
})

test('everything acknowledged is present once, and readers of the feed and of segments can continue', async () => {
  server = await start()
  await settled(server)
  const before = { feed: await follow(''), members: await members() }
  // Of nine carts two were bought online and two in the shop.
  expect(before.members.length).toBe(5)
  const stop = startLoad('third')
  await history(['jane', 'kurt', 'lena'])
  await copy()
  // A power cut: the journal contains entries that were never landed.
  await server.kill()
  await stop()
  const finished = await copy('--finish')
  expect(finished).toMatchObject({ code: 0, stderr: '' })
  expect(finished.stdout).toMatch(/^events +[\d,]+ +yes$/m)
  expect(finished.stdout).toContain(`the content of ${folder}/secret`)
  expect(finished.stdout).not.toContain(secretOf())
  const { tables, secret_file } = JSON.parse((await copy('--finish', '--json')).stdout) as Finished
  expect(tables.every((each) => each.equal)).toBe(true)
  expect(secret_file).toBe(`${folder}/secret`)
  expectSentence(
    await refusal({ ...onPostgres(), COUTURE_SECRET: 'a secret of another installation' }),
    /^COUTURE_SECRET must be/,
  )

  server = await start(onPostgres())
  await settled(server)
  const rows = await server.query<{ visitor_id: string; id: string }>('select visitor_id, id from events')
  const stored = rows.map((row) => `${row.visitor_id} ${row.id}`)
  expect(new Set(stored).size).toBe(stored.length)
  const kept = new Set(stored)
  expect(acknowledged.filter((key) => !kept.has(key))).toEqual([])
  expect(stored.filter((key) => key.startsWith(leaving))).toEqual([])

  const log = (await server.query<{ seq: number }>('select seq from match_changes order by seq')).map(({ seq }) => seq)
  expect(log).toEqual(log.map((_, i) => i + 1))
  const { seqs } = await follow(before.feed.next)
  expect(Math.min(...seqs)).toBeGreaterThan(Math.max(...before.feed.seqs))
  const after = await server.query<{ seq: number }>(
    'select max(seq) as seq from match_changes where seq > ? group by contact_id order by 1',
    Math.max(...before.feed.seqs),
  )
  expect(new Set(seqs)).toEqual(new Set(after.map(({ seq }) => seq)))
  expect((await members()).filter((each) => before.members.includes(each))).toEqual(before.members)
  expect((await members()).length).toBe(before.members.length + 1)

  const state = await derived()
  await server.cli('rebuild')
  await settled(server)
  expect(await derived()).toEqual(state)
  console.log(JSON.stringify({ acknowledged: acknowledged.length, stored: stored.length, told: log.length }))
}, 120_000)

test('the old store cannot be used by mistake, and the new one cannot be overwritten', async () => {
  expectSentence(await run(['keys', 'list']), /^the store in DATA_DIR .* has moved to PostgreSQL/)
  expectSentence(await copy(), /has moved to PostgreSQL already/)
  await server.stop({ wipe: false })
  expectSentence(await refusal(), /has moved to PostgreSQL .*: set DATABASE_URL and COUTURE_SECRET/)
  server = await start(onPostgres())
})

test('an unsuitable target is refused with one sentence', async () => {
  const other = await startServer()
  await other.stop({ wipe: false })
  const from = (to: string) => run(['copy', '--to', to], { DATA_DIR: other.dataDir })
  try {
    expectSentence(await from('mysql://postgres:postgres@127.0.0.1/x'), /^--to must be a URL such as postgres:/)
    const nobody = `postgres://postgres:postgres@127.0.0.1:${await freePort()}/x`
    expectSentence(await from(nobody), /^the database of --to cannot be used: .*ECONNREFUSED/)
    expectSentence(
      await from(target.replace(/couture$/, 'nothing')),
      /cannot be used: database "nothing" does not exist/,
    )
    expectSentence(await from(target), /holds a copy of another installation: it must be empty/)
    const foreign = await cluster.create('foreign')
    await inTarget('create table customers (id int)', foreign)
    expectSentence(await from(foreign), /holds other tables/)
    const used = await cluster.create('used')
    const user = await startServer({ env: { DATABASE_URL: used } })
    await user.stop()
    expectSentence(await from(used), /holds data that is not a copy of this installation/)
    const newer = await cluster.create('newer')
    expect((await from(newer)).code).toBe(0)
    await inTarget("insert into kysely_migration values ('999-future', '')", newer)
    expectSentence(await from(newer), /has a newer schema than this version/)
    await inTarget("delete from kysely_migration where name > '001'", newer)
    expectSentence(await from(newer), /has an older schema than this version/)
    await other.change("delete from kysely_migration where name > '001'")
    expectSentence(await from(await cluster.create('fresh')), /^the store in DATA_DIR has an older schema/)
    expectSentence(
      await run(['copy', '--to', target], { DATA_DIR: `${folder}/empty` }),
      /^there is no installation in DATA_DIR/,
    )
  } finally {
    await other.stop()
  }
})
