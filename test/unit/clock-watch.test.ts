/** When all persons are judged again because the clock ran ahead. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ClockWatch, createClockWatch } from '../../server/derive/clock-watch.ts'
import { createDeriver } from '../../server/derive/derive.ts'
import type { Entry } from '../../server/domain/event.ts'
import { landBatch } from '../../server/land/land.ts'
import { ownsEverything } from '../../server/store/work/ownership.ts'
import { type Place, placeOf } from '../support/place.ts'
import { journalOfRows } from '../support/rows-journal.ts'

const NOON = Date.UTC(2026, 0, 1, 12)
const HOUR = 3600_000
const tombstone = (visitor: string) => visitor

const entry: Entry = {
  request: 'r',
  site: 'shop',
  visitor: 'visitor-of-the-clock-aa',
  received_at: NOON,
  keyed: false,
  consent: { id: 'c', analytics: true, identity: true, marketing: true, source: 'manual', at: NOON },
  events: [{ id: 'e', type: 'page', at: NOON }],
}

let place: Place
let db: ReturnType<Place['open']>
let time: number
let watch: ClockWatch

beforeEach(async () => {
  place = await placeOf('sqlite')
  db = place.open()
  const journal = journalOfRows('j', (after) =>
    [{ id: 1, at: NOON, body: JSON.stringify([entry]), events: 1 }].slice(after),
  )
  const describeAgent = () => ({ device: 'desktop', browser: null, os: null })
  await landBatch({
    db,
    journal,
    describeAgent,
    tombstone,
    removeErased: async () => {},
    unread: () => {},
    now: () => NOON,
  })
  const deriver = createDeriver({ db, ownership: ownsEverything, tombstone, seal: tombstone, now: () => NOON })
  while (await deriver.round());
  time = NOON
  watch = createClockWatch({ db, now: () => time })
  await watch.check()
})
afterEach(async () => {
  await db.destroy()
  await place.done()
})

/** How many persons are to be judged again. */
const marked = async () => (await db.selectFrom('dirty_persons').select('key').execute()).length

describe('persons are judged again', () => {
  test('if a check finds the clock set back', async () => {
    time += HOUR
    await watch.check()
    time -= HOUR
    await watch.check()
    expect(await marked()).toBe(1)
  })

  test('if the clock was ahead only between two checks, while memberships were judged', async () => {
    time += HOUR
    expect(watch.now()).toBe(NOON + HOUR)
    time -= HOUR
    await watch.check()
    expect(await marked()).toBe(1)
  })

  test('once for each time', async () => {
    time += HOUR
    watch.now()
    time -= HOUR
    await watch.check()
    await db.deleteFrom('dirty_persons').execute()
    await watch.check()
    expect(await marked()).toBe(0)
  })

  test('not while the clock goes forward or back by less than a second', async () => {
    time += HOUR
    watch.now()
    await watch.check()
    time -= 900
    await watch.check()
    expect(await marked()).toBe(0)
  })
})
