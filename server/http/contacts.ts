/**
 * `POST /api/v1/contacts`: upsert of contacts, as a JSON array, NDJSON or CSV. Good rows are kept, bad ones told with
 * their reason.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { isBlockedIdentifier, looksLikeEmail } from '../domain/identifier.ts'
import { withoutNul } from '../domain/nul.ts'
import { firstProblem } from '../domain/problem.ts'
import { ERASED, importContacts } from '../import/contacts.ts'
import type { Checked } from '../import/run.ts'
import { writeAudit } from '../store/audit.ts'
import { type ContactPatch, upsertContacts } from '../store/contacts.ts'
import { transact } from '../store/engine/transact.ts'
import { allow } from './auth.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { streamedImport } from './import-body.ts'
import { importedFields, importQuery, rejectedSchema, withTexts } from './import-shapes.ts'
import { json, refusals } from './shapes.ts'
import { onInvalid } from './validation.ts'

const time = z.iso.datetime({ offset: true, error: 'must be an ISO 8601 time such as 2026-03-01T09:30:00Z' })

/** One contact as a CRM pushes it. Absent: unchanged. Null: removed. */
const contactSchema = z
  .strictObject({
    id: z
      .union([z.string(), z.number().transform(String)])
      .transform((id) => id.trim())
      .pipe(z.string().min(1, 'must not be empty').max(200))
      .refine((id) => !isBlockedIdentifier(id), 'must be the id of one contact, not an empty or placeholder value')
      // Excel writes long numbers so, and many different ones become the same.
      .refine((id) => !/^\d([.,]\d+)?E\+\d+$/i.test(id), 'must be an id, not a number that a spreadsheet has rounded'),
    email: z
      .string()
      .trim()
      .refine((email) => looksLikeEmail(email) && !isBlockedIdentifier(email), 'must be a mail address')
      .nullable()
      .optional(),
    email_sha256: z
      .string()
      .regex(/^[0-9a-fA-F]{64}$/, 'must be SHA-256 in hex')
      .transform((hash) => hash.toLowerCase())
      .nullable()
      .optional(),
    phone: z.string().max(64).nullable().optional(),
    mail_consent: z.boolean('must be true or false').nullable().optional(),
    mail_consent_at: time.nullable().optional(),
    minor: z.boolean('must be true or false').nullable().optional(),
    merged_into: z.string().max(200).nullable().optional(),
    updated_at: time.optional(),
    attributes: z.record(z.string().max(200), z.unknown()).optional(),
  })
  .openapi('ContactUpsert')

const resultSchema = z
  .object({
    created: z.number(),
    updated: z.number(),
    unchanged: z.number(),
    rejected: z.array(rejectedSchema),
    ...importedFields,
  })
  .openapi('ContactsResult')

/** Rows of one JSON array, which is held whole; NDJSON and CSV may have any number. */
const MAX_ROWS = 10_000

/** The contacts' routes. */
export function contactRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app.openapi(
    createRoute({
      method: 'post',
      path: '/contacts',
      summary: 'Create and update contacts',
      description:
        'JSON array, NDJSON or CSV. A row of CSV is numbered by the line of the file on which it begins; the first is 1. ' +
        'Of rejected rows the first 1,000 are listed.',
      middleware: [allow(deps, 'contacts:write'), streamedImport(deps, 'contacts', runContacts(deps))] as const,
      request: {
        query: importQuery.omit({ currency: true }),
        body: {
          required: true,
          // Each row is checked by itself, so that a bad one does not refuse the good ones.
          content: withTexts({
            'application/json': {
              schema: z.array(z.unknown(), 'must be an array of contacts').max(MAX_ROWS),
              example: [
                { id: 'crm-7', email: 'jp@example.com', mail_consent: true, attributes: { first_name: 'Jean-Pierre' } },
              ],
            },
          }),
        },
      },
      responses: { 200: json('What became of the rows', resultSchema), ...refusals },
    }),
    async (c) => {
      const now = deps.now()
      const patches: ContactPatch[] = []
      const rows: number[] = []
      const rejected: z.infer<typeof resultSchema>['rejected'] = []
      for (const [index, row] of c.req.valid('json').entries()) {
        const checked = checkContact(row, now)
        if ('item' in checked) {
          patches.push(checked.item)
          rows.push(index + 1)
        } else rejected.push({ row: index + 1, ...checked })
      }
      const keysOf = await deps.keysOf()
      const counts = await transact(deps.db, async (trx) => {
        const { erased, ...result } = await upsertContacts(trx, patches, keysOf, now)
        const refused = erased.map((place) => ({ row: rows[place]!, ...ERASED }))
        const all = [...rejected, ...refused].sort((a, b) => a.row - b.row)
        const detail = { ...result, rejected: all.length }
        await writeAudit(trx, {
          id: deps.newId(),
          at: now,
          actor: c.get('caller').actor,
          action: 'contacts.write',
          detail,
        })
        return { ...result, rejected: all }
      })
      deps.wake()
      return c.json(counts, 200)
    },
  )
}

/** Streamed bodies: row by row through the same check. */
function runContacts(deps: HttpDeps): Parameters<typeof streamedImport>[2] {
  return async (source, onProgress) => {
    const { db, now } = deps
    const keysOf = await deps.keysOf()
    const at = now()
    return importContacts({ db, keysOf, now }, source, (row) => checkContact(row, at), { onProgress })
  }
}

/** A contact as it is pushed, or what is wrong with it. Without a time of its own it is of `now`. */
export function checkContact(row: unknown, now: number): Checked<ContactPatch> {
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
