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
  const seconds = long ? 20 : 6
  const line: CollectLine = {}
  const barePort = await freePort()
  const bare = await startBare(barePort)
  for (const events of [3, 20]) {
    const server = await startServer()
    await runLoad(server.url, { events, seconds: 2 })
    await settled(server)
    const base = await runLoad(`http://127.0.0.1:${barePort}`, { events, seconds })
    const own = await runLoad(server.url.replace('localhost', '127.0.0.1'), { events, seconds })
    if (own.notOk > 0 || base.notOk > 0)
      throw new Error(`${own.notOk} and ${base.notOk} requests were not answered 2xx`)
    await checkStored(server)
    line[`rps_${events}`] = round(own.requestsPerS)
    line[`bare_${events}`] = round(base.requestsPerS)
    line[`ratio_${events}`] = round(own.requestsPerS / base.requestsPerS, 3)
    line[`p99_ms_${events}`] = round(own.p99Ms, 1)
    await server.stop()
  }
  bare.kill()
  Object.assign(line, await sustained(long))
  return line
}

/** Waits until all has landed, then compares what the journal took with what the store has. */
async function checkStored(server: TestServer): Promise<void> {
  await settled(server, 300_000)
  const count = (file: string, sql: string) => {
    const sqlite = new BetterSqlite3(`${server.dataDir}/${file}`, { readonly: true })
    const value = Number(sqlite.prepare(sql).pluck().get())
    sqlite.close()
    return value
  }
  const accepted = count('journal.db', 'select sum(events) from entries')
  const stored = count('couture.db', 'select count(*) from events')
  if (accepted !== stored) throw new Error(`${accepted} events were acknowledged, but ${stored} are stored`)
}

/** The highest rate, within a tenth, at which the lag stays flat. Requests of 3 events. */
async function sustained(long: boolean): Promise<{ sustained_events_per_s: number; lag_p99_ms_sustained: number }> {
  const seconds = long ? 60 : 8
  const server = await startServer()
  const url = server.url.replace('localhost', '127.0.0.1')
  let [low, high] = [0, 8000]
  let lagAtLow = 0
  for (let step = 0; step < (long ? 6 : 4); step++) {
    const rate = Math.round((low + high) / 2)
    const lags: number[] = []
    const watching = setInterval(async () => {
      const text = await (await fetch(`${server.url}/metrics`)).text()
      lags.push(1000 * Number(/^couture_landing_lag_seconds (\S+)/m.exec(text)?.[1] ?? 0))
    }, 200)
    const result = await runLoad(url, { events: 3, seconds, rate })
    clearInterval(watching)
    await settled(server, 300_000)
    const lag = quantile(lags, 0.99)
    const kept = result.notOk === 0 && result.requestsPerS > 0.9 * rate && lag < FLAT_LAG_MS
    if (kept) {
      low = rate
      lagAtLow = lag
    } else high = rate
  }
  await checkStored(server)
  await server.stop()
  return { sustained_events_per_s: low * 3, lag_p99_ms_sustained: round(lagAtLow) }
}
