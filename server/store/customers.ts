/** Customers with their orders, a page at a time: contacts that have ordered, in the order of their persons. */
import type { Kysely } from 'kysely'
import { type ContactId, contactPerson, type PersonId, personOf } from '../domain/ids.ts'
import { mainOf } from '../domain/scores/parameters.ts'
import type { ScoredOrder } from '../domain/scores/person-scores.ts'
import type { Database } from './schema.ts'

/** A customer and their orders. */
export type Customer = { personId: PersonId; contactId: ContactId; orders: ScoredOrder[] }

/** Reads customers. A customer's orders may fill several pages of the store, and are handed out together. */
export function createCustomerReader(db: Kysely<Database>) {
  let after = { personId: contactPerson(''), orderId: '' }
  let ended = false
  let open: Customer | null = null
  return {
    /** The customers whose orders end within the next so many orders; null after the last one. */
    async next(orders: number): Promise<Customer[] | null> {
      if (ended) return null
      const { personId, orderId } = after
      const rows = await db
        .selectFrom('person_orders')
        .select(['person_id', 'order_id', 'at', 'total', 'currency'])
        .where((eb) => eb(eb.refTuple('person_id', 'order_id'), '>', eb.tuple(personId, orderId)))
        .orderBy('person_id')
        .orderBy('order_id')
        .limit(orders)
        .execute()
      const complete: Customer[] = []
      for (const { person_id, order_id, ...order } of rows) {
        if (open?.personId !== person_id) {
          if (open) complete.push(open)
          open = null
          const person = personOf(person_id)
          // Contacts come before anonymous visitors.
          if (person.kind !== 'contact') {
            ended = true
            break
          }
          open = { personId: person_id, contactId: person.id, orders: [] }
        }
        open.orders.push(order)
        after = { personId: person_id, orderId: order_id }
      }
      if (rows.length < orders) ended = true
      if (ended && open) {
        complete.push(open)
        open = null
      }
      return complete
    },
  }
}

/** The currency of most orders. Null without an order. */
export async function mainCurrency(db: Kysely<Database>): Promise<string | null> {
  const rows = await db
    .selectFrom('person_orders')
    .select((eb) => ['currency', eb.fn.countAll<number>().as('orders')])
    .groupBy('currency')
    .execute()
  return mainOf(new Map(rows.map(({ currency, orders }) => [currency, Number(orders)])))
}
