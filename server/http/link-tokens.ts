/** `/api/v1/link-tokens`: mints the link tokens of a mailing for contacts or a segment, and revokes tokens. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { targetProblem } from '../domain/link-target.ts'
import { Problem } from '../domain/problem.ts'
import { permits } from '../domain/roles.ts'
import type { Site } from '../domain/settings.ts'
import { issuedFor, MESSAGE_PATTERN } from '../domain/token.ts'
import { contactRecipients, type Recipients, type Rejected, segmentRecipients } from '../segments/recipients.ts'
import { writeAudit } from '../store/audit.ts'
import { loadContactCards } from '../store/contact-cards.ts'
import { allow } from './auth.ts'
import { IDS_BYTES, limitBody } from './body-limit.ts'
import { csvQuery, layoutOf } from './csv-layout.ts'
import type { Caller, HttpDeps, MintedLink, PrivateEnv } from './deps.ts'
import { fileResponse, jsonOrFile } from './exports.ts'
import { contactId, iso, json, refusals, shortId, tooLarge } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

/** The most links of a JSON reply; a CSV file has no limit. */
const MAX_CONTACTS = 10_000

const time = z.iso.datetime({ offset: true, error: 'must be an ISO 8601 time such as 2026-03-01T09:30:00.000Z' })
const message = z.string().regex(MESSAGE_PATTERN, 'must be 1 to 40 of A-Z a-z 0-9 _ -')

const requestSchema = z
  .strictObject({
    site: shortId,
    contacts: z.array(contactId).min(1).max(MAX_CONTACTS).optional(),
    segment: shortId.optional().openapi({
      description:
        'In place of `contacts`: the members of this segment that are contacts and may be mailed. Also needs `segments:read`.',
    }),
    message: message.openapi({ description: 'The name of the mailing.' }),
    target: z.string().max(2000).optional().openapi({
      description: "The landing page, by default the site's home page. It is signed, so it cannot hold merge fields.",
    }),
    issued_at: time
      .optional()
      .openapi({ description: 'The start of the 30 days for which a token is evidence, by default now.' }),
    expires: time.optional().openapi({
      description: 'In place of `issued_at`: the time until which tokens are evidence, at most 30 days from now.',
    }),
  })
  .refine((body) => (body.contacts === undefined) !== (body.segment === undefined), {
    error: 'must hold either contacts or segment',
  })
  .refine((body) => body.issued_at === undefined || body.expires === undefined, {
    error: 'must hold issued_at or expires, not both',
  })
  .openapi('LinkTokensRequest', { example: { site: 'demo', contacts: ['crm-7'], message: 'letter-1' } })

const replySchema = z
  .object({
    data: z.array(z.object({ contact: z.string(), token: z.string(), url: z.string(), redirect: z.string() })),
    rejected: z.array(z.object({ contact: z.string(), code: z.string(), message: z.string() })),
  })
  .openapi('LinkTokens')

const revokeQuery = z
  .object({
    site: shortId.openapi({ example: 'demo' }),
    token: z.string().max(4096).optional().openapi({ description: 'One token.' }),
    message: message.optional().openapi({ description: 'All tokens of a mailing.', example: 'letter-0' }),
    contact: contactId.optional().openapi({ description: 'All tokens of a contact, including those minted later.' }),
    key: z
      .literal('all', 'must be all')
      .optional()
      .openapi({ description: '`all` revokes every token of the site by replacing its link secret.' }),
  })
  .refine(
    ({ token, message, contact, key }) =>
      [token, message, contact, key].filter((each) => each !== undefined).length === 1,
    { error: 'must hold exactly one of token, message, contact and key=all', path: ['query'] },
  )

const revokedSchema = z
  .object({
    site: z.string(),
    revoked: z.enum(['token', 'message', 'contact', 'key']),
    at: z.string().openapi({ description: 'Clicks from this time on prove nothing. Earlier ones remain valid.' }),
  })
  .openapi('RevokedTokens')

