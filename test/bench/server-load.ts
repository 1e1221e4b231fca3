/** A whole server under load: its memory while it works off a backlog, and how fresh its data are. */
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openCommandStore } from '../../server/store/open.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { check, writeJournal } from './fill.ts'
import { runLoad } from './load.ts'
import { quantile } from './table.ts'
import { createTraffic } from './traffic.ts'

const DAY_MS = 24 * 3600_000

/** Starts a server with `events` events in its journal: how fast it works them off, and its peak memory. */
export async function backlog(events: number): Promise<Record<string, number>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'couture-bench-'))
  // The first start creates the files.
  const first = await startServer({ dataDir })
  const db = openCommandStore({ databaseUrl: first.databaseUrl, dataDir })
  await first.stop({ wipe: false })
  const traffic = createTraffic('demo', Date.now() - 2 * DAY_MS)
  await writeJournal(join(dataDir, 'journal.db'), db, traffic, events)
  const server = await startServer({ dataDir })
  try {
    const began = performance.now()
    const restingMb = memoryMb(server, 'VmRSS')
    await settled(server, 600_000)
    const seconds = (performance.now() - began) / 1000
    await check(db, traffic.expected())
    return {
      backlog_events: events,
      backlog_events_per_s: Math.round(events / seconds),
      rss_mb_at_start: restingMb,
      rss_mb: memoryMb(server, 'VmHWM'),
    }
  } finally {
    await db.destroy()
    await server.stop()
  }
}

function memoryMb(server: TestServer, line: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${server.process.pid}/status`, 'utf8')
  return Math.round(Number(new RegExp(`${line}:\\s+(\\d+)`).exec(status)![1]) / 1024)
}

/** Events per request, for both loads. */
const EVENTS = 20

/** The delay from acknowledging an abandoned cart until a segment shows it, at half of the full rate. */
export async function freshness(seconds: number): Promise<Record<string, number>> {
  const server = await startServer()
  try {
    const url = server.url.replace('localhost', '127.0.0.1')
    await runLoad(url, { events: EVENTS, seconds: 2 })
    await settled(server, 300_000)
    const began = performance.now()
    const full = await runLoad(url, { events: EVENTS, seconds: 4 })
    await settled(server, 300_000)
    const fullRate = full.ok / ((performance.now() - began) / 1000)
    // The first call creates a key by a command, which takes a second.
    await server.get(MEMBERS)
    let loaded = false
    const load = runLoad(url, { events: EVENTS, seconds, rate: Math.round(fullRate / 2) }).finally(() => {
      loaded = true
    })
    // The load begins with a burst, which is more than half of full load.
    await sleep(LOAD_BEGINS_MS)
    const took = await probe(server, () => loaded)
    const half = await load
    if (half.notOk > 0) throw new Error(`${half.notOk} requests were not answered 2xx`)
    return {
      full_events_per_s: Math.round(fullRate * EVENTS),
      half_events_per_s: Math.round(half.requestsPerS * EVENTS),
      freshness_p50_ms: Math.round(quantile(took, 0.5)),
      freshness_p99_ms: Math.round(quantile(took, 0.99)),
      freshness_probes: took.length,
    }
  } finally {
    await server.stop()
  }
}

/** After this time the load is even. */
const LOAD_BEGINS_MS = 2000

/** A cart is abandoned at this interval, whatever happened to earlier ones. */
const PROBE_EVERY_MS = 100
/** Not more often: polling is work for the server too. */
const LOOK_EVERY_MS = 75
const MEMBERS = '/api/v1/segments/cart_abandoned/members?limit=1000'

/** The delay of each cart, in milliseconds, from its acknowledgement until the segment showed it. */
async function probe(server: TestServer, isOver: () => boolean): Promise<number[]> {
  const took: number[] = []
  const waiting = new Map<string, number>()
  let ended = false
  const look = async () => {
    await sleep(LOOK_EVERY_MS)
    const { data } = await server.get(MEMBERS)
    for (const { person } of data as { person: { id: string } }[]) {
      const began = waiting.get(person.id)
      if (began !== undefined) took.push(performance.now() - began)
      waiting.delete(person.id)
    }
    return ended && waiting.size === 0
  }
  const looking = until(look, 'the carts to show', 600_000)
  for (let n = 0; !isOver(); n++) {
    // Before all others in the list.
    const visitor = `--probe-${String(n).padStart(16, '0')}`
    const left = { currency: 'EUR', items: [{ item_id: 'ring', price: 120 }] }
    await sendAll(server, visitor, [event('add_to_cart', 2 * 3600_000, left)])
    waiting.set(visitor, performance.now())
    await sleep(PROBE_EVERY_MS)
  }
  ended = true
  await looking
  return took
}
