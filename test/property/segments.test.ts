/**
 * Memberships updated by events and by time equal a full evaluation from scratch, whatever the clock's
 * steps; and the time of entry does not depend on the time of evaluation.
 */
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { createDeriver } from '../../server/derive/derive.ts'
import type { Entry } from '../../server/domain/event.ts'
import { visitorId, visitorPerson } from '../../server/domain/ids.ts'
import { landBatch } from '../../server/land/land.ts'
import { updatePresets } from '../../server/segments/presets.ts'
import { ownsEverything } from '../../server/store/work/ownership.ts'
import { amount } from '../support/long.ts'
import { dropPlaces, placeOf } from '../support/place.ts'
import { journalOfRows } from '../support/rows-journal.ts'
import { ENGINE } from '../support/store.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const START = Date.UTC(2026, 0, 1)
const tombstone = (visitor: string) => visitor

/** What a visitor does at a number of minutes after the start: adds to the cart, empties it, or buys. */
type Act = { visitor: number; minute: number; type: 'add_to_cart' | 'remove_from_cart' | 'purchase' | 'page' }

const acts = fc.array(
  fc.record({
    visitor: fc.integer({ min: 0, max: 3 }),
    minute: fc.integer({ min: 0, max: 12 * 1440 }),
    type: fc.constantFrom<Act['type']>('add_to_cart', 'add_to_cart', 'remove_from_cart', 'purchase', 'page'),
  }),
  { maxLength: 25 },
)
/** A purchase and an addition to the cart at the same moment, whose order is unknown. */
const boughtAtOnce: Act[] = [
  { visitor: 1, minute: 1, type: 'purchase' },
  { visitor: 1, minute: 1, type: 'add_to_cart' },
]
/** Steps of the clock, in minutes: some shorter than a cart's idle time, some longer than a week. */
const steps = fc.array(fc.oneof(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 90, max: 9 * 1440 })), {
  maxLength: 12,
})

/**
 * The members at `now` and their time of entry by the rule in words: a non-empty cart, unchanged for 1 h to 7 d, and
 * no purchase at or after its last change (nor at the same moment: no contact is reminded of items it may have bought).
 */
function expected(history: Act[], now: number): Record<string, number> {
  const members: Record<string, number> = {}
  for (const visitor of new Set(history.map((act) => act.visitor))) {
    let quantity = 0
    let touched = 0
    let bought = 0
    for (const act of history.filter((each) => each.visitor === visitor)) {
      const at = START + act.minute * MINUTE
      if (act.type === 'add_to_cart') quantity++
      if (act.type === 'remove_from_cart') quantity = Math.max(0, quantity - 1)
      if (act.type === 'purchase') [quantity, bought] = [0, at]
      if (act.type === 'add_to_cart' || (act.type === 'remove_from_cart' && quantity > 0)) touched = at
    }
    const idle = now - touched
    const abandoned = quantity > 0 && bought < touched && idle >= 60 * MINUTE && idle < 7 * DAY
    if (abandoned) members[visitorPerson(visitorId(`visitor-${visitor}`), 1)] = touched + 60 * MINUTE
  }
  return members
}

function entryOf(act: Act, index: number): Entry {
  const at = START + act.minute * MINUTE
  const items = [{ item_id: 'ring', price: 10, quantity: 1 }]
  return {
    request: `r${index}`,
    site: 'shop',
    visitor: `visitor-${act.visitor}`,
    received_at: at,
    keyed: false,
    consent: { id: 'c', analytics: true, identity: true, marketing: true, source: 'manual', at },
    events: [{ id: `e${String(index).padStart(4, '0')}`, type: act.type, at, props: { currency: 'EUR', items } }],
  }
}

const RUNS = Number(process.env.PROPERTY_RUNS ?? (ENGINE === 'sqlite' ? amount(60, 300) : amount(12, 60)))

afterAll(dropPlaces)

test('memberships updated by events and edges equal a full evaluation at that time', async () => {
  await fc.assert(
    fc.asyncProperty(acts, steps, async (unsorted, clock) => {
      const history = unsorted.toSorted((a, b) => a.minute - b.minute)
      const place = await placeOf(ENGINE)
      const db = place.open()
      let now = START
      try {
        await updatePresets(db, START)
        const rows = history.map((act, i) => ({
          id: i + 1,
          at: START,
          body: JSON.stringify([entryOf(act, i)]),
          events: 1,
        }))
        const land = () =>
          landBatch({
            db,
            journal: journalOfRows('journal', (after) =>
              rows.filter((row) => row.id > after && START + history[row.id - 1]!.minute * MINUTE <= now),
            ),
            describeAgent: () => ({ device: 'desktop', browser: null, os: null }),
            tombstone,
            removeErased: async () => {},
            unread: () => {},
            now: () => now,
          })
        for (const step of [0, ...clock, 30]) {
          now += step * MINUTE
          while ((await land()).events > 0);
          while (
            await createDeriver({ db, ownership: ownsEverything, tombstone, seal: tombstone, now: () => now }).round()
          );
          const all = await db.selectFrom('segment_members').selectAll().execute()
          const members = all.filter((row) => row.segment_id === 'cart_abandoned')
          const happened = history.filter((act) => START + act.minute * MINUTE <= now)
          expect(Object.fromEntries(members.map((row) => [row.person_id, row.entered_at]))).toEqual(
            expected(happened, now),
          )
        }
      } finally {
        await db.destroy()
        await place.done()
      }
    }),
    { numRuns: RUNS, examples: [[boughtAtOnce, [30, 1]]] },
  )
})
