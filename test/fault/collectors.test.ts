/**
 * Several collectors on one database, each with its own journal: they derive the same state from a history as a single
 * one, without loss or duplicates, and share one feed. If one of them stops for longer than its leases last or is
 * killed, the others take over, and its later writes are refused.
 */
import { afterEach, expect, test } from 'vitest'
import type { WireEvent } from '../../tag/wire.ts'
import { amount } from '../support/long.ts'
import { signLogin } from '../support/requests.ts'
import { keepOnly } from '../support/segments.ts'
import { batch, event, send, sendAll, settled } from '../support/sender.ts'
import { freePort, startServer, type TestServer, until } from '../support/server.ts'

const CONTACTS = 12
const VISITORS = amount(48, 90)
const SECOND = 1000

/** How long each sender of a load waits before its next request. */
const LOAD_PAUSE_MS = amount(250, 40)

const running: TestServer[] = []
afterEach(async () => {
  // The last one to stop removes the database that they share.
  for (const server of running.splice(0).reverse()) await server.stop()
})

/** Starts `n` collectors on a new database at the same moment. */
async function startCollectors(n: number): Promise<TestServer[]> {
  const first = await startServer()
  running.push(first)
  // When scores are published first depends on when the first orders are derived.
  await keepOnly(first, 'cart_abandoned', 'prospects')
  const env = { DATABASE_URL: first.databaseUrl! }
  const others = await Promise.all(Array.from({ length: n - 1 }, () => startServer({ env })))
  running.push(...others)
  return [first, ...others]
}

type Request = { visitor: string; events: WireEvent[] }

/** The history: carts, purchases, logins on several devices, each with its own times and ids. */
async function historyOf(secret: string): Promise<Request[]> {
  const requests: Request[] = []
  for (let v = 0; v < VISITORS; v++) {
    const visitor = `visitor-${String(v).padStart(20, '0')}`
    const id = (n: number) => `e-${String(v).padStart(4, '0')}-${String(n).padStart(16, '0')}`
    const at = (second: number) => new Date(START + (v * 3 + second) * SECOND).toISOString()
    const item = { currency: 'EUR', items: [{ item_id: `ring-${v % 5}`, price: 10 + v }] }
    requests.push({ visitor, events: [{ id: id(1), type: 'page', at: at(0) }] })
    requests.push({ visitor, events: [{ id: id(2), type: 'add_to_cart', at: at(1), props: item }] })
    if (v % 2 === 0) {
      const token = await signLogin(secret, `crm-${v % CONTACTS}`, { seconds: Math.floor(START / SECOND) })
      requests.push({ visitor, events: [{ id: id(3), type: 'identify', at: at(2), props: { kind: 'login', token } }] })
    }
    if (v % 4 === 0) {
      const order = { ...item, transaction_id: `o-${v}` }
      requests.push({ visitor, events: [{ id: id(4), type: 'purchase', at: at(3), props: order }] })
    }
    requests.push({ visitor, events: [{ id: id(5), type: 'page', at: at(4) }] })
  }
  return requests
}

/**
 * The same for both runs. Logins are valid for ten minutes, and these times fall in the first five. They are over for more
 * than the minute after which the demo's carts count as abandoned, so that none becomes so between the two runs.
 */
const START = Date.now() - (VISITORS * 3 + 90) * SECOND

/** Sends everything, each request to one collector and every third to a second one too. */
async function sendTo(servers: TestServer[], requests: Request[]): Promise<void> {
  const left = requests.flatMap((request, i) =>
    i % 3 === 0
      ? [
          { request, i },
          { request, i: i + 1 },
        ]
      : { request, i },
  )
  const sender = async () => {
    for (let next = left.shift(); next; next = left.shift()) {
      await sendAll(servers[next.i % servers.length]!, next.request.visitor, next.request.events)
    }
  }
  await Promise.all(Array.from({ length: 12 }, sender))
}

