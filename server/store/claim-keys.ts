/** Which visitors named which contacts, by the keyed hashes that their claims carry, and by which kinds of claims. */
import { type Kysely, sql, type Transaction } from 'kysely'
import type { Evidence } from '../domain/event.ts'
import { byReceipt, GUARD_LOOKS_AT, GUARD_WINDOW_MS, GUARDED } from '../domain/guard.ts'
import { itemAt } from '../domain/lookup.ts'
import { ofKeys } from './engine/many.ts'
import { rowsOfFew } from './few.ts'
import type { ClaimKeyRow } from './schema/visitors.ts'
import type { Database } from './schema.ts'

/** Reads the namings of identifiers that few have named in one statement; of others only what is asked for. */
const FEW = 16

const selectNamedBy = ofKeys((db, visitorIds) =>
  db.selectFrom('claim_keys').selectAll().where('visitor_id', 'in', visitorIds),
)
const selectNaming = ofKeys((db, keys) =>
  db.selectFrom('claim_keys').select('visitor_id').where('key_hash', 'in', keys),
)
const selectSome = ofKeys((db, keys, limit: number) =>
  db
    .selectFrom('claim_keys')
    .selectAll()
    .where('key_hash', 'in', keys)
    .where('evidence', 'in', [...GUARDED])
    .limit(limit),
)
const selectUpTo = ofKeys((db, keys, evidence: string, since: number, at: number, visitorId: string) =>
  db
    .selectFrom('claim_keys')
    .selectAll()
    .where('key_hash', '=', itemAt(keys, 0))
    .where('evidence', '=', evidence as Evidence)
    .where('received_at', '>', since)
    .where(sql<boolean>`(received_at, visitor_id) <= (${at}, ${visitorId})`)
    .orderBy('received_at', 'desc')
    .orderBy('visitor_id', 'desc')
    .limit(GUARD_LOOKS_AT),
)
const selectFrom = ofKeys((db, keys, evidence: string, at: number, visitorId: string, before: number) =>
  db
    .selectFrom('claim_keys')
    .selectAll()
    .where('key_hash', '=', itemAt(keys, 0))
    .where('evidence', '=', evidence as Evidence)
    .where(sql<boolean>`(received_at, visitor_id) >= (${at}, ${visitorId})`)
    .where('received_at', '<', before)
    .orderBy('received_at')
    .orderBy('visitor_id')
    .limit(GUARD_LOOKS_AT),
)

/** All visitors that named any of these identifiers, however many. */
export async function visitorsOfKeys(trx: Transaction<Database>, keys: string[]): Promise<string[]> {
  return [...new Set((await selectNaming(trx, keys)).map((row) => row.visitor_id))]
}

/** What these visitors named. */
export async function namingsOf(db: Kysely<Database>, visitorIds: string[]): Promise<ClaimKeyRow[]> {
  return selectNamedBy(db, visitorIds)
}

/** A visitor's first naming of a contact by one kind of claim; `keys` are all identifiers of the contact. */
export type NamedContact = { keys: string[]; evidence: Evidence; visitor_id: string; received_at: number }

/** Finds namings of contacts around one of them. */
export type NamingLookup = {
  /** What the guard looks at: at least the newest namings of the contact by that kind, up to this one. */
  upTo(named: NamedContact): Promise<ClaimKeyRow[]>
  /** This naming and those after it that the guard judges with a look at it, the nearest first. */
  from(named: NamedContact): Promise<ClaimKeyRow[]>
}

/** Reads the namings of identifiers where they are few; the lookup reads of the others what it is asked for. */
export async function lookUpNamings(db: Kysely<Database>, keys: string[]): Promise<NamingLookup> {
  const { rows, many } = await rowsOfFew([...new Set(keys)], FEW, (part, limit) => selectSome(db, part, limit))
  const known = Map.groupBy(rows, (row) => `${row.key_hash} ${row.evidence}`)
  const gather = async (named: NamedContact, read: (key: string) => Promise<ClaimKeyRow[]>) => {
    const found: ClaimKeyRow[] = []
    for (const key of named.keys) {
      for (const row of many.has(key) ? await read(key) : (known.get(`${key} ${named.evidence}`) ?? [])) found.push(row)
    }
    return found
  }
  return {
    upTo: (named) =>
      gather(named, (key) => {
        const { evidence, received_at, visitor_id } = named
        return selectUpTo(db, [key], evidence, received_at - GUARD_WINDOW_MS, received_at, visitor_id)
      }),
    async from(named) {
      const { evidence, received_at, visitor_id } = named
      const before = received_at + GUARD_WINDOW_MS
      const found = await gather(named, (key) => selectFrom(db, [key], evidence, received_at, visitor_id, before))
      return found
        .filter((row) => byReceipt(row, named) >= 0 && row.received_at < before)
        .sort(byReceipt)
        .slice(0, GUARD_LOOKS_AT)
    },
  }
}

/** Deletes the naming of an identifier by a visitor with one kind of claim. */
export async function deleteNaming(
  trx: Transaction<Database>,
  { key_hash, visitor_id, evidence }: Pick<ClaimKeyRow, 'key_hash' | 'visitor_id' | 'evidence'>,
): Promise<void> {
  await trx
    .deleteFrom('claim_keys')
    .where('key_hash', '=', key_hash)
    .where('visitor_id', '=', visitor_id)
    .where('evidence', '=', evidence)
    .execute()
}
