/**
 * Landing rows of events, consents, claims and orders. Every insert can be repeated: a row that is there stays, or
 * gives way to the one that was received first, so that neither order nor number of deliveries matters.
 */
import { type Kysely, sql, type Transaction } from 'kysely'
import { chunksOf } from './many.ts'
import type {
  ClaimKeyRow,
  ClaimRow,
  ConsentRow,
  Database,
  DeviceRow,
  EventRow,
  OrderRow,
  TokenUseRow,
} from './schema.ts'

/** What one batch of journal entries adds. Rows of one key appear once. */
export type FactRows = {
  events: EventRow[]
  consents: ConsentRow[]
  claims: ClaimRow[]
  tokenUses: TokenUseRow[]
  claimKeys: ClaimKeyRow[]
  devices: DeviceRow[]
  orders: OrderRow[]
}

/** Inserts a batch's facts. The rows are sorted by primary key, so that concurrent batches do not deadlock. */
export async function insertFacts(trx: Transaction<Database>, facts: FactRows): Promise<void> {
  for (const rows of chunksOf(sorted(facts.events, 'visitor_id', 'id'))) {
    await trx
      .insertInto('events')
      .values(rows)
      .onConflict((conflict) =>
        conflict
          .columns(['visitor_id', 'id'])
          .doUpdateSet((eb) => ({
            site_id: eb.ref('excluded.site_id'),
            type: eb.ref('excluded.type'),
            at: eb.ref('excluded.at'),
            received_at: eb.ref('excluded.received_at'),
            identity: eb.ref('excluded.identity'),
            marketing: eb.ref('excluded.marketing'),
            url: eb.ref('excluded.url'),
            referrer: eb.ref('excluded.referrer'),
            title: eb.ref('excluded.title'),
            props: eb.ref('excluded.props'),
          }))
          .where(
            sql<boolean>`(excluded.received_at, excluded.at, excluded.identity, excluded.marketing) < (events.received_at, events.at, events.identity, events.marketing)`,
          ),
      )
      .execute()
  }
  for (const rows of chunksOf(sorted(facts.claims, 'visitor_id', 'id'))) {
    await trx
      .insertInto('claims')
      .values(rows)
      .onConflict((conflict) =>
        conflict
          .columns(['visitor_id', 'id'])
          .doUpdateSet((eb) => ({
            request_id: eb.ref('excluded.request_id'),
            at: eb.ref('excluded.at'),
            received_at: eb.ref('excluded.received_at'),
            evidence: eb.ref('excluded.evidence'),
            key_hash: eb.ref('excluded.key_hash'),
            token_hash: eb.ref('excluded.token_hash'),
            message: eb.ref('excluded.message'),
            issued_at: eb.ref('excluded.issued_at'),
            kid: eb.ref('excluded.kid'),
            iat: eb.ref('excluded.iat'),
            exp: eb.ref('excluded.exp'),
          }))
          .where(
            sql<boolean>`(excluded.received_at, excluded.at, excluded.request_id) < (claims.received_at, claims.at, claims.request_id)`,
          ),
      )
      .execute()
  }
  await insertSecondKeys(trx, facts)
  for (const rows of chunksOf(sorted(facts.consents, 'visitor_id', 'id'))) {
    await trx
      .insertInto('consents')
      .values(rows)
      .onConflict((conflict) =>
        conflict.columns(['visitor_id', 'id', 'analytics', 'identity', 'marketing']).doUpdateSet((eb) => ({
          first_at: eb
            .case()
            .when('excluded.first_at', '<', eb.ref('consents.first_at'))
            .then(eb.ref('excluded.first_at'))
            .else(eb.ref('consents.first_at'))
            .end(),
          last_at: eb
            .case()
            .when('excluded.last_at', '>', eb.ref('consents.last_at'))
            .then(eb.ref('excluded.last_at'))
            .else(eb.ref('consents.last_at'))
            .end(),
        })),
      )
      .execute()
  }
}

