/**
 * Visitors with many events that all need deriving again, as after a change of settings: they are processed in
 * turns, so that landing never waits for much more than one of them.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createDeriver } from '../../server/derive/derive.ts'
import type { Entry } from '../../server/domain/event.ts'
import { landBatch } from '../../server/land/land.ts'
import { migrate } from '../../server/store/migrate.ts'
import { openPipelineStore } from '../../server/store/open.ts'
import { mark } from '../../server/store/work/dirty.ts'
import { ownsEverything } from '../../server/store/work/ownership.ts'
import { journalOfRows } from '../support/rows-journal.ts'

const NOW = Date.UTC(2026, 3, 1)
const MINUTE_MS = 60_000

test('many visitors with many events are derived in turns, each once', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'couture-heavy-'))
  const db = openPipelineStore({ dataDir, databaseUrl: null })
  try {
    await migrate(db)
    const sizes = { a: 3000, b: 1700, c: 7500, d: 10, e: 20 }
    for (const [visitor, events] of Object.entries(sizes)) {
      const consent = { id: 'x', analytics: true, identity: true, marketing: true, source: 'manual' as const, at: NOW }
      const entry: Entry = {
        request: `r-${visitor}`,
        site: 'shop',
        visitor,
        received_at: NOW,
        keyed: true,
        consent,
        events: Array.from({ length: events }, (_, i) => ({ id: `e${i}`, type: 'page', at: NOW - i * MINUTE_MS })),
      }
      const rows = [{ id: 1, at: NOW, body: JSON.stringify([entry]), events }]
      const journal = journalOfRows(`of-${visitor}`, (after) => (after > 0 ? [] : rows))
      const describeAgent = () => ({ device: 'desktop', browser: null, os: null })
      const tombstone = (id: string) => `gone ${id}`
      await landBatch({
        db,
        journal,
        describeAgent,
        tombstone,
        removeErased: async () => {},
        unread: () => {},
        now: () => NOW,
      })
    }
    const turns: number[] = []
    const derive = async () => {
      const deriver = createDeriver({
        db,
        ownership: ownsEverything,
        tombstone: (id) => `gone ${id}`,
        seal: (id) => `sealed ${id}`,
        now: () => NOW,
        onDerived: (stage, keys) => stage === 'visitor' && turns.push(keys),
      })
      while (await deriver.round());
    }
    await derive()
    turns.length = 0
    await mark(db, 'dirty_visitors', Object.keys(sizes))
    await derive()
    // a and b; c alone; d and e.
    expect(turns).toEqual([2, 1, 2])
    expect(await db.selectFrom('dirty_visitors').selectAll().execute()).toEqual([])
    const rows = await db.selectFrom('visitors').select(['visitor_id', 'events']).orderBy('visitor_id').execute()
    expect(Object.fromEntries(rows.map((row) => [row.visitor_id, row.events]))).toEqual(sizes)
  } finally {
    await db.destroy()
    rmSync(dataDir, { recursive: true })
  }
})
