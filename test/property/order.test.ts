/**
 * Order does not matter, and everything derived can be rebuilt: random histories go through the real landing, store
 * and deriving, once as they happened and again permuted, sent twice, cut otherwise, over two journals and with
 * derivation rounds in between. Every fact and every derived row must be the same. A failure prints its seed.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createDeriver } from '../../server/derive/derive.ts'
import type { Entry, StampedClaim, StampedEvent } from '../../server/domain/event.ts'
import { defaultSettings, type Site, type SiteSettings } from '../../server/domain/settings.ts'
import { contactReference } from '../../server/domain/token.ts'
import { landBatch } from '../../server/land/land.ts'
import { createKeyring, linkMac, sha256Hex } from '../../server/ops/keyring.ts'
import { createKeysOf } from '../../server/sites.ts'
import { type ContactPatch, upsertContacts } from '../../server/store/contacts.ts'
import { migrate } from '../../server/store/migrate.ts'
import { ownsEverything } from '../../server/store/ownership.ts'
import { beginRebuild } from '../../server/store/rebuild.ts'
import { type Database, DERIVED_TABLES } from '../../server/store/schema.ts'
import { seedPresets } from '../../server/store/segments.ts'
import { insertSite } from '../../server/store/sites.ts'
import { createSqliteStore } from '../../server/store/sqlite.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const START = Date.UTC(2026, 0, 1)
/** The one time at which everything is derived: after all that happens. */
const NOW = START + 200 * DAY

const keyring = createKeyring('a secret of the test')

/** What must come out the same. Left out are the cursors of the journals, which are cut differently, and what readers were told. */
const COMPARED: (keyof Database)[] = [
  ...(['events', 'consents', 'claims', 'token_uses', 'claim_keys', 'devices', 'contacts', 'contact_keys'] as const),
  ...(['orders', 'tombstones', 'withdrawals', 'dead_letters'] as const),
  ...DERIVED_TABLES,
]

/** What is told to the product: a row of a journal, or a push of the CRM with the time at which it first knew him. */
type Told = { entry: Entry } | { patch: ContactPatch; importedAt: number }
type History = { told: Told[]; settings: Partial<SiteSettings> }

/** How a history is delivered: in which order, to which journal, in which batches, with what in between. */
type Delivery = {
  order: number[]
  journals: number[]
  batch: number
  landAfter: boolean[]
  deriveAfter: boolean[]
}

const siteWith = (settings: Partial<SiteSettings>): Site => ({
  id: 'shop',
  origins: ['https://shop.example'],
  write_key: 'wk',
  identity_secret: 'identity',
  link_secret: 'links',
  settings: { ...defaultSettings(), ...settings },
})

/** Runs a history through the real stages and hands the store to `look`, then wipes it. */
async function play<T>(
  history: History,
  delivery: Delivery,
  look: (store: { dump: () => Promise<Dump>; rebuild: () => Promise<void> }) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'couture-order-'))
  const db = createSqliteStore(join(folder, 'couture.db'))
  const site = siteWith(history.settings)
  const keysOf = createKeysOf(keyring, () => [site])
  const journals = new Map<number, { id: number; at: number; body: string; events: number }[]>()
  // A busy visitor waits half a second; a new deriver has not seen it yet.
  const { tombstone } = keyring
  const round = () => createDeriver({ db, ownership: ownsEverything, tombstone, now: () => NOW }).round()
  const derive = async () => {
    for (let rounds = 0; await round(); rounds++) if (rounds > 100) throw new Error('deriving does not come to an end')
  }
  const land = async () => {
    for (const [journal, rows] of journals) {
      const read = (after: number) => rows.filter((row) => row.id > after).slice(0, delivery.batch)
      const deps = {
        db,
        journalId: `journal-${journal}`,
        read,
        describeAgent,
        tombstone: keyring.tombstone,
        now: () => NOW,
      }
      while ((await landBatch(deps)).events > 0);
    }
  }
  try {
    await migrate(db)
    await seedPresets(db, START)
    await insertSite(db, site, START)
    for (const [step, index] of delivery.order.entries()) {
      const told = history.told[index]!
      if ('entry' in told) {
        const journal = delivery.journals[step % delivery.journals.length]!
        const rows = journals.get(journal) ?? []
        journals.set(journal, rows)
        rows.push({
          id: rows.length + 1,
          at: NOW,
          body: JSON.stringify([told.entry]),
          events: Math.max(1, told.entry.events.length),
        })
      } else {
        await db.transaction().execute((trx) => upsertContacts(trx, [told.patch], keysOf, told.importedAt))
      }
      if (delivery.landAfter[step % delivery.landAfter.length]) await land()
      if (delivery.deriveAfter[step % delivery.deriveAfter.length]) await round()
    }
    await land()
    await derive()
    return await look({
      dump: () => dump(db),
      rebuild: async () => {
        for (const table of DERIVED_TABLES) await db.deleteFrom(table).execute()
        await beginRebuild(db)
        await derive()
      },
    })
  } finally {
    await db.destroy()
    rmSync(folder, { recursive: true, force: true })
  }
}