async function insertSecondKeys(trx: Transaction<Database>, facts: FactRows): Promise<void> {
  for (const rows of chunksOf(sorted(facts.tokenUses, 'token_hash', 'visitor_id'))) {
    await trx
      .insertInto('token_uses')
      .values(rows)
      .onConflict((conflict) =>
        conflict
          .columns(['token_hash', 'visitor_id'])
          .doUpdateSet((eb) => ({ at: eb.ref('excluded.at') }))
          .whereRef('excluded.at', '<', 'token_uses.at'),
      )
      .execute()
  }
  for (const rows of chunksOf(sorted(facts.claimKeys, 'key_hash', 'visitor_id'))) {
    await trx
      .insertInto('claim_keys')
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }
  for (const rows of chunksOf(sorted(facts.devices, 'visitor_id', 'visitor_id'))) {
    await trx
      .insertInto('devices')
      .values(rows)
      .onConflict((conflict) =>
        conflict
          .column('visitor_id')
          .doUpdateSet((eb) => ({
            device: eb.ref('excluded.device'),
            browser: eb.ref('excluded.browser'),
            os: eb.ref('excluded.os'),
            received_at: eb.ref('excluded.received_at'),
          }))
          .where(
            sql<boolean>`(excluded.received_at, excluded.device, coalesce(excluded.browser, ''), coalesce(excluded.os, '')) > (devices.received_at, devices.device, coalesce(devices.browser, ''), coalesce(devices.os, ''))`,
          ),
      )
      .execute()
  }
  for (const rows of chunksOf(sorted(facts.orders, 'order_id', 'source'))) {
    await trx
      .insertInto('orders')
      .values(rows)
      .onConflict((conflict) =>
        conflict
          .columns(['order_id', 'source', 'visitor_id'])
          .doUpdateSet((eb) => ({
            event_id: eb.ref('excluded.event_id'),
            at: eb.ref('excluded.at'),
            received_at: eb.ref('excluded.received_at'),
            total: eb.ref('excluded.total'),
            currency: eb.ref('excluded.currency'),
            items: eb.ref('excluded.items'),
          }))
          .where(
            sql<boolean>`(excluded.received_at, excluded.event_id, excluded.at) < (orders.received_at, orders.event_id, orders.at)`,
          ),
      )
      .execute()
  }
}

function sorted<T, K extends keyof T>(rows: T[], first: K, second: K): T[] {
  const compare = (a: T, b: T, key: K) => (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0)
  return [...rows].sort((a, b) => compare(a, b, first) || compare(a, b, second))
}

/** Which of these hashes are tombstones. */
export async function findTombstones(trx: Kysely<Database>, hashes: string[]): Promise<Set<string>> {
  if (hashes.length === 0) return new Set()
  const rows = await trx.selectFrom('tombstones').select('hash').where('hash', 'in', hashes).execute()
  return new Set(rows.map((row) => row.hash))
}

/** A withdrawal of everything: of whom (a keyed hash), where, by which choice, and when. */
export type Withdrawal = { hash: string; site: string; consentId: string; at: number }

/** Notes that visitors are gone for good: tombstones keep them out, the withdrawals are kept as proof. */
export async function insertWithdrawals(trx: Transaction<Database>, withdrawals: Withdrawal[]): Promise<void> {
  const tombstones = new Map<string, Database['tombstones']>()
  const proofs = new Map<string, Database['withdrawals']>()
  for (const { hash, site, consentId, at } of withdrawals) {
    const tombstone = tombstones.get(hash)
    if (!tombstone || at < tombstone.at) tombstones.set(hash, { hash, kind: 'visitor', at })
    const key = `${hash} ${consentId}`
    const proof = proofs.get(key)
    if (!proof || at < proof.at || (at === proof.at && site < proof.site_id)) {
      proofs.set(key, { visitor_hash: hash, site_id: site, consent_id: consentId, at })
    }
  }
  for (const rows of chunksOf(sorted([...tombstones.values()], 'hash', 'hash'))) {
    await trx
      .insertInto('tombstones')
      .values(rows)
      .onConflict((conflict) =>
        conflict
          .column('hash')
          .doUpdateSet((eb) => ({ at: eb.ref('excluded.at') }))
          .whereRef('excluded.at', '<', 'tombstones.at'),
      )
      .execute()
  }
  for (const rows of chunksOf(sorted([...proofs.values()], 'visitor_hash', 'consent_id'))) {
    await trx
      .insertInto('withdrawals')
      .values(rows)
      .onConflict((conflict) =>
        conflict
          .columns(['visitor_hash', 'consent_id'])
          .doUpdateSet((eb) => ({ at: eb.ref('excluded.at'), site_id: eb.ref('excluded.site_id') }))
          .where(sql<boolean>`(excluded.at, excluded.site_id) < (withdrawals.at, withdrawals.site_id)`),
      )
      .execute()
  }
}
