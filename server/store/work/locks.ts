/**
 * Locks that order writers who would otherwise not see each other: rows of a small table, taken by an upsert and held
 * until the transaction ends. SQLite lets one writer in at a time anyhow; on PostgreSQL these are the pairs where one
 * writes a fact and marks whom it sees to depend on it, while the other writes what depends on it:
 *
 * - a claim lands on an identifier (marks its visitor) / a contact gains or loses it (marks the visitors that claimed
 *   it): both lock the identifier;
 * - two visitors land a use of one token, or one that used it is deleted (each marks the others): all lock the token;
 * - two visitors name one contact, or one that named him is deleted (each marks those whom a guard counts after it): all
 *   lock every identifier of his, since one may name him by his id and the other by his address;
 * - a visitor's rows give something to a contact (mark his person) / the contact or his orders change (mark his person
 *   if a visitor has something of the contact's): both lock the contact's person;
 * - contacts and orders are read, merged and written: under the name `contacts` or `orders`;
 * - definitions of segments are read and written: under the name `segments`;
 * - sites and keys change, each time with the next version: under the name `config`;
 * - settings change or everything is emptied (marks all visitors) / visitors are derived under what was before: the
 *   former locks all leases (`leases`), and whoever derives looks at the version after it has locked its own.
 *
 * Everybody locks in one order, or two would wait for each other: leases, a name, keys, then rows of facts and derived
 * rows, then the marks of visitors, of persons, of contacts. Keys are locked at once, in the order of their buckets.
 */
import type { Transaction } from 'kysely'
import { keysBeside } from '../holders.ts'
import type { Database } from '../schema.ts'
import { bucketOf } from './buckets.ts'

/** Locks one of the few names. A name that is held already is simply held. */
export function lockName(
  trx: Transaction<Database>,
  name: 'config' | 'contacts' | 'orders' | 'segments',
): Promise<void> {
  return take(trx, [name])
}

/** Locks the buckets of keys. To be called once in a transaction, with all that it needs. */
export async function lockKeys(trx: Transaction<Database>, keys: Iterable<string>): Promise<void> {
  const buckets = new Set<number>()
  for (const key of keys) buckets.add(bucketOf(key))
  if (buckets.size > 0)
    await take(
      trx,
      [...buckets].sort((a, b) => a - b).map((bucket) => `keys-${String(bucket).padStart(2, '0')}`),
    )
}

/** Of the store's kind, so that the transaction is tried again. */
class IdentifiersMoved extends Error {
  readonly code = '40001'
}

/**
 * Locks identifiers that visitors name, with all others of the same contacts, and what else the transaction needs. If a
 * contact got another identifier while this waited for him, who names him by that one is not waited for: that throws,
 * and `transact` tries again.
 */
export async function lockNamed(trx: Transaction<Database>, named: string[], others: string[]): Promise<void> {
  const keys = new Set(await keysBeside(trx, named))
  await lockKeys(trx, [...keys, ...others])
  if (named.length === 0 || (await keysBeside(trx, named)).every((key) => keys.has(key))) return
  throw new IdentifiersMoved('a contact got another identifier meanwhile: the transaction must be tried again')
}

async function take(trx: Transaction<Database>, names: string[]): Promise<void> {
  await trx
    .insertInto('locks')
    .values(names.map((name) => ({ name, taken: 1 })))
    .onConflict((conflict) => conflict.column('name').doUpdateSet((eb) => ({ taken: eb('locks.taken', '+', 1) })))
    .execute()
}
