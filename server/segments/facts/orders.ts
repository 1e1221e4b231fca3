/** What persons bought in all channels, less what was taken back: oldest first. */
import type { FoldedItem } from '../../domain/commerce/items.ts'
import type { PersonId } from '../../domain/ids.ts'
import { ofKeys } from '../../store/engine/many.ts'
import { decodeJson } from '../../store/schema/columns.ts'
import type { PersonOrderRow } from '../../store/schema/derived.ts'
import type { FactKind } from './fact.ts'

/** An order: `total` in minor units, null if it is unknown; the pieces and the channel are folded. */
export type OrderFact = Pick<PersonOrderRow, 'at' | 'total' | 'currency' | 'channel'> & {
  id: string
  items: FoldedItem[]
}

declare module './fact.ts' {
  interface FactValues {
    orders: OrderFact[]
  }
  interface FactWants {
    orders: 'all'
  }
}

const selectOrders = ofKeys((db, personIds: PersonId[]) =>
  db.selectFrom('person_orders').selectAll().where('person_id', 'in', personIds).orderBy('at').orderBy('order_id'),
)

/** The facts `orders`. */
export const orders: FactKind<'orders'> = {
  async load(db, persons) {
    const buyers = persons.filter((row) => row.purchases > 0).map((row) => row.person_id)
    const found = new Map<PersonId, OrderFact[]>()
    for (const { person_id, order_id: id, items, ...order } of await selectOrders(db, buyers)) {
      const own = found.get(person_id) ?? []
      found.set(person_id, own)
      own.push({ ...order, id, items: decodeJson(items) })
    }
    return (person) => found.get(person) ?? []
  },
}
