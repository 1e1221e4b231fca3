/** Imports an opened file of contacts or orders with the same code as the API. */
import { nanoid } from 'nanoid'
import { checkContact } from '../import/check-contact.ts'
import { createOrderCheck } from '../import/check-order.ts'
import { type ImportHooks, importContacts } from '../import/contacts.ts'
import type { OrderTerms } from '../import/order-terms.ts'
import { importOrders } from '../import/orders.ts'
import { type ImportNote, type ImportRecord, recordedImport } from '../import/recorded.ts'
import type { ImportOutcome } from '../import/run.ts'
import { isOfFile, type Source } from '../import/source.ts'
import type { Config } from '../ops/config.ts'
import { createKeyring } from '../ops/keyring.ts'
import type { Store } from './prepare-store.ts'
import { createCommandRehearsal } from './rehearsal.ts'
import { readKeysOf } from './sites.ts'

/** Imports a file. A dry run writes to a temporary empty store, and leaves no audit row. */
export async function importFile(
  { db, config }: { db: Store; config: Config },
  { kind, source, terms, dryRun, actor, file }: ImportNote & { source: Source; terms: OrderTerms; dryRun: boolean },
  hooks: ImportHooks,
): Promise<ImportOutcome> {
  const keysOf = await readKeysOf(db, createKeyring(config.secret))
  const now = () => Date.now()
  const at = now()
  const run = (into: { rehearsal: Store } | { record: ImportRecord }, on: ImportHooks) => {
    const deps = { db, keysOf, now, ...into }
    return kind === 'contacts'
      ? importContacts(deps, source, (row) => checkContact(row, at, isOfFile(source)), on)
      : importOrders(deps, source, createOrderCheck(terms), on)
  }
  if (dryRun) {
    const rehearsal = await createCommandRehearsal(config.dataDir)
    return run({ rehearsal: rehearsal.db }, hooks).finally(() => rehearsal.remove())
  }
  return recordedImport({ db, newId: () => nanoid(22), now }, source, { kind, actor, file }, (record, noteProgress) =>
    run(
      { record },
      {
        ...hooks,
        onProgress(rows, outcome) {
          noteProgress(rows, outcome)
          hooks.onProgress?.(rows, outcome)
        },
      },
    ),
  )
}
