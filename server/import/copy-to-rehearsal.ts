/**
 * The data of a dry run: before a batch is written to an empty store, the rows that it would meet in the real store are
 * copied there, once. So a dry run counts like a real one, and the real store is only read.
 */
import type { Kysely } from 'kysely'
import { addAttributes, listAttributes } from '../store/attributes.ts'
import { chunks, chunksOf } from '../store/engine/many.ts'
import { transact } from '../store/engine/transact.ts'
import type { Database } from '../store/schema.ts'

/** Copies contacts with their keys, unless they are there already. */
export async function copyContacts(from: Kysely<Database>, to: Kysely<Database>, ids: string[]): Promise<void> {
  for (const part of chunks([...new Set(ids)], 500)) {
    const there = await to.selectFrom('contacts').select('contact_id').where('contact_id', 'in', part).execute()
    const known = new Set(there.map((row) => row.contact_id))
    const missing = part.filter((id) => !known.has(id))
    if (missing.length === 0) continue
    const contacts = await from.selectFrom('contacts').selectAll().where('contact_id', 'in', missing).execute()
    const keys = await from.selectFrom('contact_keys').selectAll().where('contact_id', 'in', missing).execute()
    for (const rows of chunksOf(contacts)) await to.insertInto('contacts').values(rows).execute()
    for (const rows of chunksOf(keys)) await to.insertInto('contact_keys').values(rows).execute()
  }
}

/** Copies the attributes with their types, unless they are there already. */
export async function copyAttributes(from: Kysely<Database>, to: Kysely<Database>): Promise<void> {
  await transact(to, async (trx) => addAttributes(trx, await listAttributes(from)))
}

/** Copies the orders that were pushed, unless they are there already. */
export async function copyOrders(from: Kysely<Database>, to: Kysely<Database>, orderIds: string[]): Promise<void> {
  for (const part of chunks([...new Set(orderIds)], 500)) {
    const rows = await from
      .selectFrom('orders')
      .selectAll()
      .where('order_id', 'in', part)
      .where('source', '=', 'api')
      .execute()
    for (const each of chunksOf(rows)) {
      await to
        .insertInto('orders')
        .values(each)
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    }
  }
}
