/** `GET /api/v1/audit`: who read, wrote, exported, signed in or changed what. There is no route that changes a row. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { Problem } from '../domain/problem.ts'
import { type AuditEntry, knownToAudit, listAudit, writeAudit } from '../store/audit.ts'
import { hashesOf } from '../store/tombstones.ts'
import { allow } from './auth.ts'
import { layoutOf } from './csv-layout.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { type Cells, exportQuery, fileResponse, jsonOrFile, paged } from './exports.ts'
import { decodeCursor, encodeCursor, MAX_LIMIT, pageOf } from './paging.ts'
import { contactId, iso, refusals, visitorId } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

const DAY_MS = 24 * 3600_000

const time = z.union(
  [z.iso.date(), z.iso.datetime({ offset: true })],
  'must be a day or time such as 2026-03-01 or 2026-03-01T09:30:00Z',
)

const entrySchema = z
  .object({
    id: z.string(),
    at: z.string(),
    actor: z.string().openapi({
      description: 'A user by name, a key as `key:ID`, the user of a command as `cli:USER`, or `start` for a start.',
    }),
    action: z.string().openapi({ description: 'What was done to what, such as `key.create`.' }),
    detail: z.record(z.string(), z.unknown()).openapi({
      description: 'Counts and ids. Contacts and visitors are named by keyed hashes, because the log outlives them.',
    }),
  })
  .openapi('AuditEntry')

const COLUMNS = ['id', 'at', 'actor', 'action', 'detail']

const LIST = 'audit'
const cursorSchema = z.object({ at: z.number(), id: z.string() })

/** The route of the audit log. */
export function auditRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app.openapi(
    createRoute({
      method: 'get',
      path: '/audit',
      ...operation('Audit', 'listAudit'),
      summary: 'List who did what, newest first',
      description: 'Rows are kept as long as the installation. No call changes or deletes one.',
      middleware: [allow(deps, 'admin')] as const,
      request: {
        query: exportQuery.extend({
          from: time.optional().openapi({ description: 'Only from this day or time on.' }),
          to: time.optional().openapi({ description: 'Only up to the end of this day, or before this time.' }),
          actor: z.string().max(200).optional(),
          action: z.string().max(100).optional(),
          contact: contactId.optional().openapi({ description: 'Only what names this contact.' }),
          visitor: visitorId.optional().openapi({ description: 'Only what names this visitor.' }),
        }),
      },
      responses: {
        200: jsonOrFile('A page of the log, or all of it as a file', pageOf(entrySchema)),
        ...refusals,
      },
    }),
    async (c) => {
      const { after, limit, format, from, to, actor, action, contact, visitor } = c.req.valid('query')
      if (contact !== undefined && visitor !== undefined) {
        throw new Problem(400, 'invalid_request', 'query must hold at most one of contact and visitor')
      }
      const person =
        contact !== undefined
          ? hashesOf(await deps.keysOf(), { id: contact }).id
          : visitor !== undefined
            ? deps.tombstone(visitor)
            : null
      const filter = {
        from: from === undefined ? null : Date.parse(from),
        // A day without a time is meant whole.
        before: to === undefined ? null : Date.parse(to) + (to.includes('T') ? 0 : DAY_MS),
        ...{ actor: actor ?? null, action: action ?? null, person },
      }
      let position = decodeCursor(LIST, after, cursorSchema)
      /** Reads the next page, and moves `position` to its last row. */
      const next = async (size: number) => {
        const rows = await listAudit(deps.db, filter, position, size + 1)
        const page = rows.slice(0, size)
        const last = page.at(-1)
        if (last) position = { at: last.at, id: last.id }
        return { rows: page.map(renderEntry), more: rows.length > size }
      }
      await writeAudit(deps.db, {
        ...{ id: deps.newId(), at: deps.now(), actor: c.get('caller').actor, action: 'audit.read' },
        detail: { from: from ?? null, to: to ?? null, ...(await knownToAudit(deps.db, filter)), person, format },
      })
      if (format !== 'json') {
        const file = { format, layout: layoutOf(c.req.valid('query')), name: 'audit', columns: COLUMNS, cells }
        return fileResponse({ ...paged(next, limit), ...file })
      }
      const { rows, more } = await next(limit ?? MAX_LIMIT)
      return c.json({ data: rows, next: more ? encodeCursor(LIST, position) : null, has_more: more }, 200)
    },
  )
}

function renderEntry({ id, at, actor, action, detail }: AuditEntry): z.infer<typeof entrySchema> {
  return { id, at: iso(at), actor, action, detail }
}

function cells({ detail, ...entry }: z.infer<typeof entrySchema>): Cells {
  return { ...entry, detail: JSON.stringify(detail) }
}
