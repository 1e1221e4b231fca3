/**
 * A poller that keeps a copy from what the feed tells ends with what a whole reading says, and with what the facts say,
 * whatever happens in between: visits, logins, verdicts on links, purchases, orders that are pushed and corrected, merges,
 * erasures and withdrawals, while deriving stands between any two steps, and
 * is begun anew by another process each time. The real stages and routes are driven in one
 * process, with a clock of its own. A failure prints its seed.
 */
import fc from 'fast-check'
import type { Kysely } from 'kysely'
import { afterAll, expect, test } from 'vitest'
import { createKeysOf } from '../../server/actions/sites.ts'
import { createDeriver } from '../../server/derive/derive.ts'
import type { Entry, StampedEvent } from '../../server/domain/event.ts'
import { defaultSettings, type Site } from '../../server/domain/settings.ts'
import { eraseContact } from '../../server/erasure/erase.ts'
import type { HttpDeps } from '../../server/http/deps.ts'
import { matchRoutes } from '../../server/http/matches.ts'
import { memberRoutes } from '../../server/http/segments.ts'
import { landBatch } from '../../server/land/land.ts'
import { createKeyring } from '../../server/ops/keyring.ts'
import { updatePresets } from '../../server/segments/presets.ts'
import { upsertContacts } from '../../server/store/contacts.ts'
import { transact } from '../../server/store/engine/transact.ts'
import { addAct } from '../../server/store/link-acts.ts'
import { upsertOrders } from '../../server/store/orders.ts'
import type { Database } from '../../server/store/schema.ts'
import { insertSite } from '../../server/store/sites.ts'
import { ownsEverything } from '../../server/store/work/ownership.ts'
import { amount } from '../support/long.ts'
import { dropPlaces, placeOf } from '../support/place.ts'
import { journalOfRows } from '../support/rows-journal.ts'
import { ENGINE } from '../support/store.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const START = Date.UTC(2026, 0, 1)

const keyring = createKeyring('a secret for tests')
const { tombstone } = keyring
const CONTACTS = ['anna', 'ben', 'carla']
const SITE: Site = {
  ...{ id: 'shop', origins: ['https://shop.example'], write_key: 'wk', identity_secret: 'i', link_secret: 'l' },
  settings: { ...defaultSettings(), currency: 'EUR' },
}

// What happens

type Deed = 'login' | 'reset' | 'page' | 'view' | 'add' | 'remove' | 'empty' | 'purchase' | 'refund'
type Step =
  | { do: 'visit'; visitor: number; contact: number; deeds: Deed[]; item: number; order: number; choice: number }
  | { do: 'push'; contact: number; merged: number | null | undefined; mail: boolean | null | undefined }
  | { do: 'order'; order: number; contact: number | null; items: number[] }
  | { do: 'act'; nth: number; act: 'void' | 'confirm' | 'clear' }
  | { do: 'erase'; contact: number }
  | { do: 'wait'; minutes: number }
  /** Derives up to some stages: the visitors alone, their persons too, or everything with the feed. */
  | { do: 'derive'; claims: number; publishes: boolean }
  | { do: 'poll'; reader: number; limit: number; pages: number }

const small = fc.nat({ max: 2 })
const contact = fc.nat({ max: CONTACTS.length - 1 })
const deed = fc.constantFrom<Deed[]>(
  ...([
    'login',
    'login',
    'reset',
    'page',
    'view',
    'view',
    'add',
    'add',
    'remove',
    'empty',
    'purchase',
    'refund',
  ] as const),
)

const visit = fc.record({
  do: fc.constant('visit' as const),
  visitor: fc.nat({ max: 3 }),
  contact,
  deeds: fc.array(deed, { minLength: 1, maxLength: 4 }),
  item: small,
  order: fc.nat({ max: 1 }),
  choice: fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 2),
})
const derive = fc.record({
  do: fc.constant('derive' as const),
  claims: fc.constantFrom(0, 1, 2, 4),
  publishes: fc.boolean(),
})
const poll = fc.record({
  do: fc.constant('poll' as const),
  reader: fc.nat({ max: 2 }),
  limit: fc.constantFrom(1, 2, 3, 7, 50),
  pages: fc.constantFrom(1, 2, 100),
})
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: visit },
    { weight: 6, arbitrary: derive },
    { weight: 5, arbitrary: poll },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('push' as const),
        contact,
        merged: fc.constantFrom(undefined, undefined, null, 0, 1),
        mail: fc.constantFrom(undefined, true, true, false, null),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        ...{ do: fc.constant('order' as const), order: fc.nat({ max: 1 }), contact: fc.option(fc.nat({ max: 1 })) },
        items: fc.array(small, { maxLength: 2 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        ...{ do: fc.constant('act' as const), nth: fc.nat({ max: 5 }) },
        act: fc.constantFrom('void' as const, 'void' as const, 'confirm' as const, 'clear' as const),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('wait' as const), minutes: fc.constantFrom(1, 5, 45, 90, 2000) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('erase' as const), contact: fc.constant(2) }) },
  ),
  { minLength: 10, maxLength: 60 },
)

