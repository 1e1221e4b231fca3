/**
 * Link tokens that are evidence no more. A claim at or after a revocation is refused when its visitor is derived;
 * what was claimed before stands.
 */
import type { Kysely, Transaction } from 'kysely'
import { visitorsOfKeys } from './claim-keys.ts'
import { transact } from './engine/transact.ts'
import type { RevocationRow } from './schema/configuration.ts'
import type { Database } from './schema.ts'
import { visitorsOfTokens } from './token-uses.ts'
import { mark } from './work/dirty.ts'

/** Keeps a revocation and returns since when it holds: that of before, if there is one. */
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
 * Marks the visitors that claimed since then by what is revoked. To be called when the revocation is committed: what
 * is derived from then on knows of it, and what was landed before is found here.
 */
export async function markRevoked(db: Kysely<Database>, { kind, value, at }: RevocationRow): Promise<void> {
  await transact(db, async (trx) => {
    if (kind === 'message') {
      const cut = value.indexOf(' ')
      const rows = await trx
        .selectFrom('claims')
        .select('visitor_id')
        .distinct()
        .where('at', '>=', at)
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
