/**
 * How fast landing and deriving are, on an empty store and on a large one, beside a raw bulk insert of the same rows
 * into SQLite; how large an event is on disk; what memory a server takes that works off a backlog; and how long an
 * accepted event takes to show in a segment while the server is half busy.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import type { Kysely } from 'kysely'
import { createDeriver, type Deriver } from '../../server/derive/derive.ts'
import { openJournalReader } from '../../server/journal/journal.ts'
import { createDescribeAgent } from '../../server/land/agent.ts'
import { landBatch } from '../../server/land/land.ts'
import { createTurns } from '../../server/land/turns.ts'
import { createKeyring, remembering } from '../../server/ops/keyring.ts'
import { migrate } from '../../server/store/migrate.ts'
import { ownsEverything } from '../../server/store/ownership.ts'
import type { Database } from '../../server/store/schema.ts'
import { seedPresets } from '../../server/store/segments.ts'
import { createSqliteStore } from '../../server/store/sqlite.ts'
import { check, PART, writeJournal } from './fill.ts'
import { backlog, freshness } from './server-load.ts'
import { createTraffic, type Traffic } from './traffic.ts'

const DAY_MS = 24 * 3600_000
const tombstone = remembering(createKeyring('a secret of the bench').tombstone)

/** Runs the benchmark. */
export async function bench({ long }: { long: boolean }): Promise<Record<string, unknown>> {
  const folder = mkdtempSync(join(tmpdir(), 'couture-bench-'))
  try {
    const file = join(folder, 'couture.db')
    const db = createSqliteStore(file)
    await migrate(db)
    await seedPresets(db, Date.now())
    const traffic = createTraffic('demo', Date.now() - 2 * DAY_MS)
    const deriver = createDeriver({ db, ownership: ownsEverything, tombstone, now: () => Date.now() })
    const run = (events: number) => project({ db, deriver, folder, traffic, events })
    const perS: Record<string, number> = {}
    for (const size of long ? [0, 1_000_000, 5_000_000, 10_000_000] : [0, 1_000_000]) {
      while (traffic.expected().events < size) await run(Math.min(PART, size - traffic.expected().events))
      const parts = [await run(PART), await run(PART)]
      perS[size] = Math.round(2 / (1 / parts[0]! + 1 / parts[1]!))
    }
    const expected = traffic.expected()
    await check(db, expected)
    await db.destroy()
    return {
      engine: 'sqlite',
      events_per_s: perS,
      raw_insert_per_s: rawInsert(folder, 2 * PART),
      bytes_per_event: Math.round(statSync(file).size / expected.events),
      ...(await backlog(long ? 1_000_000 : 100_000)),
      ...(await freshness(long ? 30 : 8)),
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Writes traffic to a journal of its own, then lands and derives all of it. Returns events a second. */
async function project(deps: {
  db: Kysely<Database>
  deriver: Deriver
  folder: string
  traffic: Traffic
  events: number
}): Promise<number> {
  const { db, deriver } = deps
  const file = join(deps.folder, 'journal.db')
  await writeJournal(file, db, deps.traffic, deps.events)
  const journal = openJournalReader(file)
  const landing = { db, journal, describeAgent: createDescribeAgent(), tombstone, now: () => Date.now() }
  const began = performance.now()
  const turns = createTurns()
  let landed = 0
  for (;;) {
    const batch = await landBatch(landing)
    landed += batch.events
    const lagMs = batch.at === null ? 0 : Date.now() - batch.at
    const derived = turns.derives({ events: batch.events, lagMs }) && (await deriver.round())
    if (batch.events === 0 && !derived && (await dirtyMarks(db)) === 0) break
  }
  const perS = landed / ((performance.now() - began) / 1000)
  journal.close()
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true })
  return perS
}

async function dirtyMarks(db: Kysely<Database>): Promise<number> {
  const marked = await Promise.all(
    (['dirty_visitors', 'dirty_persons', 'dirty_contacts'] as const).map((table) =>
      db.selectFrom(table).select('key').limit(1).execute(),
    ),
  )
  return marked.flat().length
}

/** The rows of as many events, inserted a thousand a transaction into a table of their own. */
function rawInsert(folder: string, events: number): number {
  const sqlite = new BetterSqlite3(join(folder, 'raw.db'))
  sqlite.pragma('journal_mode = WAL')
  sqlite.pragma('synchronous = NORMAL')
  sqlite.exec(
    'create table events (visitor_id text, id text, site_id text, type text, at int, received_at int, identity int, marketing int, url text, referrer text, title text, props text, person_id text, primary key (visitor_id, id))',
  )
  const insert = sqlite.prepare('insert into events values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
  const rows = createTraffic('demo', 0)
    .next(events)
    .entries.flatMap(({ visitor, site, received_at, events: own }) =>
      own.map(({ id, type, at, url, title, props }) => [
        visitor,
        id,
        site,
        type,
        at,
        received_at,
        1,
        1,
        url ?? null,
        null,
        title ?? null,
        props ? JSON.stringify(props) : null,
        `v:${visitor}`,
      ]),
    )
  const began = performance.now()
  for (let i = 0; i < rows.length; i += 1000) {
    sqlite.transaction(() => {
      for (const row of rows.slice(i, i + 1000)) insert.run(...row)
    })()
  }
  const perS = Math.round(rows.length / ((performance.now() - began) / 1000))
  sqlite.close()
  return perS
}
