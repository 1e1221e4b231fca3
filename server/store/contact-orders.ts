/**
 * The orders of contacts as readers see them: one per order id, with each field from its best source. They are the purchases
 * of their visitors, orders of other channels that name them, those of merged records included, and pushed orders with the
 * same id as a purchase.
 */
import type { Kysely, NotNull } from 'kysely'
import { byEvent, mergeOrders, type OrderSource, type ReportedOrder } from '../domain/commerce/order.ts'
import { type ContactId, contactPerson, type PersonId, type VisitorId } from '../domain/ids.ts'
import { mustGet } from '../domain/lookup.ts'
import { ofKeys } from './engine/many.ts'
import { itemIdsOf } from './item-ids.ts'
import { survivorsOf } from './merges.ts'
import { pushedOrders, toRefund } from './orders.ts'
import { decodeJson } from './schema/columns.ts'
import type { OrderRow } from './schema/contacts.ts'
import type { Database } from './schema.ts'

/** Whether a purchase counts; with a floor of grades, not all do. */
type Counts = (purchase: { visitor_id: VisitorId; at: number }) => boolean

const selectPurchases = ofKeys((db, personIds: PersonId[]) =>
  db.selectFrom('purchases').selectAll().where('person_id', 'in', personIds),
)
const selectOrders = ofKeys((db, contactIds) =>
  db
    .selectFrom('orders')
    .selectAll()
    .where('contact_id', 'in', contactIds)
    .where('source', '=', 'api')
    .$narrowType<{ contact_id: NotNull }>(),
)
const selectOfServers = ofKeys((db, visitorIds) =>
  db
    .selectFrom('orders')
    .select(['visitor_id', 'event_id'])
    .where('visitor_id', 'in', visitorIds)
    .where('source', '=', 'server'),
)

/** The orders of each contact in all channels, oldest first; of its visitors' purchases those that count. */
export async function loadContactOrders(
  db: Kysely<Database>,
  contactIds: ContactId[],
  counts: Counts = () => true,
): Promise<Map<ContactId, ReturnType<typeof mergeOrders>>> {
  const rows = byEvent(await selectPurchases(db, contactIds.map(contactPerson)))
  const bought = rows.filter((row) => row.refund === 0 && counts(row))
  const reports = new Map<PersonId, ReportedOrder[]>(contactIds.map((id) => [contactPerson(id), []]))
  const servers = new Set(
    (await selectOfServers(db, [...new Set(bought.map((row) => row.visitor_id))])).map(keyOfPurchase),
  )
  for (const row of bought) {
    const source: OrderSource = servers.has(keyOfPurchase(row)) ? 'server' : 'tag'
    const { order_id: orderId, at, total, currency } = row
    const itemIds = decodeJson(row.item_ids)
    reports.get(row.person_id)?.push({ orderId, source, at, total, currency, itemIds })
  }
  const held = new Set<string>()
  const push = (personId: PersonId, row: OrderRow) => {
    const key = `${personId} ${row.order_id}`
    if (!held.has(key)) reports.get(personId)?.push(pushed(row))
    held.add(key)
  }
  const survivors = await survivorsOf(db, contactIds)
  for (const row of await selectOrders(db, [...new Set([...contactIds, ...survivors.keys()])])) {
    push(contactPerson(survivors.get(row.contact_id) ?? row.contact_id), row)
    // A merged record has its own orders too, if somebody asks for it.
    push(contactPerson(row.contact_id), row)
  }
  const pushes = await pushedOrders(
    db,
    bought.map((row) => row.order_id),
  )
  for (const { person_id, order_id } of bought) {
    const row = pushes.get(order_id)
    if (row) push(person_id, row)
  }
  const refunds = Map.groupBy(
    rows.filter((row) => row.refund === 1),
    (row) => row.person_id,
  )
  return new Map(
    contactIds.map((id) => {
      const person = contactPerson(id)
      return [id, mergeOrders(mustGet(reports, person), (refunds.get(person) ?? []).map(toRefund))]
    }),
  )
}

/** A contact's orders in all channels, oldest first; of its visitors' purchases those that count. */
export async function listOrders(db: Kysely<Database>, contactId: ContactId, counts?: Counts) {
  const orders = await loadContactOrders(db, [contactId], counts)
  return mustGet(orders, contactId).map(({ orderId, itemIds, ...order }) => ({
    order_id: orderId,
    ...order,
    item_ids: itemIds,
  }))
}

const keyOfPurchase = (row: { visitor_id: string; event_id: string | null }) => `${row.visitor_id} ${row.event_id}`

function pushed({ order_id: orderId, at, total, currency, items, standing, refunds }: OrderRow): ReportedOrder {
  const itemIds = itemIdsOf(items)
  return { orderId, source: 'api', at, total, currency, itemIds, standing, refunds: decodeJson(refunds) }
}
