/** Which visitors named which contacts, by the keyed hashes that their claims carry. */
import type { Transaction } from 'kysely'
import { ofKeys } from './engine/many.ts'
import { keysBeside } from './holders.ts'
import type { ClaimKeyRow } from './schema/visitors.ts'
import type { Database } from './schema.ts'

const selectNamedBy = ofKeys((db, visitorIds) =>
  db.selectFrom('claim_keys').selectAll().where('visitor_id', 'in', visitorIds),
)
const selectNamingAfter = ofKeys((db, keys, received_at: number) =>
  db
    .selectFrom('claim_keys')
    .select('visitor_id')
    .distinct()
    .where('key_hash', 'in', keys)
    .where('received_at', '>=', received_at),
)

const selectNaming = ofKeys((db, keys) =>
  db.selectFrom('claim_keys').select('visitor_id').where('key_hash', 'in', keys),
)

/** The visitors that named any of these identifiers. */
export async function visitorsOfKeys(trx: Transaction<Database>, keys: string[]): Promise<string[]> {
  return (await selectNaming(trx, keys)).map((row) => row.visitor_id)
}

/** What these visitors named. */
export async function namingsOf(trx: Transaction<Database>, visitorIds: string[]): Promise<ClaimKeyRow[]> {
  return selectNamedBy(trx, visitorIds)
}

/** The visitors that named the same contacts at the time of these namings or later: a guard's count for them may change. */
export async function visitorsNamingAfter(trx: Transaction<Database>, namings: ClaimKeyRow[]): Promise<string[]> {
  if (namings.length === 0) return []
  const keys = await keysBeside(trx, [...new Set(namings.map((naming) => naming.key_hash))])
  const since = Math.min(...namings.map((naming) => naming.received_at))
  return (await selectNamingAfter(trx, keys, since)).map((row) => row.visitor_id)
}
