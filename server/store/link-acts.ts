/**
 * Operators' verdicts on claims. The latest verdict on a claim counts, so each has its own time. The transaction also marks
 * everything that a verdict may change: the claim's visitor, the first users of the same token, and visitors for
 * which the guard counts this claim, of the same contact or one that the CRM has merged with it.
 */
import type { Kysely, Transaction } from 'kysely'
import type { Act } from '../domain/identity-link.ts'
import { dependentsOf } from './dependents.ts'
import { keysBeside } from './holders.ts'
import type { LinkActRow } from './schema/visitors.ts'
import type { Database } from './schema.ts'
import { renewSecondKeys, secondKeysOf } from './voided-claims.ts'
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
    .select(['visitor_id', 'key_hash', 'evidence', 'token_hash'])
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
  const before = await dependentsOf(trx, await secondKeysOf(trx, claim))
  await renewSecondKeys(trx, claim)
  const after = await dependentsOf(trx, await secondKeysOf(trx, claim))
  await mark(trx, 'dirty_visitors', [visitorId, ...before, ...after])
  return row
}
