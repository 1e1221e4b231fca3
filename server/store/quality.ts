/**
 * Counts of what shops sent and nobody could read, and of what came without consent. All processes of a store add to the
 * same rows, a second's worth at a time. An example goes when its visitor withdraws or is erased, and after 30 days.
 */
import { type Kysely, sql, type Transaction } from 'kysely'
import { STANDARD_TYPES } from '../domain/event.ts'
import {
  type ArrivalCount,
  type Arrived,
  type Door,
  JUDGED_MS,
  type QualityCount,
  type QualityProblem,
  SLOT_MS,
} from '../domain/quality.ts'
import { MAX_NAMES, OTHER, type Tallied } from '../domain/quality-tally.ts'
import { ofKeys, ofRows } from './engine/many.ts'
import { transact } from './engine/transact.ts'
import type { Database } from './schema.ts'
import { findTombstones } from './tombstones.ts'

const DAY_MS = 24 * 3600_000

/** For how long an example is kept, and the counts. */
const EXAMPLE_DAYS = 30
const COUNT_DAYS = 400

/** For how long arrivals are kept. */
const ARRIVALS_MS = 2 * DAY_MS

const upsertCounts = ofRows((db, rows: QualityCount[]) =>
  db
    .insertInto('quality_counts')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['site_id', 'day', 'event', 'door', 'problem']).doUpdateSet((eb) => {
        const isNewer = eb.or([
          eb('quality_counts.example_at', 'is', null),
          eb('excluded.example_at', '>=', eb.ref('quality_counts.example_at')),
        ])
        const takes = eb.and([eb('excluded.example_at', 'is not', null), isNewer])
        const newer = <C extends 'example' | 'example_at' | 'example_of'>(column: C) =>
          eb
            .case()
            .when(takes)
            .then(eb.ref(`excluded.${column}`))
            .else(eb.ref(`quality_counts.${column}`))
            .end()
        return {
          count: eb('quality_counts.count', '+', eb.ref('excluded.count')),
          first_at: eb
            .case()
            .when('excluded.first_at', '<', eb.ref('quality_counts.first_at'))
            .then(eb.ref('excluded.first_at'))
            .else(eb.ref('quality_counts.first_at'))
            .end(),
          last_at: eb
            .case()
            .when('excluded.last_at', '>', eb.ref('quality_counts.last_at'))
            .then(eb.ref('excluded.last_at'))
            .else(eb.ref('quality_counts.last_at'))
            .end(),
          example: newer('example'),
          example_at: newer('example_at'),
          example_of: newer('example_of'),
        }
      }),
    ),
)

const upsertArrivals = ofRows((db, rows: ArrivalCount[]) =>
  db
    .insertInto('arrivals')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['site_id', 'slot', 'door']).doUpdateSet((eb) => ({
        events: eb('arrivals.events', '+', eb.ref('excluded.events')),
        without_consent: eb('arrivals.without_consent', '+', eb.ref('excluded.without_consent')),
      })),
    ),
)

/** Adds counts. Those of deleted sites are dropped, and so are examples of visitors that have left. */
export async function addQuality(db: Kysely<Database>, { problems, arrivals }: Tallied): Promise<void> {
  const sites = new Set((await db.selectFrom('sites').select('id').execute()).map((row) => row.id))
  const known = problems.filter((row) => sites.has(row.site_id))
  const named = await withinNames(db, known)
  const byKey = ({ site_id, day, event, door, problem }: QualityCount) =>
    `${site_id} ${day} ${event} ${door} ${problem}`
  const came = arrivals.filter((row) => sites.has(row.site_id))
  await transact(db, async (trx) => {
    const gone = await findTombstones(trx, [...new Set(named.flatMap((row) => row.example_of ?? []))])
    const rows = named.map((row) =>
      row.example_of !== null && gone.has(row.example_of)
        ? { ...row, example: null, example_at: null, example_of: null }
        : row,
    )
    // In one order, so that the processes of a store do not wait for each other in a circle.
    await upsertCounts(trx, inOrder(rows, byKey))
    await upsertArrivals(
      trx,
      inOrder(came, ({ site_id, slot, door }) => `${site_id} ${slot} ${door}`),
    )
  })
}

function inOrder<T>(rows: T[], keyOf: (row: T) => string): T[] {
  return rows
    .map((row) => [keyOf(row), row] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, row]) => row)
}

/** The counts with `other` for the names of a site past its limit. */
async function withinNames(db: Kysely<Database>, rows: QualityCount[]): Promise<QualityCount[]> {
  const own = rows.filter((row) => !STANDARD_TYPES.has(row.event))
  if (own.length === 0) return rows
  const names = new Map<string, Set<string>>()
  for (const [site, ofSite] of Map.groupBy(own, (row) => row.site_id)) {
    const since = Math.max(...ofSite.map((row) => row.day)) - EXAMPLE_DAYS
    const found = await db
      .selectFrom('quality_counts')
      .select('event')
      .distinct()
      .where('site_id', '=', site)
      .where('day', '>=', since)
      .execute()
    names.set(site, new Set(found.flatMap(({ event }) => (STANDARD_TYPES.has(event) ? [] : event))))
  }
  const merged = new Map<string, QualityCount>()
  for (const row of rows) {
    const known = names.get(row.site_id)
    const isOwn = known !== undefined && !STANDARD_TYPES.has(row.event)
    const event = isOwn && !known.has(row.event) && known.size >= MAX_NAMES ? OTHER : row.event
    if (isOwn) known.add(event)
    const key = `${row.site_id} ${row.day} ${event} ${row.door} ${row.problem}`
    const other = merged.get(key)
    merged.set(key, other === undefined ? { ...row, event } : sumOf(other, row))
  }
  return [...merged.values()]
}

