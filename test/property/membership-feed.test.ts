/**
 * Pollers of the feed of entries and exits end with the members, and so do a whole reading, the list in pages, the export, the
 * count of a preview, and the sizes of days, whatever happens in between: visits, logins, purchases, withdrawals, erasures, changed definitions, a rebuild, a clock that jumps, and deriving that
 * stops between any two steps. Nobody is told anything twice, and each person enters and leaves by turns. The real stages
 * and the route are driven in one process, with a clock of its own.
 */
import fc from 'fast-check'
import type { Kysely } from 'kysely'
import { afterAll, expect, test } from 'vitest'
import { createKeysOf } from '../../server/actions/sites.ts'
import { createClockWatch } from '../../server/derive/clock-watch.ts'
import { createDeriver } from '../../server/derive/derive.ts'
import { beginRebuild } from '../../server/derive/rebuild.ts'
import type { Entry, StampedEvent } from '../../server/domain/event.ts'
import { personOf } from '../../server/domain/ids.ts'
import { defaultSettings, type Site } from '../../server/domain/settings.ts'
import { eraseContact } from '../../server/erasure/erase.ts'
import type { HttpDeps } from '../../server/http/deps.ts'
import { segmentChangeRoutes } from '../../server/http/segment-changes.ts'
import { memberRoutes } from '../../server/http/segments.ts'
import { landBatch } from '../../server/land/land.ts'
import { createKeyring } from '../../server/ops/keyring.ts'
import { changeSegment, createSegment, deleteSegment, findSegment } from '../../server/segments/definitions.ts'
import type { SegmentNode } from '../../server/segments/nodes/node.ts'
import { preview } from '../../server/segments/preview.ts'
import { readRules } from '../../server/segments/rules.ts'
import { upsertContacts } from '../../server/store/contacts.ts'
import { transact } from '../../server/store/engine/transact.ts'
import type { Database } from '../../server/store/schema.ts'
import { readSizes } from '../../server/store/segment-sizes.ts'
import { insertSite } from '../../server/store/sites.ts'
import { ownsEverything } from '../../server/store/work/ownership.ts'
import { amount } from '../support/long.ts'
import { dropPlaces, placeOf } from '../support/place.ts'
import { journalOfRows } from '../support/rows-journal.ts'
import { ENGINE } from '../support/store.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 0, 1)
const keyring = createKeyring('a secret for tests')
const { tombstone, seal, unseal } = keyring
const CONTACTS = ['anna', 'ben']
const SEGMENTS = ['carts', 'known']
const SITE: Site = {
  ...{ id: 'shop', origins: ['https://shop.example'], write_key: 'wk', identity_secret: 'i', link_secret: 'l' },
  settings: { ...defaultSettings(), currency: 'EUR' },
}
const NODES: SegmentNode[] = [
  { cart: {} },
  { cart: { state: 'abandoned', idle: { max: '7d' } } },
  { all: [{ matched: true }, { consent: { mail: true } }] },
  { matched: false },
]

type Step =
  | { do: 'visit'; visitor: number; contact: number; deeds: ('login' | 'page' | 'add' | 'purchase')[]; yes: boolean }
  | { do: 'push'; contact: number; mail: boolean }
  | { do: 'erase' }
  | { do: 'define'; segment: number; node: number | null }
  | { do: 'rebuild' }
  | { do: 'wait'; minutes: number }
  | { do: 'derive'; claims: number; publishes: boolean }
  | { do: 'poll'; reader: number; limit: number; pages: number }

const index = (length: number) => fc.nat({ max: length - 1 })
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        ...{ do: fc.constant('visit' as const), visitor: index(4), contact: index(CONTACTS.length) },
        deeds: fc.array(fc.constantFrom('login' as const, 'page', 'add', 'add', 'purchase'), {
          ...{ minLength: 1, maxLength: 3 },
        }),
        yes: fc.constantFrom(true, true, true, true, true, true, false),
      }),
    },
    {
      weight: 7,
      arbitrary: fc.record({
        ...{ do: fc.constant('derive' as const), claims: fc.constantFrom(0, 1, 2, 4, 8), publishes: fc.boolean() },
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        ...{ do: fc.constant('poll' as const), reader: index(4) },
        ...{ limit: fc.constantFrom(1, 2, 50), pages: fc.constantFrom(1, 2, 100) },
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('wait' as const), minutes: fc.constantFrom(1, 45, 90, 3000, -30) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('push' as const), contact: index(2), mail: fc.boolean() }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        ...{ do: fc.constant('define' as const), segment: index(SEGMENTS.length) },
        node: fc.option(index(NODES.length), { freq: 4 }),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ do: 'rebuild' as const }) },
    { weight: 1, arbitrary: fc.constant({ do: 'erase' as const }) },
  ),
  { minLength: 10, maxLength: 60 },
)

