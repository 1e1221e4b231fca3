/**
 * Whose links depend on a use of a token or on a naming of a contact: the few whom it makes second or third, and those
 * whom the guard counts shortly after it. The visitors that came later are not touched, however many they are.
 */
import type { Kysely } from 'kysely'
import { GUARDED } from '../domain/guard.ts'
import { COUNTED_USERS } from '../domain/identity-evidence.ts'
import { lookUpNamings } from './claim-keys.ts'
import { loadHolders } from './holders.ts'
import type { ClaimKeyRow, TokenUseRow } from './schema/visitors.ts'
import type { Database } from './schema.ts'
import { firstUses, NO_VISITOR } from './token-uses.ts'

/**
 * The visitors whose claims may be weighed otherwise because these rows have just been written, or are about to be
 * deleted. A row that the store holds with an earlier time changed nothing, and nobody depends on it.
 */
export async function dependentsOf(
  db: Kysely<Database>,
  { uses, namings }: { uses: TokenUseRow[]; namings: ClaimKeyRow[] },
): Promise<string[]> {
  return [...(await usersBeside(db, uses)), ...(await namedAfter(db, namings))]
}

async function usersBeside(db: Kysely<Database>, uses: TokenUseRow[]): Promise<string[]> {
  const found: string[] = []
  const byToken = Map.groupBy(uses, (use) => use.token_hash)
  const most = Math.max(0, ...[...byToken.values()].map((own) => own.length))
  // With those that the uses have pushed out of the first few, or that take their places.
  const firsts = await firstUses(db, [...byToken.keys()], COUNTED_USERS + most)
  for (const [token, own] of byToken) {
    const times = new Map(own.map((use) => [use.visitor_id, use.received_at]))
    const first = firsts.get(token) ?? []
    const counts = first.slice(0, COUNTED_USERS).some((row) => times.get(row.visitor_id) === row.received_at)
    if (counts)
      found.push(
        ...first
          .slice(0, COUNTED_USERS + own.length)
          .map((row) => row.visitor_id)
          .filter((id) => id !== NO_VISITOR),
      )
  }
  return found
}

async function namedAfter(db: Kysely<Database>, all: ClaimKeyRow[]): Promise<string[]> {
  const namings = all.filter((naming) => GUARDED.includes(naming.evidence))
  if (namings.length === 0) return []
  const holders = await loadHolders(db, [...new Set(namings.map((naming) => naming.key_hash))])
  const keysOf = (naming: ClaimKeyRow) => holders.keysBeside(naming.key_hash)
  const lookup = await lookUpNamings(db, namings.flatMap(keysOf))
  const found = new Set<string>()
  for (const naming of namings) {
    const after = await lookup.from({ ...naming, keys: keysOf(naming) })
    const isKept = (row: ClaimKeyRow) =>
      row.key_hash === naming.key_hash && row.visitor_id === naming.visitor_id && row.received_at === naming.received_at
    if (after.some(isKept)) for (const row of after) found.add(row.visitor_id)
  }
  return [...found]
}
