/** Removes contacts whose push is undone; the erasure of a person is elsewhere (`erasure/`). */
import type { Transaction } from 'kysely'
import { contactPerson } from '../domain/ids.ts'
import { markAffected } from './contacts.ts'
import { chunks } from './engine/many.ts'
import { keysBeside } from './holders.ts'
import { familyOf } from './merges.ts'
import type { Database } from './schema.ts'
import { lockKeys } from './work/locks.ts'

/** Removes contacts as if they had never been pushed. The caller holds the lock of contacts. */
export async function removeContacts(trx: Transaction<Database>, ids: string[]): Promise<void> {
  const family = await familyOf(trx, ids)
  const touched = new Set<string>()
  for (const part of chunks(family, 500)) {
    const rows = await trx.selectFrom('contact_keys').select('key_hash').where('contact_id', 'in', part).execute()
    for (const row of rows) touched.add(row.key_hash)
  }
  const affected = await keysBeside(trx, [...touched])
  await lockKeys(trx, [...affected, ...family.map(contactPerson)])
  for (const part of chunks(ids, 500)) {
    await trx.deleteFrom('contacts').where('contact_id', 'in', part).execute()
    await trx.deleteFrom('contact_keys').where('contact_id', 'in', part).execute()
  }
  await markAffected(trx, family, affected)
}