const itemOf = (item: number) => ({ item_id: `piece-${item}`, price: 10 * (item + 1) })

function eventOf(deed: Deed, step: Extract<Step, { do: 'visit' }>, at: number, id: string): StampedEvent {
  const items = [itemOf(step.item)]
  switch (deed) {
    case 'login': {
      const key = keyring.identifier('contact', CONTACTS[step.contact]!)
      const claim = { evidence: 'login_verified' as const, key, token: keyring.token(id), iat: at, exp: at + 600_000 }
      return { id, at, type: 'identify', claim }
    }
    case 'reset':
    case 'page':
      return { id, at, type: deed }
    case 'view':
      return { id, at, type: 'view_item', props: { items } }
    case 'add':
      return { id, at, type: 'add_to_cart', props: { currency: 'EUR', items } }
    case 'remove':
      return { id, at, type: 'remove_from_cart', props: { currency: 'EUR', items } }
    case 'empty':
      return { id, at, type: 'view_cart', props: { currency: 'EUR', items: [], value: 0 } }
    case 'purchase':
      return { id, at, type: 'purchase', props: { currency: 'EUR', transaction_id: `o-${step.order}`, items } }
    case 'refund':
      return { id, at, type: 'refund', props: { currency: 'EUR', transaction_id: `o-${step.order}` } }
  }
}

const CHOICES = [
  { analytics: true, identity: true, marketing: true },
  { analytics: true, identity: true, marketing: false },
  { analytics: true, identity: false, marketing: true },
]

// Readers

type Row = { seq: number; change: string; contact: { id: string } } & Record<string, unknown>
type Page = { data: Row[]; next: string; has_more: boolean }
type Reader = { query: string; after: string; copy: Map<string, object> }

const READERS = ['', '&segment=cart_abandoned', '&min_grade=shared']

/** A row without its place in the log. */
const stateOf = ({ seq: _, change: __, ...row }: Row) => row

type World = {
  db: Kysely<Database>
  now: () => number
  take: (step: Step) => Promise<unknown>
  settle: () => Promise<void>
  read: (reader: Reader, limit: number, pages?: number) => Promise<void>
  list: (path: string) => Promise<Page>
}

