/**
 * What orders made of carts, without a word of whose they were: the figures of the past. A row may change while late events
 * and links correct the past; it stays as it is once the settings that decide about it have changed, and when the visit, the
 * customer or the cart is deleted.
 */
import type { Kysely, Transaction } from 'kysely'
import type { PersonId } from '../domain/ids.ts'
import type { Site, SiteSettings } from '../domain/settings.ts'
import { allBut, ofKeys, ofRows } from './engine/many.ts'
import type { PersonOrder } from './person-orders.ts'
import type { CartClosingRow, PersonCartRow } from './schema/derived.ts'
import type { Database } from './schema.ts'

/** The rows of an order that are to be deleted, and those that are to be written. */
export type ClosingChanges = { remove: Pick<CartClosingRow, 'order_hash' | 'n'>[]; upsert: CartClosingRow[] }

/** What decides whether a cart was abandoned, and what brought it back. */
const ruleOf = ({ cart_idle_minutes, attribution_days }: SiteSettings) => `${cart_idle_minutes}/${attribution_days}`

const selectRows = ofKeys((db, hashes) => db.selectFrom('cart_closings').selectAll().where('order_hash', 'in', hashes))

/** The sites, and a keyed hash of texts, from which nobody learns whose an order is. */
export type ClosingDeps = { siteOf: (id: string) => Site; hash: (text: string) => string }

/**
 * Compares what the orders of persons made of their carts with what is recorded. What was decided under other settings
 * stands, and is written into the carts.
 */
export async function compareClosings(
  db: Kysely<Database>,
  personIds: PersonId[],
  known: { orders: ReadonlyMap<PersonId, PersonOrder[]>; carts: ReadonlyMap<PersonId, PersonCartRow[]> },
  { siteOf, hash }: ClosingDeps,
): Promise<ClosingChanges> {
  const orders = personIds.flatMap((person) => {
    const carts = Map.groupBy(known.carts.get(person) ?? [], (cart) => cart.closed_by)
    return (known.orders.get(person) ?? []).map(({ id, reports }) => {
      // Its first visitor names it, so that a later word of another channel does not make it another order.
      const visitors = reports.flatMap((report) => report.visitor ?? [])
      const byChannel = reports.some((report) => report.visitor === null) ? [''] : []
      const hashes = [...new Set([...visitors, ...byChannel])].map((visitor) => hash(`${visitor} ${id}`))
      return { hashes, closed: (carts.get(id) ?? []).sort(byBeginning) }
    })
  })
  const recorded = await selectRows(
    db,
    orders.flatMap(({ hashes }) => hashes),
  )
  const byHash = Map.groupBy([...new Map(recorded.map((row) => [keyOf(row), row])).values()], (row) => row.order_hash)
  const changes: ClosingChanges = { remove: [], upsert: [] }
  for (const { hashes, closed } of orders) {
    const before = hashes.flatMap((hash) => byHash.get(hash) ?? [])
    if (before.some((row) => row.rule !== ruleOf(siteOf(row.site_id).settings))) {
      for (const row of before) restore(closed[row.n], row)
      continue
    }
    const rows = closed.map((cart, n) => closingOf(hashes[0] ?? '', n, cart, siteOf))
    const left = new Map(before.map((row) => [keyOf(row), row]))
    for (const row of rows) {
      const was = left.get(keyOf(row))
      left.delete(keyOf(row))
      const columns = Object.keys(row) as (keyof CartClosingRow)[]
      if (was === undefined || columns.some((column) => was[column] !== row[column])) changes.upsert.push(row)
    }
    changes.remove.push(...left.values())
  }
  return changes
}

const keyOf = ({ order_hash, n }: Pick<CartClosingRow, 'order_hash' | 'n'>) => `${order_hash} ${n}`

const byBeginning = (a: PersonCartRow, b: PersonCartRow) => a.created_at - b.created_at || (a.id < b.id ? -1 : 1)

function closingOf(hash: string, n: number, cart: PersonCartRow, siteOf: (id: string) => Site): CartClosingRow {
  return {
    order_hash: hash,
    n,
    site_id: cart.site_id,
    at: cart.closed_at ?? cart.updated_at,
    abandoned_at: cart.abandoned_at,
    currency: cart.currency,
    recovered_by: cart.recovered_by,
    recovered_message: cart.recovered_message,
    recovered_value: cart.recovered_value,
    rule: ruleOf(siteOf(cart.site_id).settings),
  }
}

function restore(cart: PersonCartRow | undefined, row: CartClosingRow): void {
  if (cart === undefined) return
  const { abandoned_at, recovered_by, recovered_message, recovered_value } = row
  const state = recovered_by === null ? 'converted' : 'recovered'
  Object.assign(cart, { state, abandoned_at, recovered_by, recovered_message, recovered_value })
}

const removeRow = ofKeys((db, hashes, n: number) =>
  db.deleteFrom('cart_closings').where('order_hash', 'in', hashes).where('n', '=', n),
)
const upsertRows = ofRows((db, rows: CartClosingRow[]) =>
  db
    .insertInto('cart_closings')
    .values(rows)
    .onConflict((conflict) => conflict.columns(['order_hash', 'n']).doUpdateSet(allBut(rows, 'order_hash', 'n'))),
)

/** Records what has changed. */
export async function writeClosings(trx: Transaction<Database>, { remove, upsert }: ClosingChanges): Promise<void> {
  for (const { order_hash, n } of remove) await removeRow(trx, [order_hash], n)
  // Two persons may report one order.
  const rows = [...new Map(upsert.map((row) => [keyOf(row), row])).values()]
  await upsertRows(
    trx,
    rows.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)),
  )
}

/** Deletes what is recorded of a site. */
export async function deleteClosingsOf(trx: Transaction<Database>, siteId: string): Promise<void> {
  await trx.deleteFrom('cart_closings').where('site_id', '=', siteId).execute()
}
