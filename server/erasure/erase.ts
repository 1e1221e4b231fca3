/**
 * Erasure of a contact. One transaction deletes the contact's facts; deriving then updates everything that depends on them.
 *
 * - The contact's row is deleted with its orders from other channels, and so are the records that the CRM merged into it.
 *   A nameless row under a keyed name replaces it, to which its keys lead (`tombstones`).
 * - Visitors on which it alone was linked are retired as by a withdrawal: their data is deleted when they are derived,
 *   and their ids are refused from then on.
 * - On a device that others used too only the contact's periods are deleted, and a bare logout remains at both ends of
 *   each. Without it, the visits of others before and after would join over the gap, and could be given to the wrong
 *   person. Data of the contact that lands later is refused (`erased-spans`).
 *
 * All leases are locked first, so that no process meanwhile writes or publishes anything derived from facts read before.
 * Work in progress is done again, because everything the erasure touches is marked.
 */

import type { Transaction } from 'kysely'
import { contactPerson } from '../domain/ids.ts'
import { itemAt } from '../domain/lookup.ts'
import { visitorsOfKeys } from '../store/claim-keys.ts'
import { EMPTY_CONTACT } from '../store/contact-patch.ts'
import type { KeysOf } from '../store/contacts.ts'
import { chunks, chunksOf } from '../store/engine/many.ts'
import { addErasureNotices } from '../store/erasure-notices.ts'
import { insertErasure } from '../store/erasures.ts'
import { keysBeside } from '../store/holders.ts'
import { noteEnded } from '../store/memberships.ts'
import { familyOf } from '../store/merges.ts'
import { reportersOf } from '../store/orders.ts'
import { blankExamples } from '../store/quality.ts'
import { deleteOfContacts } from '../store/rows.ts'
import type { ContactRow } from '../store/schema/contacts.ts'
import type { ErasedSpan } from '../store/schema/erasure.ts'
import type { Database } from '../store/schema.ts'
import { CONTACT_COLUMNS } from '../store/tables.ts'
import { hashesOf, nameOfErased } from '../store/tombstones.ts'
import { mark } from '../store/work/dirty.ts'
import { lockLeases } from '../store/work/leases.ts'
import { lockKeys, lockName } from '../store/work/locks.ts'
import { linkedVisitors } from './linked-visitors.ts'
import { cutOut } from './shared-device.ts'

/** The outcome of an erasure; `contact` is the keyed hash of the contact's id. */
export type Erased = { contact: string; visitors: number; shared: number; orders: number }

/** What erasing needs. */
export type EraseDeps = {
  keysOf: KeysOf
  /** The keyed hash under which a retired visitor is refused. */
  tombstone: (visitorId: string) => string
  newId: () => string
  now: number
}

type Trx = Transaction<Database>

/** Erases a contact. Returns null if it does not exist or is already erased. */
export async function eraseContact(trx: Trx, id: string, deps: EraseDeps): Promise<Erased | null> {
  const { keysOf, tombstone, now } = deps
  await lockLeases(trx)
  await lockName(trx, 'contacts')
  await lockName(trx, 'orders')
  const rows = await recordsOf(trx, id)
  if (rows.length === 0) return null
  const contacts = rows.map((row) => row.contact_id)
  const keys = await keysOfRecords(trx, rows, keysOf)
  // Includes the keys of contacts that share its address, because their clicks are judged differently without it.
  const affectedKeys = await keysBeside(trx, keys)
  await lockKeys(trx, [...affectedKeys, ...contacts.map(contactPerson)])

  const { own, shared } = await linkedVisitors(trx, { contacts, keys })
  const spans: ErasedSpan[] = own.map((visitor) => ({ visitor: tombstone(visitor), from: null, to: null }))
  for (const visitor of shared) spans.push(...(await cutOut(trx, visitor, { contacts, keys }, deps)))
  for (const part of chunksOf(spans.slice(0, own.length).map(({ visitor: hash }) => ({ hash })))) {
    await trx
      .insertInto('tombstones')
      .values(part.map(({ hash }) => ({ hash, kind: 'visitor' as const, at: now })))
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }
  await blankExamples(trx, [...own, ...shared].map(tombstone))
  const reporters = await reportersOf(trx, contacts)
  const deleted = await deleteOfContacts(trx, CONTACT_COLUMNS, contacts)
  await replaceRecords(trx, rows, keys, deps)
  await addErasureNotices(trx, contacts, now)
  await noteEnded(trx, { contacts })
  if (spans.length > 0) await insertErasure(trx, { id: deps.newId(), at: now, spans })
  await trx
    .deleteFrom('derive_failures')
    .where('key', 'in', [...contacts, ...contacts.map(contactPerson)])
    .execute()
  await mark(trx, 'dirty_visitors', [...(await visitorsOfKeys(trx, affectedKeys)), ...reporters, ...own, ...shared])
  await mark(trx, 'dirty_persons', contacts.map(contactPerson))
  await mark(trx, 'dirty_contacts', contacts)
  return {
    contact: hashesOf(keysOf, { id }).id,
    visitors: own.length,
    shared: shared.length,
    orders: deleted.get('orders') ?? 0,
  }
}

