/** Choices of visitors: all of them, and the one that counts now. */
import type { Kysely, Transaction } from 'kysely'
import type { ConsentRow } from './schema/visitors.ts'
import type { Database } from './schema.ts'
import { findTombstones } from './tombstones.ts'

/**
 * A visitor's last choice, in the order of `domain/consent`: of two words on one choice the denial counts. Null where
 * none is known, or all was withdrawn; what was withdrawn a moment ago may still be there, so the tombstone is asked.
 */
export async function lastConsent(
  trx: Transaction<Database>,
  visitorId: string,
  tombstone: string,
): Promise<ConsentRow | null> {
  if ((await findTombstones(trx, [tombstone])).size > 0) return null
  const row = await trx
    .selectFrom('consents')
    .selectAll()
    .where('visitor_id', '=', visitorId)
    .orderBy('last_at', 'desc')
    .orderBy('id', 'desc')
    .orderBy('identity')
    .orderBy('marketing')
    .limit(1)
    .executeTakeFirst()
  return row ?? null
}

/** The choices of visitors, oldest first. */
export async function listConsents(db: Kysely<Database>, visitorIds: string[]) {
  if (visitorIds.length === 0) return []
  return db.selectFrom('consents').selectAll().where('visitor_id', 'in', visitorIds).orderBy('first_at').execute()
}
