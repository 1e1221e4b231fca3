/**
 * The outcome of claims: lists of links, one link with its reasons in sentences, and the acts of operators on it. An
 * operator's act is stored as a fact; the link changes when its visitor is derived again, within a second.
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
import { visitorNamed } from '../store/visitor-names.ts'
import { allow } from './auth.ts'
import type { Caller, HttpDeps, PrivateEnv } from './deps.ts'
import { decodeCursor, encodeCursor, pageOf, pageQuery } from './paging.ts'
import { createReadAudit } from './read-audit.ts'
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
  .openapi('Proof', { description: 'A claim that supports a link.' })

/** A link, or a refused claim. */
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
    proofs: z.array(proofSchema.extend({ why: z.string() })).openapi({ description: 'All claims that support it.' }),
    acts: z
      .array(z.object({ act: actName, at: z.string(), actor: z.string() }))
      .openapi({ description: "Operators' acts on it, oldest first. The last one counts." }),
  })
  .openapi('ExplainedLink')

const actSchema = z
  .object({ link: z.string(), act: actName, at: z.string(), actor: z.string() })
  .openapi('LinkAct', { description: 'The act as stored. The link changes within a second.' })

const LIST = 'links'
const cursorSchema = z.object({ at: z.number(), id: z.string(), visitor: z.string() })

/** The link made by the login in the example of `POST /v1/events`. */
const EXAMPLE_LINK = linkId({ visitor_id: 'Vk3aT9bQ2mXw7LdP5sRz1c', id: 'login-4711' })
const idParam = z.object({ id: z.string().max(400).openapi({ example: EXAMPLE_LINK }) })

const ACT_TEXTS: Record<Act, { summary: string; description: string }> = {
  void: {
    summary: 'Declare a link an error',
    description: 'Everything derived becomes what it would be without the claim. The claim itself remains as a fact.',
  },
  confirm: {
    summary: 'Confirm a link',
    description:
      'For a link that waits for review, or was refused by a limit although it is right. It counts as a signed login, so ' +
      'this is for people: users, and keys with the scope `admin`. A key with `links:write` could vouch for its own claims.',
  },
  clear: {
    summary: 'Undo the last act on a link',
    description: 'The rules alone decide again. A key without the scope `admin` can undo its own acts only.',
  },
}

/** The links' routes. */
export function linkRoutes(deps: HttpDeps) {
  const read = allow(deps, 'people:read', 'contacts:read')
  const noteRead = createReadAudit(deps)
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app
    .openapi(
      createRoute({
        method: 'get',
        path: '/links',
        ...operation('Links', 'listLinks'),
        summary: 'List links and refused claims with their reasons',
        description: 'Oldest first. `state=review` lists those that wait for a decision by an operator.',
        middleware: read,
        request: {
          query: pageQuery.extend({
            contact: contactId.optional().openapi({ description: 'Only links of this contact.' }),
            visitor: visitorId.optional().openapi({ description: 'Only links of this visitor.' }),
            state: z
              .enum(LINK_STATES, `must be one of ${LINK_STATES.join(', ')}`)
              .optional()
              .openapi({ description: 'Only links in this state.' }),
          }),
        },
        responses: { 200: json('A page of links', pageOf(linkSchema)), ...refusals },
      }),
      async (c) => {
        const { after, limit, ...query } = c.req.valid('query')
        const filter =
          query.visitor === undefined ? query : { ...query, visitor: await visitorNamed(deps, query.visitor) }
        const rows = await listLinks(deps.db, filter, limit + 1, decodeCursor(LIST, after, cursorSchema))
        await noteRead(c, 'links.read', filter, filter.state === undefined ? {} : { state: filter.state })
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
        summary: 'Explain a link',
        description: 'Its reasons in sentences, the claims that support it, and the acts of operators on it.',
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
        await noteRead(c, 'link.read', { visitor: claim.visitorId })
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
    .openapi(actRoute('void'), async (c) => c.json(await recordAct(c, c.req.valid('param').id, 'void'), 200))
    .openapi(actRoute('confirm'), async (c) => c.json(await recordAct(c, c.req.valid('param').id, 'confirm'), 200))
    .openapi(actRoute('clear'), async (c) => c.json(await recordAct(c, c.req.valid('param').id, 'clear'), 200))

  function actRoute<A extends Act>(act: A) {
    return createRoute({
      method: 'post',
      path: `/links/{id}/${act}` as const,
      ...operation('Links', `${act}Link`),
      ...ACT_TEXTS[act],
      middleware: [allow(deps, 'links:write')] as const,
      request: { params: idParam },
      responses: {
        200: json('The act as stored', actSchema),
        ...refusals,
        404: refusal('There is no such link'),
        409: refusal('`nothing_changes`: this is already the last act on the link'),
      },
    })
  }

  /**
   * Refuses what would let a key vouch for claims that it made itself, by events or by the tokens of its mails: a
   * confirmation, and the undoing of what an operator declared an error.
   */
  async function checkOperator({ actor, scopes, session }: Caller, claim: ClaimId, act: Act): Promise<void> {
    if (act === 'void' || session !== null || scopes.includes('admin')) return
    if (act === 'clear' && ((await listActs(deps.db, claim)).at(-1)?.actor ?? actor) === actor) return
    const what = act === 'confirm' ? 'confirming a link' : 'undoing the act of somebody else'
    throw new Problem(403, 'operator_only', `${what} is for users, and for keys with the scope admin`)
  }

  async function recordAct(c: Context<PrivateEnv>, id: string, act: Act): Promise<z.infer<typeof actSchema>> {
    const claim = readId(id)
    const { actor } = c.get('caller')
    await checkOperator(c.get('caller'), claim, act)
    const row = await transact(deps.db, async (trx) => {
      const kept = await addAct(trx, claim, act, actor, deps.now())
      if (typeof kept === 'string') return kept
      // Only the claim's id, because the audit outlives a visitor that withdraws.
      const detail = { claim: claim.claimId }
      await writeAudit(trx, { id: deps.newId(), at: deps.now(), actor, action: `link.${act}`, detail })
      return kept
    })
    if (row === 'unknown') throw unknownLink()
    if (row === 'nothing_changes') {
      const why = act === 'clear' ? 'this link has no act that could be undone' : `its last act is already ${act}`
      throw new Problem(409, 'nothing_changes', `${why}; nothing changes`)
    }
    deps.wake()
    return { link: id, act, at: iso(row.at), actor }
  }
}

function unknownLink(): Problem {
  return new Problem(404, 'unknown_link', 'id must be the id of a link from `GET /api/v1/links`')
}

/** Decodes a link's public id. */
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

/** Renders a link for a reply. */
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

/** A link's public id. It is opaque to clients and holds the visitor's id, by which the link is found. */
export function linkId(row: Pick<LinkRow, 'visitor_id' | 'id'>): string {
  return Buffer.from(JSON.stringify([row.visitor_id, row.id])).toString('base64url')
}