async function play(servers: TestServer[]): Promise<void> {
  const { identity_secret } = await servers[0]!.cli<{ identity_secret: string }>('sites', 'show', 'demo')
  const requests = await historyOf(identity_secret)
  const contacts = Array.from({ length: CONTACTS }, (_, i) => ({ id: `crm-${i}`, mail_consent: i % 2 === 0 }))
  // Contacts are pushed while events are sent, through every collector.
  const importing = servers.map((server, n) =>
    server.post('/api/v1/contacts', n % 2 === 0 ? contacts : [...contacts].reverse()),
  )
  await Promise.all([sendTo(servers, requests), ...importing])
  for (const server of servers) await settled(server)
}

/** The state that must be equal, without times of receipt and ids generated at receipt. */
async function stateOf(server: TestServer): Promise<Record<string, string[]>> {
  const all = async (sql: string) => (await server.query(sql)).map((row) => JSON.stringify(row))
  return {
    events: await all('select visitor_id, id, type, at, props, person_id from events order by 1, 2'),
    epochs: await all('select * from epochs order by 1, 2'),
    links: await all('select visitor_id, id, contact_id, state, reason, valid_from, valid_to from links order by 1, 2'),
    carts: await all('select visitor_id, person_id, state, value, items from carts order by 1, 2, 3'),
    persons: await all(
      // A contact that never came is there since the CRM told of it, which is a time of receipt.
      `select person_id, case when visitors = 0 then 0 else first_seen end as first_seen,
        case when visitors = 0 then 0 else last_seen end as last_seen, visitors, purchases, mail_consent, marketing
       from persons order by 1`,
    ),
    // Not the reason of an entry: it is what this installation saw change, which depends on the order of arrival.
    members: await all('select segment_id, person_id, entered_at from segment_members order by 1, 2'),
    orders: await all('select order_id, visitor_id, total from orders order by 1, 2'),
    contacts: await all('select contact_id, mail_consent from contacts order by 1'),
    told: await all('select contact_id, segments from feed_state order by 1'),
  }
}

/**
 * The feed is one log: numbered without gaps, and the last change of each contact matches its feed state. So is that of
 * memberships: persons enter and leave by turns, those who have not left are the members, and sizes are their number.
 */
async function expectOneLog(server: TestServer): Promise<void> {
  const moves = await server.query<{ segment_id: string; person_id: string; change: string }>(
    'select segment_id, person_id, change from segment_changes order by seq',
  )
  const open: string[] = []
  for (const [key, own] of Map.groupBy(moves, (row) => `${row.segment_id} ${row.person_id}`)) {
    expect(own.map((row) => row.change)).toEqual(own.map((_, i) => (i % 2 === 0 ? 'entered' : 'left')))
    if (own.length % 2 === 1) open.push(key)
  }
  const members = await server.query<{ segment_id: string; person_id: string }>(
    'select segment_id, person_id from segment_members',
  )
  expect(open.sort()).toEqual(members.map((row) => `${row.segment_id} ${row.person_id}`).sort())
  const [sizes] = await server.query<{ people: number }>('select sum(entered - exited) as people from segment_sizes')
  expect(Number(sizes?.people ?? 0)).toBe(members.length)
  const changes = await server.query<{ seq: number; contact_id: string; change: string; segments: string }>(
    'select seq, contact_id, change, segments from match_changes order by seq',
  )
  expect(changes.map((row) => row.seq)).toEqual(changes.map((_, i) => i + 1))
  const last = new Map(changes.map((row) => [row.contact_id, row]))
  const told = await server.query<{ contact_id: string; segments: string }>(
    'select contact_id, segments from feed_state',
  )
  const matched = [...last.values()].filter((row) => row.change !== 'unmatched')
  expect(told.map((row) => [row.contact_id, row.segments]).sort()).toEqual(
    matched.map((row) => [row.contact_id, row.segments]).sort(),
  )
}

type Lease = { name: string; owner: string; fence: number }
const leasesOf = (server: TestServer) => server.query<Lease>('select name, owner, fence from leases order by name')

/** The leases by owner, once all are owned and no process has more than its share. */
async function shared(server: TestServer, among: number): Promise<Map<string, Lease[]>> {
  return until(
    async () => {
      const leases = await leasesOf(server)
      const owners = Map.groupBy(leases, (lease) => lease.owner)
      const most = Math.max(...[...owners.values()].map((own) => own.filter(({ name }) => name !== 'feed').length))
      return !owners.has('') && owners.size === among && most <= Math.ceil(16 / among) ? owners : null
    },
    `${among} processes to share the leases`,
    40_000,
  )
}