/** The record of this id and those that the CRM merged with it, without the erased ones. */
async function recordsOf(trx: Trx, id: string): Promise<ContactRow[]> {
  const rows = await trx
    .selectFrom('contacts')
    .selectAll()
    .where('contact_id', 'in', await familyOf(trx, [id]))
    .where('erased_at', 'is', null)
    .execute()
  // The id may be known only as the target of merges. Then the records merged into it are not erased either.
  return rows.some((row) => row.contact_id === id) ? rows.sort((a, b) => (a.contact_id < b.contact_id ? -1 : 1)) : []
}

async function keysOfRecords(trx: Trx, rows: ContactRow[], keysOf: KeysOf): Promise<string[]> {
  const keys = new Set(
    rows.flatMap((row) => keysOf({ id: row.contact_id, email: row.email, emailSha256: row.email_sha256 })),
  )
  const ids = rows.map((row) => row.contact_id)
  const kept = await trx.selectFrom('contact_keys').select('key_hash').where('contact_id', 'in', ids).execute()
  for (const row of kept) keys.add(row.key_hash)
  return [...keys].sort()
}

/** Replaces the deleted records by nameless ones. Their keys lead there unless another contact has the same key. */
async function replaceRecords(trx: Trx, rows: ContactRow[], keys: string[], deps: EraseDeps): Promise<void> {
  const { keysOf, now } = deps
  const ids = rows.map((row) => row.contact_id)
  const held = new Set<string>()
  for (const part of chunks(keys, 500)) {
    const others = await trx.selectFrom('contact_keys').select('key_hash').where('key_hash', 'in', part).execute()
    for (const row of others) held.add(row.key_hash)
  }
  const tombstones = new Map<string, Database['tombstones']>()
  const names = new Map<string, string>()
  for (const row of rows) {
    const { id, address } = hashesOf(keysOf, { id: row.contact_id, email: row.email, email_sha256: row.email_sha256 })
    tombstones.set(id, { hash: id, kind: 'contact', at: now })
    if (address !== null) tombstones.set(address, { hash: address, kind: 'address', at: now })
    for (const key of keysOf({ id: row.contact_id, email: row.email, emailSha256: row.email_sha256 })) {
      if (!names.has(key)) names.set(key, nameOfErased(id))
    }
    await trx
      .insertInto('contacts')
      .values({
        ...EMPTY_CONTACT,
        contact_id: nameOfErased(id),
        imported_at: row.imported_at,
        erased_at: now,
      })
      .execute()
  }
  await trx
    .insertInto('tombstones')
    .values([...tombstones.values()].sort((a, b) => (a.hash < b.hash ? -1 : 1)))
    .onConflict((conflict) => conflict.column('hash').doUpdateSet({ at: now }))
    .execute()
  // Keys that no current secret produces, because it was changed, lead to the first record.
  const first = nameOfErased(hashesOf(keysOf, { id: itemAt(ids, 0) }).id)
  const unheld = keys.filter((key) => !held.has(key))
  for (const part of chunksOf(unheld.map((key_hash) => ({ key_hash, contact_id: names.get(key_hash) ?? first })))) {
    await trx.insertInto('contact_keys').values(part).execute()
  }
}
