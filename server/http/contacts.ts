/**
 * `POST /api/v1/contacts`: creates and updates contacts from a JSON array, NDJSON or CSV. Valid rows are kept; invalid
 * ones are returned with the reason.
 */

import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { itemAt } from '../domain/lookup.ts'
import { fitAttributes } from '../import/attributes.ts'
import { checkContact } from '../import/check-contact.ts'
import { ERASED, importContacts } from '../import/contacts.ts'
import { isOfFile } from '../import/source.ts'
import { writeAudit } from '../store/audit.ts'
import type { ContactPatch } from '../store/contact-patch.ts'
import { upsertContacts } from '../store/contacts.ts'
import { transact } from '../store/engine/transact.ts'
import { lockName } from '../store/work/locks.ts'
import { allow } from './auth.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { streamedImport } from './import-body.ts'
import { importedFields, importQuery, rejectedSchema, withStreamedBodies } from './import-shapes.ts'
import { json, refusal, refusals } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

const resultSchema = z
  .object({
    created: z.number(),
    updated: z.number(),
    unchanged: z.number(),
    rejected: z.array(rejectedSchema),
    ...importedFields,
  })
  .openapi('ContactsResult')

/** The most rows of a JSON array, which is held in memory; NDJSON and CSV are streamed and have no limit. */
const MAX_ROWS = 10_000

/** The contacts' routes. */
export function contactRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app.openapi(
    createRoute({
      method: 'post',
      path: '/contacts',
      ...operation('Contacts', 'upsertContacts'),
      summary: 'Create and update contacts',
      description:
        'JSON array, NDJSON or CSV. The `row` of a CSV row is the line of the file on which it starts, counted from 1. ' +
        'Only the first 1,000 rejected rows are listed.',
      middleware: [allow(deps, 'contacts:write'), streamedImport(deps, 'contacts', runContacts(deps))] as const,
      request: {
        query: importQuery.omit({ currency: true }),
        body: {
          required: true,
          // Rows are checked one by one, so that an invalid row does not reject the valid ones.
          content: withStreamedBodies({
            'application/json': {
              schema: z.array(z.unknown(), 'must be an array of contacts').max(MAX_ROWS),
              example: [
                { id: 'crm-7', email: 'jp@example.com', mail_consent: true, attributes: { first_name: 'Jean-Pierre' } },
              ],
            },
          }),
        },
      },
      responses: {
        200: json('The outcome of each row', resultSchema),
        ...refusals,
        413: refusal('The body is too large. The rows before the limit were imported.'),
        415: refusal('The body is neither JSON, NDJSON nor CSV.'),
      },
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
        await lockName(trx, 'contacts')
        const fitted = await fitAttributes(trx, patches, { hints: new Map(), importId: null, now })
        const { erased, ...result } = await upsertContacts(trx, fitted, keysOf, now)
        const refused = erased.map((place) => ({ row: itemAt(rows, place), ...ERASED }))
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

/** Imports a streamed body row by row, with the same check. */
function runContacts(deps: HttpDeps): Parameters<typeof streamedImport>[2] {
  return async (source, into, onProgress) => {
    const { db, now } = deps
    const keysOf = await deps.keysOf()
    const at = now()
    const ofFile = isOfFile(source)
    const importing = { db, keysOf, now, ...into }
    return importContacts(importing, source, (row) => checkContact(row, at, ofFile), { onProgress })
  }
}
