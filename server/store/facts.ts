/**
 * Inserts the landed rows of events, consents, claims and orders. Every insert is idempotent: an existing row stays or is
 * replaced by the one that was received first, so that neither the order nor the number of deliveries matters.
 */

import { type ExpressionBuilder, type Kysely, sql, type Transaction } from 'kysely'
import { chunks, inKeyOrder, ofRows } from './engine/many.ts'
import type { OrderRow } from './schema/contacts.ts'
import type { ClaimKeyRow, ClaimRow, ConsentRow, DeviceRow, EventRow, TokenUseRow } from './schema/visitors.ts'
import type { Database } from './schema.ts'
import { upsertTokenUses } from './token-uses.ts'

/** The rows that one batch of journal entries adds, at most one per key. */
export type FactRows = {
  events: EventRow[]
  consents: ConsentRow[]
  claims: ClaimRow[]
  tokenUses: TokenUseRow[]
  claimKeys: ClaimKeyRow[]
  devices: DeviceRow[]
  orders: OrderRow[]
}

const upsertEvents = ofRows((db, rows: EventRow[]) =>
  db
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
    ),
)

const upsertClaims = ofRows((db, rows: ClaimRow[]) =>
  db
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
          cart_id: eb.ref('excluded.cart_id'),
          order_id: eb.ref('excluded.order_id'),
          network: eb.ref('excluded.network'),
          consent_at: eb.ref('excluded.consent_at'),
        }))
        .where(
          sql<boolean>`(excluded.received_at, excluded.at, excluded.request_id) < (claims.received_at, claims.at, claims.request_id)`,
        ),
    ),
)

/** Whether a choice was seen earlier on the page of the new row. */
function isFirstPage(eb: ExpressionBuilder<Database & { excluded: ConsentRow }, 'consents' | 'excluded'>) {
  return eb.and([
    eb('excluded.page_at', 'is not', null),
    eb.or([
      eb('consents.page_at', 'is', null),
      eb('excluded.page_at', '<', eb.ref('consents.page_at')),
      eb.and([
        eb('excluded.page_at', '=', eb.ref('consents.page_at')),
        eb('excluded.page', '<', eb.ref('consents.page')),
      ]),
    ]),
  ])
}

const upsertConsents = ofRows((db, rows: ConsentRow[]) =>
  db
    .insertInto('consents')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(['visitor_id', 'id', 'analytics', 'identity', 'marketing'])
        .doUpdateSet((eb) => ({
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
          page: eb.case().when(isFirstPage(eb)).then(eb.ref('excluded.page')).else(eb.ref('consents.page')).end(),
          page_at: eb
            .case()
            .when(isFirstPage(eb))
            .then(eb.ref('excluded.page_at'))
            .else(eb.ref('consents.page_at'))
            .end(),
        }))
        // Most requests repeat a known choice; an unchanged row is not written.
        .where((eb) =>
          eb.or([
            eb('excluded.first_at', '<', eb.ref('consents.first_at')),
            eb('excluded.last_at', '>', eb.ref('consents.last_at')),
            isFirstPage(eb),
          ]),
        ),
    ),
)

const upsertClaimKeys = ofRows((db, rows: ClaimKeyRow[]) =>
  db
    .insertInto('claim_keys')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(['key_hash', 'visitor_id', 'evidence'])
        .doUpdateSet((eb) => ({
          received_at: eb.ref('excluded.received_at'),
          network: eb.ref('excluded.network'),
        }))
        .where(
          sql<boolean>`(excluded.received_at, coalesce(excluded.network, '')) < (claim_keys.received_at, coalesce(claim_keys.network, ''))`,
        ),
    ),
)

const upsertDevices = ofRows((db, rows: DeviceRow[]) =>
  db
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
    ),
)

const upsertOrders = ofRows((db, rows: OrderRow[]) =>
  db
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
    ),
)

/** Which of these events are stored already, as `VISITOR ID`. */
export async function knownEvents(
  db: Kysely<Database>,
  events: { visitorId: string; id: string }[],
): Promise<Set<string>> {
  const known = new Set<string>()
  for (const part of chunks(events, 500)) {
    const rows = await db
      .selectFrom('events')
      .select(['visitor_id', 'id'])
      .where('visitor_id', 'in', [...new Set(part.map(({ visitorId }) => visitorId))])
      .where('id', 'in', [...new Set(part.map(({ id }) => id))])
      .execute()
    for (const row of rows) known.add(`${row.visitor_id} ${row.id}`)
  }
  return known
}

/** Inserts a batch's facts. The rows are sorted by primary key, so that concurrent batches do not deadlock. */
export async function insertFacts(trx: Transaction<Database>, facts: FactRows): Promise<void> {
  await upsertEvents(trx, inKeyOrder(facts.events, 'visitor_id', 'id'))
  await upsertClaims(trx, inKeyOrder(facts.claims, 'visitor_id', 'id'))
  await upsertTokenUses(trx, inKeyOrder(facts.tokenUses, 'token_hash', 'visitor_id'))
  await upsertClaimKeys(trx, inKeyOrder(facts.claimKeys, 'key_hash', 'visitor_id'))
  await upsertDevices(trx, inKeyOrder(facts.devices, 'visitor_id', 'visitor_id'))
  await upsertOrders(trx, inKeyOrder(facts.orders, 'order_id', 'source'))
  await upsertConsents(trx, inKeyOrder(facts.consents, 'visitor_id', 'id'))
}
