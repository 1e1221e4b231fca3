/**
 * Revoked link tokens. A claim received at or after the revocation is refused when its visitor is derived; earlier
 * claims stand.
 */
import type { Kysely, Transaction } from 'kysely'
import { visitorsOfKeys } from './claim-keys.ts'
import { transact } from './engine/transact.ts'
import type { RevocationRow } from './schema/configuration.ts'
import type { Database } from './schema.ts'
import { visitorsOfTokens } from './token-uses.ts'
import { mark } from './work/dirty.ts'

/** Adds a revocation and returns the time from which it applies: that of an earlier revocation, if there is one. */
export async function addRevocation(trx: Transaction<Database>, row: RevocationRow): Promise<number> {
  await trx
    .insertInto('revocations')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const kept = await trx
    .selectFrom('revocations')
    .select('at')
    .where('kind', '=', row.kind)
    .where('value', '=', row.value)
    .executeTakeFirstOrThrow()
  return kept.at
}

/**
 * Marks the visitors with claims that the revocation affects. Call it after the revocation is committed: from then on
 * deriving sees it, and claims that were landed earlier are found here.
 */
export async function markRevoked(db: Kysely<Database>, { kind, value, at }: RevocationRow): Promise<void> {
  await transact(db, async (trx) => {
    if (kind === 'message') {
      const cut = value.indexOf(' ')
      const rows = await trx
        .selectFrom('claims')
        .select('visitor_id')
        .distinct()
        .where('received_at', '>=', at)
        .where('site_id', '=', value.slice(0, cut))
        .where('message', '=', value.slice(cut + 1))
        .execute()
      const visitors = rows.map((row) => row.visitor_id)
      return mark(trx, 'dirty_visitors', visitors)
    }
    const visitors = await (kind === 'token' ? visitorsOfTokens(trx, [value]) : visitorsOfKeys(trx, [value]))
    await mark(trx, 'dirty_visitors', visitors)
  })
}