/** The link tokens' routes. */
export function linkTokenRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app
    .openapi(
      createRoute({
        method: 'post',
        path: '/link-tokens',
        ...operation('Link tokens', 'mintLinkTokens'),
        summary: 'Mint the link tokens of a mailing',
        description:
          '`?format=csv` or `Accept: text/csv` returns a file for a mail tool to merge, with `contact`, `email` (if the ' +
          'key may also read contacts), `token`, `url` and `redirect`. It holds only contacts that got a token.',
        middleware: [allow(deps, 'links:write'), limitBody(IDS_BYTES)] as const,
        request: {
          query: z.object({
            format: z.enum(['json', 'csv'], 'must be json or csv').optional(),
            ...csvQuery,
          }),
          body: { required: true, content: { 'application/json': { schema: requestSchema } } },
        },
        responses: {
          200: jsonOrFile('The tokens, and the contacts that got none', replySchema),
          ...refusals,
          ...tooLarge,
        },
      }),
      async (c) => {
        const body = c.req.valid('json')
        const { format } = c.req.valid('query')
        const now = deps.now()
        // The reply lists the members of the segment.
        if (body.segment !== undefined && !permits(c.get('caller').scopes, ['segments:read'])) {
          throw new Problem(403, 'missing_scope', 'the links of a segment also need the scope segments:read')
        }
        const site = await siteOf(deps, body.site)
        const target = body.target ?? `${site.origins[0]}/`
        const problem = targetProblem(target, site)
        if (problem) throw new Problem(400, problem.code, problem.message)
        const issuedAt = issueTime(body, now)
        const next = await recipientsOf(deps, body)
        const mint = (contactId: string) => deps.mint(site, { message: body.message, contactId, issuedAt, target })
        const note = (detail: object) =>
          writeAudit(deps.db, {
            id: deps.newId(),
            at: now,
            actor: c.get('caller').actor,
            action: 'link_tokens.mint',
            detail: { site: site.id, message: body.message, ...detail },
          })
        const asCsv = format === 'csv' || (format === undefined && /^text\/csv\b/i.test(c.req.header('accept') ?? ''))
        if (asCsv) {
          await note(body.segment === undefined ? { asked: body.contacts?.length ?? 0 } : { segment: body.segment })
          const emails = mayReadContacts(c.get('caller'))
          return fileResponse<MintedLink & { email?: string | null }>({
            format: 'csv',
            layout: layoutOf(c.req.valid('query')),
            name: `links-${body.message}`,
            columns: emails
              ? ['contact', 'email', 'token', 'url', 'redirect']
              : ['contact', 'token', 'url', 'redirect'],
            cells: (link) => link,
            next: async () => {
              const { contacts, more } = await next()
              const links = contacts.map(mint)
              if (!emails) return { rows: links, more }
              const cards = await loadContactCards(deps.db, contacts)
              return { rows: links.map((link) => ({ ...link, email: cards.get(link.contact)?.email })), more }
            },
          })
        }
        const data: MintedLink[] = []
        const rejected: Rejected[] = []
        for (let more = true; more; ) {
          const page = await next()
          data.push(...page.contacts.map(mint))
          rejected.push(...page.rejected)
          more = page.more
          if (data.length + rejected.length > MAX_CONTACTS) {
            const detail = `the segment has more than ${MAX_CONTACTS} contacts; request a file with ?format=csv`
            throw new Problem(400, 'too_many_contacts', detail)
          }
        }
        await note({ minted: data.length, rejected: rejected.length })
        return c.json({ data, rejected }, 200)
      },
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/link-tokens',
        ...operation('Link tokens', 'revokeLinkTokens'),
        summary: 'Revoke link tokens',
        description:
          'Revokes one token, those of a mailing, those of a contact, or with `key=all` every token of the site. Links in ' +
          'mails already sent still lead to their pages, but prove nothing. This cannot be undone.',
        middleware: [allow(deps, 'links:write')] as const,
        request: { query: revokeQuery },
        responses: { 200: json('The tokens are revoked', revokedSchema), ...refusals },
      }),
      async (c) => {
        const { site: siteId, token, message, contact } = c.req.valid('query')
        const site = await siteOf(deps, siteId)
        const given = Object.entries({ token, message, contact }).find(([, value]) => value !== undefined)
        const revoking = given
          ? // biome-ignore lint/style/noNonNullAssertion: it was found by its value
            { kind: given[0] as 'token' | 'message' | 'contact', value: given[1]! }
          : { kind: 'key' as const }
        const { actor } = c.get('caller')
        const result = await deps.revoke(site, revoking, (trx) => {
          // Names neither the token nor the contact, because the audit outlives both.
          const detail = { site: site.id, revoked: revoking.kind, ...(message === undefined ? {} : { message }) }
          return writeAudit(trx, { id: deps.newId(), at: deps.now(), actor, action: 'link_tokens.revoke', detail })
        })
        if ('code' in result) throw new Problem(400, result.code, result.message)
        deps.wake()
        return c.json({ site: site.id, revoked: revoking.kind, at: iso(result.at) }, 200)
      },
    )
}

async function siteOf(deps: HttpDeps, id: string): Promise<Site> {
  const site = await deps.findSite(id)
  if (site) return site
  throw new Problem(400, 'unknown_site', `site must be the id of a site (got "${id}")`)
}

function issueTime(body: { issued_at?: string | undefined; expires?: string | undefined }, now: number): number {
  if (body.expires === undefined) return body.issued_at === undefined ? now : Date.parse(body.issued_at)
  const issuedAt = issuedFor(Date.parse(body.expires), now)
  if (issuedAt !== null) return issuedAt
  throw new Problem(400, 'invalid_request', `expires must be within 30 days from now (got "${body.expires}")`)
}

function mayReadContacts({ scopes }: Caller): boolean {
  return permits(scopes, ['contacts:read'])
}

async function recipientsOf(deps: HttpDeps, body: z.infer<typeof requestSchema>): Promise<Recipients> {
  if (body.contacts) return contactRecipients(deps.db, body.contacts)
  const { segment = '' } = body
  const recipients = await segmentRecipients(deps.db, segment)
  if (recipients) return recipients
  throw new Problem(400, 'unknown_segment', `segment must be the id of a segment (got "${segment}")`)
}
