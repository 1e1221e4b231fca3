/** Checks one contact as a CRM pushes it, by the API or in a file. */
import { z } from 'zod'
import { isDemoContact } from '../domain/demo.ts'
import { isTooDeep } from '../domain/depth.ts'
import { isBlockedIdentifier } from '../domain/identifier.ts'
import { withoutNul } from '../domain/nul.ts'
import { firstProblem } from '../domain/problem.ts'
import type { ContactPatch } from '../store/contacts.ts'
import { emailSchema, idSchema, timeSchema } from './check-fields.ts'
import { type Checked, TOO_DEEP } from './run.ts'

const NOT_OF_DEMO = 'must not begin with couture-demo-, which is reserved for the demo shop'

/** One contact as a CRM pushes it. Absent: unchanged. Null: removed. */
const contactSchema = z.strictObject({
  id: idSchema('contact')
    .pipe(z.string().min(1, 'must not be empty').max(200))
    .refine((id) => !isBlockedIdentifier(id), 'must be the id of one contact, not an empty or placeholder value')
    .refine((id) => !isDemoContact(id), NOT_OF_DEMO)
    // Excel writes long numbers so, and many different ones become the same.
    .refine((id) => !/^\d([.,]\d+)?E\+\d+$/i.test(id), 'must be an id, not a number that a spreadsheet has rounded'),
  email: emailSchema,
  email_sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'must be SHA-256 in hex')
    .transform((hash) => hash.toLowerCase())
    .nullable()
    .optional(),
  phone: z.string().max(64).nullable().optional(),
  mail_consent: z.boolean('must be true or false').nullable().optional(),
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

/** A contact as it is pushed, or what is wrong with it. Without a time of its own it is of `now`. */
export function checkContact(row: unknown, now: number): Checked<ContactPatch> {
  if (isTooDeep(row)) return { code: 'invalid_contact', message: TOO_DEEP }
  const parsed = contactSchema.safeParse(withoutNul(row))
  if (parsed.success) return { item: toPatch(parsed.data, now) }
  return { code: 'invalid_contact', message: firstProblem(parsed.error) }
}

function toPatch(contact: z.infer<typeof contactSchema>, now: number): ContactPatch {
  const { mail_consent_at, updated_at, ...rest } = contact
  return {
    ...rest,
    ...(mail_consent_at === undefined
      ? {}
      : { mail_consent_at: mail_consent_at === null ? null : Date.parse(mail_consent_at) }),
    updated_at: updated_at === undefined ? now : Date.parse(updated_at),
  }
}
