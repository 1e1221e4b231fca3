/**
 * What operators say of claims. The last word on a claim counts, so each word has a time of its own. Whatever a word
 * may change is marked in its transaction: the claim's visitor, those that used the same token (who was first decides),
 * and those that named the same contact, or one that the CRM has merged with him (the guards count them).
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

/** Which claim. */
export type ClaimId = { visitorId: string; claimId: string }

/** All that was said of a claim, oldest first. */
export function listActs(db: Kysely<Database>, { visitorId, claimId }: ClaimId): Promise<LinkActRow[]> {
  return db
    .selectFrom('link_acts')
    .selectAll()
    .where('visitor_id', '=', visitorId)
    .where('claim_id', '=', claimId)
    .orderBy('at')
    .execute()
}

/** Notes a word on a claim, and returns its row; or says why there is nothing to note. */
export async function addAct(
  trx: Transaction<Database>,
  { visitorId, claimId }: ClaimId,
  act: Act,
  actor: string,
  now: number,
): Promise<LinkActRow | 'unknown' | 'nothing_changes'> {
  // Contacts keep their keys until this ends.
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
  // Whoever lands a claim on them is seen below, or sees what is written here.
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
