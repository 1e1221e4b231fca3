/** The rows of what is left of persons' orders (`person_orders`), which conditions about orders read. */
import type { Transaction } from 'kysely'
import type { PersonId } from '../domain/ids.ts'
import { inKeyOrder, ofKeys, ofRows } from './engine/many.ts'
import type { PersonOrder } from './person-orders.ts'
import { encodeJson } from './schema/columns.ts'
import type { PersonOrderRow } from './schema/derived.ts'
import type { Database } from './schema.ts'

/** The rows of a person's orders. */
export function orderRows(personId: PersonId, orders: PersonOrder[]): PersonOrderRow[] {
  return orders.flatMap(({ id, at, kept }) => {
    if (kept === null) return []
    const { total, currency, channel, items } = kept
    return { person_id: personId, order_id: id, at, total, currency, channel, items: encodeJson(items) }
  })
}

const selectRows = ofKeys((db, personIds: PersonId[]) =>
  db.selectFrom('person_orders').selectAll().where('person_id', 'in', personIds),
)
const removeRow = ofKeys((db, personIds: PersonId[], orderId: string) =>
  db.deleteFrom('person_orders').where('person_id', 'in', personIds).where('order_id', '=', orderId),
)
const removeAll = ofKeys((db, personIds: PersonId[]) =>
  db.deleteFrom('person_orders').where('person_id', 'in', personIds),
)
const upsertRows = ofRows((db, rows: PersonOrderRow[]) =>
  db
    .insertInto('person_orders')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['person_id', 'order_id']).doUpdateSet((eb) => {
        const columns = ['at', 'total', 'currency', 'channel', 'items'] as const
        return Object.fromEntries(columns.map((column) => [column, eb.ref(`excluded.${column}`)]))
      }),
    ),
)

/** Replaces the orders of the given persons, and writes only the differences. */
export async function writeOrderRows(
  trx: Transaction<Database>,
  personIds: PersonId[],
  rows: PersonOrderRow[],
): Promise<void> {
  const keyOf = (row: PersonOrderRow) => JSON.stringify([row.person_id, row.order_id])
  const left = new Map((await selectRows(trx, personIds)).map((row) => [keyOf(row), row]))
  const changed = rows.filter((row) => {
    const was = left.get(keyOf(row))
    left.delete(keyOf(row))
    const columns = Object.keys(row) as (keyof PersonOrderRow)[]
    return was === undefined || columns.some((column) => was[column] !== row[column])
  })
  const buyers = new Set(rows.map((row) => row.person_id))
  const [some, all] = [[] as PersonOrderRow[], new Set<PersonId>()]
  for (const row of left.values()) {
    if (buyers.has(row.person_id)) some.push(row)
    else all.add(row.person_id)
  }
  for (const row of inKeyOrder(some, 'person_id', 'order_id')) await removeRow(trx, [row.person_id], row.order_id)
  await removeAll(trx, [...all].sort())
  await upsertRows(trx, inKeyOrder(changed, 'person_id', 'order_id'))
}
