/** What a push makes of a contact's row: the newest value of each field wins, an absent field is unchanged, null removes. */
import { applyWord, saysWord } from './mail-words.ts'
import { decodeJson, encodeJson } from './schema/columns.ts'
import type { ContactRow } from './schema/contacts.ts'

/** A validated contact as pushed. Absent keys are unchanged, null removes. */
export type ContactPatch = {
  id: string
  email?: string | null
  email_sha256?: string | null
  phone?: string | null
  /** `unclear`: something was said that could not be read. */
  mail_consent?: boolean | 'unclear' | null
  mail_consent_at?: number | null
  /** It comes from a file, which is of any age. */
  of_file?: boolean
  /** What it says about mail is the sender's answer to what was unclear. */
  mail_answer?: boolean
  minor?: boolean | null
  merged_into?: string | null
  attributes?: Record<string, unknown>
  /** When it was pushed, or last changed at its source. */
  updated_at: number
  /** Its source does not say when it changed. */
  undated?: boolean
}

/** The fields of a row that a push sets, besides attributes. */
export const FIELDS = [
  'email',
  'email_sha256',
  'phone',
  'mail_consent',
  'mail_consent_at',
  'minor',
  'merged_into',
] as const

/** A contact of which nothing is known. */
export const EMPTY_CONTACT = {
  email: null,
  email_sha256: null,
  phone: null,
  mail_consent: null,
  mail_consent_at: null,
  minor: 0,
  merged_into: null,
  attributes: encodeJson({}),
  updated_at: 0,
  field_times: encodeJson({}),
  import_id: null,
} as const satisfies Partial<ContactRow>

/** The row of a contact that is pushed for the first time. */
export function newRow(patch: ContactPatch, now: number): ContactRow {
  return { ...EMPTY_CONTACT, contact_id: patch.id, imported_at: now, erased_at: null }
}

/**
 * Sets each field that was not set later. `field_times` holds only the times that differ from the row's `updated_at`, so
 * a row whose fields were all set together has none.
 */
export function applyPatch(row: ContactRow, patch: ContactPatch): ContactRow {
  const times = decodeJson(row.field_times)
  const attributes = decodeJson(row.attributes)
  const next = { ...row }
  const filled = [
    ...FIELDS.filter((field) => !isEmpty(row[field])),
    ...Object.keys(attributes).map((name) => `@${name}`),
  ]
  const setAt = new Map([...filled.map((field) => [field, row.updated_at] as const), ...Object.entries(times)])
  if (saysWord(patch)) applyWord(next, setAt, patch)
  for (const field of FIELDS) {
    // The word about mail has a rule of its own.
    if (saysWord(patch) && (field === 'mail_consent' || field === 'mail_consent_at')) continue
    const value = patch[field]
    if (value === undefined || patch.updated_at < (setAt.get(field) ?? Number.NEGATIVE_INFINITY)) continue
    Object.assign(next, { [field]: toColumn(field, value) })
    setAt.set(field, patch.updated_at)
  }
  for (const [name, value] of Object.entries(patch.attributes ?? {})) {
    const field = `@${name}`
    if (patch.updated_at < (setAt.get(field) ?? Number.NEGATIVE_INFINITY)) continue
    if (value === null) delete attributes[name]
    else attributes[name] = value
    setAt.set(field, patch.updated_at)
  }
  const sortedAttributes = Object.fromEntries(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)))
  next.attributes = encodeJson(sortedAttributes)
  next.updated_at = Math.max(row.updated_at, patch.updated_at)
  // The time of a removal is always kept, because nothing else records it.
  const empty = (field: string) =>
    field.startsWith('@') ? !Object.hasOwn(attributes, field.slice(1)) : isEmpty(next[field as (typeof FIELDS)[number]])
  const late = [...setAt]
    .filter(([field, time]) => time !== next.updated_at || empty(field))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  next.field_times = encodeJson(Object.fromEntries(late))
  return next
}

/** Whether a field has no value: it was never set, or it was removed. */
function isEmpty(value: string | number | null): boolean {
  return value === null || value === 0
}

function toColumn(field: (typeof FIELDS)[number], value: string | number | boolean | null): string | number | null {
  if (field === 'minor') return value === true ? 1 : 0
  return typeof value === 'boolean' ? (value ? 1 : 0) : value
}

/** Equal apart from the field times, so that repeating a push changes nothing. */
export function same(a: ContactRow, b: ContactRow): boolean {
  return a.attributes === b.attributes && FIELDS.every((field) => a[field] === b[field])
}

/**
 * Whether a push of what is known need not be written. That the same was said again, without a date, is no news, except of
 * a refusal without a date: it outweighs what was said before it was last heard.
 */
export function tellsNothing(patch: ContactPatch, old: ContactRow, next: ContactRow): boolean {
  if (old.updated_at === next.updated_at && old.field_times === next.field_times) return true
  return patch.undated === true && !(patch.mail_consent === false && next.mail_consent_at === null)
}

/** Whether a push says anything about a living contact that must be written. */
export function isNews(old: ContactRow, patch: ContactPatch): boolean {
  if (repeats(old, patch)) return false
  const next = applyPatch(old, patch)
  return !same(old, next) || !tellsNothing(patch, old, next)
}

/** Whether a push without a date plainly repeats what is known: most rows of a file that is imported again do. */
function repeats(old: ContactRow, patch: ContactPatch): boolean {
  if (patch.undated !== true) return false
  const says = saysWord(patch)
  if (says && !repeatsWord(old, patch)) return false
  for (const field of FIELDS) {
    if (says && (field === 'mail_consent' || field === 'mail_consent_at')) continue
    const value = patch[field]
    if (value !== undefined && toColumn(field, value) !== old[field]) return false
  }
  if (patch.attributes === undefined) return true
  const known = decodeJson(old.attributes)
  return Object.entries(patch.attributes).every(([name, value]) =>
    value === null ? !Object.hasOwn(known, name) : Object.hasOwn(known, name) && known[name] === value,
  )
}

/** The same word, no later than the one that stands. A refusal without a date counts each time that it is heard. */
function repeatsWord(old: ContactRow, { mail_consent: word, mail_consent_at: at = null }: ContactPatch): boolean {
  if (old.mail_consent !== (word === 'unclear' ? 2 : word ? 1 : 0)) return false
  if (old.mail_consent_at === null) return at === null && word !== false
  return at === null || at <= old.mail_consent_at
}
