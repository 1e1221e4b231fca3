/** `GET /api/v1/contacts?q=`: finds contacts by id, address or name. */

import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { mailConsentOf } from '../domain/mail-permission.ts'
import { writeAudit } from '../store/audit.ts'
import { type FoundContact, searchContacts } from '../store/contact-search.ts'
import { decodeJson } from '../store/schema/columns.ts'
import { allow } from './auth.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { decodeCursor, encodeCursor, pageOf, pageQuery } from './paging.ts'
import { json, nameOf, refusals } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

const foundSchema = z
  .object({
    id: z.string(),
    name: z.string().nullable(),
    email: z.string().nullable(),
    phone: z.string().nullable(),
    mail_consent: z.boolean().nullable(),
    merged_into: z.string().nullable(),
  })
  .openapi('FoundContact')

type Found = z.infer<typeof foundSchema>

/** The search's route. */
export function contactSearchRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app.openapi(
    createRoute({
      method: 'get',
      path: '/contacts',
      ...operation('Contacts', 'searchContacts'),
      summary: 'Find contacts by id, address or name',
      description:
        'A whole id or address finds its contact at once. Otherwise each word of `q` must be in the id, the address or the ' +
        'name, in any case. A page searches a bounded number of contacts, so it can be empty ' +
        'although `has_more` is true; the next page goes on.',
      middleware: allow(deps, 'people:read', 'contacts:read'),
      request: {
        query: pageQuery.extend({
          q: z.string().trim().min(1, 'must not be empty').max(200).openapi({ example: 'jean' }),
        }),
      },
      responses: { 200: json('A page of contacts, by id', pageOf(foundSchema)), ...refusals },
    }),
    async (c) => {
      const { q, after, limit } = c.req.valid('query')
      const list = `contacts:${q}`
      const from = decodeCursor(list, after, z.string()) ?? ''
      const { rows, next } = await searchContacts(deps.db, q, from, limit, await deps.keysOf())
      const found = rows.map(render).filter((each) => isNamed(each, q))
      // The text is not noted: it is a name or an address.
      const { actor } = c.get('caller')
      const detail = { found: found.length }
      await writeAudit(deps.db, { id: deps.newId(), at: deps.now(), actor, action: 'contacts.search', detail })
      return c.json(
        { data: found, next: next === null ? null : encodeCursor(list, next), has_more: next !== null },
        200,
      )
    },
  )
}

function render(row: FoundContact): Found {
  return {
    id: row.contact_id,
    name: nameOf(decodeJson(row.attributes)),
    email: row.email,
    phone: row.phone,
    mail_consent: mailConsentOf(row.mail_consent),
    merged_into: row.merged_into,
  }
}

/** Whether each word is in what identifies the contact, and not only in another attribute. */
function isNamed({ id, name, email }: Found, q: string): boolean {
  const texts = [id, name ?? '', email ?? ''].map(folded)
  const address = folded(q).trim()
  return (
    texts.includes(address) ||
    folded(q)
      .trim()
      .split(/\s+/)
      .every((word) => texts.some((text) => text.includes(word))) ||
    address.includes('@')
  )
}

function folded(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
}
