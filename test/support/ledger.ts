/**
 * Load with a ledger: what was sent, what was acknowledged, and afterwards whether the store contains exactly that,
 * once. Senders behave like the tag: they repeat unacknowledged events, which may have been stored already.
 */
import BetterSqlite3 from 'better-sqlite3'
import type { WireEvent } from '../../tag/wire.ts'
import { batch, event, send } from './sender.ts'
import type { TestServer } from './server.ts'

type Batch = { visitor: string; events: WireEvent[] }

/** The outcome of the load. `waits`: replies of 503. `open`: neither acknowledged nor known to be stored. */
export type Ledger = { acknowledged: Batch[]; open: Batch[]; waits: number }

/** An empty ledger. */
export function createLedger(): Ledger {
  return { acknowledged: [], open: [], waits: 0 }
}

let visitors = 0

/** What a load looks like: `senders` at a time, each a visitor of its own, `bytes` of title in each event. */
export type LoadOptions = { senders?: number; bytes?: number; pauseMs?: number; until?: () => boolean }

/** Sends until `until` says so or the server is gone. A 503 must say when to come back. */
export async function sendLoad(
  server: Pick<TestServer, 'url' | 'cookie'>,
  ledger: Ledger,
  options: LoadOptions,
): Promise<void> {
  await Promise.all(Array.from({ length: options.senders ?? 16 }, () => sendAsOne(server, ledger, options)))
}

async function sendAsOne(
  server: Pick<TestServer, 'url' | 'cookie'>,
  ledger: Ledger,
  options: LoadOptions,
): Promise<void> {
  const visitor = `visitor-${String(++visitors).padStart(14, '0')}`
  const title = 'x'.repeat(options.bytes ?? 0)
  for (let i = 0; options.until === undefined || !options.until(); i++) {
    const events = [event('page'), event('view_item', 0, { items: [{ item_id: `item-${i % 7}` }] }), event('page')]
    if (title !== '') for (const each of events) each.props = { ...each.props, title }
    if (!(await deliver(server, ledger, { visitor, events }))) return
    if (options.pauseMs) await new Promise((resolve) => setTimeout(resolve, options.pauseMs))
  }
}

/** Sends one batch and records its outcome. Returns whether the server is still running. */
async function deliver(server: Pick<TestServer, 'url' | 'cookie'>, ledger: Ledger, sent: Batch): Promise<boolean> {
  try {
    const response = await send(server, batch(sent.events, { visitor: sent.visitor }))
    const reply = (await response.json()) as { accepted?: number; status?: number }
    if (response.status === 503) {
      if (!(Number(response.headers.get('retry-after')) > 0) || reply.status !== 503) {
        throw new Error(`a 503 must be a problem with Retry-After (got ${JSON.stringify(reply)})`)
      }
      ledger.waits++
      ledger.open.push(sent)
      return true
    }
    if (response.status !== 202 || reply.accepted !== sent.events.length) {
      throw new Error(`unexpected ${response.status} ${JSON.stringify(reply)}`)
    }
    ledger.acknowledged.push(sent)
    return true
  } catch (error) {
    // A connection cut by a kill; any other failure is a fault of the server.
    if (!(error instanceof TypeError) && (error as { name?: string }).name !== 'SyntaxError') throw error
    ledger.open.push(sent)
    return false
  }
}

/** Repeats unacknowledged batches until all are accepted. */
export async function repeatOpen(server: Pick<TestServer, 'url' | 'cookie'>, ledger: Ledger): Promise<void> {
  const end = performance.now() + 30_000
  while (ledger.open.length > 0) {
    if (performance.now() > end) throw new Error(`${ledger.open.length} batches are still not accepted`)
    const again = ledger.open.splice(0)
    for (const each of again) await deliver(server, ledger, each)
  }
}

/** Events: acknowledged, stored, acknowledged and not stored, counted twice, and stored though never sent. */
export type Tally = { acknowledged: number; stored: number; lost: number; twice: number; invented: number }

/** Compares the ledger with the store. Derived counts beyond the stored events are events counted twice. */
export function tally(dataDir: string, ledger: Ledger): Tally {
  const store = new BetterSqlite3(`${dataDir}/couture.db`, { readonly: true })
  try {
    const keys = (batches: Batch[]) => batches.flatMap((each) => each.events.map((own) => `${each.visitor} ${own.id}`))
    const rows = store.prepare("select visitor_id || ' ' || id from events where visitor_id like 'visitor-%'").pluck()
    const stored = new Set(rows.all() as string[])
    const counted = store.prepare("select sum(events) from visitors where visitor_id like 'visitor-%'").pluck().get()
    const acknowledged = keys(ledger.acknowledged)
    const known = new Set([...acknowledged, ...keys(ledger.open)])
    return {
      acknowledged: acknowledged.length,
      stored: stored.size,
      lost: acknowledged.filter((key) => !stored.has(key)).length,
      twice: Number(counted ?? 0) - stored.size,
      invented: [...stored].filter((key) => !known.has(key)).length,
    }
  } finally {
    store.close()
  }
}

/** Formats the figures of a test in one line. */
export function tallyText(what: string, ledger: Ledger, result: Tally): string {
  const { acknowledged, stored, lost, twice } = result
  return `${what}: acknowledged ${acknowledged} events, stored ${stored}, lost ${lost}, twice ${twice}, waits (503) ${ledger.waits}`
}

/** The expected outcome after repeating everything open: each acknowledged event is stored once. */
export function exactly(result: Tally): Tally {
  return { ...result, stored: result.acknowledged, lost: 0, twice: 0, invented: 0 }
}