type Dump = Record<string, string[]>

async function dump(db: ReturnType<typeof createSqliteStore>): Promise<Dump> {
  const tables: Dump = {}
  for (const table of COMPARED) {
    const rows = (await db.selectFrom(table).selectAll().execute()) as object[]
    tables[table] = rows.map((row) => JSON.stringify(row)).sort()
  }
  return tables
}

const describeAgent = (agent: string) => ({ device: agent, browser: null, os: null })

const inOrder = (history: History): Delivery => ({
  order: history.told.map((_, index) => index),
  journals: [0],
  batch: 1000,
  landAfter: [false],
  deriveAfter: [false],
})

// Histories

const CONTACTS = ['anna', 'ben', 'carla']
const EMAILS = ['home@example.com', 'anna@example.com', 'ben@example.com']

const contactKey = (contact: number) => keyring.identifier('contact', CONTACTS[contact]!)
const emailKey = (email: number) => keyring.identifier('email', sha256Hex(EMAILS[email]!))
const linkKey = (contact: number) =>
  keyring.identifier('link', `shop:${contactReference(linkMac, 'links', CONTACTS[contact]!)}`)

type Doing = { type: string; props?: Record<string, unknown>; claim?: StampedClaim }

const contact = fc.nat({ max: CONTACTS.length - 1 })
const small = fc.nat({ max: 2 })

const browsing: fc.Arbitrary<Doing> = fc.oneof(
  fc.constant({ type: 'page' }),
  fc.constant({ type: 'reset' }),
  small.map((item) => ({
    type: 'add_to_cart',
    props: { currency: 'EUR', items: [{ item_id: `ring-${item}`, price: 20 }] },
  })),
  small.map((item) => ({ type: 'remove_from_cart', props: { currency: 'EUR', items: [{ item_id: `ring-${item}` }] } })),
  fc.constant({ type: 'view_cart', props: { currency: 'EUR', items: [{ item_id: 'ring-0', price: 10 }] } }),
  fc.record({ order: fc.option(small), value: fc.nat({ max: 99 }) }).map(({ order, value }) => ({
    type: 'purchase',
    props: {
      currency: 'EUR',
      value,
      items: [{ item_id: 'ring-0' }],
      ...(order === null ? {} : { transaction_id: `order-${order}` }),
    },
  })),
)

