/**
 * Writes the orders of a file. An order belongs to the contact whose id it names, whether that contact is known already
 * or imported later; an address must belong to exactly one known contact.
 */

import type { Transaction } from 'kysely'
import { itemAt } from '../domain/lookup.ts'
import { holdersOf, type KeysOf, type WritingImport } from '../store/contacts.ts'
import { transact } from '../store/engine/transact.ts'
import { contactsAmong } from '../store/holders.ts'
import { type PushedOrder, upsertOrders } from '../store/orders.ts'
import type { OrderRow } from '../store/schema/contacts.ts'
import type { Database } from '../store/schema.ts'
import { copyErased, erasedIds, isNameOfErased } from '../store/tombstones.ts'
import { addressKey } from './addresses.ts'
import type { OrderCheck, OrderInput } from './check-order.ts'
import type { ImportDeps, ImportHooks } from './contacts.ts'
import { copyContacts, copyOrders } from './copy-to-rehearsal.ts'
import type { Note } from './notes.ts'
import { type ImportOutcome, type ItemRow, runImport, type Written } from './run.ts'
import type { Source } from './source.ts'

/** Imports the orders of an opened file. */
export function importOrders(
  deps: ImportDeps,
  source: Pick<Source, 'rows' | 'notes' | 'columns'>,
  { check, notes }: OrderCheck,
  hooks: ImportHooks = {},
): Promise<ImportOutcome> {
  const { db, rehearsal, record, keysOf, now } = deps
  const isTable = source.columns.length > 0
  let foreign = 0
  const write = async (batch: ItemRow<OrderInput>[]): Promise<Written> => {
    if (rehearsal) {
      const holders = await holdersOf(db, allKeysIn(batch, keysOf))
      await copyErased(db, rehearsal)
      const contacts = batch.flatMap(({ item }) => item.contact_id ?? [])
      await copyContacts(db, rehearsal, [...contacts, ...[...holders.values()].flat()])
      await copyOrders(
        db,
        rehearsal,
        batch.map(({ item }) => item.order_id),
      )
    }
    return transact(rehearsal ?? db, async (trx) => {
      const changes = record?.changes()
      const named = isTable ? await byKnownAddress(trx, batch, keysOf) : batch
      foreign += named.filter(({ item }, i) => item.contact_id !== itemAt(batch, i).item.contact_id).length
      const written = await writeOrders(trx, named, keysOf, now(), changes?.writing)
      await changes?.write(trx)
      return written
    })
  }
  return runImport({
    ...{ rows: source.rows, check, write, clock: now },
    notes: () => [...source.notes(), ...notes(), ...foreignNotes(foreign)],
    ...hooks,
  })
}

/**
 * A shop numbers its customers itself. Where no contact has the number of a row and one contact has its address, the order
 * is that contact's.
 */
async function byKnownAddress(
  trx: Transaction<Database>,
  batch: ItemRow<OrderInput>[],
  keysOf: KeysOf,
): Promise<ItemRow<OrderInput>[]> {
  const both = batch.filter(({ item }) => item.contact_id !== null && item.email !== null)
  if (both.length === 0) return batch
  const known = await contactsAmong(
    trx,
    both.flatMap(({ item }) => item.contact_id ?? []),
  )
  const holders = await holdersOf(trx, allKeysIn(both, keysOf))
  return batch.map((row) => {
    const { contact_id, email } = row.item
    if (contact_id === null || email === null || known.has(contact_id)) return row
    const [only, another] = holders.get(addressKey(keysOf, email) ?? '') ?? []
    if (only === undefined || another !== undefined || isNameOfErased(only)) return row
    return { ...row, item: { ...row.item, contact_id: only } }
  })
}

function foreignNotes(count: number): Note[] {
  const message =
    'orders went to the contact with their address, because no contact has the customer’s number in the file'
  return count === 0 ? [] : [{ code: 'foreign_numbers', count, message }]
}

/** Writes a batch; orders whose contact is unclear are rejected. */
export async function writeOrders(
  trx: Transaction<Database>,
  batch: ItemRow<OrderInput>[],
  keysOf: KeysOf,
  now: number,
  writing?: WritingImport<OrderRow>,
): Promise<Written> {
  const keys = keysIn(batch, keysOf)
  const holders = await holdersOf(trx, [...keys.values()])
  const erased = await erasedIds(
    trx,
    batch.flatMap(({ item }) => item.contact_id ?? []),
    keysOf,
  )
  const orders: PushedOrder[] = []
  const rejected: Written['rejected'] = []
  for (const { row, item } of batch) {
    const { email, ...order } = item
    if (order.contact_id !== null) {
      if (erased.has(order.contact_id) || isNameOfErased(order.contact_id)) {
        rejected.push({ row, code: 'unknown_contact', message: 'contact_id must not be that of an erased contact' })
      } else orders.push(order)
    } else if (email === null) orders.push(order)
    else {
      const key = keys.get(email)
      const known = (key === undefined ? [] : (holders.get(key) ?? [])).filter((id) => !isNameOfErased(id))
      const [only, another] = known
      if (only !== undefined && another === undefined) orders.push({ ...order, contact_id: only })
      else if (known.length === 0) {
        const message = 'email must belong to a known contact: import contacts first, or give contact_id'
        rejected.push({ row, code: 'unknown_contact', message })
      } else {
        const message = `email must belong to one contact, but ${known.length} have it: give contact_id`
        rejected.push({ row, code: 'ambiguous_identifier', message })
      }
    }
  }
  return { ...(await upsertOrders(trx, orders, now, writing)), rejected }
}

function allKeysIn(batch: ItemRow<OrderInput>[], keysOf: KeysOf): string[] {
  return batch.flatMap(({ item }) => (item.email === null ? [] : (addressKey(keysOf, item.email) ?? [])))
}

/** The keys of the addresses by which orders name their contacts, by address. */
function keysIn(batch: ItemRow<OrderInput>[], keysOf: KeysOf): Map<string, string> {
  const keys = new Map<string, string>()
  for (const { item } of batch) {
    if (item.contact_id !== null || item.email === null || keys.has(item.email)) continue
    const key = addressKey(keysOf, item.email)
    if (key !== null) keys.set(item.email, key)
  }
  return keys
}
