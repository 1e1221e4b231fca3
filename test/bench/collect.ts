/**
 * How fast the collector acknowledges, as a share of a bare route that reads and parses the same body, with landing and
 * deriving running; and what rate it sustains, that is, without the lag growing. Before a figure is printed it is
 * checked that everything acknowledged was stored once.
 */
import BetterSqlite3 from 'better-sqlite3'
import { settled } from '../support/sender.ts'
import { freePort, startServer, type TestServer } from '../support/server.ts'
import { runLoad, startBare } from './load.ts'
import { quantile } from './table.ts'

/** The line that the benchmark ends with. */
export type CollectLine = Record<string, number>

/** A rate is sustained if no lag seen in its run is longer than this. */
const FLAT_LAG_MS = 1000

const round = (value: number, digits = 0) => Number(value.toFixed(digits))

/** Runs the benchmark. */
export async function bench({ long }: { long: boolean }): Promise<CollectLine> {
  const barePort = await freePort()
  const bare = await startBare(barePort)
  try {
    const line: CollectLine = {}
    for (const events of [3, 20]) {
      const bareUrl = `http://127.0.0.1:${barePort}`
      Object.assign(line, await withServer((server) => acknowledged(server, bareUrl, events, long ? 20 : 6)))
    }
    return { ...line, ...(await withServer((server) => sustained(server, long))) }
  } finally {
    bare.kill()
  }
}

/** Runs a measurement on a server of its own, which ends with it. */
async function withServer<T>(work: (server: TestServer) => Promise<T>): Promise<T> {
  const server = await startServer()
  try {
    return await work(server)
  } finally {
    await server.stop()
  }
}

/** Requests a second that are acknowledged, and those of the bare route. */
async function acknowledged(
  server: TestServer,
  bareUrl: string,
  events: number,
  seconds: number,
): Promise<CollectLine> {
  const url = server.url.replace('localhost', '127.0.0.1')
  const warm = await runLoad(url, { events, seconds: 2 })
  await settled(server, 300_000)
  const base = await runLoad(bareUrl, { events, seconds })
  const own = await runLoad(url, { events, seconds })
  if (own.notOk > 0 || base.notOk > 0) throw new Error(`${own.notOk} and ${base.notOk} requests were not answered 2xx`)
  await checkStored(server, (warm.ok + own.ok) * events)
  return {
    [`rps_${events}`]: round(own.requestsPerS),
    [`bare_${events}`]: round(base.requestsPerS),
    [`ratio_${events}`]: round(own.requestsPerS / base.requestsPerS, 3),
    [`p99_ms_${events}`]: round(own.p99Ms, 1),
  }
}

/** Waits until all has landed, then compares what was acknowledged, what the journal took and what the store has. */
async function checkStored(server: TestServer, acknowledgedEvents: number): Promise<void> {
  await settled(server, 300_000)
  const journal = new BetterSqlite3(`${server.dataDir}/journal.db`, { readonly: true })
  const accepted = Number(journal.prepare('select sum(events) from entries').pluck().get())
  journal.close()
  const [row] = await server.query<{ n: number }>('select count(*) as n from events')
  const stored = Number(row!.n)
  if (accepted !== stored || stored < acknowledgedEvents) {
    throw new Error(`${acknowledgedEvents} events were acknowledged, ${accepted} in the journal, ${stored} stored`)
  }
}

/** The highest rate, within a tenth, at which the lag stays flat. Requests of 3 events. */
async function sustained(server: TestServer, long: boolean): Promise<CollectLine> {
  const seconds = long ? 60 : 8
  const url = server.url.replace('localhost', '127.0.0.1')
  let [low, high] = [0, 8000]
  let lagAtLow = 0
  let total = 0
  for (let step = 0; step < (long ? 6 : 4); step++) {
    const rate = Math.round((low + high) / 2)
    const lags: number[] = []
    const watching = setInterval(async () => {
      const text = await (await fetch(`${server.url}/metrics`)).text()
      lags.push(1000 * Number(/^couture_landing_lag_seconds (\S+)/m.exec(text)?.[1] ?? 0))
    }, 200)
    const result = await runLoad(url, { events: 3, seconds, rate })
    clearInterval(watching)
    total += result.ok * 3
    await settled(server, 300_000)
    const lag = quantile(lags, 0.99)
    const kept = result.notOk === 0 && result.requestsPerS > 0.9 * rate && lag < FLAT_LAG_MS
    if (kept) {
      low = rate
      lagAtLow = lag
    } else high = rate
  }
  await checkStored(server, total)
  return { sustained_events_per_s: low * 3, lag_p99_ms_sustained: round(lagAtLow) }
}
