/**
 * The contacts that keyed identifiers name. An identifier held by two living contacts names neither, unless the CRM has
 * merged them: then it names the one that survives.
 */

import type { Kysely } from 'kysely'
import type { Holder } from '../domain/identity-evidence.ts'
import type { ContactId } from '../domain/ids.ts'
import { mustGet } from '../domain/lookup.ts'
import { ofKeys } from './engine/many.ts'
import { familyOf, loadFamily, survivor } from './merges.ts'
import type { Database } from './schema.ts'

const selectByKey = ofKeys((db, keys) => db.selectFrom('contact_keys').selectAll().where('key_hash', 'in', keys))
const selectKeys = ofKeys((db, contactIds) =>
  db.selectFrom('contact_keys').selectAll().where('contact_id', 'in', contactIds),
)
/** The result of looking up identifiers: the contact that each names, and all identifiers of that contact. */
export type Holders = {
  of(key: string): Holder
  keysBeside(key: string): string[]
  /** Whether another contact shares an identifier, that is an address, with the contact that this key names. */
  isShared(key: string): boolean
}

/** Looks identifiers up. */
export async function loadHolders(db: Kysely<Database>, keys: string[]): Promise<Holders> {
  const idsOf = Map.groupBy(await selectByKey(db, keys), (row) => row.key_hash)
  const named = [...new Set([...idsOf.values()].flat().map((row) => row.contact_id))]
  const rows = await loadFamily(db, named)
  const keysOf = Map.groupBy(await selectKeys(db, [...rows.keys()]), (row) => survivor(rows, row.contact_id))
  const known = [...new Set([...keysOf.values()].flatMap((own) => own.map((row) => row.key_hash)))]
  const namesOf = Map.groupBy(await selectByKey(db, known), (row) => row.key_hash)
  const survivors = (key: string) => [...new Set((idsOf.get(key) ?? []).map((row) => survivor(rows, row.contact_id)))]
  return {
    of(key) {
      const [id, another] = survivors(key)
      if (id === undefined) return { kind: 'unknown' }
      if (another !== undefined) return { kind: 'ambiguous' }
      const own = (idsOf.get(key) ?? []).flatMap((row) => rows.get(row.contact_id) ?? [])
      const all = [...own, mustGet(rows, id)]
      return {
        kind: 'contact',
        id,
        importedAt: Math.min(...own.map((row) => row.imported_at)),
        erased: all.some((row) => row.erased_at !== null),
        minor: all.some((row) => row.minor === 1),
        mailConsent: mustGet(rows, id).mail_consent === 1,
      }
    },
    isShared(key) {
      const [id] = survivors(key)
      const own = id === undefined ? [] : (keysOf.get(id) ?? [])
      return own.some(({ key_hash }) => mustGet(namesOf, key_hash).some((row) => survivor(rows, row.contact_id) !== id))
    },
    keysBeside(key) {
      const [id] = survivors(key)
      return id === undefined ? [key] : [...new Set([key, ...(keysOf.get(id) ?? []).map((row) => row.key_hash)])]
    },
  }
}

/** These identifiers, and all others of the contacts that they name. */
export async function keysBeside(db: Kysely<Database>, keys: string[]): Promise<string[]> {
  const ids = [...new Set((await selectByKey(db, keys)).map((row) => row.contact_id))]
  const others = await selectKeys(db, await familyOf(db, ids))
  return [...new Set([...keys, ...others.map((row) => row.key_hash)])]
}

const selectIds = ofKeys((db, ids: string[]) =>
  db
    .selectFrom('contacts')
    .select('contact_id')
    .where('contact_id', 'in', ids as ContactId[])
    .where('erased_at', 'is', null),
)

/** Which of these ids are those of contacts. */
export async function contactsAmong(db: Kysely<Database>, ids: string[]): Promise<Set<string>> {
  return new Set((await selectIds(db, [...new Set(ids)])).map((row) => row.contact_id as string))
}
