/** The carts of persons that orders have closed: bought, or recovered after they had been abandoned. Oldest first. */
import type { FoldedItem } from '../../domain/commerce/items.ts'
import type { PersonId } from '../../domain/ids.ts'
import { ofKeys } from '../../store/engine/many.ts'
import { decodeJson } from '../../store/schema/columns.ts'
import type { PersonCartRow } from '../../store/schema/derived.ts'
import type { FactKind } from './fact.ts'

/** A closed cart. Its pieces are folded. */
export type ClosedCart = Pick<PersonCartRow, 'id' | 'currency' | 'value' | 'step' | 'updated_at' | 'idle_at'> & {
  state: 'converted' | 'recovered'
  closed_at: number
  recovered_value: number | null
  items: FoldedItem[]
}

declare module './fact.ts' {
  interface FactValues {
    closed_carts: ClosedCart[]
  }
  interface FactWants {
    closed_carts: 'all'
  }
}

const selectCarts = ofKeys((db, personIds: PersonId[]) =>
  db
    .selectFrom('person_carts')
    .select(['person_id', 'id', 'state', 'currency', 'value', 'step', 'updated_at', 'idle_at', 'closed_at'])
    .select(['recovered_value', 'folded_items'])
    .where('person_id', 'in', personIds)
    .where('closed_at', 'is not', null)
    .orderBy('closed_at')
    .orderBy('id'),
)

/** The facts `closed_carts`. */
export const closedCarts: FactKind<'closed_carts'> = {
  async load(db, persons) {
    const ids = persons.filter((row) => row.visitors > 0).map((row) => row.person_id)
    const found = new Map<PersonId, ClosedCart[]>()
    for (const { person_id, state, closed_at, folded_items, ...cart } of await selectCarts(db, ids)) {
      if (state === 'open' || closed_at === null) continue
      const own = found.get(person_id) ?? []
      found.set(person_id, own)
      own.push({ ...cart, state, closed_at, items: decodeJson(folded_items) })
    }
    return (person) => found.get(person) ?? []
  },
}