type Person = { kind: string; id: string; epoch?: number }
type Change = { seq: number; id: string; change: 'entered' | 'left'; person: Person }
type Page = { data: Change[]; next: string; has_more: boolean }
type Reader = { segment: string; after: string; copy: Set<string>; seen: Set<string> }

const nameOf = ({ kind, id, epoch }: Person) => [kind, id, epoch ?? ''].join(' ')
const newReader = (segment: string): Reader => ({ segment, after: '', copy: new Set(), seen: new Set() })

function createWorld(db: Kysely<Database>) {
  let now = START
  let ids = 0
  const newId = () => `id-${String(++ids).padStart(6, '0')}`
  const keysOf = createKeysOf(keyring, () => [SITE])
  const rows: { id: number; at: number; body: string; events: number }[] = []
  let claims = Number.POSITIVE_INFINITY
  let publishes = true
  const ownership = {
    keys: () => (claims-- > 0 ? ownsEverything.keys() : null),
    feed: () => (publishes ? ownsEverything.feed() : null),
  }
  const watch = createClockWatch({ db, now: () => now })
  const round = async () => {
    await watch.check()
    return createDeriver({ db, ownership, tombstone, seal, now: watch.now }).round()
  }
  const key = { id: 'key', name: null, scopes: ['admin'], expires_at: null }
  const http = { db, now: () => now, newId, unseal, findKey: async () => key, keyUsed: () => {} }
  const app = segmentChangeRoutes(http as unknown as HttpDeps)
  const lists = memberRoutes(http as unknown as HttpDeps)

  const read = async (reader: Reader, limit: number, pages = 1000): Promise<Change[]> => {
    const told: Change[] = []
    // Deleted for now.
    if ((await findSegment(db, reader.segment)) === null) return told
    for (let n = 0; n < pages; n++) {
      const path = `/segments/${reader.segment}/changes?limit=${limit}&after=${reader.after}`
      const response = await app.request(path, { headers: { authorization: 'Bearer key' } })
      if (response.status !== 200) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
      const page = (await response.json()) as Page
      for (const change of page.data) {
        expect(reader.seen.has(change.id), `${change.id} is told twice`).toBe(false)
        reader.seen.add(change.id)
        if (change.change === 'entered') reader.copy.add(nameOf(change.person))
        else reader.copy.delete(nameOf(change.person))
      }
      told.push(...page.data)
      reader.after = page.next
      if (!page.has_more) break
    }
    return told
  }
  const readers = [...SEGMENTS, ...SEGMENTS].map(newReader)
  /** The members as the list shows them in pages, or as a file. */
  const listed = async (segment: string, query: string): Promise<{ person: Person; mailable: boolean }[]> => {
    const rows: { person: Person; mailable: boolean }[] = []
    for (let after = ''; ; ) {
      const path = `/segments/${segment}/members?${query}&after=${after}`
      const text = await (await lists.request(path, { headers: { authorization: 'Bearer key' } })).text()
      if (query.includes('ndjson')) return text.split('\n').flatMap((line) => (line === '' ? [] : JSON.parse(line)))
      const page = JSON.parse(text) as { data: typeof rows; next: string; has_more: boolean }
      rows.push(...page.data)
      if (!page.has_more) return rows
      after = page.next
    }
  }

  const land = () =>
    landBatch({
      ...{ db, tombstone, removeErased: async () => {}, unread: () => {}, now: () => now },
      journal: journalOfRows('journal', (after) => rows.filter((row) => row.id > after)),
      describeAgent: () => ({ device: 'desktop', browser: null, os: null }),
    })
  const eventOf = (deed: string, contact: number): StampedEvent => {
    const [id, at] = [newId(), now]
    const props = { currency: 'EUR', items: [{ item_id: 'ring', price: 10 }] }
    if (deed === 'add') return { id, at, type: 'add_to_cart', props }
    if (deed === 'purchase') return { id, at, type: 'purchase', props: { ...props, transaction_id: id } }
    if (deed === 'page') return { id, at, type: 'page' }
    const key = keyring.identifier('contact', CONTACTS[contact]!)
    const claim = { evidence: 'login_verified' as const, key, token: keyring.token(id), iat: at, exp: at + 600_000 }
    return { id, at, type: 'identify', claim }
  }

  const take = async (step: Step): Promise<unknown> => {
    const by = { actor: 'test', at: now }
    switch (step.do) {
      case 'visit': {
        const events = step.deeds.map((deed) => {
          now += 1000
          return eventOf(deed, step.contact)
        })
        const { yes } = step
        const choice = { id: yes ? 'yes' : 'no', analytics: yes, identity: yes, marketing: yes }
        const entry: Entry = {
          ...{ request: newId(), site: 'shop', visitor: `visitor-${step.visitor}`, received_at: now, keyed: false },
          consent: { ...choice, source: 'manual' as const, at: now },
          events: yes ? events : [],
        }
        rows.push({ id: rows.length + 1, at: now, body: JSON.stringify([entry]), events: entry.events.length })
        return land()
      }
      case 'push': {
        const patch = { id: CONTACTS[step.contact]!, mail_consent: step.mail, updated_at: ++now }
        return transact(db, (trx) => upsertContacts(trx, [patch], keysOf, now))
      }
      case 'erase':
        return transact(db, (trx) => eraseContact(trx, CONTACTS[1]!, { keysOf, tombstone, newId, now }))
      case 'define': {
        const id = SEGMENTS[step.segment]!
        const { node } = step
        return transact(db, async (trx) => {
          if (node === null) return deleteSegment(trx, id, by)
          const definition = { id, name: id, node: NODES[node]! }
          if ((await createSegment(trx, definition, by)) === 'exists') await changeSegment(trx, definition, by)
        })
      }
      case 'rebuild':
        return beginRebuild(db)
      case 'wait':
        now += step.minutes * MINUTE
        return
      case 'derive':
        claims = step.claims
        publishes = step.publishes
        return round()
      case 'poll':
        return read(readers[step.reader]!, step.limit, step.pages)
    }
  }
  const settle = async () => {
    claims = Number.POSITIVE_INFINITY
    publishes = true
    for (let rounds = 0; await round(); rounds++) if (rounds > 200) throw new Error('deriving does not end')
  }
  return { take, settle, read, listed, readers, now: () => now }
}

