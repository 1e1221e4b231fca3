/**
 * Stores of earlier versions: a database made by the first migrations only, with rows as a version of that time wrote
 * them. Rows name every current column; those that a version did not have yet are omitted.
 */
import { createHash } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import { createKeyring } from '../../server/ops/keyring.ts'
import { MIGRATIONS } from '../../server/store/migrate.ts'
import type { Database } from '../../server/store/schema.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** The secret of an old installation, and its API key. */
export const OLD_SECRET = 'the secret of an earlier version'
export const OLD_KEY = 'sk_of_an_earlier_version'

/** Visitors of an old store: Anna has logged in, Bob is anonymous. */
export const ANNA = 'visitor-anna-0000000001'
export const BOB = 'visitor-bob-00000000002'

/** The keyed hash of Anna's contact. */
const CRM_1 = createKeyring(OLD_SECRET).identifier('contact', 'crm-1')

type Rows = Partial<Record<keyof Database, Record<string, string | number | null>[]>>

/** A store's rows: two visitors with an abandoned cart each, and everything else that a shop in use has. */
function rowsAt(now: number, version: string): Rows {
  const began = now - 3 * HOUR
  const sentBy = (visitor_id: string) => ({
    ...{ visitor_id, site_id: 'shop', received_at: began, identity: 1, marketing: 1 },
    ...{ url: 'https://shop.example/', referrer: null, title: 'Shop', props: null, person_id: null },
  })
  const added = JSON.stringify({ currency: 'EUR', items: [{ item_id: 'ring', price: 120, quantity: 1 }] })
  const ringInCart = [{ item_id: 'ring', item_name: null, price: 12_000, quantity: 1, item_category: null, url: null }]
  const cartOf = (visitor_id: string, person_id: string) => ({
    ...{ visitor_id, id: `add-${visitor_id}`, person_id, site_id: 'shop', epoch: 1, state: 'open', currency: 'EUR' },
    ...{ value: 12_000, items: JSON.stringify(ringInCart), url: null, created_at: began + MINUTE },
    ...{ updated_at: began + MINUTE, idle_at: began + MINUTE + HOUR, closed_at: null, checkout_at: null },
    abandoned_at: null,
  })
  const visitor = (visitor_id: string, linked: number) => ({
    ...{ visitor_id, site_id: 'shop', first_seen: began, last_seen: began + MINUTE, events: 2 + linked, identity: 1 },
    ...{ marketing: 1, marketing_since: began, shared: 0, linked, overactive: 0, expire_at: now + 300 * 24 * HOUR },
  })
  const person = (person_id: string, contact_id: string | null, visitor_id: string) => ({
    ...{ person_id, contact_id, first_seen: began, last_seen: began + MINUTE, visitors: 1, evidence: '[]' },
    ...{ strength: contact_id && 'verified', matched_at: contact_id && began, identity: 1, marketing: 1, minor: 0 },
    ...{ marketing_since: began, mail_consent: null, mail_consent_since: null, purchases: 0, edge_at: null, bucket: 0 },
    ...{ cart_visitor_id: visitor_id, cart_id: `add-${visitor_id}`, cart_updated_at: began + MINUTE },
    cart_idle_at: began + MINUTE + HOUR,
  })
  const proof = { visitor_id: ANNA, id: 'login-1', at: began, received_at: began }
  const proofs = JSON.stringify([{ id: 'login-1', at: began, evidence: 'login_verified', reason: 'signed_login' }])
  return {
    sites: [
      {
        ...{ id: 'shop', origins: '["https://shop.example"]', write_key: 'wk_shop', identity_secret: 'identity' },
        ...{ link_secret: 'links', settings: '{"cart_idle_minutes":60}', created_at: began },
      },
    ],
    api_keys: [
      {
        id: 'key-old',
        hash: createHash('sha256').update(OLD_KEY).digest('base64url'),
        ...{ scopes: '["admin"]', created_at: began },
      },
    ],
    meta: [{ name: 'config_version', value: '1' }],
    events: [
      ...[ANNA, BOB].flatMap((visitor_id) => [
        { ...sentBy(visitor_id), id: `page-${visitor_id}`, type: 'page', at: began },
        { ...sentBy(visitor_id), id: `add-${visitor_id}`, type: 'add_to_cart', at: began + MINUTE, props: added },
      ]),
      { ...sentBy(ANNA), id: 'login-1', type: 'identify', at: began },
    ],
    consents: [ANNA, BOB].map((visitor_id) => ({
      ...{ visitor_id, id: 'choice', analytics: 1, identity: 1, marketing: 1, site_id: 'shop', source: 'manual' },
      ...{ policy: null, gpc: null, first_at: began, last_at: began },
    })),
    claims: [
      {
        ...proof,
        ...{ site_id: 'shop', request_id: 'request-1', evidence: 'login_verified', key_hash: CRM_1 },
        ...{ token_hash: 'hash of the login', message: null, issued_at: null, kid: null },
        ...{ iat: Math.floor(began / 1000), exp: Math.floor(began / 1000) + 600, cart_id: null, order_id: null },
        network: null,
      },
    ],
    token_uses: [{ token_hash: 'hash of the login', visitor_id: ANNA, at: began, received_at: began, login: 1 }],
    claim_keys: [{ key_hash: CRM_1, visitor_id: ANNA, received_at: began, evidence: 'login_verified', network: null }],
    devices: [
      { visitor_id: ANNA, site_id: 'shop', device: 'desktop', browser: 'Firefox', os: 'Linux', received_at: began },
    ],
    contacts: [
      {
        ...{ contact_id: 'crm-1', email: 'anna@example.com', email_sha256: 'sha', phone: null, mail_consent: 1 },
        ...{ mail_consent_at: began, minor: 0, merged_into: null, attributes: '{"city":"Lyon"}', updated_at: began },
        ...{ field_times: '{}', imported_at: began - HOUR, erased_at: null },
      },
    ],
    contact_keys: [{ key_hash: CRM_1, contact_id: 'crm-1' }],
    orders: [
      {
        ...{ order_id: 'o-1', source: 'pos', visitor_id: '', event_id: null, contact_id: 'crm-1', at: began - HOUR },
        ...{ received_at: began, total: 5000, currency: 'EUR', items: '[]', channel: 'store' },
      },
    ],
    tombstones: [{ hash: 'hash of somebody', kind: 'visitor', at: began }],
    withdrawals: [{ visitor_hash: 'hash of somebody', site_id: 'shop', consent_id: 'no', at: began }],
    cursors: [{ journal_id: 'journal-old', position: 17, opening: '' }],
    audit: [{ id: 'audit-1', at: began, actor: 'key-old', action: 'contacts.import', detail: '{}' }],
    link_acts: [{ visitor_id: BOB, claim_id: 'none', at: began, act: 'clear', actor: 'key-old' }],
    revocations: [{ kind: 'message', value: 'shop letter', at: began }],
    visitors: [visitor(ANNA, 1), visitor(BOB, 0)],
    epochs: [{ visitor_id: ANNA, n: 1, person_id: 'c:crm-1', contact_id: 'crm-1', from_at: began, to_at: null }],
    links: [
      {
        ...proof,
        ...{ contact_id: 'crm-1', evidence: 'login_verified', strength: 'verified', state: 'open', reason: 'signed' },
        ...{ end_reason: null, valid_from: began, valid_to: null, backfill_from: null, proofs },
        expires_at: began + 90 * 24 * HOUR,
      },
    ],
    visitor_persons: [
      { visitor_id: ANNA, person_id: 'c:crm-1', first_at: began, last_at: began + MINUTE, events: 3 },
      { visitor_id: BOB, person_id: `v:${BOB}`, first_at: began, last_at: began + MINUTE, events: 2 },
    ],
    visitor_days: [{ visitor_id: ANNA, day: Math.floor(began / (24 * HOUR)), withdrawals: 0 }],
    carts: [cartOf(ANNA, 'c:crm-1'), cartOf(BOB, `v:${BOB}`)],
    persons: [person('c:crm-1', 'crm-1', ANNA), person(`v:${BOB}`, null, BOB)],
    segment_members: [{ segment_id: 'cart_abandoned', person_id: 'c:crm-1', entered_at: began + MINUTE + HOUR }],
    // Bob's mark has advanced before: upgrading advances it once more and loses nothing.
    dirty_visitors: [{ key: BOB, generation: 3, bucket: 0 }],
    dirty_persons: [{ key: 'c:crm-1', generation: 1, bucket: 0 }],
    dirty_contacts: [{ key: 'crm-1', generation: 1, bucket: 0 }],
    segments: [
      {
        ...{ id: 'cart_abandoned', version: 1, updated_at: began },
        ...{ origin: 'preset', preset_version: 1, edited_at: null },
        // A name has been JSON since there may be one a language.
        name: version < '010' ? 'Cart abandoned' : '"Cart abandoned"',
        node: '{"cart":{"state":"abandoned","idle":{"max":"7d"}}}',
      },
    ],
    match_changes: [
      {
        ...{ seq: 1, contact_id: 'crm-1', change: 'matched', reason: null, segments: '[]', entered: '[]' },
        ...{ left_segments: '[]', at: began },
      },
    ],
    feed_state: [{ contact_id: 'crm-1', digest: 'of an earlier version', segments: '[]' }],
  }
}

