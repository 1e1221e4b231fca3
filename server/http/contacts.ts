/** `POST /api/v1/contacts`: upsert of a JSON array of contacts. Good rows are kept, bad ones told with their reason. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { isBlockedIdentifier, looksLikeEmail } from '../domain/identifier.ts'
import { writeAudit } from '../store/audit.ts'
import { type ContactPatch, upsertContacts } from '../store/contacts.ts'
import { allow } from './auth.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { json, refusals } from './shapes.ts'
import { onInvalid, sentence } from './validation.ts'

const time = z.iso.datetime({ offset: true, error: 'must be an ISO 8601 time such as 2026-03-01T09:30:00Z' })

/** One contact as a CRM pushes it. Absent: unchanged. Null: removed. */
const contactSchema = z
  .strictObject({
    id: z
      .union([z.string(), z.number().transform(String)])
      .transform((id) => id.trim())
      .pipe(z.string().min(1, 'must not be empty').max(200))
      .refine((id) => !isBlockedIdentifier(id), 'must be the id of one contact, not an empty or placeholder value'),
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
    rejected: z.array(z.object({ row: z.number(), code: z.string(), message: z.string() })),
  })
  .openapi('ContactsResult')

/** Rows of one request. */
const MAX_ROWS = 10_000

/** The contacts' routes. */
export function contactRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app.openapi(
    createRoute({
      method: 'post',
      path: '/contacts',
      summary: 'Create and update contacts',
      middleware: [allow(deps, 'contacts:write')] as const,
      request: {
        body: {
          required: true,
          // Each row is checked by itself, so that a bad one does not refuse the good ones.
          content: {
            'application/json': { schema: z.array(z.unknown(), 'must be an array of contacts').max(MAX_ROWS) },
          },
        },
      },
      responses: { 200: json('What became of the rows', resultSchema), ...refusals },
    }),
    async (c) => {
      const now = deps.now()
      const patches: ContactPatch[] = []
      const rejected: z.infer<typeof resultSchema>['rejected'] = []
      for (const [index, row] of c.req.valid('json').entries()) {
        const parsed = contactSchema.safeParse(row)
        if (parsed.success) patches.push(toPatch(parsed.data, now))
        else rejected.push({ row: index + 1, code: 'invalid_contact', message: sentence(parsed.error) })
      }
      const keysOf = await deps.keysOf()
      const counts = await deps.db.transaction().execute(async (trx) => {
        const result = await upsertContacts(trx, patches, keysOf, now)
        const detail = { ...result, rejected: rejected.length }
        await writeAudit(trx, {
          id: deps.newId(),
          at: now,
          actor: c.get('caller').actor,
          action: 'contacts.write',
          detail,
        })
        return result
      })
      deps.wake()
      return c.json({ ...counts, rejected }, 200)
    },
  )
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
