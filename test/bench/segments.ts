/**
 * What segments cost with a shop's thirty definitions: how long each one takes to evaluate in full, beside the same question
 * as one query by hand; how many touched persons are judged per second; previews and pages of members; what memberships
 * cost landing and deriving; the size of the tables; and how long an accepted event takes to show in a segment.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Kysely, sql } from 'kysely'
import { createSite } from '../../server/actions/sites.ts'
import type { Deriver } from '../../server/derive/derive.ts'
import { contactId, contactPerson, visitorId, visitorPerson } from '../../server/domain/ids.ts'
import { createSegment } from '../../server/segments/definitions.ts'
import { hasJudging } from '../../server/segments/judging-step.ts'
import { listMembers } from '../../server/segments/member-list.ts'
import type { SegmentNode } from '../../server/segments/nodes/node.ts'
import { PRESETS } from '../../server/segments/preset-definitions.ts'
import { preview } from '../../server/segments/preview.ts'
import { localeOf, readRules } from '../../server/segments/rules.ts'
import { personsWhere } from '../../server/segments/where.ts'
import { migrate } from '../../server/store/migrate.ts'
import { openPipelineStore } from '../../server/store/open.ts'
import type { Database } from '../../server/store/schema.ts'
import { mark } from '../../server/store/work/dirty.ts'
import { createDatabase, dropDatabase, ENGINE } from '../support/store.ts'
import { PART } from './fill.ts'
import { deriverOf, project } from './land-derive.ts'
import { freshness } from './server-load.ts'
import { quantile } from './table.ts'
import { createTraffic } from './traffic.ts'

const DAY_MS = 24 * 3600_000
const DAYS = 90
const SEGMENTS = 30
const BY = { actor: 'bench', id: 'bench', now: Date.now() }

/** Definitions as a shop adds them to the presets, over and over with another number. */
const KINDS: ((n: number) => SegmentNode)[] = [
  (n) => ({ all: [{ matched: true }, { cart: { state: 'abandoned', value: { gte: 50 * n } } }] }),
  (n) => ({ event: { type: 'view_item', same: 'item_id', count: { gte: 1 + n }, within: `${n * 7}d` } }),
  (n) => ({ all: [{ consent: { mail: true } }, { not: { event: { type: 'purchase', within: `${30 * n}d` } } }] }),
  (n) => ({ visitor: { sessions: { gte: n }, last_seen: { within: `${10 * n}d` } } }),
  (n) => ({
    sequence: {
      first: { type: 'add_to_cart', within: `${30 * n}d` },
      then: { type: 'purchase' },
      within: '1h',
      absent: true,
    },
  }),
]

/** How many events the store holds. */
function sizeOf({ brief, long }: { brief: boolean; long: boolean }): number {
  if (long) return 10_000_000
  return brief ? 200_000 : 1_000_000
}

/** Runs the benchmark. */
export async function bench(options: { brief: boolean; long: boolean }): Promise<Record<string, unknown>> {
  const folder = mkdtempSync(join(tmpdir(), 'couture-bench-'))
  const databaseUrl = ENGINE === 'postgres' ? await createDatabase() : null
  const db = openPipelineStore({ databaseUrl, dataDir: folder })
  try {
    await migrate(db)
    await createSite(db, { id: 'demo', origins: [] }, BY)
    const events = sizeOf(options)
    const requestMs = (DAYS * DAY_MS) / (events / 3)
    const openVisits = Math.max(2, Math.round(60_000 / requestMs))
    const traffic = createTraffic('demo', Date.now() - DAYS * DAY_MS, { requestMs, openVisits })
    const deriver = deriverOf(db)
    const run = (more: number) => project({ db, deriver, folder, traffic, events: more })
    for (let left = events; left > 0; left -= PART) await run(Math.min(PART, left))
    const bare = await run(PART / 2)
    const began = performance.now()
    await define(db)
    while (await hasJudging(db, null)) await deriver.round()
    const filled = performance.now() - began
    const judged = await run(PART / 2)
    const touched = await touch(db, deriver, options.brief ? 5000 : 20_000)
    return {
      engine: ENGINE,
      events: traffic.expected().events,
      persons: traffic.expected().persons,
      segments: SEGMENTS,
      filled_all_s: seconds(filled),
      touched_persons_per_s: Math.round(touched),
      events_per_s: { without: Math.round(bare), with: Math.round(judged), ratio: ratio(judged, bare) },
      full_ms: await full(db),
      preview_ms: await previews(db),
      page_p95_ms: await pages(db),
      ...(await bytes(db)),
      ...(options.brief && ENGINE === 'postgres' ? {} : await freshness(options.long ? 30 : 8)),
    }
  } finally {
    await db.destroy()
    if (databaseUrl !== null) await dropDatabase(databaseUrl)
    rmSync(folder, { recursive: true })
  }
}

