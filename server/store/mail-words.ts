/**
 * The word about mail that stands on contacts: what a push or a file says is weighed against it, and a refusal holds for
 * every contact that has its address.
 */
import type { Transaction } from 'kysely'
import { type MailWord, mailFlagOf, mailPermissionOf, standingWord } from '../domain/mail-permission.ts'
import { ofKeys } from './engine/many.ts'
import { decodeJson, encodeJson } from './schema/columns.ts'
import type { ContactRow } from './schema/contacts.ts'
import type { Database } from './schema.ts'
import { hashesOf } from './tombstones.ts'

type Keyed = (contact: { id: string; email: string | null; emailSha256: string | null }) => string[]

/** What a push says about mail, besides removing what was said. */
export type SaidWord = {
  mail_consent: boolean | 'unclear'
  mail_consent_at?: number | null
  of_file?: boolean
  mail_answer?: boolean
  updated_at: number
}

/** Whether a push says something about mail. */
export function saysWord<
  T extends Partial<Omit<SaidWord, 'mail_consent'>> & { mail_consent?: SaidWord['mail_consent'] | null },
>(patch: T): patch is T & { mail_consent: SaidWord['mail_consent'] } {
  return patch.mail_consent !== undefined && patch.mail_consent !== null
}

/** Sets the word that stands after a push. `setAt`: when each field was set. */
export function applyWord(row: ContactRow, setAt: Map<string, number>, said: SaidWord): void {
  const heardAt = setAt.get('mail_consent') ?? Number.NEGATIVE_INFINITY
  const stands = wordOf(row, heardAt)
  // Pushed before the permission was removed.
  if (stands === null && said.updated_at < heardAt) return
  const { mail_consent: answer } = said
  const word = standingWord(stands, {
    says: answer === 'unclear' ? 'unclear' : answer ? 'yes' : 'no',
    at: said.mail_consent_at ?? null,
    heardAt: said.updated_at,
    ofFile: said.of_file === true,
    isAnswer: said.mail_answer === true,
  })
  row.mail_consent = mailFlagOf(word.says)
  row.mail_consent_at = word.at
  setAt.set('mail_consent', word.heardAt)
  setAt.set('mail_consent_at', word.heardAt)
}

function wordOf(row: ContactRow, heardAt: number): MailWord | null {
  const says = mailPermissionOf(row.mail_consent)
  return says === null ? null : { says, at: row.mail_consent_at, heardAt, ofFile: false, isAnswer: false }
}

const selectKeys = ofKeys((db, keys) => db.selectFrom('contact_keys').selectAll().where('key_hash', 'in', keys))
const selectContacts = ofKeys((db, ids) =>
  db.selectFrom('contacts').selectAll().where('contact_id', 'in', ids).where('erased_at', 'is', null),
)

/**
 * Lets a refusal hold for every contact with its address. `rows` are about to be written, and of those the contacts in `said`
 * may have a new word or address; contacts that share an address with them are added where they change, and returned as they
 * were and are.
 */
export async function spreadRefusals(
  trx: Transaction<Database>,
  rows: Map<string, ContactRow>,
  said: ReadonlySet<string>,
  keysOf: Keyed,
): Promise<[ContactRow, ContactRow][]> {
  const added: [ContactRow, ContactRow][] = []
  const addressOf = (row: ContactRow) => hashesOf(keysOf, { ...row, id: row.contact_id }).address
  const addresses = new Map<string, ContactRow[]>()
  for (const id of said) {
    const row = rows.get(id)
    const key = !row || row.mail_consent === null ? null : addressOf(row)
    if (row && key !== null) addresses.set(key, [...(addresses.get(key) ?? []), row])
  }
  if (addresses.size === 0) return added
  const held = (await selectKeys(trx, [...addresses.keys()])).filter(({ contact_id }) => !said.has(contact_id))
  const others = new Map(
    (await selectContacts(trx, [...new Set(held.map((each) => each.contact_id))])).map((row) => [row.contact_id, row]),
  )
  for (const id of others.keys()) {
    const row = rows.get(id)
    if (row) others.set(id, row)
  }
  for (const { key_hash, contact_id } of held) {
    const other = others.get(contact_id)
    if (other && other.mail_consent !== null) addresses.get(key_hash)?.push(other)
  }
  for (const sharing of addresses.values()) {
    if (sharing.length < 2) continue
    const refusals = sharing.filter((row) => row.mail_consent === 0).map((row) => wordOf(row, heardAtOf(row)))
    for (const row of sharing) {
      if (row.mail_consent === 0) continue
      const before = { ...row }
      const changes = refusals.filter((refusal) => refusal !== null && refuse(row, refusal))
      if (changes.length === 0 || rows.has(row.contact_id)) continue
      rows.set(row.contact_id, row)
      added.push([before, row])
    }
  }
  return added
}

/** Sets a refusal of the same address; returns whether it changed the row. */
function refuse(row: ContactRow, refusal: MailWord): boolean {
  const stands = wordOf(row, heardAtOf(row))
  const word = standingWord(stands, refusal)
  if (word === stands || word.says !== 'no') return false
  row.mail_consent = mailFlagOf(word.says)
  row.mail_consent_at = word.at
  const times = decodeJson(row.field_times)
  for (const field of ['mail_consent', 'mail_consent_at']) times[field] = word.heardAt
  row.field_times = encodeJson(Object.fromEntries(Object.entries(times).sort(([a], [b]) => (a < b ? -1 : 1))))
  return true
}

function heardAtOf(row: ContactRow): number {
  return decodeJson(row.field_times).mail_consent ?? row.updated_at
}
