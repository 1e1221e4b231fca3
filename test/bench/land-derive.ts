/** Lands and derives traffic, as a server does. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Kysely } from 'kysely'
import { createDeriver, type Deriver } from '../../server/derive/derive.ts'
import { openJournalReader } from '../../server/journal/journal.ts'
import { createDescribeAgent } from '../../server/land/agent.ts'
import { landBatch } from '../../server/land/land.ts'
import { createTurns } from '../../server/land/turns.ts'
import { createKeyring, memoized } from '../../server/ops/keyring.ts'
import type { Database } from '../../server/store/schema.ts'
import { ownsEverything } from '../../server/store/work/ownership.ts'
import { ENGINE } from '../support/store.ts'
import { writeJournal } from './fill.ts'
import type { Traffic } from './traffic.ts'

const tombstone = memoized(createKeyring('a secret of the bench').tombstone)

/** The deriver of a benchmark, which owns everything. */
export function deriverOf(db: Kysely<Database>): Deriver {
  return createDeriver({ db, ownership: ownsEverything, tombstone, seal: tombstone, now: () => Date.now() })
}

/** Writes traffic to a journal, then lands and derives all of it. Returns events per second. */
export async function project(deps: {
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
  const removeErased = async () => {}
  const describeAgent = createDescribeAgent()
  const unread = () => {}
  const landing = { db, journal, describeAgent, tombstone, removeErased, unread, now: () => Date.now() }
  const began = performance.now()
  const turns = createTurns({ now: () => performance.now(), interrupted: () => false })
  let landed = 0
  const landOnce = async (goOn: () => boolean) => {
    // As in the server: on PostgreSQL others land too.
    const { events, at } = await landBatch(landing, ENGINE === 'postgres' ? undefined : goOn)
    landed += events
    return { events, lagMs: at === null ? 0 : Date.now() - at }
  }
  for (;;) {
    const found = [await turns.land(landOnce), await turns.derive(deriver.round)]
    if (!found.some(Boolean) && (await dirtyMarks(db)) === 0) break
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