const RUNS = Number(process.env.PROPERTY_RUNS ?? (ENGINE === 'sqlite' ? amount(25, 300) : amount(3, 30)))

afterAll(dropPlaces)

test('what readers are told adds up to the members', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const place = await placeOf(ENGINE)
      const db = place.open()
      try {
        await insertSite(db, SITE, START)
        const world = createWorld(db)
        for (const [n, segment] of SEGMENTS.entries()) {
          await world.take({ do: 'define', segment: n, node: SEGMENTS.indexOf(segment) * 2 })
        }
        for (const n of CONTACTS.keys()) await world.take({ do: 'push', contact: n, mail: true })
        for (const step of sequence) await world.take(step)
        // A segment that is deleted at the end has no log to compare.
        for (const n of SEGMENTS.keys()) await world.take({ do: 'define', segment: n, node: n })
        await world.settle()
        const members = await db.selectFrom('segment_members').selectAll().execute()
        for (const reader of world.readers) {
          const own = members.filter((row) => row.segment_id === reader.segment).map((row) => personOf(row.person_id))
          const expected = own.map(nameOf).sort()
          const list = await world.listed(reader.segment, 'limit=2')
          expect(list.map(({ person }) => nameOf(person)).sort(), 'the list').toEqual(expected)
          expect(await world.listed(reader.segment, 'format=ndjson'), 'the export').toHaveLength(expected.length)
          const today = Math.floor(world.now() / (24 * 60 * MINUTE))
          const [size] = await readSizes(db, reader.segment, { from: today, to: today, today })
          const mailable = list.filter((member) => member.mailable).length
          expect([size?.people, size?.mailable], 'the size').toEqual([expected.length, mailable])
          const rules = await readRules(db)
          const options = { now: world.now(), language: 'en' as const, isCancelled: () => false }
          const found = await preview(db, rules, rules.definitions.get(reader.segment)!, options)
          expect([found?.people, found?.mailable], 'the preview').toEqual([expected.length, mailable])
          await world.read(reader, 3)
          await world.read(reader, 3)
          expect([...reader.copy].sort(), `a poller of ${reader.segment}`).toEqual(expected)
          const whole = newReader(reader.segment)
          const told = await world.read(whole, 1000)
          expect([...whole.copy].sort(), `a reading of ${reader.segment}`).toEqual(expected)
          expect(told.map(({ seq }) => seq)).toEqual(told.map(({ seq }) => seq).toSorted((a, b) => a - b))
          for (const [name, changes] of Map.groupBy(told, ({ person }) => nameOf(person))) {
            const turns = changes.map(({ change }) => change)
            expect(turns, name).toEqual(turns.map((_, i) => (i % 2 === 0 ? 'entered' : 'left')))
          }
        }
        expect(await db.selectFrom('pending_memberships').selectAll().execute()).toEqual([])
      } finally {
        await db.destroy()
        await place.done()
      }
    }),
    { numRuns: RUNS },
  )
})
