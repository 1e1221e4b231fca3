/**
 * The database goes away and comes back: collectors answer 202 throughout, private routes report that the store is
 * unreachable, and accepted events are eventually landed once. A collector can even start during the outage.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { WireEvent } from '../../tag/wire.ts'
import { amount } from '../support/long.ts'
import { type Cluster, startCluster } from '../support/postgres.ts'
import { batch, event, send, sendAll, settled } from '../support/sender.ts'
import { freePort, startServer, type TestServer, until } from '../support/server.ts'

const SENDERS = 8
const AWAY_MS = amount(2000, 60_000)

let cluster: Cluster
let server: TestServer
let port: number
let key: string

beforeAll(async () => {
  cluster = await startCluster({ safe: true })
  port = await freePort()
  server = await start()
  key = (await server.cli<{ key: string }>('keys', 'create', '--scopes', 'admin')).key
})
afterAll(async () => {
  await server?.stop()
  await cluster?.stop()
})

/** The outage is logged as an error, as expected here. */
async function start(dataDir?: string): Promise<TestServer> {
  const env = { DATABASE_URL: server?.databaseUrl ?? (await cluster.create('couture')), LOG_LEVEL: 'fatal' }
  return startServer({ port, env, ...(dataDir === undefined ? {} : { dataDir }) })
}

const privately = () => fetch(`${server.url}/api/v1/segments`, { headers: { authorization: `Bearer ${key}` } })
const ready = async () => (await fetch(`${server.url}/readyz`)).status

type Sent = { visitor: string; id: string }

/** Sends until stopped; every reply must be 202. Records the acknowledged events and the slowest reply. */
function startLoad(name: string) {
  const acknowledged: Sent[] = []
  const statuses = new Map<number, number>()
  let slowestMs = 0
  let going = true
  const sender = async (n: number) => {
    for (let i = 0; going; i++) {
      const visitor = `${name}-${n}-${String(i % 50).padStart(20, '0')}`
      const events: WireEvent[] = [event('page'), event('view_item', 0, { items: [{ item_id: `item-${i % 7}` }] })]
      const began = performance.now()
      const response = await send(server, batch(events, { visitor }))
      await response.text()
      slowestMs = Math.max(slowestMs, performance.now() - began)
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
      if (response.status === 202) acknowledged.push(...events.map(({ id }) => ({ visitor, id })))
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  const senders = Array.from({ length: SENDERS }, (_, n) => sender(n))
  return async () => {
    going = false
    await Promise.all(senders)
    return { acknowledged, statuses: Object.fromEntries(statuses), slowestMs: Math.round(slowestMs) }
  }
}

async function expectStored(acknowledged: Sent[], name: string): Promise<void> {
  const stored = await server.query<{ visitor_id: string; id: string; person_id: string }>(
    'select visitor_id, id, person_id from events where visitor_id like ?',
    `${name}-%`,
  )
  const keys = (rows: { visitor: string; id: string }[]) => rows.map((row) => `${row.visitor} ${row.id}`).sort()
  expect(keys(stored.map((row) => ({ visitor: row.visitor_id, id: row.id })))).toEqual(keys(acknowledged))
  const [derived] = await server.query<{ n: number }>(
    'select sum(events) as n from visitors where visitor_id like ?',
    `${name}-%`,
  )
  expect(derived!.n).toBe(acknowledged.length)
}

test(
  'killing the database under load and restarting it loses no acknowledged event and no reply',
  async () => {
    expect((await privately()).status).toBe(200)
    const end = startLoad('loaded')
    await new Promise((resolve) => setTimeout(resolve, 1500))
    await cluster.kill()
    await until(async () => (await ready()) === 503, 'the server to report that it is not ready')
    const refused = await privately()
    expect(refused.status).toBe(503)
    expect(refused.headers.get('content-type')).toBe('application/problem+json')
    expect(await refused.json()).toMatchObject({ code: 'store_unavailable' })
    await new Promise((resolve) => setTimeout(resolve, AWAY_MS))
    await cluster.start()
    const back = performance.now()
    await until(async () => (await ready()) === 200, 'the server to be ready again')
    const readyMs = Math.round(performance.now() - back)
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const { acknowledged, statuses, slowestMs } = await end()
    await settled(server)
    const caughtUpMs = Math.round(performance.now() - back)
    console.log(
      JSON.stringify({ away_ms: AWAY_MS, statuses, slowestMs, events: acknowledged.length, readyMs, caughtUpMs }),
    )
    expect(Object.keys(statuses)).toEqual(['202'])
    await expectStored(acknowledged, 'loaded')
    const letters = await server.query('select error from dead_letters')
    expect(letters).toEqual([])
    expect((await privately()).status).toBe(200)
  },
  AWAY_MS + 60_000,
)

test('a collector that starts during an outage answers 202, and lands everything afterwards', async () => {
  await server.stop({ wipe: false })
  await cluster.kill()
  server = await start(server.dataDir)
  expect(await ready()).toBe(503)
  expect((await privately()).status).toBe(503)
  const end = startLoad('started')
  await new Promise((resolve) => setTimeout(resolve, 1000))
  const { acknowledged, statuses } = await end()
  expect(Object.keys(statuses)).toEqual(['202'])
  await cluster.start()
  await until(async () => (await ready()) === 200, 'the server to be ready')
  await sendAll(server, 'afterwards-aaaaaaaaaaaaa', [event('page')])
  await until(async () => (await server.query('select 1 from cursors')).length > 0, 'the store to be there')
  await settled(server)
  await expectStored(acknowledged, 'started')
})

test('without the sites of an earlier start, a collector reports what is missing in one sentence', async () => {
  const nobody = await freePort()
  const env = { DATABASE_URL: `postgres://postgres:postgres@127.0.0.1:${nobody}/couture` }
  const failure = await startServer({ env }).catch((error: Error) => error.message)
  expect(failure).toMatch(/the database of DATABASE_URL cannot be reached: .*ECONNREFUSED/)
})