async function fencedOf(server: TestServer): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text()
  return Number(/^couture_fenced_writes_total (\d+)/m.exec(text)?.[1])
}

test('three collectors derive the same state and feed as one', async () => {
  const servers = await startCollectors(3)
  await shared(servers[0]!, 3)
  await play(servers)
  const [alone] = await startCollectors(1)
  await play([alone!])
  const state = await stateOf(servers[0]!)
  expect(state).toEqual(await stateOf(alone!))
  expect(state.links!.length).toBe(VISITORS / 2)
  expect(state.told!.length).toBe(CONTACTS / 2)
  await expectOneLog(servers[0]!)
})

/** Keeps sending events through a server until stopped; returns the acknowledged ones. */
function startLoad(server: TestServer, name: string) {
  let going = true
  const acknowledged: string[] = []
  const sender = async (n: number) => {
    for (let i = 0; going; i++) {
      const visitor = `${name}-${n}-${String(i % 40).padStart(18, '0')}`
      const events = [event('page'), event('page')]
      const response = await send(server, batch(events, { visitor })).catch(() => null)
      if (response?.status === 202) acknowledged.push(...events.map(({ id }) => `${visitor} ${id}`))
      await new Promise((resolve) => setTimeout(resolve, LOAD_PAUSE_MS))
    }
  }
  const senders = [1, 2, 3].map(sender)
  return async () => {
    going = false
    await Promise.all(senders)
    return acknowledged
  }
}

async function expectStored(server: TestServer, acknowledged: string[]): Promise<void> {
  const rows = await server.query<{ visitor_id: string; id: string }>('select visitor_id, id from events')
  const stored = new Set(rows.map((row) => `${row.visitor_id} ${row.id}`))
  expect(acknowledged.filter((key) => !stored.has(key))).toEqual([])
  const [derived] = await server.query<{ n: number }>('select sum(events) as n from visitors')
  expect(derived!.n).toBe(rows.length)
}

test('a collector that sleeps past its leases, and one that is killed, lose only their leases', async () => {
  const port = await freePort()
  const first = await startServer()
  const env = { DATABASE_URL: first.databaseUrl!, LOG_LEVEL: 'fatal' }
  let second = await startServer({ env, port })
  running.push(first)
  const before = await shared(first, 2)
  const owners = [...before.keys()]
  const idOf = async (server: TestServer) => {
    const { default: BetterSqlite3 } = await import('better-sqlite3')
    const journal = new BetterSqlite3(`${server.dataDir}/journal.db`, { readonly: true })
    const id = journal.prepare("select value from meta where name = 'journal_id'").pluck().get() as string
    journal.close()
    return id
  }
  const own = await idOf(second)
  expect(owners.sort()).toEqual([await idOf(first), own].sort())
  const ends = [startLoad(first, 'first'), startLoad(second, 'second')]
  await new Promise((resolve) => setTimeout(resolve, 1500))

  const lost = new Map((await leasesOf(first)).filter((lease) => lease.owner === own).map((each) => [each.name, each]))
  second.process.kill('SIGSTOP')
  const asleep = performance.now()
  await shared(first, 1)
  const takenMs = Math.round(performance.now() - asleep)
  const taken = (await leasesOf(first)).filter((lease) => lost.has(lease.name))
  for (const lease of taken) expect(lease.fence).toBeGreaterThan(lost.get(lease.name)!.fence)
  second.process.kill('SIGCONT')
  await shared(first, 2)
  const fenced = await fencedOf(second)

  await second.kill()
  const killed = performance.now()
  await shared(first, 1)
  const takenAfterKillMs = Math.round(performance.now() - killed)
  const acknowledged = (await Promise.all(ends.map((end) => end()))).flat()
  second = await startServer({ env, port, dataDir: second.dataDir })
  running.push(second)
  for (const server of [first, second]) await settled(server)
  console.log(JSON.stringify({ events: acknowledged.length, lost: lost.size, takenMs, fenced, takenAfterKillMs }))
  await expectStored(first, acknowledged)
  await expectOneLog(first)
}, 120_000)