const seconds = (ms: number) => Number((ms / 1000).toFixed(1))
const ratio = (a: number, b: number) => Number((a / b).toFixed(2))

/** Adds the presets and as many more as make thirty. */
async function define(db: Kysely<Database>): Promise<void> {
  const own = PRESETS.map(({ id, name, node }) => ({ id, name, node }))
  for (let n = 0; own.length < SEGMENTS; n++) {
    const node = KINDS[n % KINDS.length]?.(1 + Math.floor(n / KINDS.length))
    if (node) own.push({ id: `shop-${n}`, name: `Shop ${n}`, node })
  }
  await db.transaction().execute(async (trx) => {
    for (const definition of own) await createSegment(trx, definition, { actor: 'bench', at: Date.now() })
  })
}

/** Derives persons that something touched, with all their memberships; returns persons per second. */
async function touch(db: Kysely<Database>, deriver: Deriver, persons: number): Promise<number> {
  const rows = await db.selectFrom('persons').select('person_id').orderBy('person_id').limit(persons).execute()
  await mark(
    db,
    'dirty_persons',
    rows.map((row) => row.person_id),
  )
  const began = performance.now()
  while (await deriver.round());
  return rows.length / ((performance.now() - began) / 1000)
}

/** How long each preset's members take to find, in milliseconds, and abandoned carts by a query written by hand. */
async function full(db: Kysely<Database>): Promise<Record<string, number>> {
  const rules = await readRules(db)
  const found: Record<string, number> = {}
  for (const { id, node } of PRESETS) {
    const query = personsWhere(db, node, Date.now(), localeOf(rules.shop, {}))
    found[id] = await timed(() => query.select((eb) => eb.fn.countAll().as('n')).execute())
  }
  const now = Date.now()
  found['cart_abandoned by hand'] = await timed(() =>
    sql`select count(*) from carts where state = 'open' and idle_at <= ${now} and updated_at > ${now - 7 * DAY_MS}`.execute(
      db,
    ),
  )
  return found
}

/** The median and the 95th percentile of previews of the presets, in milliseconds. */
async function previews(db: Kysely<Database>): Promise<Record<string, number>> {
  const rules = await readRules(db)
  const times: number[] = []
  for (const { node } of PRESETS) {
    const options = { now: Date.now(), language: 'en' as const, isCancelled: () => false }
    times.push(await timed(() => preview(db, rules, { node }, options)))
  }
  return { p50: quantile(times, 0.5), p95: quantile(times, 0.95) }
}

/** The 95th percentile of a page of a hundred members at any place of the largest segments, in milliseconds. */
async function pages(db: Kysely<Database>): Promise<number> {
  const largest = await db
    .selectFrom('segment_members')
    .select('segment_id')
    .groupBy('segment_id')
    .orderBy((eb) => eb.fn.countAll(), 'desc')
    .limit(3)
    .execute()
  const times: number[] = []
  for (const { segment_id: id } of largest) {
    for (const start of ['A', 'M', 'Z', 'd', 'm', 't']) {
      for (const after of [contactPerson(contactId(start)), visitorPerson(visitorId(start), 1)]) {
        times.push(await timed(() => listMembers(db, id, { floor: null, after, limit: 100 })))
      }
    }
  }
  return quantile(times, 0.95)
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return Number((performance.now() - began).toFixed(1))
}

/** How large the tables of segments are, in bytes, with their indexes. */
async function bytes(db: Kysely<Database>): Promise<Record<string, unknown>> {
  const tables = ['segment_members', 'persons', 'person_days', 'visits', 'person_orders']
  const size: Record<string, number> = {}
  for (const table of tables) {
    const query =
      ENGINE === 'postgres'
        ? sql<{ bytes: number | null }>`select pg_total_relation_size(${table}) as bytes`
        : sql<{
            bytes: number | null
          }>`select sum(pgsize) as bytes from dbstat where name in (select name from sqlite_master where tbl_name = ${table})`
    size[table] = Number((await query.execute(db)).rows[0]?.bytes ?? 0)
  }
  return { bytes: size }
}
