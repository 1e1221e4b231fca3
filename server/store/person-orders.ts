/** What persons bought, for their rows: the purchases of their visitors and the orders of other channels. */
import type { Kysely, NotNull } from 'kysely'
import { type FoldedItem, foldedItem } from '../domain/commerce/items.ts'
import {
  bestFirst,
  byEvent,
  isPurchase,
  mergeOrders,
  type Refund,
  type ReportedOrder,
  type Standing,
} from '../domain/commerce/order.ts'
import { folded } from '../domain/folded.ts'
import { type ContactId, contactPerson, type PersonId, personOf, type VisitorId } from '../domain/ids.ts'
import { itemAt, mustGet } from '../domain/lookup.ts'
import { ofKeys } from './engine/many.ts'
import { allItemIdsOf } from './item-ids.ts'
import { survivorsOf } from './merges.ts'
import { pushedOrders, toRefund } from './orders.ts'
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
      'items',
      'refund',
    ])
    .where('person_id', 'in', personIds),
)
/** Where an order was reported: by an event of a visitor, or by another channel, with what it bought. */
export type OrderReport =
  | { at: number; visitor: VisitorId; event: string; cartId: string | null }
  | { at: number; visitor: null; row: Pick<OrderRow, 'items' | 'total' | 'currency' | 'until_at'> }

/** What is left of an order after refunds; `total` in minor units, null if it is unknown. */
export type KeptOrder = { total: number | null; currency: string; channel: string | null; items: FoldedItem[] }

/**
 * An order of a person. `until`: the end of its day, if nobody says its time. `kept` is null if nothing is left of it.
 * `reports` are in order of time.
 */
export type PersonOrder = {
  id: string
  at: number
  until: number | null
  itemIds: string[]
  kept: KeptOrder | null
  reports: OrderReport[]
}

/** A report of an order. `report` is null if it says only what became of an order that others report. */
type Report = ReportedOrder & {
  standing: Standing
  report: OrderReport | null
  channel: string | null
  items: FoldedItem[]
}

const selectOrders = ofKeys((db, contactIds) =>
  db.selectFrom('orders').selectAll().where('contact_id', 'in', contactIds).$narrowType<{ contact_id: NotNull }>(),
)

const selectOfServers = ofKeys((db, visitorIds: VisitorId[]) =>
  db
    .selectFrom('orders')
    .select(['visitor_id', 'event_id'])
    .where('visitor_id', 'in', visitorIds)
    .where('source', '=', 'server'),
)

/** The channel of purchases on the site. */
const WEB = 'web'

/** What each person bought. `contactIds`: the contacts whose orders of other channels are wanted. */
export async function loadPersonOrders(db: Kysely<Database>, personIds: PersonId[], contactIds: ContactId[]) {
  const rows = byEvent(await selectPurchases(db, personIds))
  const purchases = rows.filter((row) => row.refund === 0)
  const refunds = Map.groupBy(
    rows.filter((row) => row.refund === 1),
    (row) => row.person_id,
  )
  const servers = await selectOfServers(db, [...new Set(purchases.map((row) => row.visitor_id))])
  const ofServers = new Set(servers.map(keyOfPurchase))
  // Orders of a record that the CRM has merged belong to the surviving contact.
  const survivors = await survivorsOf(db, contactIds)
  const orders = await selectOrders(db, [...survivors.keys()])
  const reports: (Report & { personId: PersonId })[] = [
    ...purchases.map((row) => ({
      ...{ personId: row.person_id, orderId: row.order_id, at: row.at, total: row.total, currency: row.currency },
      source: ofServers.has(keyOfPurchase(row)) ? ('server' as const) : ('tag' as const),
      standing: 'bought' as const,
      itemIds: decodeJson(row.item_ids),
      report: { at: row.at, visitor: row.visitor_id, event: row.event_id, cartId: row.cart_id },
      ...{ channel: WEB, items: decodeJson(row.items) },
    })),
    ...orders.map((row) => ({
      personId: contactPerson(mustGet(survivors, row.contact_id)),
      ...reportOf(row, { at: row.at, visitor: null, row }),
    })),
  ]
  const held = new Set(
    reports.filter(({ source }) => source === 'api').map((each) => `${each.personId} ${each.orderId}`),
  )
  const pushes = await pushedOrders(
    db,
    purchases.map((row) => row.order_id),
  )
  for (const { person_id: personId, order_id: orderId } of purchases) {
    const row = pushes.get(orderId)
    if (row === undefined || held.has(`${personId} ${orderId}`)) continue
    held.add(`${personId} ${orderId}`)
    // Anybody can guess the id of an order, so what is told of a contact's does not concern anonymous visitors.
    if (row.contact_id !== null && personOf(personId).kind === 'visitor') continue
    reports.push({ personId, ...reportOf(row, null) })
  }
  return new Map(
    [...Map.groupBy(reports, (order) => order.personId)].map(([personId, own]) => {
      return [personId, merged(own, (refunds.get(personId) ?? []).map(toRefund))]
    }),
  )
}

