/**
 * Contacts without visits. A live contact of the CRM is a person even if no visitor is linked to it: one that is not erased
 * and that the CRM has not merged into another.
 */
import type { Kysely } from 'kysely'
import type { ContactId } from '../domain/ids.ts'
import { survivorsOf } from './merges.ts'
import type { ContactRow } from './schema/contacts.ts'
import type { Database } from './schema.ts'

/** Those of some contacts that are live. */
export async function liveAmong<C extends Pick<ContactRow, 'contact_id' | 'erased_at' | 'merged_into'>>(
  db: Kysely<Database>,
  contacts: C[],
): Promise<C[]> {
  const present = contacts.filter((row) => row.erased_at === null)
  const merged = present.filter((row) => row.merged_into !== null).map((row): ContactId => row.contact_id)
  const survivors = merged.length === 0 ? new Map<string, string>() : await survivorsOf(db, merged)
  return present.filter(({ contact_id: id }) => (survivors.get(id) ?? id) === id)
}