const claiming: fc.Arbitrary<Doing> = fc
  .oneof(
    // Two tokens a contact: the same one comes back on several visitors.
    fc.record({ contact, nth: small }).map(
      ({ contact, nth }): StampedClaim => ({
        evidence: 'login_verified',
        key: contactKey(contact),
        token: keyring.token(`jwt ${contact} ${nth}`),
        iat: nth,
        exp: nth + 600,
      }),
    ),
    fc.record({ contact, message: small }).map(
      ({ contact, message }): StampedClaim => ({
        evidence: 'email_click',
        key: linkKey(contact),
        token: keyring.token(`link ${contact} ${message}`),
        message: `mail-${message}`,
        issued_at: START + message * 20 * DAY,
      }),
    ),
    contact.map((contact): StampedClaim => ({ evidence: 'login_claimed', key: contactKey(contact) })),
    small.map((email): StampedClaim => ({ evidence: 'login_claimed', key: emailKey(email) })),
    small.map((email): StampedClaim => ({ evidence: 'form_email', key: emailKey(email) })),
  )
  .map((claim) => ({ type: 'identify', claim }))

/** Minutes since the start: few days and minutes, so that sessions are shared and times collide. */
const time = fc
  .record({ day: fc.constantFrom(0, 0, 1, 2, 10, 33, 45, 120), minute: fc.constantFrom(0, 1, 5, 20, 29, 31, 70) })
  .map(({ day, minute }) => START + day * DAY + minute * MINUTE)

const request = fc.record({
  visitor: fc.nat({ max: 3 }),
  time,
  doing: fc.array(fc.oneof({ weight: 3, arbitrary: browsing }, { weight: 2, arbitrary: claiming }), {
    minLength: 1,
    maxLength: 4,
  }),
  choice: fc.oneof(
    { weight: 14, arbitrary: fc.constant({ identity: true, marketing: true, analytics: true }) },
    { weight: 2, arbitrary: fc.constant({ identity: true, marketing: false, analytics: true }) },
    { weight: 2, arbitrary: fc.constant({ identity: false, marketing: true, analytics: true }) },
    { weight: 1, arbitrary: fc.constant({ identity: false, marketing: false, analytics: false }) },
  ),
  /** Choices of one id with different words collide too. */
  choiceId: small,
  /** A careless or hostile sender uses an id again for something else. */
  reusesIds: fc.constantFrom(false, false, false, false, false, false, false, false, true),
  lateBy: fc.constantFrom(0, 0, 1, 2 * MINUTE, 3 * DAY),
  keyed: fc.boolean(),
  agent: fc.option(fc.constantFrom('phone', 'laptop'), { nil: undefined }),
  /** The same again, received later or in the same millisecond, in a request of its own and with its time corrected anew. */
  again: fc.array(
    fc.record({ after: fc.constantFrom(0, 1, 5 * MINUTE), shift: fc.constantFrom(0, -2, 3), part: fc.nat({ max: 3 }) }),
    {
      maxLength: 1,
    },
  ),
})

const push = fc.record({
  contact,
  patch: fc.record(
    {
      email: fc.option(fc.constantFrom(...EMAILS)),
      mail_consent: fc.boolean(),
      minor: fc.constantFrom(false, false, false, true),
      attributes: fc.dictionary(fc.constantFrom('city', 'size'), fc.constantFrom('a', null), { maxKeys: 2 }),
    },
    { requiredKeys: [] },
  ),
})

const history: fc.Arbitrary<History> = fc
  .record({
    requests: fc.array(request, { minLength: 5, maxLength: 40 }),
    pushes: fc.array(push, { maxLength: 6 }),
    importedOn: fc.array(fc.constantFrom(0, 0, 20, 60), { minLength: CONTACTS.length, maxLength: CONTACTS.length }),
    settings: fc.record({
      trust_unsigned_login: fc.boolean(),
      email_click_backstitch: fc.constantFrom('session' as const, 'window' as const),
    }),
  })
  .map(({ requests, pushes, importedOn, settings }) => ({
    settings,
    told: [...toldOf(requests), ...pushesOf(pushes, importedOn)],
  }))

