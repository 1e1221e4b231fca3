/** What became of claims, and why: `GET /api/v1/links`, and how a link is written wherever it is shown. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { listLinks } from '../store/people.ts'
import type { LinkRow } from '../store/schema-derived.ts'
import { allow } from './auth.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { pageOf } from './paging.ts'
import { iso, isoOrNull, json, refusals } from './shapes.ts'
import { onInvalid } from './validation.ts'

/** A link, or the refusal of a claim. */
export const linkSchema = z
  .object({
    id: z.string(),
    visitor: z.string(),
    contact: z.string().nullable(),
    evidence: z.string(),
    strength: z.string(),
    state: z.string(),
    reason: z.string(),
    end_reason: z.string().nullable(),
    at: z.string(),
    valid_from: z.string().nullable(),
    valid_to: z.string().nullable(),
    backfill_from: z.string().nullable(),
    expires_at: z.string().nullable(),
    proofs: z.array(z.record(z.string(), z.unknown())),
  })
  .openapi('Link')

/** The most links that one reply holds. */
export const MAX_LINKS = 1000

/** The links' routes. */
export function linkRoutes(deps: HttpDeps) {
  const read = allow(deps, 'people:read', 'contacts:read')
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app.openapi(
    createRoute({
      method: 'get',
      path: '/links',
      summary: 'What became of claims, and why',
      middleware: read,
      request: {
        query: z.object({
          contact: z.string().optional(),
          visitor: z.string().optional(),
          state: z.enum(['open', 'closed', 'void', 'refused', 'held', 'review']).optional(),
        }),
      },
      responses: { 200: json('The newest claims at the end', pageOf(linkSchema)), ...refusals },
    }),
    async (c) => {
      const rows = await listLinks(deps.db, c.req.valid('query'), MAX_LINKS)
      return c.json({ data: rows.map(renderLink), next: null, has_more: false }, 200)
    },
  )
}

/** A link as the outside reads it. */
export function renderLink(row: LinkRow): z.infer<typeof linkSchema> {
  return {
    id: linkId(row),
    visitor: row.visitor_id,
    contact: row.contact_id,
    evidence: row.evidence,
    strength: row.strength,
    state: row.state,
    reason: row.reason,
    end_reason: row.end_reason,
    at: iso(row.at),
    valid_from: isoOrNull(row.valid_from),
    valid_to: isoOrNull(row.valid_to),
    backfill_from: isoOrNull(row.backfill_from),
    expires_at: isoOrNull(row.expires_at),
    proofs: (JSON.parse(row.proofs) as { id: string; at: number }[]).map((proof) => ({ ...proof, at: iso(proof.at) })),
  }
}

/** A link's id outside: opaque, and enough to find it by its visitor. */
export function linkId(row: LinkRow): string {
  return Buffer.from(JSON.stringify([row.visitor_id, row.id])).toString('base64url')
}
