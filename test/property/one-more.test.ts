/**
 * What one more use of a token or one more naming of a contact costs, by the number of those before it: visitors that are
 * marked to be derived, and rows that are read, must not grow with it. Withdrawals of the first ones, too, touch few.
 */
import type { Kysely, KyselyPlugin } from 'kysely'
import { afterAll, expect, test } from 'vitest'
import { createDeriver } from '../../server/derive/derive.ts'
import type { Entry, StampedClaim } from '../../server/domain/event.ts'
import { defaultSettings } from '../../server/domain/settings.ts'
import { landEntries } from '../../server/land/land.ts'
import { createKeyring } from '../../server/ops/keyring.ts'
import { upsertContacts } from '../../server/store/contacts.ts'
import { transact } from '../../server/store/engine/transact.ts'
import type { Database } from '../../server/store/schema.ts'
import { insertSite } from '../../server/store/sites.ts'
import { ownsEverything } from '../../server/store/work/ownership.ts'
import { dropPlaces, placeOf } from '../support/place.ts'
import { ENGINE } from '../support/store.ts'

afterAll(dropPlaces)

const START = Date.UTC(2026, 0, 1)
const { tombstone, identifier, token } = createKeyring('a secret of the test')
const KEY = identifier('contact', 'anna')

const CLAIMS: [what: string, claim: (nth: number) => StampedClaim][] = [
  ['use of a mail’s token', () => ({ evidence: 'email_click', key: KEY, token: token('mail'), message: 'may' })],
  ['use of a login’s token', () => ({ evidence: 'login_verified', key: KEY, token: token('login') })],
  ['unsigned login', (nth) => ({ evidence: 'login_claimed', key: KEY, network: `network-${nth}` })],
  ['click on a link of its own', (nth) => ({ evidence: 'email_click', key: KEY, token: token(`mail ${nth}`) })],
]

/** A second passes from each to the next. */
function entry(nth: number, claim: StampedClaim | null): Entry {
  const at = START + nth * 1000
  const allowed = claim !== null
  return {
    request: `request-${nth}-${allowed}`,
    site: 'shop',
    visitor: `visitor-${nth}`,
    received_at: at,
    keyed: false,
    consent: {
      ...{ id: `choice-${allowed}`, analytics: allowed, identity: allowed, marketing: allowed },
      ...{ source: 'manual', at },
    },
    events: claim === null ? [] : [{ id: 'claim', at, type: 'identify', claim }],
  }
}

/** The store after `size` visitors have claimed; the functions count what one more costs. */
async function crowdOf(db: Kysely<Database>, size: number, claim: (nth: number) => StampedClaim) {
  const settings = defaultSettings()
  const site = { id: 'shop', origins: [], write_key: 'wk', identity_secret: 'i', link_secret: 'l', settings }
  await insertSite(db, site, START)
  await transact(db, (trx) => upsertContacts(trx, [{ id: 'anna', updated_at: START }], () => [KEY], START))
  let rows = 0
  const counting: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    async transformResult({ result }) {
      rows += result.rows.length
      return result
    },
  }
  const counted = db.withPlugin(counting)
  const land = (entries: Entry[]) =>
    transact(counted, (trx) =>
      landEntries(trx, entries, { tombstone, describeAgent: () => ({ device: '', browser: null, os: null }) }),
    )
  const derive = async () => {
    const deriver = createDeriver({
      db: counted,
      ownership: ownsEverything,
      tombstone,
      seal: tombstone,
      now: () => START,
    })
    while (await deriver.round());
  }
  const marked = async () => (await db.selectFrom('dirty_visitors').select('key').execute()).map((row) => row.key)
  await land(Array.from({ length: size }, (_, nth) => entry(nth, claim(nth))))
  await derive()
  return {
    /** Lands one entry, and says whom that marks, and how many rows are read until all is derived. */
    async one(more: Entry) {
      rows = 0
      await land([more])
      const visitors = await marked()
      await derive()
      return { visitors, rows }
    },
    /** Lands a withdrawal, and says who is derived again when the visitor is gone. */
    async withdraw(nth: number) {
      await land([entry(nth, null)])
      const deriver = createDeriver({
        db: counted,
        ownership: ownsEverything,
        tombstone,
        seal: tombstone,
        now: () => START,
      })
      await deriver.round()
      return marked()
    },
  }
}

const SIZES = [100, 1500]

test.each(CLAIMS)('one more %s marks its visitor only, and reads as much after many as after few', async (_, claim) => {
  const read: number[] = []
  for (const size of SIZES) {
    const place = await placeOf(ENGINE)
    const db = place.open()
    try {
      const crowd = await crowdOf(db, size, claim)
      const { visitors, rows } = await crowd.one(entry(size, claim(size)))
      expect(visitors).toEqual([`visitor-${size}`])
      read.push(rows)
    } finally {
      await db.destroy()
      await place.done()
    }
  }
  expect(Math.max(...read)).toBeLessThan(300)
  expect(read[1]).toBeLessThanOrEqual(read[0]! + 5)
})

test.each(CLAIMS)('the first visitor of many with a %s touches few others when it withdraws', async (_, claim) => {
  const place = await placeOf(ENGINE)
  const db = place.open()
  try {
    const crowd = await crowdOf(db, 500, claim)
    expect((await crowd.withdraw(0)).length).toBeLessThanOrEqual(64)
  } finally {
    await db.destroy()
    await place.done()
  }
})

test('the second and third uses of a token mark the earlier ones, and the fourth marks nobody', async () => {
  const place = await placeOf(ENGINE)
  const db = place.open()
  const [, claim] = CLAIMS[0]!
  try {
    const crowd = await crowdOf(db, 1, claim)
    expect((await crowd.one(entry(1, claim(1)))).visitors).toEqual(['visitor-0', 'visitor-1'])
    expect((await crowd.one(entry(2, claim(2)))).visitors).toEqual(['visitor-0', 'visitor-1', 'visitor-2'])
    expect((await crowd.one(entry(3, claim(3)))).visitors).toEqual(['visitor-3'])
  } finally {
    await db.destroy()
    await place.done()
  }
})
