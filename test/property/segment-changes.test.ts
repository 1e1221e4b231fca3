/**
 * After any changes of definitions, in any order and with any progress of judging in between, memberships equal
 * a full evaluation by the final definitions.
 */
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { createDeriver } from '../../server/derive/derive.ts'
import { judgeAgain } from '../../server/derive/person.ts'
import type { Entry } from '../../server/domain/event.ts'
import { landBatch } from '../../server/land/land.ts'
import { changeSegment, createSegment, deleteSegment } from '../../server/segments/definitions.ts'
import { judge } from '../../server/segments/evaluate.ts'
import { judgingProgress } from '../../server/segments/judging.ts'
import type { SegmentNode } from '../../server/segments/nodes/node.ts'
import { updatePresets } from '../../server/segments/presets.ts'
import { localeOf, readRules } from '../../server/segments/rules.ts'
import { personsWhere } from '../../server/segments/where.ts'
import { transact } from '../../server/store/engine/transact.ts'
import { BUCKETS } from '../../server/store/work/buckets.ts'
import { ownsEverything } from '../../server/store/work/ownership.ts'
import { amount } from '../support/long.ts'
import { dropPlaces, placeOf } from '../support/place.ts'
import { journalOfRows } from '../support/rows-journal.ts'
import { ENGINE } from '../support/store.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 0, 1)
const BY = { actor: 'test', at: START }
const tombstone = (visitor: string) => visitor

const NODES: SegmentNode[] = [
  { cart: {} },
  { cart: { state: 'open' } },
  { cart: { state: 'abandoned', idle: { max: '7d' } } },
  { cart: { idle: { min: '2h', max: '1d' } } },
  { all: [{ matched: false }, { cart: { state: 'abandoned' } }] },
  { consent: { marketing: true } },
  { not: { cart: { state: 'abandoned' } } },
  { any: [{ cart: { idle: { max: '3h' } } }, { cart: { idle: { min: '2h', max: '2d' } } }] },
  { cart: { state: 'recovered', idle: { max: '2d' } } },
  { cart: { state: 'converted', contains: { item_id: 'ring' } } },
  { order: { count: { gte: 2 }, within: '2d' } },
  { order: { last: { before: '1d' }, total: { gte: 10 } } },
  { order: { count: 0 } },
]
const SEGMENTS = ['a', 'b', 'cart_abandoned']
const HALVES = [0, 1].map((half) => Array.from({ length: BUCKETS / 2 }, (_, i) => 2 * i + half))

type Step =
  | { do: 'visit'; visitor: number; type: 'add_to_cart' | 'purchase' | 'page' }
  | { do: 'wait'; minutes: number }
  | { do: 'define'; segment: string; node: SegmentNode }
  | { do: 'delete'; segment: string }
  /** Judges two persons of half the buckets, like one of two processes. */
  | { do: 'judge'; half: number }
  | { do: 'derive' }

const segment = fc.constantFrom(...SEGMENTS)
const steps = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constant('visit' as const),
      visitor: fc.integer({ min: 0, max: 9 }),
      type: fc.constantFrom('add_to_cart' as const, 'add_to_cart' as const, 'purchase' as const, 'page' as const),
    }),
    fc.record({ do: fc.constant('wait' as const), minutes: fc.integer({ min: 1, max: 3 * 1440 }) }),
    fc.record({ do: fc.constant('define' as const), segment, node: fc.constantFrom(...NODES) }),
    fc.record({ do: fc.constant('delete' as const), segment }),
    fc.record({ do: fc.constant('judge' as const), half: fc.integer({ min: 0, max: 1 }) }),
    fc.record({ do: fc.constant('derive' as const) }),
  ),
  { minLength: 5, maxLength: 40 },
)

function entryOf(visitor: number, type: string, at: number, id: number): Entry {
  const props = { currency: 'EUR', items: [{ item_id: 'ring', price: 10 }] }
  return {
    ...{ request: `r${id}`, site: 'shop', visitor: `visitor-${visitor}`, received_at: at, keyed: false },
    consent: { id: 'c', analytics: true, identity: true, marketing: true, source: 'manual', at },
    events: [{ id: `e${String(id).padStart(4, '0')}`, type, at, props }],
  }
}

const RUNS = Number(process.env.PROPERTY_RUNS ?? (ENGINE === 'sqlite' ? amount(30, 200) : amount(8, 40)))

afterAll(dropPlaces)

test('after any sequence of changes members equal a full evaluation', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const place = await placeOf(ENGINE)
      const db = place.open()
      let now = START
      const rows: { id: number; at: number; body: string; events: number }[] = []
      const deriver = createDeriver({ db, ownership: ownsEverything, tombstone, seal: tombstone, now: () => now })
      const take = async (step: Step): Promise<unknown> => {
        switch (step.do) {
          case 'visit': {
            const body = JSON.stringify([entryOf(step.visitor, step.type, now, rows.length)])
            rows.push({ id: rows.length + 1, at: now, body, events: 1 })
            return landBatch({
              db,
              journal: journalOfRows('journal', (after) => rows.filter((row) => row.id > after)),
              describeAgent: () => ({ device: 'desktop', browser: null, os: null }),
              tombstone,
              removeErased: async () => {},
              unread: () => {},
              now: () => now,
            })
          }
          case 'wait':
            now += step.minutes * MINUTE
            return
          case 'define': {
            const definition = { id: step.segment, name: step.segment, node: step.node }
            return transact(db, async (trx) => {
              if ((await createSegment(trx, definition, BY)) === 'exists') await changeSegment(trx, definition, BY)
            })
          }
          case 'delete':
            return transact(db, (trx) => deleteSegment(trx, step.segment, BY))
          case 'judge':
            return transact(db, (trx) => judgeAgain(trx, HALVES[step.half]!, now, 2))
          case 'derive':
            return deriver.round()
        }
      }
      try {
        await updatePresets(db, START)
        for (const step of sequence) await take(step)
        while (await deriver.round());

        expect(await judgingProgress(db)).toEqual(new Map())
        expect(await db.selectFrom('segment_judging').selectAll().execute()).toEqual([])
        const persons = (await db.selectFrom('persons').select('person_id').execute()).map((row) => row.person_id)
        const evaluated = []
        const rules = await readRules(db)
        const ids = [...rules.definitions.keys()]
        for (const [id, verdicts] of (await judge(db, rules, ids, now, persons)).verdicts) {
          for (const { personId, entered } of verdicts) if (entered) evaluated.push([id, personId, entered.at])
        }
        const members = await db.selectFrom('segment_members').selectAll().execute()
        expect(members.map((row) => [row.segment_id, row.person_id, row.entered_at]).sort()).toEqual(evaluated.sort())
        for (const definition of rules.definitions.values()) {
          const locale = localeOf(rules.shop, definition)
          const found = await personsWhere(db, definition.node, now, locale).select('person_id').execute()
          const own = members.filter((row) => row.segment_id === definition.id)
          expect(found.map((row) => row.person_id).sort()).toEqual(own.map((row) => row.person_id).sort())
        }
      } finally {
        await db.destroy()
        await place.done()
      }
    }),
    { numRuns: RUNS },
  )
})
