/**
 * How fast landing and deriving are, on an empty and on a large store, compared with a raw bulk insert of the same rows
 * into a separate table; how large an event is on disk; how much memory a server takes to work off a backlog; and how
 * long an accepted event takes to appear in a segment while the server is half busy.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Kysely, sql } from 'kysely'
import { createSite } from '../../server/actions/sites.ts'
import { visitorPerson } from '../../server/domain/ids.ts'
import { updatePresets } from '../../server/segments/presets.ts'
import { ofRows } from '../../server/store/engine/many.ts'
import { migrate } from '../../server/store/migrate.ts'
import { openPipelineStore } from '../../server/store/open.ts'
import { encodeJson } from '../../server/store/schema/columns.ts'
import type { EventRow } from '../../server/store/schema/visitors.ts'
import type { Database } from '../../server/store/schema.ts'
import { createDatabase, dropDatabase, ENGINE } from '../support/store.ts'
import { check, PART } from './fill.ts'
import { deriverOf, project } from './land-derive.ts'
import { backlog, freshness } from './server-load.ts'
import { createTraffic } from './traffic.ts'

const DAY_MS = 24 * 3600_000

/** Who makes the site. */
const BY = { actor: 'bench', id: 'bench', now: Date.now() }

/** Runs the benchmark. */
export async function bench({ brief, long }: { brief: boolean; long: boolean }): Promise<Record<string, unknown>> {
  const folder = mkdtempSync(join(tmpdir(), 'couture-bench-'))
  try {
    const databaseUrl = ENGINE === 'postgres' ? await createDatabase() : null
    const db = openPipelineStore({ databaseUrl, dataDir: folder })
    await migrate(db)
    await updatePresets(db, Date.now())
    await createSite(db, { id: 'demo', origins: [] }, BY)
    const traffic = createTraffic('demo', Date.now() - 2 * DAY_MS)
    const deriver = deriverOf(db)
    const run = (events: number) => project({ db, deriver, folder, traffic, events })
    const perS: Record<string, number> = {}
    for (const size of sizesOf({ brief, long })) {
      while (traffic.expected().events < size) await run(Math.min(PART, size - traffic.expected().events))
      const parts = brief ? [await run(PART)] : [await run(PART), await run(PART)]
      perS[size] = Math.round(parts.length / parts.reduce((sum, part) => sum + 1 / part, 0))
    }
    const expected = traffic.expected()
    await check(db, expected)
    const bytes = await sizeOf(db)
    const raw = await rawInsert(db, 2 * PART)
    await db.destroy()
    if (databaseUrl !== null) await dropDatabase(databaseUrl)
    const line = {
      engine: ENGINE,
      events_per_s: perS,
      ratio_to_empty: sharesOf(perS, perS[0]!),
      raw_insert_per_s: raw,
      ratio_to_raw: sharesOf(perS, raw),
      bytes_per_event: Math.round(bytes / expected.events),
    }
    // In short runs a whole server is measured on SQLite only.
    if (brief && ENGINE === 'postgres') return line
    return {
      ...line,
      ...(await backlog(long ? 1_000_000 : 100_000)),
      ...(await freshness(long ? 30 : brief ? 5 : 8)),
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const sharesOf = (figures: Record<string, number>, of: number): Record<string, number> =>
  Object.fromEntries(Object.entries(figures).map(([size, figure]) => [size, Number((figure / of).toFixed(2))]))

/** How many events the store holds when it is measured. */
function sizesOf({ brief, long }: { brief: boolean; long: boolean }): number[] {
  if (long) return [0, 1_000_000, 5_000_000, 10_000_000]
  if (brief) return ENGINE === 'postgres' ? [0] : [0, 300_000]
  return [0, 1_000_000]
}

/** The size of the whole store in bytes, including indexes. */
async function sizeOf(db: Kysely<Database>): Promise<number> {
  const query =
    ENGINE === 'postgres'
      ? sql<{ bytes: number }>`select pg_database_size(current_database()) as bytes`
      : sql<{ bytes: number }>`select page_count * page_size as bytes from pragma_page_count, pragma_page_size`
  return Number((await query.execute(db)).rows[0]!.bytes)
}

const insertRaw = ofRows((db, rows: EventRow[]) => db.insertInto('raw_events' as 'events').values(rows))

/** The same number of rows, inserted a thousand per transaction into a table with only its primary key. */
async function rawInsert(db: Kysely<Database>, events: number): Promise<number> {
  await sql`create table raw_events as select * from events where visitor_id = ''`.execute(db)
  await sql`create unique index raw_events_pk on raw_events (visitor_id, id)`.execute(db)
  const rows = createTraffic('demo', 0)
    .next(events)
    .entries.flatMap((entry) =>
      entry.events.map(
        ({ id, type, at, url, title, props }): EventRow => ({
          visitor_id: entry.visitor,
          id,
          site_id: entry.site,
          type,
          at,
          received_at: entry.received_at,
          identity: 1,
          marketing: 1,
          url: url ?? null,
          referrer: null,
          title: title ?? null,
          props: props ? encodeJson<Record<string, unknown>>(props) : null,
          person_id: visitorPerson(entry.visitor, 1),
        }),
      ),
    )
  const began = performance.now()
  for (let i = 0; i < rows.length; i += 1000) {
    await db.transaction().execute((trx) => insertRaw(trx, rows.slice(i, i + 1000)))
  }
  return Math.round(rows.length / ((performance.now() - began) / 1000))
}