function createWorld(db: Kysely<Database>): World {
  let now = START
  let ids = 0
  const newId = () => `id-${String(++ids).padStart(6, '0')}`
  const keysOf = createKeysOf(keyring, () => [SITE])
  const rows: { id: number; at: number; body: string; events: number }[] = []
  const journal = journalOfRows('journal', (after) => rows.filter((row) => row.id > after))
  const describeAgent = () => ({ device: 'desktop', browser: null, os: null })
  const land = async () => {
    const deps = {
      db,
      journal,
      describeAgent,
      tombstone,
      removeErased: async () => {},
      unread: () => {},
      now: () => now,
    }
    await landBatch(deps)
  }
  let claims = Number.POSITIVE_INFINITY
  let publishes = true
  const ownership = {
    keys: () => (claims-- > 0 ? ownsEverything.keys() : null),
    feed: () => (publishes ? ownsEverything.feed() : null),
  }
  // A new deriver does not know yet which visitors are busy.
  const round = () => createDeriver({ db, ownership, tombstone, seal: tombstone, now: () => now }).round()
  const key = { id: 'key', name: null, scopes: ['admin'], expires_at: null }
  const http = { db, now: () => now, newId, findKey: async () => key, keyUsed: () => {} }
  const apps = [matchRoutes(http as unknown as HttpDeps), memberRoutes(http as unknown as HttpDeps)] as const
  const list = async (path: string): Promise<Page> => {
    const app = path.startsWith('/matches') ? apps[0] : apps[1]
    const response = await app.request(path, { headers: { authorization: 'Bearer key' } })
    if (response.status !== 200) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
    return (await response.json()) as Page
  }
  const read = async (reader: Reader, limit: number, pages = 1000) => {
    for (let n = 0; n < pages; n++) {
      const { data, next, has_more } = await list(`/matches?limit=${limit}&after=${reader.after}${reader.query}`)
      for (const row of data) {
        if (row.change === 'matched' || row.change === 'updated') reader.copy.set(row.contact.id, stateOf(row))
        else reader.copy.delete(row.contact.id)
      }
      reader.after = next
      if (!has_more) return
    }
  }
  const readers = READERS.map((query): Reader => ({ query, after: '', copy: new Map() }))

  const take = async (step: Step): Promise<unknown> => {
    switch (step.do) {
      case 'visit': {
        const events = step.deeds.map((deed) => {
          now += 1000
          return eventOf(deed, step, now, newId())
        })
        const choice = CHOICES[step.choice]!
        const consent = { id: `choice-${step.choice}`, ...choice, source: 'manual' as const, at: now }
        const entry: Entry = {
          ...{ request: newId(), site: 'shop', visitor: `visitor-${step.visitor}`, received_at: now, keyed: false },
          consent,
          events: events.filter((event) => choice.identity || !event.claim),
        }
        rows.push({ id: rows.length + 1, at: now, body: JSON.stringify([entry]), events: events.length })
        return land()
      }
      case 'push': {
        const merged = step.merged === undefined || step.merged === null ? step.merged : CONTACTS[step.merged]!
        const patch = {
          id: CONTACTS[step.contact]!,
          ...(merged === undefined ? {} : { merged_into: merged }),
          ...(step.mail === undefined ? {} : { mail_consent: step.mail }),
          updated_at: ++now,
        }
        return transact(db, (trx) => upsertContacts(trx, [patch], keysOf, now))
      }
      case 'order': {
        const order = {
          ...{ order_id: `o-${step.order}`, contact_id: step.contact === null ? null : CONTACTS[step.contact]! },
          ...{ at: now, until_at: null, total: 1000, currency: 'EUR', items: step.items.map(itemOf), channel: null },
          ...{ status: null, standing: 'bought' as const, refunds: [], tax: null },
        }
        return transact(db, (trx) => upsertOrders(trx, [order], now))
      }
      case 'act': {
        const links = await db.selectFrom('links').select(['visitor_id', 'id']).orderBy('at').orderBy('id').execute()
        const link = links[step.nth % Math.max(1, links.length)]
        if (!link) return
        const claim = { visitorId: link.visitor_id, claimId: link.id }
        return transact(db, (trx) => addAct(trx, claim, step.act, 'test', now))
      }
      case 'erase':
        return transact(db, (trx) => eraseContact(trx, CONTACTS[step.contact]!, { keysOf, tombstone, newId, now }))
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
    for (let rounds = 0; await round(); rounds++) if (rounds > 100) throw new Error('deriving does not end')
  }
  const world = { db, now: () => now, take, settle, read, list }
  return Object.assign(world, { readers }) as World & { readers: Reader[] }
}

const RUNS = Number(process.env.PROPERTY_RUNS ?? (ENGINE === 'sqlite' ? amount(25, 300) : amount(3, 30)))

afterAll(dropPlaces)

test('a copy kept from the feed equals a whole reading and the facts', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const place = await placeOf(ENGINE)
      const db = place.open()
      try {
        await updatePresets(db, START)
        await insertSite(db, SITE, START)
        const world = createWorld(db) as World & { readers: Reader[] }
        for (const n of CONTACTS.keys()) await world.take({ do: 'push', contact: n, merged: undefined, mail: true })
        for (const step of sequence) await world.take(step)
        await world.settle()
        const compare = async (strip: (row: object) => object, when: string) => {
          for (const reader of world.readers) {
            // The rest of a reading that began earlier, and then what has changed since.
            await world.read(reader, 3)
            await world.read(reader, 3)
            const whole: Reader = { query: reader.query, after: '', copy: new Map() }
            await world.read(whole, 1000)
            const message = `the copy of "${reader.query}" ${when}`
            expect(byContact(reader.copy, strip), message).toEqual(byContact(whole.copy, strip))
          }
        }
        // Visits are told a day later, everything else at once.
        await compare((row) => ({ ...row, last_seen_at: null, interests: null }), 'at once')
        await world.take({ do: 'wait', minutes: (DAY + MINUTE) / MINUTE })
        await world.settle()
        await compare((row) => row, 'a day later')
        await expectFacts(db, world.readers[0]!.copy)
        await expectMembers(world, world.readers[1]!.copy)
      } finally {
        await db.destroy()
        await place.done()
      }
    }),
    { numRuns: RUNS },
  )
})

