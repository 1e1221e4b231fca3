/**
 * Operators' verdicts on claims. The latest verdict on a claim counts, so each has its own time. The transaction also marks
 * everything that a verdict may change: the claim's visitor, visitors that used the same token (the first use decides),
 * and visitors that named the same contact or one that the CRM has merged with it (the guards count them).
 */
import type { Kysely, Transaction } from 'kysely'
import type { Act } from '../domain/identity-link.ts'
import { visitorsOfKeys } from './claim-keys.ts'
import { keysBeside } from './holders.ts'
import type { LinkActRow } from './schema/visitors.ts'
import type { Database } from './schema.ts'
import { visitorsOfTokens } from './token-uses.ts'
import { mark } from './work/dirty.ts'
import { lockKeys, lockName } from './work/locks.ts'

/** Identifies a claim. */
export type ClaimId = { visitorId: string; claimId: string }

/** All verdicts on a claim, oldest first. */
export function listActs(db: Kysely<Database>, { visitorId, claimId }: ClaimId): Promise<LinkActRow[]> {
  return db
    .selectFrom('link_acts')
    .selectAll()
    .where('visitor_id', '=', visitorId)
    .where('claim_id', '=', claimId)
    .orderBy('at')
    .execute()
}

/** Adds a verdict on a claim and returns its row, or the reason why there is nothing to add. */
export async function addAct(
  trx: Transaction<Database>,
  { visitorId, claimId }: ClaimId,
  act: Act,
  actor: string,
  now: number,
): Promise<LinkActRow | 'unknown' | 'nothing_changes'> {
  // Contacts keep their keys until this transaction ends.
  await lockName(trx, 'contacts')
  const claim = await trx
    .selectFrom('claims')
    .select(['key_hash', 'token_hash'])
    .where('visitor_id', '=', visitorId)
    .where('id', '=', claimId)
    .executeTakeFirst()
  if (!claim) return 'unknown'
  const keys = await keysBeside(trx, [claim.key_hash])
  const tokens = claim.token_hash === null ? [] : [claim.token_hash]
  // A concurrent landing of a claim on them is either found below or sees the new row.
  await lockKeys(trx, [...keys, ...tokens])
  const last = (await listActs(trx, { visitorId, claimId })).at(-1)
  if ((last?.act ?? 'clear') === act) return 'nothing_changes'
  const at = Math.max(now, (last?.at ?? 0) + 1)
  const row = { visitor_id: visitorId, claim_id: claimId, at, act, actor }
  await trx.insertInto('link_acts').values(row).execute()
  const users = await visitorsOfTokens(trx, tokens)
  await mark(trx, 'dirty_visitors', [visitorId, ...users, ...(await visitorsOfKeys(trx, keys))])
  return row
}
