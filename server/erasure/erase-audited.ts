/** Erases a contact on somebody's word, and leaves an audit row of it in the same transaction. */
import type { Kysely } from 'kysely'
import { writeAudit } from '../store/audit.ts'
import { transact } from '../store/engine/transact.ts'
import type { Database } from '../store/schema.ts'
import { type EraseDeps, type Erased, eraseContact } from './erase.ts'

/** Erases a contact. `actor` says who asked for it. Null: there is no contact of this id, or not any more. */
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
