/**
 * What became of claims, and why: lists, the reasons of one link in sentences, and what operators say of it. An
 * operator's word is kept as a fact; the link follows when its visitor has been derived again, within a second.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { ACTS, type Act, LINK_STATES } from '../domain/identity-link.ts'
import { END_REASONS, REASONS, sentenceOf } from '../domain/link-reasons.ts'
import { Problem } from '../domain/problem.ts'
import { writeAudit } from '../store/audit.ts'
import { transact } from '../store/engine/transact.ts'
import { addAct, type ClaimId, listActs } from '../store/link-acts.ts'
import { findLink, listLinks } from '../store/links.ts'
import { decodeJson } from '../store/schema/columns.ts'
import type { LinkRow } from '../store/schema/derived.ts'
import { allow } from './auth.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { decodeCursor, encodeCursor, pageOf, pageQuery } from './paging.ts'
import {
  contactId,
  evidenceSchema,
  iso,
  isoOrNull,
  json,
  keysOf,
  refusal,
  refusals,
  strengthSchema,
  visitorId,
} from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

const reason = z.enum(keysOf(REASONS))

const proofSchema = z
  .object({ id: z.string(), at: z.string(), evidence: evidenceSchema, reason })
  .openapi('Proof', { description: 'A claim that speaks for a link.' })

/** A link, or the refusal of a claim. */
export const linkSchema = z
  .object({
    id: z.string(),
    visitor: z.string(),
    contact: z.string().nullable(),
    evidence: evidenceSchema,
    strength: strengthSchema,
    state: z.enum(LINK_STATES),
    reason,
    end_reason: z.enum(keysOf(END_REASONS)).nullable(),
    at: z.string(),
    valid_from: z.string().nullable(),
    valid_to: z.string().nullable(),
    backfill_from: z.string().nullable(),
    expires_at: z.string().nullable(),
    proofs: z.array(proofSchema),
  })
  .openapi('Link')

const actName = z.enum(ACTS)

const explainedSchema = z
  .object({
    ...linkSchema.shape,
    why: z.string().openapi({ description: 'The reason, in a sentence.' }),
    why_ended: z.string().nullable().openapi({ description: 'The end reason, in a sentence.' }),
    proofs: z.array(proofSchema.extend({ why: z.string() })).openapi({ description: 'All claims that speak for it.' }),
    acts: z
      .array(z.object({ act: actName, at: z.string(), actor: z.string() }))
      .openapi({ description: 'What operators said of it, oldest first. The last word counts.' }),
  })
  .openapi('ExplainedLink')

const actSchema = z
  .object({ link: z.string(), act: actName, at: z.string(), actor: z.string() })
  .openapi('LinkAct', { description: 'The act as it was kept. The link follows within a second.' })

const LIST = 'links'
const cursorSchema = z.object({ at: z.number(), id: z.string(), visitor: z.string() })

/** The link that the login of the example of `POST /v1/events` makes. */
const EXAMPLE_LINK = linkId({ visitor_id: 'Vk3aT9bQ2mXw7LdP5sRz1c', id: 'login-4711' })
const idParam = z.object({ id: z.string().max(400).openapi({ example: EXAMPLE_LINK }) })

const ACT_TEXTS: Record<Act, { summary: string; description: string }> = {
  void: {
    summary: 'Declare a link an error',
    description:
      'All that is derived is then what it would be had its claim never been made. The claim itself stays, as a fact.',
  },
  confirm: {
    summary: 'Declare a link right',
    description: 'For a link that waits for review, or was refused by a rule that counts and does not know the people.',
  },
  clear: { summary: 'Take back what was last said of a link', description: 'The rules alone decide again.' },
}