/**
 * The orders of contacts that the shop reports, which settle the carts that carry their typed addresses too. What visitors
 * of theirs bought on the site does not: a contact who has a visitor is told of no such cart.
 */
export const loadReported = (db: Kysely<Database>, contactIds: ContactId[]) =>
  loadPersonOrders(db, [], [...new Set(contactIds)])

const keyOfPurchase = (row: { visitor_id: string; event_id: string | null }) => `${row.visitor_id} ${row.event_id}`

/** What a pushed order reports. */
function reportOf(row: OrderRow, report: OrderReport | null): Report {
  const { order_id: orderId, at, total, currency, standing } = row
  return {
    ...{ orderId, at, total, currency, standing, report, source: 'api' },
    refunds: decodeJson(row.refunds),
    itemIds: allItemIdsOf(row.items),
    channel: row.channel === null ? null : folded(row.channel),
    items: decodeJson(row.items).map(foldedItem),
  }
}

/**
 * One entry an order, with all its items, at the time of its first report; a report without a time counts only where there
 * is no other. Reports of what nobody has paid close nothing. A refund does not open its cart again.
 */
function merged(reports: Report[], refunds: Refund[]): PersonOrder[] {
  const kept = new Map(mergeOrders([...reports], refunds).map((order) => [order.orderId, order]))
  return [...Map.groupBy(reports.filter(isPurchase), (report) => report.orderId)].flatMap(([id, told]) => {
    const own = told.flatMap(({ report }) => report ?? [])
    if (own.length === 0) return []
    own.sort((a, b) => a.at - b.at || (sourceOf(a) < sourceOf(b) ? -1 : 1))
    const itemIds = [...new Set(told.flatMap((report) => (report.report === null ? [] : report.itemIds)))]
    const timed = own.filter((report) => untilOf(report) === null)
    const until = timed.length > 0 ? null : Math.max(...own.map((report) => untilOf(report) ?? report.at))
    const order = kept.get(id)
    // A till's credit note is no order.
    const isOrder = order !== undefined && (order.total === null || order.total >= 0)
    return {
      ...{ id, at: (timed[0] ?? itemAt(own, 0)).at, until, itemIds, reports: own },
      kept: isOrder ? whatIsKept(order, told) : null,
    }
  })
}

/** What is left of a merged order, of which there are these reports. */
function whatIsKept({ total, currency, itemIds }: ReturnType<typeof mergeOrders>[number], told: Report[]): KeptOrder {
  const best = bestFirst(told)
  const left = new Set(itemIds.map(folded))
  const items = best.find((report) => report.itemIds.length > 0)?.items ?? []
  return {
    ...{ total, currency, channel: best.find(({ channel }) => channel !== null)?.channel ?? null },
    items: items.filter(({ ids }) => ids.some((id) => left.has(id))),
  }
}

const untilOf = (report: OrderReport) => (report.visitor === null ? report.row.until_at : null)

const sourceOf = (report: OrderReport) => (report.visitor === null ? '' : `${report.visitor} ${report.event}`)
