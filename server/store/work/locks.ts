/**
 * Locks for writers that would otherwise miss each other's changes: rows of a small table, taken by an upsert and held
 * until the transaction ends. SQLite has one writer at a time anyway; on PostgreSQL these pairs need a lock, because one
 * side writes a fact and marks the dependents it can see while the other side writes a dependent:
 *
 * - a claim on an identifier lands (marks its visitor) / a contact gains or loses the identifier (marks the visitors
 *   that claimed it): both lock the identifier;
 * - two visitors land a use of one token, or one that used it is deleted (each marks the first users): all lock
 *   the token;
 * - two visitors name one contact, or one that named it is deleted (each marks the visitors that a guard counts after
 *   it): all lock every identifier of the contact, since one may name its id and the other its address;
 * - a visitor's derived rows assign something to a contact, or note that a cart carries its typed address (marks the person)
 *   / the contact or its orders change (marks its person, and those of such carts): both lock the contact's person;
 * - contacts or orders are read, merged and written: under the name `contacts` or `orders`;
 * - definitions of segments are read and written: under the name `segments`;
 * - users are counted and changed: under the name `users`;
 * - sites and keys change, each time with the next version: under the name `config`;
 * - settings change or the store is emptied (marks all visitors) / visitors are derived with the earlier settings: the
 *   former locks all leases (`leases`), and the deriver checks the version after locking its own.
 *
 * To avoid deadlocks, all transactions lock in one order: leases, a name, keys, then rows of facts and derived rows,
 * then the marks of visitors, persons and contacts. Keys are locked in one statement, in the order of their buckets.
 */
import type { Transaction } from 'kysely'
import { keysBeside } from '../holders.ts'
import type { Database } from '../schema.ts'
import { BUCKETS, bucketOf } from './buckets.ts'

/** Locks a name. Locking it again in the same transaction has no effect. */
export function lockName(
  trx: Transaction<Database>,
  name: 'config' | 'contacts' | 'orders' | 'segments' | 'users',
): Promise<void> {
  return take(trx, [name])
}

/** Locks the buckets of keys. Call it once per transaction, with all the keys that it needs. */
export async function lockKeys(trx: Transaction<Database>, keys: Iterable<string>): Promise<void> {
  const buckets = new Set<number>()
  for (const key of keys) buckets.add(bucketOf(key))
  if (buckets.size > 0) await take(trx, [...buckets].sort((a, b) => a - b).map(nameOfBucket))
}

/** Locks all buckets of keys, instead of `lockKeys` of so many keys that they are in every bucket. */
export function lockAllKeys(trx: Transaction<Database>): Promise<void> {
  return take(
    trx,
    Array.from({ length: BUCKETS }, (_, bucket) => nameOfBucket(bucket)),
  )
}

const nameOfBucket = (bucket: number) => `keys-${String(bucket).padStart(2, '0')}`

/** Has the code of a serialization failure, so that the transaction is retried. */
class IdentifiersMoved extends Error {
  readonly code = '40001'
}

/**
 * Locks identifiers that visitors name, all other identifiers of the same contacts, and whatever else the transaction
 * needs. If a contact gains an identifier while this waits, that identifier is not locked; this then throws, and
 * `transact` retries.
 */
export async function lockNamed(trx: Transaction<Database>, named: string[], others: string[]): Promise<void> {
  const keys = new Set(await keysBeside(trx, named))
  await lockKeys(trx, [...keys, ...others])
  if (named.length === 0 || (await keysBeside(trx, named)).every((key) => keys.has(key))) return
  throw new IdentifiersMoved('a contact gained an identifier in the meantime: the transaction must be retried')
}

async function take(trx: Transaction<Database>, names: string[]): Promise<void> {
  await trx
    .insertInto('locks')
    .values(names.map((name) => ({ name, taken: 1 })))
    .onConflict((conflict) => conflict.column('name').doUpdateSet((eb) => ({ taken: eb('locks.taken', '+', 1) })))
    .execute()
}
