/**
 * Writes the contacts of a file. If the file has no ids, a row belongs to the contact known to have its address; only
 * if there is none it makes a new one named by the address: two contacts with one address would match nobody.
 */

import type { Kysely, Transaction } from 'kysely'
import { itemAt } from '../domain/lookup.ts'
import type { ContactPatch } from '../store/contact-patch.ts'
import { holdersOf, type KeysOf, upsertContacts } from '../store/contacts.ts'
import { transact } from '../store/engine/transact.ts'
import type { Database } from '../store/schema.ts'
import { copyErased } from '../store/tombstones.ts'
import { lockName } from '../store/work/locks.ts'
import { addressKey } from './addresses.ts'
import { fitAttributes, typesOfColumns } from './attributes.ts'
import { ImportRefusal } from './columns.ts'
import { copyAttributes, copyContacts } from './copy-to-rehearsal.ts'
import { refuseForeignIds } from './foreign-ids.ts'
import type { ImportRecord } from './recorded.ts'
import { keepRefusals, withEffects } from './row-effects.ts'
import { type Checked, type ImportOutcome, type ImportRun, type ItemRow, runImport, type Written } from './run.ts'
import type { Source } from './source.ts'

/** What an import writes with. `rehearsal`: an empty store that is written instead; `record`: notes what changes. */
export type ImportDeps = {
  db: Kysely<Database>
  rehearsal?: Kysely<Database>
  record?: ImportRecord
  keysOf: KeysOf
  now: () => number
}

/** Callbacks that report an import's progress. */
export type ImportHooks = Pick<ImportRun<never>, 'onProgress' | 'onRejected'>

/** Imports the contacts of an opened file. */
export async function importContacts(
  deps: ImportDeps,
  source: Source,
  check: (value: unknown) => Checked<ContactPatch>,
  hooks: ImportHooks = {},
): Promise<ImportOutcome> {
  const { db, rehearsal, record, keysOf, now } = deps
  const hints = typesOfColumns(source.columns)
  const holders = (store: Kysely<Database> | Transaction<Database>, emails: (string | null | undefined)[]) =>
    holdersOf(
      store,
      emails.flatMap((email) => addressKey(keysOf, email) ?? []),
    )
  /** Copies whoever has these ids and addresses to a rehearsal. */
  const prepare = async (emails: (string | null | undefined)[], ids: string[] = []) => {
    if (!rehearsal) return
    await copyErased(db, rehearsal)
    await copyAttributes(db, rehearsal)
    await copyContacts(db, rehearsal, [...ids, ...[...(await holders(db, emails)).values()].flat()])
  }
  const write = async (batch: ItemRow<ContactPatch>[]): Promise<Written> => {
    const patches = batch.map(({ item }) => item)
    const emails = patches.map((patch) => patch.email)
    await prepare(
      emails,
      patches.map((patch) => patch.id),
    )
    return transact(rehearsal ?? db, async (trx) => {
      // Two concurrent imports must not both find that nobody has an address.
      await lockName(trx, 'contacts')
      const { rows, rejected } = source.byAddress
        ? named(batch, await holders(trx, emails), keysOf)
        : { rows: batch, rejected: [] }
      const items = rows.map(({ item }) => item)
      const changes = record?.changes()
      const fitted = await fitAttributes(trx, items, { hints, importId: record?.id ?? null, now: now() })
      const { erased, ...counts } = await upsertContacts(trx, fitted, keysOf, now(), changes?.writing)
      await changes?.write(trx)
      const refused = erased.map((place) => ({ row: itemAt(rows, place).row, ...ERASED }))
      return { ...counts, rejected: [...rejected, ...refused] }
    })
  }
  const effectDeps = { db: rehearsal ?? db, keysOf, now, prepare }
  try {
    if (source.ids !== null) await refuseForeignIds(db, keysOf, source.ids)
  } catch (error) {
    if (error instanceof ImportRefusal) await keepRefusals(effectDeps, source.rows)
    throw error
  }
  const effects = withEffects(effectDeps, source, check)
  const outcome = await runImport({ rows: effects.rows, check, write, clock: now, notes: source.notes, ...hooks })
  const notes = [...(outcome.notes ?? []), ...(await effects.finish())]
  return notes.length === 0 ? outcome : { ...outcome, notes }
}

/** The rejection of a row that would bring back an erased contact. */
export const ERASED = { code: 'erased', message: 'must not be an erased contact, by id or by address' }

/** Gives rows the id of the contact known to have their address. */
function named(batch: ItemRow<ContactPatch>[], holders: Map<string, string[]>, keysOf: KeysOf) {
  const rows: ItemRow<ContactPatch>[] = []
  const rejected: Written['rejected'] = []
  for (const { row, item } of batch) {
    const key = addressKey(keysOf, item.email)
    const known = key === null ? [] : (holders.get(key) ?? [])
    if (known.length > 1 && item.mail_consent !== undefined && item.mail_consent !== true) {
      // It is not known whose row it is, but the refusal is that of the address.
      const { mail_consent, mail_consent_at, updated_at } = item
      const said = { mail_consent, ...(mail_consent_at === undefined ? {} : { mail_consent_at }), updated_at }
      for (const id of known) rows.push({ row, item: { id, ...said, of_file: true } })
    } else if (known.length > 1) {
      const message = `email must belong to one contact, but ${known.length} have it: add a column with their ids`
      rejected.push({ row, code: 'ambiguous_identifier', message })
    } else rows.push({ row, item: { ...item, id: known[0] ?? item.id } })
  }
  return { rows, rejected }
}
