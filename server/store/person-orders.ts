/** What persons bought, for their rows: the purchases of their visitors and the orders of other channels. */
import type { Kysely, NotNull } from 'kysely'
import { isPurchase, mergeOrders, type Refund, type ReportedOrder, type Standing } from '../domain/commerce/order.ts'
import { type ContactId, contactPerson, type PersonId, type VisitorId } from '../domain/ids.ts'
import { itemAt, mustGet } from '../domain/lookup.ts'
import { ofKeys } from './engine/many.ts'
import { allItemIdsOf } from './item-ids.ts'
import { survivorsOf } from './merges.ts'
import { toRefund } from './orders.ts'
import { decodeJson } from './schema/columns.ts'
import type { OrderRow } from './schema/contacts.ts'
import type { Database } from './schema.ts'

const selectPurchases = ofKeys((db, personIds: PersonId[]) =>
  db
    .selectFrom('purchases')
    .select([
      'person_id',
      'visitor_id',
      'event_id',
      'order_id',
      'cart_id',
      'at',
      'total',
      'currency',
      'item_ids',
      'refund',
    ])
    .where('person_id', 'in', personIds),
)
/** Where an order was reported: by an event of a visitor, or by another channel, with what it bought. */
export type OrderReport =
  | { at: number; visitor: VisitorId; event: string; cartId: string | null }
  | { at: number; visitor: null; row: Pick<OrderRow, 'items' | 'total' | 'currency' | 'until_at'> }

/**
 * An order of a person. `until`: the end of its day, if nobody says its time. `isTakenBack`: nothing is left of it. `reports`
 * are in order of time.
 */
export type PersonOrder = {
  id: string
  at: number
  until: number | null
  itemIds: string[]
  isTakenBack: boolean
  reports: OrderReport[]
}

type Report = ReportedOrder & { standing: Standing; report: OrderReport }

const selectOrders = ofKeys((db, contactIds) =>
  db
    .selectFrom('orders')
    .select(['contact_id', 'order_id', 'at', 'until_at', 'total', 'currency', 'items', 'standing', 'refunds'])
    .where('contact_id', 'in', contactIds)
    .$narrowType<{ contact_id: NotNull }>(),
)

/** What each person bought. `contactIds`: the contacts whose orders of other channels are wanted. */
export async function loadPersonOrders(db: Kysely<Database>, personIds: PersonId[], contactIds: ContactId[]) {
  const purchases = await selectPurchases(db, personIds)
  // Orders of a record that the CRM has merged belong to the surviving contact.
  const survivors = await survivorsOf(db, contactIds)
  const orders = await selectOrders(db, [...survivors.keys()])
  const refunds = Map.groupBy(
    purchases.filter((row) => row.refund === 1),
    (row) => row.person_id,
  )
  const reports = [
    ...purchases
      .filter((row) => row.refund === 0)
      .map((row) => ({
        personId: row.person_id,
        orderId: row.order_id,
        at: row.at,
        total: row.total,
        currency: row.currency,
        source: 'tag' as const,
        standing: 'bought' as const,
        itemIds: decodeJson(row.item_ids),
        report: { at: row.at, visitor: row.visitor_id, event: row.event_id, cartId: row.cart_id },
      })),
    ...orders.map((row) => ({
      personId: contactPerson(mustGet(survivors, row.contact_id)),
      orderId: row.order_id,
      at: row.at,
      total: row.total,
      currency: row.currency,
      source: 'api' as const,
      standing: row.standing,
      refunds: decodeJson(row.refunds),
      itemIds: allItemIdsOf(row.items),
      report: { at: row.at, visitor: null, row },
    })),
  ]
  return new Map(
    [...Map.groupBy(reports, (order) => order.personId)].map(([personId, own]) => {
      return [personId, merged(own, (refunds.get(personId) ?? []).map(toRefund))]
    }),
  )
}

/**
 * One entry an order, with all its items, at the time of its first report; a report without a time counts only where there
 * is no other. Reports of what nobody has paid close nothing. A refund does not open its cart again.
 */
function merged(reports: Report[], refunds: Refund[]): PersonOrder[] {
  const kept = new Set(mergeOrders([...reports], refunds).map((order) => order.orderId))
  return [...Map.groupBy(reports.filter(isPurchase), (report) => report.orderId)].map(([id, told]) => {
    const own = told.map(({ report }) => report).sort((a, b) => a.at - b.at || (sourceOf(a) < sourceOf(b) ? -1 : 1))
    const itemIds = [...new Set(told.flatMap((report) => report.itemIds))]
    const timed = own.filter((report) => untilOf(report) === null)
    const until = timed.length > 0 ? null : Math.max(...own.map((report) => untilOf(report) ?? report.at))
    return { id, at: (timed[0] ?? itemAt(own, 0)).at, until, itemIds, isTakenBack: !kept.has(id), reports: own }
  })
}

const untilOf = (report: OrderReport) => (report.visitor === null ? report.row.until_at : null)

const sourceOf = (report: OrderReport) => (report.visitor === null ? '' : `${report.visitor} ${report.event}`)
