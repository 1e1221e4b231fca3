/**
 * What an operator voided counts nowhere: it is no use of a token and no naming of a contact. So the second keys of a
 * visitor's claims (`token_uses`, `claim_keys`) are those of the claims that stand.
 */
import type { Kysely, Transaction } from 'kysely'
import { byReceipt } from '../domain/guard.ts'
import { itemAt } from '../domain/lookup.ts'
import { deleteNaming } from './claim-keys.ts'
import { ofKeys } from './engine/many.ts'
import type { ClaimKeyRow, ClaimRow, LinkActRow, TokenUseRow } from './schema/visitors.ts'
import type { Database } from './schema.ts'
import { loginFlag } from './token-uses.ts'

const selectActs = ofKeys((db, visitorIds) =>
  db.selectFrom('link_acts').selectAll().where('visitor_id', 'in', visitorIds).orderBy('at'),
)

/** The last word of operators on each claim, by visitor and claim. */
export type Acts = Map<string, Map<string, 'void' | 'confirm'>>

/** What operators said of the claims of these visitors. */
export async function loadActs(db: Kysely<Database>, visitorIds: string[]): Promise<Acts> {
  const acts: Acts = new Map()
  const rows: LinkActRow[] = await selectActs(db, visitorIds)
  for (const { visitor_id, claim_id, act } of rows.sort((a, b) => a.at - b.at)) {
    const own = acts.get(visitor_id) ?? new Map()
    acts.set(visitor_id, own)
    if (act === 'clear') own.delete(claim_id)
    else own.set(claim_id, act)
  }
  return acts
}

/** The rows by which others find claims. */
export type SecondKeys = { uses: TokenUseRow[]; namings: ClaimKeyRow[] }

/**
 * Makes the second keys of visitors what they are without voided claims, for the tokens and identifiers given. To be
 * called after claims of theirs have landed. Most visitors have no voided claim, and nothing is done.
 */
export async function withoutVoided(trx: Transaction<Database>, { uses, namings }: SecondKeys): Promise<void> {
  const claiming = [...new Set([...uses, ...namings].map((row: { visitor_id: string }) => row.visitor_id))]
  const acts = await loadActs(trx, claiming)
  const touched = new Set([...acts].filter(([, own]) => [...own.values()].includes('void')).map(([visitor]) => visitor))
  for (const use of uses) if (touched.has(use.visitor_id)) await renewUse(trx, use.visitor_id, use.token_hash, acts)
  for (const naming of namings) if (touched.has(naming.visitor_id)) await renewNaming(trx, naming, acts)
}

/** Makes second keys again from the claims that stand; those that no claim backs are deleted. */
export async function remakeSecondKeys(trx: Transaction<Database>, { uses, namings }: SecondKeys): Promise<void> {
  const acts = await loadActs(trx, [
    ...new Set([...uses, ...namings].map((row: { visitor_id: string }) => row.visitor_id)),
  ])
  for (const use of uses) await renewUse(trx, use.visitor_id, use.token_hash, acts)
  for (const naming of namings) await renewNaming(trx, naming, acts)
}

/** Makes the second keys of one claim again, after a word on it. */
export async function renewSecondKeys(
  trx: Transaction<Database>,
  claim: Pick<ClaimRow, 'visitor_id' | 'key_hash' | 'evidence' | 'token_hash'>,
): Promise<void> {
  const acts = await loadActs(trx, [claim.visitor_id])
  if (claim.token_hash !== null) await renewUse(trx, claim.visitor_id, claim.token_hash, acts)
  await renewNaming(trx, claim, acts)
}

/** The second keys of one claim that there are now. */
export async function secondKeysOf(
  trx: Transaction<Database>,
  claim: Pick<ClaimRow, 'visitor_id' | 'key_hash' | 'evidence' | 'token_hash'>,
): Promise<SecondKeys> {
  const { visitor_id, key_hash, evidence, token_hash } = claim
  const uses = trx.selectFrom('token_uses').selectAll().where('visitor_id', '=', visitor_id)
  const namings = trx.selectFrom('claim_keys').selectAll().where('visitor_id', '=', visitor_id)
  return {
    uses: token_hash === null ? [] : await uses.where('token_hash', '=', token_hash).execute(),
    namings: await namings.where('key_hash', '=', key_hash).where('evidence', '=', evidence).execute(),
  }
}

async function renewUse(trx: Transaction<Database>, visitor: string, token: string, acts: Acts): Promise<void> {
  const claims = await trx
    .selectFrom('claims')
    .select(['id', 'visitor_id', 'received_at', 'evidence'])
    .where('visitor_id', '=', visitor)
    .where('token_hash', '=', token)
    .execute()
  const standing = claims.filter((claim) => acts.get(visitor)?.get(claim.id) !== 'void').sort(byReceipt)
  await trx.deleteFrom('token_uses').where('token_hash', '=', token).where('visitor_id', '=', visitor).execute()
  if (standing.length === 0) return
  const { visitor_id, received_at, evidence } = itemAt(standing, 0)
  const use = { token_hash: token, visitor_id, received_at, login: loginFlag(evidence) }
  await trx.insertInto('token_uses').values(use).execute()
}

async function renewNaming(
  trx: Transaction<Database>,
  { visitor_id, key_hash, evidence }: Pick<ClaimKeyRow, 'visitor_id' | 'key_hash' | 'evidence'>,
  acts: Acts,
): Promise<void> {
  const claims = await trx
    .selectFrom('claims')
    .select(['id', 'visitor_id', 'received_at', 'network'])
    .where('visitor_id', '=', visitor_id)
    .where('key_hash', '=', key_hash)
    .where('evidence', '=', evidence)
    .execute()
  const standing = claims.filter((claim) => acts.get(visitor_id)?.get(claim.id) !== 'void')
  standing.sort((a, b) => byReceipt(a, b) || ((a.network ?? '') < (b.network ?? '') ? -1 : 1))
  await deleteNaming(trx, { key_hash, visitor_id, evidence })
  if (standing.length === 0) return
  const { received_at, network } = itemAt(standing, 0)
  await trx.insertInto('claim_keys').values({ key_hash, visitor_id, evidence, received_at, network }).execute()
}
