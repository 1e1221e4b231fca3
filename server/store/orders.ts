/**
 * Orders from other channels, pushed by the API and imports: one per order id, and the latest push wins. The same
 * transaction marks the persons whose orders change, so that their carts are settled and their matches are republished.
 */
import type { Kysely, Transaction } from 'kysely'
import { type OrderStanding, type Refund, standingAfter } from '../domain/commerce/order.ts'
import { type ContactId, contactPerson, type VisitorId } from '../domain/ids.ts'
import { markPersonsOf, type WritingImport } from './contacts.ts'
import { chunks, ofKeys, ofRows } from './engine/many.ts'
import { nextTurn, ROWS_A_TURN } from './engine/turns.ts'
import { decodeJson, encodeJson } from './schema/columns.ts'
import type { OrderRow } from './schema/contacts.ts'
import type { PurchaseRow } from './schema/derived.ts'
import type { Database } from './schema.ts'
import { mark } from './work/dirty.ts'
import { lockKeys, lockName } from './work/locks.ts'

/** A validated order as pushed; money is in minor units, `items` have the form of a cart's items. */
export type PushedOrder = {
  order_id: string
  contact_id: string | null
  at: number
  until_at: number | null
  total: number | null
  currency: string
  items: { item_id: string; other_ids?: string[] }[]
  channel: string | null
  status: string | null
  standing: OrderStanding
  refunds: { total: number | null; item_ids: string[] }[]
  tax: number | null
}

/** The fields of a row that a push can change. */
const FIELDS = [
  ...(['contact_id', 'at', 'until_at', 'total', 'currency', 'items', 'channel'] as const),
  ...(['status', 'standing', 'refunds', 'tax'] as const),
]

/** Upserts orders; the last of several with the same id wins. */
export async function upsertOrders(
  trx: Transaction<Database>,
  orders: PushedOrder[],
  now: number,
  writing?: WritingImport<OrderRow>,
): Promise<{ created: number; updated: number; unchanged: number }> {
  const counts = { created: 0, updated: 0, unchanged: 0 }
  await lockName(trx, 'orders')
  const current = await pushedOrders(
    trx,
    orders.map((order) => order.order_id),
  )
  const changed = new Map<string, OrderRow>()
  const touched = new Set<string>()
  for (const [place, order] of orders.entries()) {
    if (place % ROWS_A_TURN === ROWS_A_TURN - 1) await nextTurn()
    const old = current.get(order.order_id)
    const next = toRow(order, old, now, writing?.id ?? null)
    const same = old !== undefined && FIELDS.every((field) => old[field] === next[field])
    counts[!old ? 'created' : same ? 'unchanged' : 'updated']++
    if (same) continue
    for (const contact of [old?.contact_id, next.contact_id]) if (contact) touched.add(contact)
    current.set(order.order_id, next)
    changed.set(order.order_id, next)
    if (old && old.import_id !== next.import_id) writing?.note(old)
  }
  await lockKeys(trx, [...touched].map(contactPerson))
  await writeOrders(trx, [...changed.values()])
  await markReporters(trx, [...changed.keys()])
  await markPersonsOf(trx, [...touched])
  return counts
}

/**
 * Gives orders back what they were before an import, or removes them, and marks the persons whose orders change. `now` are
 * the orders as they are. The caller holds the lock of orders.
 */
export async function restoreOrders(
  trx: Transaction<Database>,
  { now, former, removed }: { now: OrderRow[]; former: OrderRow[]; removed: string[] },
): Promise<void> {
  const touched = [...new Set([...now, ...former].flatMap((row) => row.contact_id ?? []))]
  await lockKeys(trx, touched.map(contactPerson))
  await writeOrders(trx, [...former])
  for (const part of chunks(removed, 500)) {
    await trx
      .deleteFrom('orders')
      .where('order_id', 'in', part)
      .where('source', '=', 'api')
      .where('visitor_id', '=', '')
      .execute()
  }
  await markReporters(trx, [...new Set([...now.map((row) => row.order_id), ...former.map((row) => row.order_id)])])
  await markPersonsOf(trx, touched)
}

function toRow(order: PushedOrder, old: OrderRow | undefined, now: number, importId: string | null): OrderRow {
  return {
    ...order,
    items: encodeJson(order.items),
    refunds: encodeJson(order.refunds),
    standing: standingAfter(order.standing, old?.standing ?? null),
    source: 'api',
    visitor_id: '',
    event_id: null,
    received_at: now,
    import_id: importId,
  }
}

const selectPushed = ofKeys((db, orderIds) =>
  db
    .selectFrom('orders')
    .selectAll()
    .where('order_id', 'in', orderIds)
    .where('source', '=', 'api')
    .where('visitor_id', '=', ''),
)

/** The pushed orders with these ids, by id. */
export async function pushedOrders(db: Kysely<Database>, orderIds: string[]): Promise<Map<string, OrderRow>> {
  const orders = new Map<string, OrderRow>()
  for (const row of await selectPushed(db, [...new Set(orderIds)].sort())) orders.set(row.order_id, row)
  return orders
}

/** As many reports of one order are looked at; strangers may send any number under an order id that they guess. */
const MAX_REPORTS = 1000

const selectReporters = ofKeys((db, orderIds) =>
  db
    .selectFrom('orders')
    .select('visitor_id')
    .where('order_id', 'in', orderIds)
    .where('visitor_id', '!=', '')
    .orderBy('received_at')
    .limit(MAX_REPORTS),
)

/** The visitors that reported orders of these contacts, for whose persons what is pushed of an order counts as well. */
export async function reportersOf(db: Kysely<Database>, contactIds: ContactId[]): Promise<VisitorId[]> {
  const orders = await selectIdsOf(db, contactIds)
  const rows = await selectReporters(
    db,
    orders.map((row) => row.order_id),
  )
  return rows.map((row) => row.visitor_id)
}

const selectIdsOf = ofKeys((db, contactIds: ContactId[]) =>
  db.selectFrom('orders').select('order_id').where('contact_id', 'in', contactIds),
)

/** Marks the visitors that reported these orders, because what is pushed of an order counts for their persons as well. */
async function markReporters(trx: Transaction<Database>, orderIds: string[]): Promise<void> {
  const reporters = await selectReporters(trx, orderIds)
  await mark(
    trx,
    'dirty_visitors',
    reporters.map((row) => row.visitor_id),
  )
}

const putOrders = ofRows((db, rows: OrderRow[]) =>
  db
    .insertInto('orders')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['order_id', 'source', 'visitor_id']).doUpdateSet((eb) => {
        const columns = [...FIELDS, 'received_at', 'import_id'] as const
        return Object.fromEntries(columns.map((column) => [column, eb.ref(`excluded.${column}`)]))
      }),
    ),
)

async function writeOrders(trx: Transaction<Database>, rows: OrderRow[]): Promise<void> {
  await putOrders(
    trx,
    rows.sort((a, b) => (a.order_id < b.order_id ? -1 : 1)),
  )
}

/** A refund from its row. */
export function toRefund(row: Pick<PurchaseRow, 'order_id' | 'at' | 'total' | 'currency' | 'item_ids'>): Refund {
  const { order_id: orderId, at, total, currency } = row
  return { orderId, at, total, currency, itemIds: decodeJson(row.item_ids) }
}
