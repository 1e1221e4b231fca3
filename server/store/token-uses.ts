/**
 * Which visitors used which link tokens and logins, in the order in which the uses were received. A visitor that withdraws or is
 * erased takes its uses along, except that a login stays spent: otherwise whoever replays one would be its first user.
 */
import type { Kysely, Transaction } from 'kysely'
import type { Evidence } from '../domain/event.ts'
import { byReceipt } from '../domain/guard.ts'
import { visitorId } from '../domain/ids.ts'
import { itemAt } from '../domain/lookup.ts'
import { inKeyOrder, ofKeys, ofRows } from './engine/many.ts'
import { rowsOfFew } from './few.ts'
import type { Flag } from './schema/columns.ts'
import type { TokenUseRow } from './schema/visitors.ts'
import type { Database } from './schema.ts'
import { lockKeys } from './work/locks.ts'

/** Reads the visitors of tokens that few have used in one statement; more than this are read token by token. */
const FEW = 4

const selectTokenUsers = ofKeys((db, hashes) =>
  db.selectFrom('token_uses').select(['token_hash', 'visitor_id']).where('token_hash', 'in', hashes),
)
const deleteSpent = ofKeys((db, hashes) =>
  db.deleteFrom('token_uses').where('visitor_id', '=', NO_VISITOR).where('token_hash', 'in', hashes),
)
const selectUsesOf = ofKeys((db, visitorIds) =>
  db.selectFrom('token_uses').selectAll().where('visitor_id', 'in', visitorIds),
)
const selectSome = ofKeys((db, hashes, limit: number) =>
  db.selectFrom('token_uses').selectAll().where('token_hash', 'in', hashes).limit(limit),
)
const selectFirst = ofKeys((db, hashes, limit: number) =>
  db
    .selectFrom('token_uses')
    .selectAll()
    .where('token_hash', '=', itemAt(hashes, 0))
    .orderBy('received_at')
    .orderBy('visitor_id')
    .limit(limit),
)

/** What these visitors used. */
export async function usesOf(db: Kysely<Database>, visitorIds: string[]): Promise<TokenUseRow[]> {
  return selectUsesOf(db, visitorIds)
}

/** All visitors that used any of these tokens, however many. */
export async function visitorsOfTokens(trx: Transaction<Database>, hashes: string[]): Promise<string[]> {
  return (await selectTokenUsers(trx, hashes)).map((row) => row.visitor_id).filter((id) => id !== NO_VISITOR)
}

/** The visitor of a use of a login by a visitor that has withdrawn or is gone, and that it must not name. */
export const NO_VISITOR = ''

/** Writes uses; of several by one visitor the first received counts. */
export const upsertTokenUses = ofRows((db, rows: TokenUseRow[]) =>
  db
    .insertInto('token_uses')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(['token_hash', 'visitor_id'])
        .doUpdateSet((eb) => ({ received_at: eb.ref('excluded.received_at') }))
        .whereRef('excluded.received_at', '<', 'token_uses.received_at'),
    ),
)

/** Whether a claim's token is that of a login, as `TokenUseRow` says it. */
export function loginFlag(evidence: Evidence): Flag {
  return evidence === 'login_verified' ? 1 : 0
}

/** Of these uses those of logins, without who used them. */
export function withoutUsers(uses: TokenUseRow[]): TokenUseRow[] {
  const spent = new Map<string, TokenUseRow>()
  for (const use of uses) {
    if (use.login === 0) continue
    const received_at = Math.min(use.received_at, spent.get(use.token_hash)?.received_at ?? use.received_at)
    spent.set(use.token_hash, { ...use, visitor_id: visitorId(NO_VISITOR), received_at })
  }
  return [...spent.values()]
}

/** Keeps that the logins among these uses are spent. */
export async function keepSpentLogins(trx: Transaction<Database>, uses: TokenUseRow[]): Promise<void> {
  await upsertTokenUses(trx, inKeyOrder(withoutUsers(uses), 'token_hash', 'visitor_id'))
}

/**
 * Forgets spent logins that were received before a time, except those that somebody else has used too: what their claims are
 * worth depends on it.
 */
export async function removeSpentLogins(trx: Transaction<Database>, before: number): Promise<void> {
  const rows = await trx
    .selectFrom('token_uses')
    .select('token_hash')
    .where('visitor_id', '=', NO_VISITOR)
    .where('received_at', '<', before)
    .execute()
  const old = rows.map((row) => row.token_hash)
  if (old.length === 0) return
  await lockKeys(trx, old)
  const used = new Set(
    (await selectTokenUsers(trx, old)).filter((row) => row.visitor_id !== NO_VISITOR).map((row) => row.token_hash),
  )
  await deleteSpent(
    trx,
    old.filter((hash) => !used.has(hash)),
  )
}

/** The first `most` uses of each token, by the time of receipt; never more are read than that and a few. */
export async function firstUses(
  db: Kysely<Database>,
  hashes: string[],
  most: number,
): Promise<Map<string, TokenUseRow[]>> {
  const { rows, many } = await rowsOfFew(hashes, FEW, (keys, limit) => selectSome(db, keys, limit))
  for (const hash of many) rows.push(...(await selectFirst(db, [hash], most)))
  const uses = Map.groupBy(rows.sort(byReceipt), (row) => row.token_hash)
  return new Map([...uses].map(([hash, own]) => [hash, own.slice(0, most)]))
}
