/** The rows that persons have on visitors; most visitors have only been one anonymous person and have none. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { contactId, contactPerson, type PersonId, visitorId, visitorPerson } from '../../server/domain/ids.ts'
import type { VisitorPersonRow, VisitorRow } from '../../server/store/schema/derived.ts'
import { keptParts, partsOf } from '../../server/store/visitor-persons.ts'
import { dropPlaces, type Place, placeOf } from '../support/place.ts'

const own = (epoch = 1) => visitorPerson(visitorId('x'), epoch)
const anna = contactPerson(contactId('anna'))
const part = (person_id: PersonId): VisitorPersonRow => ({
  visitor_id: visitorId('x'),
  person_id,
  first_at: 5,
  last_at: 9,
  events: 3,
})
const visitor = (overactive: 0 | 1): VisitorRow => ({
  ...{ visitor_id: visitorId('x'), site_id: 'shop', first_seen: 5, last_seen: 9, events: 3, identity: 1, marketing: 1 },
  ...{ marketing_since: null, shared: 0, linked: 0, overactive, expire_at: 99 },
})

type Case = { name: string; parts: PersonId[]; kept: PersonId[] }
const KEPT: Case[] = [
  { name: 'a visitor who is all his own', parts: [own()], kept: [] },
  { name: 'one who is all a contact’s', parts: [anna], kept: [anna] },
  { name: 'one who is partly a contact’s', parts: [own(), anna], kept: [own(), anna] },
  { name: 'one of whom only the second epoch has events', parts: [own(2)], kept: [own(2)] },
  { name: 'one with two epochs of nobody’s', parts: [own(), own(2)], kept: [own(), own(2)] },
]
test.each(KEPT)('$name keeps rows for $kept', ({ parts, kept }) => {
  expect(keptParts(parts.map(part)).map((row) => row.person_id)).toEqual(kept)
})

let place: Place
beforeAll(async () => {
  place = await placeOf('sqlite')
})
afterAll(async () => {
  await place.done()
  await dropPlaces()
})

type Stored = { name: string; visitors: VisitorRow[]; rows: PersonId[]; found: PersonId[] }
const FOUND: Stored[] = [
  { name: 'a visitor without a row is his own', visitors: [visitor(0)], rows: [], found: [own()] },
  { name: 'with a row of an older version he is that once', visitors: [visitor(0)], rows: [own()], found: [own()] },
  { name: 'one who is all a contact’s is not his own', visitors: [visitor(0)], rows: [anna], found: [anna] },
  { name: 'one may be both', visitors: [visitor(0)], rows: [anna, own()], found: [anna, own()] },
  { name: 'of an overactive one nobody has anything', visitors: [visitor(1)], rows: [], found: [] },
  { name: 'who is not there has nothing', visitors: [], rows: [], found: [] },
]
test.each(FOUND)('$name', async ({ visitors, rows, found }) => {
  const db = place.open()
  await db.deleteFrom('visitors').execute()
  await db.deleteFrom('visitor_persons').execute()
  if (visitors.length > 0) await db.insertInto('visitors').values(visitors).execute()
  if (rows.length > 0) await db.insertInto('visitor_persons').values(rows.map(part)).execute()
  const parts = await partsOf(db, [anna, own(), own(2), contactPerson(contactId('x'))])
  expect(parts.toSorted((a, b) => (a.person_id < b.person_id ? -1 : 1))).toEqual(found.map(part))
  await db.destroy()
})