function toldOf(requests: (typeof request extends fc.Arbitrary<infer T> ? T : never)[]): Told[] {
  return requests.flatMap(({ visitor, time, doing, choice, choiceId, lateBy, keyed, agent, again, reusesIds }, n) => {
    // The collector stores no claim without `identity`, and of a withdrawal only the choice.
    const events = doing
      .filter((each) => choice.analytics && (choice.identity || !each.claim))
      .map((each, i): StampedEvent => ({ id: reusesIds ? `e-${i}` : `e${n}-${i}`, at: time, ...each }))
    const entry: Entry = {
      request: `r${n}`,
      site: 'shop',
      visitor: `visitor-${visitor}`,
      // Two events of one id in one millisecond have no first one.
      received_at: time + lateBy + (reusesIds ? n * 10 : 0),
      keyed,
      consent: { id: `choice-${choiceId}`, ...choice, source: 'manual', at: time },
      events,
      ...(agent === undefined ? {} : { user_agent: agent }),
    }
    const repeats = again.map(
      ({ after, shift, part }, i): Entry => ({
        ...entry,
        request: `r${n}-again-${i}`,
        received_at: entry.received_at + after,
        events: events.slice(part).map((event) => ({ ...event, at: event.at + shift })),
      }),
    )
    return [entry, ...repeats].map((each) => ({ entry: each }))
  })
}

function pushesOf(pushes: (typeof push extends fc.Arbitrary<infer T> ? T : never)[], importedOn: number[]): Told[] {
  const all = [
    ...CONTACTS.map((id, n) => ({ contact: n, patch: { email: `${id}@example.com`, mail_consent: true } })),
    ...pushes,
  ]
  return all.map(({ contact, patch }, n) => ({
    patch: { id: CONTACTS[contact]!, ...patch, updated_at: START + n * 1000 },
    importedAt: START + importedOn[contact]! * DAY,
  }))
}

/** A history with another way to deliver it, in which some of what is told comes twice. */
const historyAndDelivery: fc.Arbitrary<{ past: History; delivery: Delivery }> = history.chain((past) => {
  const indexes = past.told.map((_, index) => index)
  return fc.record({
    past: fc.constant(past),
    delivery: fc.record({
      order: fc
        .subarray(indexes)
        .chain((twice) => fc.shuffledSubarray([...indexes, ...twice], { minLength: indexes.length + twice.length })),
      journals: fc.constantFrom<number[]>([0], [0, 1], [0, 1, 1]),
      batch: fc.constantFrom(1, 2, 7, 1000),
      landAfter: fc.constantFrom<boolean[]>([true], [false, false, true], [false]),
      deriveAfter: fc.constantFrom<boolean[]>([true], [false, true, false, false, false], [false]),
    }),
  })
})

const RUNS = Number(process.env.PROPERTY_RUNS ?? 25)
/** A failure is reported, with its seed, before the test is cut off. */
const LIMIT_MS = 40_000 + RUNS * 200
const limits = { interruptAfterTimeLimit: LIMIT_MS, markInterruptAsFailure: true }

test(
  'any order, repetition, split and pause of the same requests and pushes ends in the same rows',
  async () => {
    await fc.assert(
      fc.asyncProperty(historyAndDelivery, async ({ past, delivery }) => {
        const asItHappened = await play(past, inOrder(past), (store) => store.dump())
        const otherwise = await play(past, delivery, (store) => store.dump())
        expect(otherwise).toEqual(asItHappened)
      }),
      { numRuns: RUNS, ...limits },
    )
  },
  LIMIT_MS + 10_000,
)

test(
  'everything derived can be emptied and made again, identical',
  async () => {
    await fc.assert(
      fc.asyncProperty(historyAndDelivery, async ({ past, delivery }) => {
        await play(past, delivery, async (store) => {
          const before = await store.dump()
          await store.rebuild()
          expect(await store.dump()).toEqual(before)
        })
      }),
      { numRuns: Math.ceil(RUNS / 2), ...limits },
    )
  },
  LIMIT_MS + 10_000,
)
