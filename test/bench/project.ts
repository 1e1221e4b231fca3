/**
 * How fast landing and deriving are, on an empty store and on a large one, beside a raw bulk insert of the same rows
 * into SQLite; how large an event is on disk; and how long an accepted event takes to show in a segment.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { createDeriver } from '../../server/derive/derive.ts'
import type { Entry } from '../../server/domain/event.ts'
import { landBatch } from '../../server/land/land.ts'
import { migrate } from '../../server/store/migrate.ts'
import { ownsEverything } from '../../server/store/ownership.ts'
import { seedPresets } from '../../server/store/segments.ts'
import { createSqliteStore } from '../../server/store/sqlite.ts'
import { event, sendAll } from '../support/sender.ts'
import { startServer, until } from '../support/server.ts'
import { quantile } from './table.ts'

const START = Date.UTC(2026, 0, 1)
const EVENTS_A_VISITOR = 12
const EVENTS_A_REQUEST = 3
/** A journal that is made as it is read: visitors come, look at things, and some fill a cart. */
function journal(first: number, events: number) {
  const requests = Math.ceil(events / EVENTS_A_REQUEST)
  const entry = (n: number): Entry => {
    const visitor = Math.floor((n * EVENTS_A_REQUEST) / EVENTS_A_VISITOR)
    const at = START + n * 40
    return {
      request: `r${n}`,
      site: 'shop',
      visitor: `visitor-${String(visitor).padStart(14, '0')}`,
      received_at: at,
      user_agent:
        'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36',
      keyed: false,
      consent: { id: 'choice', analytics: true, identity: true, marketing: true, source: 'manual', at },
      events: Array.from({ length: EVENTS_A_REQUEST }, (_, i) => ({
        id: `${String(at).padStart(14, '0')}-${i}-abcd`,
        type: i === 2 && n % 4 === 3 ? 'add_to_cart' : i === 1 ? 'view_item' : 'page',
        at: at + i,
        url: `https://shop.example/products/item-${n % 400}`,
        ...(i === 0
          ? {}
          : { props: { currency: 'EUR', items: [{ item_id: `item-${n % 400}`, price: 120.5, quantity: 1 }] } }),
      })),
    }
  }
  return {
    read: (after: number, maxEvents: number) => {
      const rows = []
      const from = Math.max(after, first)
      for (let n = from; n < first + requests && (n - from) * EVENTS_A_REQUEST < maxEvents; n += 32) {
        const group = Array.from({ length: Math.min(32, first + requests - n) }, (_, i) => entry(n + i))
        rows.push({
          id: n + group.length,
          at: group[0]!.received_at,
          body: JSON.stringify(group),
          events: group.length * EVENTS_A_REQUEST,
        })
      }
      return rows
    },
    end: first + requests,
  }
}

/** Runs the benchmark. */
export async function bench({ long }: { long: boolean }): Promise<Record<string, unknown>> {
  const folder = mkdtempSync(join(tmpdir(), 'couture-bench-'))
  const file = join(folder, 'couture.db')
  const db = createSqliteStore(file)
  await migrate(db)
  await seedPresets(db, START)
  let position = 0
  const now = () => START + position * 40 + 1000
  const tombstone = (visitor: string) => visitor
  const derive = () => createDeriver({ db, ownership: ownsEverything, tombstone, now }).round()
  const land = async (events: number) => {
    const source = journal(position, events)
    const began = performance.now()
    const describeAgent = () => ({ device: 'desktop', browser: 'Chrome', os: 'Linux' })
    while (position < source.end) {
      const deps = { db, journalId: 'bench', read: source.read, describeAgent, tombstone, now }
      position = (await landBatch(deps)).position
      await derive()
    }
    while (await derive());
    return Math.round(events / ((performance.now() - began) / 1000))
  }
  const part = long ? 300_000 : 60_000
  const sizes = long ? [0, 1_000_000, 5_000_000] : [0, 300_000]
  const perS: Record<string, number> = {}
  let stored = 0
  for (const size of sizes) {
    if (size > stored) {
      await land(size - stored)
      stored = size
    }
    perS[size] = await land(part)
    stored += part
  }
  const count = Number(
    (
      await db
        .selectFrom('events')
        .select((eb) => eb.fn.countAll().as('n'))
        .executeTakeFirstOrThrow()
    ).n,
  )
  if (count !== stored) throw new Error(`${stored} events were landed, but ${count} are stored`)
  await db.destroy()
  const bytes = Math.round(statSync(file).size / stored)
  const raw = rawInsert(folder, part)
  rmSync(folder, { recursive: true })
  return {
    engine: 'sqlite',
    events_per_s: perS,
    raw_insert_per_s: raw,
    bytes_per_event: bytes,
    rss_mb: Math.round(process.memoryUsage().rss / 1024 ** 2),
    freshness_p99_ms: await freshness(long ? 200 : 50),
  }
}

/** The same event rows, inserted a thousand a transaction into a table of their own. */
function rawInsert(folder: string, events: number): number {
  const sqlite = new BetterSqlite3(join(folder, 'raw.db'))
  sqlite.pragma('journal_mode = WAL')
  sqlite.pragma('synchronous = NORMAL')
  sqlite.exec(
    'create table events (visitor_id text, id text, site_id text, type text, at int, received_at int, identity int, marketing int, url text, referrer text, title text, props text, person_id text, primary key (visitor_id, id))',
  )
  const insert = sqlite.prepare('insert into events values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
  const source = journal(0, events)
  const rows = source.read(0, events).flatMap((row) => JSON.parse(row.body) as Entry[])
  const began = performance.now()
  let inserted = 0
  for (let i = 0; i < rows.length; i += 333) {
    sqlite.transaction(() => {
      for (const { visitor, site: siteId, received_at, events: own } of rows.slice(i, i + 333)) {
        for (const { id, type, at, url, props } of own) {
          insert.run(
            visitor,
            id,
            siteId,
            type,
            at,
            received_at,
            1,
            1,
            url ?? null,
            null,
            null,
            props ? JSON.stringify(props) : null,
            `v:${visitor}`,
          )
          inserted++
        }
      }
    })()
  }
  const perS = Math.round(inserted / ((performance.now() - began) / 1000))
  sqlite.close()
  return perS
}

/** From the acknowledgement of a cart that was left to the moment a segment shows it, on an idle server. */
async function freshness(probes: number): Promise<number> {
  const server = await startServer()
  const took: number[] = []
  const left = { currency: 'EUR', items: [{ item_id: 'ring', price: 120 }] }
  for (let i = 0; i < probes; i++) {
    const visitor = `probe-${String(i).padStart(16, '0')}`
    await sendAll(server, visitor, [event('add_to_cart', 120_000, left)])
    const began = performance.now()
    await until(async () => {
      const { data } = await server.get('/api/v1/segments/cart_abandoned/members')
      return data.some((member: { person: { id: string } }) => member.person.id === visitor)
    }, 'the cart to show')
    took.push(performance.now() - began)
  }
  await server.stop()
  return Math.round(quantile(took, 0.99))
}
