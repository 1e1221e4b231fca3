/** Removes contacts whose push is undone or that their source has deleted; the erasure of a person is elsewhere (`erasure/`). */
import type { Transaction } from 'kysely'
import { lockFamily, markAffected } from './contacts.ts'
import { chunks } from './engine/many.ts'
import { noteEnded } from './memberships.ts'
import type { Database } from './schema.ts'

/** Removes contacts as if they had never been pushed. The caller holds the lock of contacts. */
export async function removeContacts(trx: Transaction<Database>, ids: string[]): Promise<void> {
  const { family, affected } = await lockFamily(trx, ids, [])
  for (const part of chunks(ids, 500)) {
    await trx.deleteFrom('contacts').where('contact_id', 'in', part).execute()
    await trx.deleteFrom('contact_keys').where('contact_id', 'in', part).execute()
  }
  await noteEnded(trx, { contacts: ids })
  await markAffected(trx, family, affected)
}
