/** Which visitors used which link tokens. */
import type { Transaction } from 'kysely'
import { ofKeys } from './engine/many.ts'
import type { Database } from './schema.ts'

const selectTokenUsers = ofKeys((db, hashes) =>
  db.selectFrom('token_uses').select('visitor_id').where('token_hash', 'in', hashes),
)
const selectTokens = ofKeys((db, visitorIds) =>
  db.selectFrom('token_uses').select('token_hash').distinct().where('visitor_id', 'in', visitorIds),
)

/** The tokens that any of these visitors used. */
export async function tokensOf(trx: Transaction<Database>, visitorIds: string[]): Promise<string[]> {
  return [...new Set((await selectTokens(trx, visitorIds)).map((row) => row.token_hash))]
}

/** The visitors that used any of these tokens. */
export async function visitorsOfTokens(trx: Transaction<Database>, hashes: string[]): Promise<string[]> {
  return (await selectTokenUsers(trx, hashes)).map((row) => row.visitor_id)
}
