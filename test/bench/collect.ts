/**
 * How fast the collector acknowledges, as a share of a bare route that reads and parses the same body, with landing and
 * deriving running, on this disk and on one that takes 5 ms longer to flush; and which rate it sustains, that is,
 * without growing lag. Before a figure is printed, the benchmark checks that everything acknowledged was stored once.
 *
 * The two are measured in turns, and the median turn is reported: a machine that is busy for a while slows both. A turn
 * begins when the collector has caught up, so that the baseline has the machine to itself.
 */
import BetterSqlite3 from 'better-sqlite3'
import { settled } from '../support/sender.ts'
import { freePort, type ServerOptions, startServer, type TestServer } from '../support/server.ts'
import { runTimes, stepTimes } from './collect-steps.ts'
import { type LoadResult, runLoad, startBare } from './load.ts'
import { printTable, quantile } from './table.ts'

/** The final line of the benchmark. */
export type CollectLine = Record<string, number>

/** A rate is sustained if the lag was mostly shorter than this in the second half of its run. */
const FLAT_LAG_MS = 1000

/** How much longer the slow disk takes to flush. */
const SLOW_FLUSH_MS = 5

/** One run of the load, and the time that the server's main thread and its others ran per request, in microseconds. */
type Turn = LoadResult & { mainUs: number; othersUs: number }

const round = (value: number, digits = 0) => Number(value.toFixed(digits))

/** Runs the benchmark. */
export async function bench({ brief, long }: { brief: boolean; long: boolean }): Promise<CollectLine> {
  const barePort = await freePort()
  const bare = await startBare(barePort)
  const baseline = { url: `http://127.0.0.1:${barePort}`, pid: bare.pid! }
  const [turns, seconds] = long ? [5, 10] : brief ? [1, 3] : [3, 4]
  try {
    const line: CollectLine = {}
    for (const events of [3, 20]) {
      Object.assign(line, await withServer({}, (server) => compared(server, baseline, events, turns, seconds)))
      if (!brief)
        Object.assign(line, await withServer({ flushMs: SLOW_FLUSH_MS }, (server) => slow(server, events, seconds)))
    }
    const [steps, each] = long ? [6, 60] : brief ? [3, 3] : [4, 8]
    return { ...line, ...(await withServer({}, (server) => sustained(server, steps, each))) }
  } finally {
    bare.kill()
  }
}

/** Runs a measurement on a server that is started and stopped for it. */
async function withServer<T>(options: ServerOptions, work: (server: TestServer) => Promise<T>): Promise<T> {
  const server = await startServer(options)
  try {
    return await work(server)
  } finally {
    await server.stop()
  }
}

const addressOf = (server: TestServer) => server.url.replace('localhost', '127.0.0.1')

/** One run of the load at full speed. */
async function turn(url: string, pid: number, events: number, seconds: number): Promise<Turn> {
  const before = runTimes(pid)
  const result = await runLoad(url, { events, seconds })
  const after = runTimes(pid)
  if (result.notOk > 0) throw new Error(`${result.notOk} requests were not answered 2xx`)
  const each = (kind: 'main' | 'others') => ((after?.[kind] ?? Number.NaN) - (before?.[kind] ?? 0)) / result.ok
  return { ...result, mainUs: each('main'), othersUs: each('others') }
}

const middle = (turns: Turn[], figure: 'requestsPerS' | 'p99Ms' | 'mainUs' | 'othersUs') =>
  quantile(
    turns.map((each) => each[figure]),
    0.5,
  )

/** Acknowledged requests per second, of the collector and of the bare route. */
async function compared(
  server: TestServer,
  bare: { url: string; pid: number },
  events: number,
  turns: number,
  seconds: number,
): Promise<CollectLine> {
  const pid = server.process.pid!
  const [own, base]: [Turn[], Turn[]] = [[], []]
  await runLoad(bare.url, { events, seconds: 2 })
  // Longer, because it has more to compile, and no server is new for long.
  let acknowledged = (await runLoad(addressOf(server), { events, seconds })).ok
  for (let n = 0; n < turns; n++) {
    await settled(server, 300_000)
    base.push(await turn(bare.url, bare.pid, events, seconds))
    own.push(await turn(addressOf(server), pid, events, seconds))
    acknowledged += own.at(-1)!.ok
  }
  await checkStored(server, acknowledged * events)
  printTable(`where the time goes: µs for a request of ${events} events`, {
    'main thread': round(middle(own, 'mainUs'), 1),
    'main thread of the bare route': round(middle(base, 'mainUs'), 1),
    'other threads (checks and journal, landing, deriving)': round(middle(own, 'othersUs'), 1),
    ...Object.fromEntries(Object.entries(stepTimes(events)).map(([step, us]) => [`  ${step}`, round(us, 1)])),
  })
  return {
    [`rps_${events}`]: round(middle(own, 'requestsPerS')),
    [`bare_${events}`]: round(middle(base, 'requestsPerS')),
    [`ratio_${events}`]: round(middle(own, 'requestsPerS') / middle(base, 'requestsPerS'), 3),
    [`p99_ms_${events}`]: round(middle(own, 'p99Ms'), 1),
    [`bare_p99_ms_${events}`]: round(middle(base, 'p99Ms'), 1),
  }
}

/** The same load on a disk that is slow to flush. */
async function slow(server: TestServer, events: number, seconds: number): Promise<CollectLine> {
  const warm = await runLoad(addressOf(server), { events, seconds: 2 })
  const own = await turn(addressOf(server), server.process.pid!, events, seconds)
  await checkStored(server, (warm.ok + own.ok) * events)
  return { [`slow_disk_rps_${events}`]: round(own.requestsPerS), [`slow_disk_p99_ms_${events}`]: round(own.p99Ms, 1) }
}

/** Waits until everything has landed, then compares what was acknowledged, accepted by the journal and stored. */
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

/**
 * The highest rate without growing lag, found by bisection; and at that rate, how long after the end everything is
 * derived, for visitors who each send more than once a second. Requests of 3 events.
 */
async function sustained(server: TestServer, steps: number, seconds: number): Promise<CollectLine> {
  const url = addressOf(server)
  let [low, high] = [0, 12_000]
  let lagAtLow = 0
  let derivedAtLow = 0
  let total = 0
  for (let step = 0; step < steps; step++) {
    const rate = Math.round((low + high) / 2)
    const lags: number[] = []
    const watching = setInterval(async () => {
      const text = await (await fetch(`${server.url}/metrics`)).text()
      lags.push(1000 * Number(/^couture_landing_lag_seconds (\S+)/m.exec(text)?.[1] ?? 0))
    }, 200)
    const result = await runLoad(url, { events: 3, seconds, rate })
    clearInterval(watching)
    total += result.ok * 3
    const ended = performance.now()
    await settled(server, 300_000)
    const derived = performance.now() - ended
    const later = lags.slice(lags.length / 2)
    const kept = result.notOk === 0 && result.requestsPerS > 0.9 * rate && quantile(later, 0.5) < FLAT_LAG_MS
    if (kept) {
      low = rate
      lagAtLow = quantile(lags, 0.99)
      derivedAtLow = derived
    } else high = rate
  }
  await checkStored(server, total)
  return {
    sustained_events_per_s: low * 3,
    lag_p99_ms_sustained: round(lagAtLow),
    derived_ms_after_sustained: round(derivedAtLow),
  }
}
