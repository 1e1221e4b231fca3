/** Which visitors used which link tokens and logins, in the order in which the uses were received. */
import type { Kysely, Transaction } from 'kysely'
import { byReceipt } from '../domain/guard.ts'
import { visitorId } from '../domain/ids.ts'
import { itemAt } from '../domain/lookup.ts'
import { inKeyOrder, ofKeys, ofRows } from './engine/many.ts'
import { rowsOfFew } from './few.ts'
import type { TokenUseRow } from './schema/visitors.ts'
import type { Database } from './schema.ts'

/** Reads the visitors of tokens that few have used in one statement; more than this are read token by token. */
const FEW = 4

const selectTokenUsers = ofKeys((db, hashes) =>
  db.selectFrom('token_uses').select('visitor_id').where('token_hash', 'in', hashes),
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

/** The visitor of a use by somebody who has withdrawn consent to identity since, and whom it must not name. */
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

/** Keeps that logins are spent, without who used them: otherwise whoever replays one would be its first user. */
export async function keepSpentLogins(trx: Transaction<Database>, uses: TokenUseRow[]): Promise<void> {
  const spent = new Map<string, TokenUseRow>()
  for (const { token_hash, received_at } of uses) {
    const first = Math.min(received_at, spent.get(token_hash)?.received_at ?? received_at)
    spent.set(token_hash, { token_hash, visitor_id: visitorId(NO_VISITOR), received_at: first })
  }
  await upsertTokenUses(trx, inKeyOrder([...spent.values()], 'token_hash', 'visitor_id'))
}

/** Forgets spent logins that were received before a time: nobody can use them any more. */
export async function removeSpentLogins(db: Kysely<Database>, before: number): Promise<void> {
  await db.deleteFrom('token_uses').where('visitor_id', '=', NO_VISITOR).where('received_at', '<', before).execute()
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
