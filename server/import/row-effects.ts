/**
 * What rows of a file do besides describing their contact: a refusal holds for every address of its row, also where the row
 * cannot be imported, and a row that is deleted at its source removes its contact.
 */
import type { Kysely } from 'kysely'
import { cleanEmail, looksLikeEmail } from '../domain/identifier.ts'
import { existingContacts } from '../store/contact-cards.ts'
import type { ContactPatch } from '../store/contact-patch.ts'
import { holdersOf, type KeysOf, upsertContacts } from '../store/contacts.ts'
import { chunks } from '../store/engine/many.ts'
import { transact } from '../store/engine/transact.ts'
import { removeContacts } from '../store/remove-contacts.ts'
import type { Database } from '../store/schema.ts'
import { lockName } from '../store/work/locks.ts'
import { addressKey } from './addresses.ts'
import type { Note } from './notes.ts'
import type { Checked } from './run.ts'
import type { Source } from './source.ts'
import type { SourceRow } from './source-row.ts'

/** A row as its reader makes it, as far as it has effects. */
type ReadRow = {
  id?: unknown
  email?: unknown
  mail_consent?: unknown
  mail_consent_at?: unknown
  updated_at?: unknown
  others?: string[]
  deleted?: boolean
}

/** A refusal of an address. `isNew`: it is kept for an address that nobody has yet. */
type Refusal = { email: string; at: string | undefined; isNew: boolean }

/** What effects are applied to: `db` is that of a rehearsal where there is one. */
export type EffectDeps = {
  db: Kysely<Database>
  keysOf: KeysOf
  now: () => number
  prepare: (emails: string[]) => Promise<void>
}

/** Passes on the rows that describe contacts, and applies the effects of all. `finish` removes what is deleted. */
export function withEffects(
  deps: EffectDeps,
  source: Pick<Source, 'rows' | 'byAddress'>,
  check: (value: unknown) => Checked<ContactPatch>,
): { rows: AsyncIterable<SourceRow[]>; finish: () => Promise<Note[]> } {
  /** Ids, or addresses where the file has no ids, of rows deleted at their source and not there again after that. */
  const deleted = new Set<string>()
  async function* rows(): AsyncGenerator<SourceRow[]> {
    for await (const batch of source.rows) {
      const refusals = batch.flatMap((row) => refusalsOf(row, check))
      if (refusals.length > 0) await refuse(deps, refusals)
      yield batch.filter((row) => {
        const { id, deleted: isDeleted } = ('value' in row ? row.value : (row.read ?? {})) as ReadRow
        if (typeof id !== 'string') return true
        if (isDeleted) deleted.add(id)
        else if (deleted.size > 0) deleted.delete(id)
        return !isDeleted
      })
    }
  }
  return { rows: rows(), finish: () => removeDeleted(deps, [...deleted], source.byAddress) }
}

/** Keeps the refusals of a file that is not imported: they are those of its addresses, whoever's its ids are. */
export async function keepRefusals(deps: EffectDeps, rows: AsyncIterable<SourceRow[]>): Promise<void> {
  for await (const batch of rows) {
    const refusals = batch.flatMap((row) => refusalsOf(row, () => ({ code: 'not_imported', message: '' })))
    if (refusals.length > 0) await refuse(deps, refusals)
  }
}

function refusalsOf(row: SourceRow, check: (value: unknown) => Checked<ContactPatch>): Refusal[] {
  const read = ('value' in row ? row.value : (row.read ?? {})) as ReadRow
  if (read.mail_consent !== false || typeof read.email !== 'string') return []
  const others = read.others ?? []
  const isLost = read.deleted === true || !('value' in row) || 'code' in check(row.value)
  const at = [read.mail_consent_at, read.updated_at].find((each) => typeof each === 'string') as string | undefined
  return [
    ...(isLost ? [{ email: read.email, at, isNew: false }] : []),
    ...others.map((email) => ({ email, at, isNew: true })),
  ].filter(({ email }) => looksLikeEmail(cleanEmail(email)))
}

/** Lets refusals hold for whoever has their addresses. */
async function refuse({ db, keysOf, now, prepare }: EffectDeps, refusals: Refusal[]): Promise<void> {
  await prepare(refusals.map(({ email }) => email))
  await transact(db, async (trx) => {
    await lockName(trx, 'contacts')
    const keys = refusals.map(({ email }) => addressKey(keysOf, email))
    const holders = await holdersOf(
      trx,
      keys.filter((key) => key !== null),
    )
    const patches = refusals.flatMap(({ email, at, isNew }, i): ContactPatch[] => {
      const known = holders.get(keys[i] ?? '') ?? []
      const address = cleanEmail(email)
      const said = {
        mail_consent: false,
        ...(at === undefined ? {} : { mail_consent_at: Date.parse(at) }),
        ...{ of_file: true, updated_at: now() },
      }
      if (known.length > 0) return known.map((id) => ({ id, ...said }))
      return isNew ? [{ id: address.toLowerCase(), email: address, ...said }] : []
    })
    await upsertContacts(trx, patches, keysOf, now())
  })
}

/** Removes the contacts whose rows are deleted at their source, as if they had never been imported. */
async function removeDeleted(
  { db, keysOf, prepare }: EffectDeps,
  names: string[],
  byAddress: boolean,
): Promise<Note[]> {
  let count = 0
  for (const part of chunks(names, 500)) {
    if (byAddress) await prepare(part)
    count += await transact(db, async (trx) => {
      await lockName(trx, 'contacts')
      const keys = byAddress ? part.flatMap((name) => addressKey(keysOf, name) ?? []) : []
      const held = [...(await holdersOf(trx, keys)).values()].flatMap((ids) => (ids.length === 1 ? ids : []))
      const ids = [...(await existingContacts(trx, byAddress ? held : part))]
      if (ids.length > 0) await removeContacts(trx, ids)
      return ids.length
    })
  }
  if (names.length === 0) return []
  const message = `${names.length === 1 ? 'row is' : 'rows are'} deleted at the source; ${count} contacts were removed`
  return [{ code: 'deleted', count: names.length, message }]
}
