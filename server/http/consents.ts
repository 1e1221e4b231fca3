/** `GET /api/v1/consents`: the ledger of choices, as proof of consent, as pages or as a file. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { CONSENT_SOURCES } from '../../tag/wire.ts'
import { contactPerson } from '../domain/ids.ts'
import { Problem } from '../domain/problem.ts'
import { writeAudit } from '../store/audit.ts'
import { findContact } from '../store/contacts.ts'
import { type LedgerFilter, type LedgerPosition, type LedgerRow, readLedger } from '../store/ledger.ts'
import { hashesOf } from '../store/tombstones.ts'
import { visitorsOf } from '../store/visitor-persons.ts'
import { allow, checkExport } from './auth.ts'
import { layoutOf } from './csv-layout.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { exportQuery, fileResponse, jsonOrFile, paged } from './exports.ts'
import { decodeCursor, encodeCursor, MAX_LIMIT, pageOf } from './paging.ts'
import { contactId, iso, refusal, refusals, visitorId } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

const time = z.iso.datetime({ offset: true, error: 'must be an ISO 8601 time such as 2026-03-01T00:00:00Z' })

const query = exportQuery
  .extend({
    visitor: visitorId.optional().openapi({ description: 'The choices of this visitor.' }),
    contact: contactId
      .optional()
      .openapi({ description: 'The choices of the visitors that are linked to this contact.' }),
    from: time.optional().openapi({ description: 'Choices made at or after this time.' }),
    to: time.optional().openapi({ description: 'Choices made before this time.' }),
  })
  .refine(({ visitor, contact }) => visitor === undefined || contact === undefined, {
    error: 'give either visitor or contact',
  })

/** A choice of the ledger. */
export const choiceSchema = z
  .object({
    id: z.string(),
    at: z.string(),
    last_at: z.string().nullable(),
    visitor: z.string().nullable(),
    site: z.string(),
    analytics: z.boolean(),
    identity: z.boolean(),
    marketing: z.boolean(),
    source: z.enum(CONSENT_SOURCES).nullable(),
    policy: z.string().nullable(),
    gpc: z.boolean().nullable(),
    page: z.string().nullable(),
  })
  .openapi('Choice', {
    description:
      'A choice, when it was made and last seen, where (`source`), under which version of the consent platform or policy ' +
      '(`policy`), and the page on which it was first seen. `visitor` is null after a withdrawal of analytics: only a keyed ' +
      'hash is left of the visitor.',
  })

type Choice = z.infer<typeof choiceSchema>

/** The columns of the ledger as a file. */
export const CHOICE_COLUMNS = Object.keys(choiceSchema.shape) as (keyof Choice)[]

/** Renders a row of the ledger. */
export function renderChoice(entry: LedgerRow): Choice {
  if (entry.kind === 'withdrawal') {
    const { consent_id, at, site_id, source, policy } = entry.row
    const nothing = { analytics: false, identity: false, marketing: false, gpc: null, page: null }
    return { ...nothing, id: consent_id, at: iso(at), last_at: null, visitor: null, site: site_id, source, policy }
  }
  const { row } = entry
  return {
    id: row.id,
    at: iso(row.first_at),
    last_at: iso(row.last_at),
    visitor: row.visitor_id,
    site: row.site_id,
    analytics: row.analytics === 1,
    identity: row.identity === 1,
    marketing: row.marketing === 1,
    source: row.source,
    policy: row.policy,
    gpc: row.gpc === null ? null : row.gpc === 1,
    page: row.page,
  }
}

const positionSchema = z.object({
  choice: z.tuple([z.number(), z.string(), z.string(), z.string().regex(/^[01]{3}$/)]).nullable(),
  withdrawal: z.tuple([z.number(), z.string(), z.string()]).nullable(),
})

/** The ledger's route. */
export function consentRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app.openapi(
    createRoute({
      method: 'get',
      path: '/consents',
      ...operation('Consents', 'listConsents'),
      summary: 'List choices as proof of consent',
      description:
        'All choices in the order of time, or those of one visitor or contact. Reading them leaves an audit row.',
      middleware: allow(deps, 'people:read', 'contacts:read'),
      request: { query },
      responses: {
        200: jsonOrFile('A page of choices', pageOf(choiceSchema)),
        ...refusals,
        404: refusal('There is no such contact'),
      },
    }),
    async (c) => {
      const { after, limit, format, visitor, contact, from, to } = c.req.valid('query')
      if (format !== 'json') checkExport(c.get('caller'))
      const list = `consents:${JSON.stringify([visitor, contact, from, to])}`
      let position: LedgerPosition = decodeCursor(list, after, positionSchema) ?? { choice: null, withdrawal: null }
      const filter: LedgerFilter = {
        visitors: await visitorsAsked(deps, visitor, contact),
        from: from === undefined ? null : Date.parse(from),
        to: to === undefined ? null : Date.parse(to),
      }
      const next = async (size: number) => {
        const { rows, position: reached, more } = await readLedger(deps.db, filter, position, size)
        position = reached
        return { rows: rows.map(renderChoice), more }
      }
      // Keyed hashes, because the audit outlives a visitor that withdraws and a contact that is erased.
      const keysOf = await deps.keysOf()
      const asked = {
        ...(visitor === undefined ? {} : { visitor: deps.tombstone(visitor) }),
        ...(contact === undefined ? {} : { contact: hashesOf(keysOf, { id: contact }).id }),
      }
      const { actor } = c.get('caller')
      const detail = { ...asked, from: from ?? null, to: to ?? null, format }
      await writeAudit(deps.db, { id: deps.newId(), at: deps.now(), actor, action: 'consents.read', detail })
      if (format !== 'json') {
        const file = {
          format,
          layout: layoutOf(c.req.valid('query')),
          name: 'consents',
          columns: CHOICE_COLUMNS,
          cells: (row: Choice) => row,
        }
        return fileResponse({ ...paged(next, limit), ...file })
      }
      const { rows, more } = await next(limit ?? MAX_LIMIT)
      return c.json({ data: rows, next: more ? encodeCursor(list, position) : null, has_more: more }, 200)
    },
  )
}

async function visitorsAsked(
  deps: HttpDeps,
  visitor: string | undefined,
  contact: string | undefined,
): Promise<LedgerFilter['visitors']> {
  if (visitor === undefined && contact === undefined) return null
  if (contact !== undefined && !(await findContact(deps.db, contact))) {
    throw new Problem(404, 'unknown_contact', `there is no contact "${contact}"`)
  }
  const ids = contact === undefined ? [visitor as string] : await visitorsOf(deps.db, contactPerson(contact))
  return { ids, hashes: contact === undefined ? ids.map(deps.tombstone) : [] }
}
