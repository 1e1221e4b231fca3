/** Reads the choices of visitors: all of them, and the one that counts now. */
import type { Kysely, Transaction } from 'kysely'
import type { ConsentRow } from './schema/visitors.ts'
import type { Database } from './schema.ts'
import { findTombstones } from './tombstones.ts'

/**
 * A visitor's latest choice at a site, in the order of `domain/consent`: at equal times the denial counts. Null if none is known or
 * the visitor withdrew. A withdrawal's rows may not be deleted yet, so the tombstone is checked first.
 */
export async function lastConsent(
  trx: Transaction<Database>,
  siteId: string,
  visitorId: string,
  tombstone: string,
): Promise<ConsentRow | null> {
  if ((await findTombstones(trx, [tombstone])).size > 0) return null
  const row = await trx
    .selectFrom('consents')
    .selectAll()
    .where('visitor_id', '=', visitorId)
    .where('site_id', '=', siteId)
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
