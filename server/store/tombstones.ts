/**
 * Erased contacts, by keyed hashes of their id and of their address.
 *
 * An erased id never comes back. The address may: if the CRM creates another record with it after the erasure, the customer
 * has returned or the address has a new owner, and nothing known before is found again. A pushed row that is older than
 * the erasure, or whose id is the address itself, is taken for the erased contact.
 *
 * An empty row replaces the erased contact's row, under a name made from the keyed hash of its id, and the contact's keys
 * lead to it: so a claim to be that contact is refused as `erased`, not as unknown.
 */

import type { Kysely, Transaction } from 'kysely'
import { isDemoContact } from '../domain/demo.ts'
import { cleanEmail } from '../domain/identifier.ts'
import { itemAt } from '../domain/lookup.ts'
import { chunks, chunksOf, ofKeys } from './engine/many.ts'
import type { ContactRow } from './schema/contacts.ts'
import type { Database } from './schema.ts'

type Keyed = (contact: { id: string; email: string | null; emailSha256: string | null }) => string[]
type Named = { id: string; email?: string | null; email_sha256?: string | null }
type Pushed = Named & { updated_at: number }

const selectErased = ofKeys((db, hashes) =>
  db.selectFrom('tombstones').select(['hash', 'at']).where('hash', 'in', hashes).where('kind', '!=', 'visitor'),
)

const selectTombstones = ofKeys((db, hashes) => db.selectFrom('tombstones').select('hash').where('hash', 'in', hashes))

/** Which of these hashes are tombstones. */
export async function findTombstones(db: Kysely<Database>, hashes: string[]): Promise<Set<string>> {
  return new Set((await selectTombstones(db, hashes)).map((row) => row.hash))
}

/** The id of the empty row that replaces an erased contact. `hash` is the keyed hash of the contact's id. */
export function nameOfErased(hash: string): string {
  return `erased:${hash}`
}

/** Whether an id was made by `nameOfErased`. */
export function isNameOfErased(id: string): boolean {
  return /^erased:[A-Za-z0-9_-]{22}$/.test(id)
}

/** The keyed hash of an id, and that of the address if there is one. */
export function hashesOf(keysOf: Keyed, row: Named): { id: string; address: string | null } {
  const { id, email = null, email_sha256: emailSha256 = null } = row
  const keys = keysOf({ id, email, emailSha256 })
  const hasAddress = (email ?? emailSha256) !== null && !isDemoContact(id)
  return { id: itemAt(keys, 0), address: hasAddress ? itemAt(keys, 1) : null }
}

/** What is known about erasures among pushed rows. */
export type ErasedAmong = {
  /** Whether a row would bring back an erased contact. `known`: a contact with its id exists. */
  refuses(row: Pushed, known: boolean): boolean
  /** The keys of those of the contacts' addresses that an erased contact had. */
  addressesOf(rows: ContactRow[]): string[]
}

/** Looks up which of the rows concern erased contacts. */
export async function findErased(db: Kysely<Database>, rows: Pushed[], keysOf: Keyed): Promise<ErasedAmong> {
  const hashes = rows.flatMap((row) => Object.values(hashesOf(keysOf, row)).filter((hash) => hash !== null))
  const erasedAt = new Map((await selectErased(db, [...new Set(hashes)])).map((row) => [row.hash, row.at]))
  return {
    refuses(row, known) {
      if (isNameOfErased(row.id)) return true
      if (erasedAt.size === 0) return false
      const { id, address } = hashesOf(keysOf, row)
      if (erasedAt.has(id)) return true
      const at = address === null ? undefined : erasedAt.get(address)
      if (known || at === undefined) return false
      return row.updated_at <= at || (row.email != null && row.id === cleanEmail(row.email).toLowerCase())
    },
    addressesOf(contacts) {
      if (erasedAt.size === 0) return []
      const addresses = contacts.map((row) => hashesOf(keysOf, { ...row, id: row.contact_id }).address)
      return addresses.filter((address) => address !== null && erasedAt.has(address)) as string[]
    },
  }
}

/** Lets an erased contact come back, by the keyed hash of its id. What the erasure deleted stays deleted. */
export async function forgetErased(trx: Transaction<Database>, hash: string): Promise<void> {
  await trx.deleteFrom('tombstones').where('hash', '=', hash).where('kind', '=', 'contact').execute()
  await trx.deleteFrom('contact_keys').where('contact_id', '=', nameOfErased(hash)).execute()
  await trx.deleteFrom('contacts').where('contact_id', '=', nameOfErased(hash)).execute()
}

/** Which of these ids belong to erased contacts. */
export async function erasedIds(db: Kysely<Database>, ids: string[], keysOf: Keyed): Promise<Set<string>> {
  const hashes = new Map(ids.map((id) => [id, hashesOf(keysOf, { id }).id]))
  const erased = new Set((await selectErased(db, [...new Set(hashes.values())])).map((row) => row.hash))
  return new Set([...hashes].filter(([, hash]) => erased.has(hash)).map(([id]) => id))
}

/** Frees the keys of addresses that erased contacts had and living contacts have now, so that they lead to those alone. */
export async function yieldKeys(trx: Transaction<Database>, keys: string[]): Promise<void> {
  for (const part of chunks(keys, 500)) {
    const rows = await trx.selectFrom('contact_keys').selectAll().where('key_hash', 'in', part).execute()
    for (const row of rows.filter((each) => isNameOfErased(each.contact_id))) {
      await trx
        .deleteFrom('contact_keys')
        .where('key_hash', '=', row.key_hash)
        .where('contact_id', '=', row.contact_id)
        .execute()
    }
  }
}

/** Copies the tombstones of contacts to a rehearsal's store. */
export async function copyErased(from: Kysely<Database>, to: Kysely<Database>): Promise<void> {
  const rows = await from.selectFrom('tombstones').selectAll().where('kind', '!=', 'visitor').execute()
  for (const part of chunksOf(rows)) {
    await to
      .insertInto('tombstones')
      .values(part)
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }
}
