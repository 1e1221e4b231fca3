/** Erases a contact for an operator or API client, and writes the audit row in the same transaction. */
import type { Kysely } from 'kysely'
import { writeAudit } from '../store/audit.ts'
import { transact } from '../store/engine/transact.ts'
import type { Database } from '../store/schema.ts'
import { type EraseDeps, type Erased, eraseContact } from './erase.ts'

/** Erases a contact. `actor` is the caller. Returns null if the contact does not exist or is already erased. */
export function eraseAudited(
  db: Kysely<Database>,
  contact: string,
  { actor, ...deps }: EraseDeps & { actor: string },
): Promise<Erased | null> {
  return transact(db, async (trx) => {
    const erased = await eraseContact(trx, contact, deps)
    if (erased !== null) {
      await writeAudit(trx, { id: deps.newId(), at: deps.now, actor, action: 'contacts.erase', detail: erased })
    }
    return erased
  })
}