/** The links' routes. */
export function linkRoutes(deps: HttpDeps) {
  const read = allow(deps, 'people:read', 'contacts:read')
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app
    .openapi(
      createRoute({
        method: 'get',
        path: '/links',
        ...operation('Links', 'listLinks'),
        summary: 'What became of claims, and why',
        description: 'Oldest first. Without a filter, all; `state=review` is what waits for somebody to look at it.',
        middleware: read,
        request: {
          query: pageQuery.extend({
            contact: contactId.optional().openapi({ description: 'Only of this contact.' }),
            visitor: visitorId.optional().openapi({ description: 'Only of this visitor.' }),
            state: z
              .enum(LINK_STATES, `must be one of ${LINK_STATES.join(', ')}`)
              .optional()
              .openapi({ description: 'Only in this state.' }),
          }),
        },
        responses: { 200: json('A page of links', pageOf(linkSchema)), ...refusals },
      }),
      async (c) => {
        const { after, limit, ...filter } = c.req.valid('query')
        const rows = await listLinks(deps.db, filter, limit + 1, decodeCursor(LIST, after, cursorSchema))
        const page = rows.slice(0, limit)
        const last = page.at(-1)
        const hasMore = rows.length > limit
        const next = hasMore && last ? encodeCursor(LIST, { at: last.at, id: last.id, visitor: last.visitor_id }) : null
        return c.json({ data: page.map(renderLink), next, has_more: hasMore }, 200)
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/links/{id}',
        ...operation('Links', 'getLink'),
        summary: 'Why a link is as it is',
        description: 'Its reasons in sentences, the claims that speak for it, and what operators said of it.',
        middleware: read,
        request: { params: idParam },
        responses: { 200: json('The link', explainedSchema), ...refusals, 404: refusal('There is no such link') },
      }),
      async (c) => {
        const claim = readId(c.req.valid('param').id)
        const row = await findLink(deps.db, claim.visitorId, claim.claimId)
        if (!row) throw unknownLink()
        const link = renderLink(row)
        const acts = await listActs(deps.db, claim)
        return c.json(
          {
            ...link,
            why: sentenceOf(REASONS, link.reason),
            why_ended: link.end_reason === null ? null : sentenceOf(END_REASONS, link.end_reason),
            proofs: link.proofs.map((proof) => ({ ...proof, why: sentenceOf(REASONS, proof.reason) })),
            acts: acts.map(({ act, at, actor }) => ({ act, at: iso(at), actor })),
          },
          200,
        )
      },
    )
    .openapi(actRoute('void'), async (c) => c.json(await say(c, c.req.valid('param').id, 'void'), 200))
    .openapi(actRoute('confirm'), async (c) => c.json(await say(c, c.req.valid('param').id, 'confirm'), 200))
    .openapi(actRoute('clear'), async (c) => c.json(await say(c, c.req.valid('param').id, 'clear'), 200))

  function actRoute<A extends Act>(act: A) {
    return createRoute({
      method: 'post',
      path: `/links/{id}/${act}` as const,
      ...operation('Links', `${act}Link`),
      ...ACT_TEXTS[act],
      middleware: [allow(deps, 'links:write')] as const,
      request: { params: idParam },
      responses: {
        200: json('The act, as it was kept', actSchema),
        ...refusals,
        404: refusal('There is no such link'),
        409: refusal('The same was said last: `nothing_changes`'),
      },
    })
  }

  async function say(c: Context<PrivateEnv>, id: string, act: Act): Promise<z.infer<typeof actSchema>> {
    const claim = readId(id)
    const { actor } = c.get('caller')
    const row = await transact(deps.db, async (trx) => {
      const kept = await addAct(trx, claim, act, actor, deps.now())
      if (typeof kept === 'string') return kept
      // The claim's id only: the audit outlives a visitor who withdraws.
      const detail = { claim: claim.claimId }
      await writeAudit(trx, { id: deps.newId(), at: deps.now(), actor, action: `link.${act}`, detail })
      return kept
    })
    if (row === 'unknown') throw unknownLink()
    if (row === 'nothing_changes') {
      const already =
        act === 'clear' ? 'nothing was said of this link that could be taken back' : `its last act is ${act}`
      throw new Problem(409, 'nothing_changes', `${already} already; nothing changes`)
    }
    deps.wake()
    return { link: id, act, at: iso(row.at), actor }
  }
}

function unknownLink(): Problem {
  return new Problem(404, 'unknown_link', 'id must be the id of a link as `GET /api/v1/links` shows it')
}

/** The claim that an id outside names. */
function readId(id: string): ClaimId {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(id, 'base64url').toString('utf8'))
    const text = z.string().regex(/^[^\0]*$/)
    const [visitorId, claimId] = z.tuple([text, text]).parse(parsed)
    return { visitorId, claimId }
  } catch {
    throw unknownLink()
  }
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
    proofs: decodeJson(row.proofs).map((proof) => ({ ...proof, at: iso(proof.at) })),
  }
}

/** A link's id outside: opaque, and enough to find it by its visitor. */
export function linkId(row: Pick<LinkRow, 'visitor_id' | 'id'>): string {
  return Buffer.from(JSON.stringify([row.visitor_id, row.id])).toString('base64url')
}
