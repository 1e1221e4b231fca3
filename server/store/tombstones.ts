/**
 * Who was erased, by keyed hashes of his id and of his address.
 *
 * His id never comes back. His address may: when the CRM has made another record of it after the erasure, he has come
 * anew, or it is somebody else's by now, and nothing of what was known is found again. A row that is older than the
 * erasure, or that is named by nothing but the address, is him.
 *
 * In the place of his row stands one without anything, under a name that is made of the keyed hash of his id, and his
 * keys lead to it: so whoever claims to be him is refused as `erased`, not as unknown.
 */

import type { Kysely, Transaction } from 'kysely'
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

/** The name under which the row stands that is left of an erased contact. `hash` is the keyed hash of his id. */
export function nameOfErased(hash: string): string {
  return `erased:${hash}`
}

/** Whether a contact's id is such a name. */
export function isNameOfErased(id: string): boolean {
  return /^erased:[A-Za-z0-9_-]{22}$/.test(id)
}

/** The keyed hash of an id, and of the address where there is one. */
export function hashesOf(keysOf: Keyed, row: Named): { id: string; address: string | null } {
  const bare = keysOf({ id: row.id, email: null, emailSha256: null })
  const full = keysOf({ id: row.id, email: row.email ?? null, emailSha256: row.email_sha256 ?? null })
  return { id: itemAt(bare, 0), address: full.find((key) => !bare.includes(key)) ?? null }
}

/** What is known of rows that are pushed. */
export type ErasedAmong = {
  /** Whether a row would bring back somebody who was erased; `known`: there is a living contact of its id. */
  refuses(row: Pushed, known: boolean): boolean
  /** The keys of the addresses of contacts that somebody who was erased had. */
  addressesOf(rows: ContactRow[]): string[]
}

/** Looks up once who of the rows was erased. */
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
      return row.updated_at <= at || row.id === row.email?.trim().toLowerCase()
    },
    addressesOf(contacts) {
      if (erasedAt.size === 0) return []
      const addresses = contacts.map((row) => hashesOf(keysOf, { ...row, id: row.contact_id }).address)
      return addresses.filter((address) => address !== null && erasedAt.has(address)) as string[]
    },
  }
}

/** Which of these ids are of contacts who were erased. */
export async function erasedIds(db: Kysely<Database>, ids: string[], keysOf: Keyed): Promise<Set<string>> {
  const hashes = new Map(ids.map((id) => [id, hashesOf(keysOf, { id }).id]))
  const erased = new Set((await selectErased(db, [...new Set(hashes.values())])).map((row) => row.hash))
  return new Set([...hashes].filter(([, hash]) => erased.has(hash)).map(([id]) => id))
}

/** An address of somebody who was erased is a living contact's now: its key leads to him alone. */
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

/** Copies who was erased to a rehearsal's store. */
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