const byContact = (copy: Map<string, object>, strip: (row: object) => object) =>
  [...copy].map(([id, row]): [string, object] => [id, strip(row)]).sort(([a], [b]) => (a < b ? -1 : 1))

/** Folds the facts once more, by hand: whose events they are is derived, what follows from them is not. */
async function expectFacts(db: Kysely<Database>, copy: Map<string, object>) {
  const events = await db.selectFrom('events').selectAll().execute()
  const contacts = await db.selectFrom('contacts').selectAll().where('erased_at', 'is', null).execute()
  const pushed = await db.selectFrom('orders').selectAll().where('source', '=', 'api').execute()
  const into = new Map(contacts.map((row) => [row.contact_id, row.merged_into]))
  const survivor = (id: string): string => {
    const seen = new Set<string>()
    let current = id
    while (!seen.has(current)) {
      seen.add(current)
      const next = into.get(current)
      if (!next || !into.has(next)) return current
      current = next
    }
    return id
  }
  for (const [id, given] of copy) {
    const row = given as {
      mailable: boolean
      purchased: string[] | null
      interests: { item_id: string; views: number }[]
    }
    const own = events.filter((event) => JSON.stringify(event.person_id).includes(id))
    const contact = contacts.find((each) => each.contact_id === id)
    expect(contact, `${id} exists`).toBeDefined()
    if (contact!.mail_consent !== 1) expect(row.mailable).toBe(false)
    if (!row.mailable) continue
    const props = (event: { props: unknown }) =>
      JSON.parse(String(event.props)) as { transaction_id: string; items: { item_id: string }[] }
    const views = new Map<string, number>()
    for (const event of own.filter(({ type }) => type === 'view_item')) {
      for (const { item_id } of props(event).items) views.set(item_id, (views.get(item_id) ?? 0) + 1)
    }
    const orders = new Map<string, string[]>()
    const bought = own.filter(({ type }) => type === 'purchase').sort((a, b) => a.at - b.at)
    for (const event of bought) {
      const { transaction_id: order, items } = props(event)
      if (!orders.has(order))
        orders.set(
          order,
          items.map(({ item_id }) => item_id),
        )
    }
    for (const order of pushed) {
      const items = (JSON.parse(String(order.items)) as { item_id: string }[]).map(({ item_id }) => item_id)
      const isOwn = order.contact_id !== null && survivor(order.contact_id) === id
      if (isOwn && !orders.has(order.order_id)) orders.set(order.order_id, items)
      else if (orders.has(order.order_id) && items.length > 0) orders.set(order.order_id, items)
    }
    for (const event of own.filter(({ type }) => type === 'refund')) orders.delete(props(event).transaction_id)
    const purchased = new Set([...orders.values()].flat())
    expect(row.purchased, `purchased by ${id}`).toEqual([...purchased].sort())
    // Nobody is proposed what they have bought.
    const interests = [...views].filter(([item]) => !purchased.has(item))
    expect(new Map(row.interests.map(({ item_id, views }) => [item_id, views]))).toEqual(new Map(interests))
  }
}

/** The members, page by page, are the contacts of the segment's feed, and some visitors. */
async function expectMembers({ list }: World, copy: Map<string, object>) {
  const found: string[] = []
  for (let after = ''; ; ) {
    const page = await list(`/segments/cart_abandoned/members?limit=2&after=${after}`)
    const persons = page.data as unknown as { person: { kind: string; id: string } }[]
    found.push(...persons.filter(({ person }) => person.kind === 'contact').map(({ person }) => person.id))
    if (!page.has_more) break
    after = page.next
  }
  expect(found.sort()).toEqual([...copy.keys()].sort())
}
