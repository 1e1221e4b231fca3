/**
 * Persons over every visitor id that the wire allows and any contact id of a CRM: their texts are parsed
 * back to the same person, no two persons share one, and each anonymous visitor becomes a person and a member.
 */
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { createDeriver } from '../../server/derive/derive.ts'
import type { Entry } from '../../server/domain/event.ts'
import { contactId, type Person, personId, personOf, VISITOR_ID_PATTERN, visitorId } from '../../server/domain/ids.ts'
import { landBatch } from '../../server/land/land.ts'
import { listMembers } from '../../server/segments/member-list.ts'
import { updatePresets } from '../../server/segments/presets.ts'
import { ownsEverything } from '../../server/store/work/ownership.ts'
import { dropPlaces, placeOf } from '../support/place.ts'
import { journalOfRows } from '../support/rows-journal.ts'
import { ENGINE } from '../support/store.ts'

const HOUR = 3600_000
const START = Date.UTC(2026, 0, 1)

/** Visitor ids, chosen so that ids differing by a colon, a number or a prefix are likely to meet. */
const wireId = fc.oneof(
  fc.stringMatching(VISITOR_ID_PATTERN),
  fc
    .tuple(fc.constantFrom('web', 'v', 'c', 's', ''), fc.constantFrom(':', '.', '-'), fc.nat({ max: 3 }))
    .map(([a, b, n]) => `${a}${b}${n}`),
)
const person: fc.Arbitrary<Person> = fc.oneof(
  fc.record({
    kind: fc.constant('visitor' as const),
    id: wireId.map(visitorId),
    epoch: fc.integer({ min: 1, max: 1000 }),
  }),
  fc.record({
    kind: fc.constant('contact' as const),
    id: fc
      .oneof(
        fc.string({ unit: 'binary', minLength: 1 }),
        wireId,
        wireId.map((id) => `${id}#1`),
      )
      .map(contactId),
  }),
)

test('parsing a person’s text returns the same person', () => {
  fc.assert(
    fc.property(person, (each) => {
      expect(personOf(personId(each))).toEqual(each)
    }),
    { numRuns: 5000 },
  )
})

test('different persons have different texts', () => {
  fc.assert(
    fc.property(person, person, (a, b) => {
      expect(personId(a) === personId(b)).toBe(JSON.stringify(a) === JSON.stringify(b))
    }),
    { numRuns: 5000 },
  )
})

afterAll(dropPlaces)

/** A visitor that adds something to its cart at the start. */
function entryOf(visitor: string): Entry {
  const items = [{ item_id: 'ring', price: 10 }]
  return {
    request: `r-${visitor}`,
    site: 'shop',
    visitor,
    received_at: START,
    keyed: false,
    consent: { id: 'c', analytics: true, identity: true, marketing: true, source: 'manual', at: START },
    // The same cart id for all: only the visitor distinguishes their carts.
    events: [{ id: 'added', type: 'add_to_cart', at: START, props: { currency: 'EUR', items } }],
  }
}

test('each anonymous visitor becomes a person and a member with any id', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(wireId, { minLength: 1, maxLength: 40 }), async (visitors) => {
      const place = await placeOf(ENGINE)
      const db = place.open()
      const now = () => START + 2 * HOUR
      const rows = [{ id: 1, at: START, body: JSON.stringify(visitors.map(entryOf)), events: visitors.length }]
      try {
        await updatePresets(db, START)
        const landing = {
          db,
          journal: journalOfRows('journal', (after) => rows.filter((row) => row.id > after)),
          describeAgent: () => ({ device: 'desktop', browser: null, os: null }),
          tombstone: (visitor: string) => visitor,
          removeErased: async () => {},
          unread: () => {},
          now,
        }
        while ((await landBatch(landing)).events > 0);
        const { tombstone } = landing
        const deriver = createDeriver({ db, ownership: ownsEverything, tombstone, seal: tombstone, now })
        while (await deriver.round());
        const members = await listMembers(db, 'cart_abandoned', { floor: null, after: null, limit: 1000 })
        const found = members.map((member) => personOf(member.person_id))
        expect(found.map(({ id }) => id).sort()).toEqual(visitors.toSorted())
        expect(found.every((each) => each.kind === 'visitor' && each.epoch === 1)).toBe(true)
        expect(members.map((member) => member.cart_visitor_id).sort()).toEqual(visitors.toSorted())
      } finally {
        await db.destroy()
        await place.done()
      }
    }),
    { numRuns: ENGINE === 'sqlite' ? 20 : 8 },
  )
})