function sumOf(a: QualityCount, b: QualityCount): QualityCount {
  const { example, example_at, example_of } = (b.example_at ?? 0) >= (a.example_at ?? 0) ? b : a
  return {
    ...a,
    ...{
      count: a.count + b.count,
      first_at: Math.min(a.first_at, b.first_at),
      last_at: Math.max(a.last_at, b.last_at),
    },
    ...{ example, example_at, example_of },
  }
}

/** One line of the report. */
export type QualityLine = {
  site: string
  event: string
  door: Door
  problem: QualityProblem
  count: number
  firstAt: number
  lastAt: number
  example: string | null
}

/** The place of a line in the report. */
export type QualityPosition = [site: string, event: string, door: string, problem: string]

/** The problems of the days from `from` to `to`, added up; of one site or of all. */
export async function listQuality(
  db: Kysely<Database>,
  given: { from: number; to: number; site: string | null },
  after: QualityPosition | null,
  limit: number,
): Promise<QualityLine[]> {
  const { from, to, site } = given
  const keys = ['site_id', 'event', 'door', 'problem'] as const
  const rows = await db
    .selectFrom('quality_counts as counts')
    .select(['counts.site_id', 'counts.event', 'counts.door', 'counts.problem'])
    .select((eb) => [
      eb.fn.sum('counts.count').as('count'),
      eb.fn.min('counts.first_at').as('first_at'),
      eb.fn.max('counts.last_at').as('last_at'),
    ])
    .where('counts.day', '>=', from)
    .where('counts.day', '<=', to)
    .$if(site !== null, (query) => query.where('counts.site_id', '=', site))
    .$if(after !== null, (query) =>
      query.where(sql<boolean>`(site_id, event, door, problem) > (${sql.join(after ?? [])})`),
    )
    .groupBy(['counts.site_id', 'counts.event', 'counts.door', 'counts.problem'])
    .orderBy('counts.site_id')
    .orderBy('counts.event')
    .orderBy('counts.door')
    .orderBy('counts.problem')
    .limit(limit)
    .execute()
  const examples = await examplesOf(db, { from, to, sites: [...new Set(rows.map((row) => row.site_id))] })
  return rows.map((row) => ({
    ...{ site: row.site_id, event: row.event, door: row.door, problem: row.problem, count: Number(row.count) },
    ...{ firstAt: Number(row.first_at), lastAt: Number(row.last_at) },
    example: examples.get(keys.map((key) => row[key]).join('\n')) ?? null,
  }))
}

/** The last example of each line of these sites. Examples are kept for 30 days, so there are few. */
async function examplesOf(
  db: Kysely<Database>,
  { from, to, sites }: { from: number; to: number; sites: string[] },
): Promise<Map<string, string>> {
  if (sites.length === 0) return new Map()
  const rows = await db
    .selectFrom('quality_counts')
    .select(['site_id', 'event', 'door', 'problem', 'example'])
    .where('site_id', 'in', sites)
    .where('example', 'is not', null)
    .where('day', '>=', from)
    .where('day', '<=', to)
    .orderBy('example_at')
    .execute()
  return new Map(
    rows.map((row) => [[row.site_id, row.event, row.door, row.problem].join('\n'), row.example ?? ''] as const),
  )
}

/** What arrived in the last hour, by site and door. */
export async function arrivedLately(db: Kysely<Database>, now: number, site: string | null = null): Promise<Arrived[]> {
  const since = now - JUDGED_MS
  const rows = await db
    .selectFrom('arrivals')
    .select((eb) => [
      'site_id',
      'door',
      eb.fn.sum('events').as('events'),
      eb.fn.sum('without_consent').as('without_consent'),
    ])
    .where('slot', '>=', since - (since % SLOT_MS))
    .$if(site !== null, (query) => query.where('site_id', '=', site))
    .groupBy(['site_id', 'door'])
    .orderBy('site_id')
    .orderBy('door')
    .execute()
  return rows.map((row) => ({
    ...{ site: row.site_id, door: row.door, events: Number(row.events) },
    without_consent: Number(row.without_consent),
  }))
}

const blank = ofKeys((db, hashes) =>
  db
    .updateTable('quality_counts')
    .set({ example: null, example_at: null, example_of: null })
    .where('example_of', 'in', hashes),
)

/** Blanks the examples that came from visitors, by their keyed hashes. */
export async function blankExamples(trx: Transaction<Database>, hashes: string[]): Promise<void> {
  await blank(trx, hashes)
}

/** Deletes the counts of a site. */
export async function deleteQualityOf(trx: Transaction<Database>, site: string): Promise<void> {
  await trx.deleteFrom('quality_counts').where('site_id', '=', site).execute()
  await trx.deleteFrom('arrivals').where('site_id', '=', site).execute()
}

/** Deletes what is too old. */
export async function removeOldQuality(db: Kysely<Database>, now: number): Promise<void> {
  const today = Math.floor(now / DAY_MS)
  await db
    .updateTable('quality_counts')
    .set({ example: null, example_at: null, example_of: null })
    .where('example_at', '<', now - EXAMPLE_DAYS * DAY_MS)
    .execute()
  await db
    .deleteFrom('quality_counts')
    .where('day', '<', today - COUNT_DAYS)
    .execute()
  await db
    .deleteFrom('arrivals')
    .where('slot', '<', now - ARRIVALS_MS)
    .execute()
}
