/** Checks one contact as a CRM pushes it, by the API or in a file. */
import { z } from 'zod'
import { isDemoContact } from '../domain/demo.ts'
import { isTooDeep } from '../domain/depth.ts'
import { isBlockedIdentifier } from '../domain/identifier.ts'
import { withoutNul } from '../domain/nul.ts'
import { firstProblem } from '../domain/problem.ts'
import type { ContactPatch } from '../store/contact-patch.ts'
import { emailSchema, idSchema, timeSchema } from './check-fields.ts'
import { type Checked, TOO_DEEP } from './run.ts'
import { isRounded } from './values.ts'

const NOT_OF_DEMO = 'must not begin with couture-demo-, which is reserved for the demo shop'

/** A row of a file as its reader makes it. `mail_answer`: its word about mail answers what was unclear. */
type FileRow = { mail_answer?: true; [field: string]: unknown }

/** One contact as a CRM pushes it. Absent: unchanged. Null: removed. */
const contactSchema = z.strictObject({
  id: idSchema('contact')
    .pipe(z.string().min(1, 'must not be empty').max(200))
    .refine((id) => !isBlockedIdentifier(id), 'must be the id of one contact, not an empty or placeholder value')
    .refine((id) => !isDemoContact(id), NOT_OF_DEMO)
    // Excel writes long numbers so, and many different ones become the same.
    .refine((id) => !isRounded(id), 'must be an id, not a number that a spreadsheet has rounded'),
  email: emailSchema,
  email_sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'must be SHA-256 in hex')
    .transform((hash) => hash.toLowerCase())
    .nullable()
    .optional(),
  phone: z.string().max(64).nullable().optional(),
  mail_consent: z
    .union([z.boolean(), z.literal('unclear')], 'must be true or false')
    .nullable()
    .optional(),
  mail_consent_at: timeSchema.nullable().optional(),
  minor: z.boolean('must be true or false').nullable().optional(),
  merged_into: idSchema('contact')
    .pipe(z.string().max(200))
    .refine((id) => !isDemoContact(id), NOT_OF_DEMO)
    .nullable()
    .optional(),
  updated_at: timeSchema.optional(),
  attributes: z.record(z.string().max(200), z.unknown()).optional(),
})

/**
 * A contact as it is pushed, or what is wrong with it. Without a time of its own it is of `now`. `ofFile`: it is a row of a
 * file, which may be older than the import.
 */
export function checkContact(row: unknown, now: number, ofFile = false): Checked<ContactPatch> {
  if (isTooDeep(row)) return { code: 'invalid_contact', message: TOO_DEEP }
  const { mail_answer, ...fields }: FileRow = ofFile ? (row as FileRow) : {}
  const parsed = contactSchema.safeParse(withoutNul(ofFile ? fields : row))
  if (parsed.success) {
    const patch = toPatch(parsed.data, now)
    return { item: ofFile ? { ...patch, of_file: true, ...(mail_answer ? { mail_answer } : {}) } : patch }
  }
  return { code: 'invalid_contact', message: firstProblem(parsed.error) }
}

function toPatch(contact: z.infer<typeof contactSchema>, now: number): ContactPatch {
  const { mail_consent_at, updated_at, ...rest } = contact
  const at = mail_consent_at ?? (mail_consent_at === undefined && contact.mail_consent != null ? updated_at : undefined)
  return {
    ...rest,
    ...(mail_consent_at === null ? { mail_consent_at: null } : {}),
    ...(at === undefined ? {} : dateOfWord(Date.parse(at), contact.mail_consent, now)),
    ...(updated_at === undefined ? { updated_at: now, undated: true } : { updated_at: Date.parse(updated_at) }),
  }
}

/** Clocks differ by at most this much; nobody has said anything later. */
const AHEAD_MS = 24 * 60 * 60 * 1000

/** The date of a word about mail: a yes of the future has none, and a no of the future is of now. */
function dateOfWord(at: number, says: ContactPatch['mail_consent'], now: number): { mail_consent_at?: number } {
  if (at <= now + AHEAD_MS || says === undefined || says === null) return { mail_consent_at: at }
  return says === false ? { mail_consent_at: now } : {}
}