/** The names of all migrations, oldest first. */
export const VERSIONS = Object.keys(MIGRATIONS)

/** Makes the schema as the version of that migration had it, and fills it. Returns the rows that were written. */
export async function makeOldStore(db: Kysely<Database>, version: string, now: number): Promise<Rows> {
  const until = Object.entries(MIGRATIONS).filter(([name]) => name <= version)
  const migrator = new Migrator({ db, provider: { getMigrations: async () => Object.fromEntries(until) } })
  const { error } = await migrator.migrateToLatest()
  if (error) throw error
  const columnsOf = new Map(
    (await db.introspection.getTables()).map((table) => [table.name, table.columns.map((column) => column.name)]),
  )
  const written: Rows = {}
  const all = rowsAt(now, version)
  for (const [table, rows] of Object.entries(all) as [keyof Database, Required<Rows>[keyof Database]][]) {
    const columns = columnsOf.get(table)
    if (columns === undefined) continue
    written[table] = rows.map((row) =>
      Object.fromEntries(Object.entries(row).filter(([name]) => columns.includes(name))),
    )
    for (const row of written[table]) {
      const names = Object.keys(row).map((name) => sql.ref(name))
      await sql`insert into ${sql.table(table)} (${sql.join(names)}) values (${sql.join(Object.values(row))})`.execute(
        db,
      )
    }
  }
  return written
}
