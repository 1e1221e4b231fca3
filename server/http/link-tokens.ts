/** `POST /api/v1/link-tokens`: mints the tokens of a mailing's links for a list of contacts. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import type { Site } from '../domain/settings.ts'
import { MESSAGE_PATTERN } from '../domain/token.ts'
import { writeAudit } from '../store/audit.ts'
import { existingContacts } from '../store/contacts.ts'
import { allow } from './auth.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { Problem } from './problem.ts'
import { json, refusals } from './shapes.ts'
import { onInvalid } from './validation.ts'

const requestSchema = z
  .strictObject({
    site: z.string(),
    contacts: z.array(z.string()).min(1).max(10_000),
    message: z.string().regex(MESSAGE_PATTERN, 'must be 1 to 40 of A-Z a-z 0-9 _ -'),
    target: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).optional(),
    issued_at: z.iso.datetime({ offset: true }).optional(),
  })
  .openapi('LinkTokensRequest', { example: { site: 'demo', contacts: ['crm-7'], message: 'letter-1' } })

const replySchema = z
  .object({
    data: z.array(z.object({ contact: z.string(), token: z.string(), url: z.string(), redirect: z.string() })),
    rejected: z.array(z.object({ contact: z.string(), code: z.string(), message: z.string() })),
  })
  .openapi('LinkTokens')

/** The link tokens' routes. */
export function linkTokenRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app.openapi(
    createRoute({
      method: 'post',
      path: '/link-tokens',
      summary: "Mint the tokens of a mailing's links",
      middleware: [allow(deps, 'links:write')] as const,
      request: { body: { required: true, content: { 'application/json': { schema: requestSchema } } } },
      responses: { 200: json('The tokens', replySchema), ...refusals },
    }),
    async (c) => {
      const body = c.req.valid('json')
      const now = deps.now()
      const site = await deps.findSite(body.site)
      if (!site) throw new Problem(400, 'unknown_site', `site must be the id of a site (got "${body.site}")`)
      const target = body.target ?? `${site.origins[0]}/`
      checkTarget(target, site)
      const issuedAt = body.issued_at === undefined ? now : Date.parse(body.issued_at)
      const there = await existingContacts(deps.db, body.contacts)
      const data = body.contacts
        .filter((contact) => there.has(contact))
        .map((contact) => {
          const token = deps.mint(site, { message: body.message, contactId: contact, issuedAt, target })
          return {
            contact,
            token,
            url: deps.withToken(target, token, site.settings.link_param),
            redirect: `${deps.publicUrl}/l/${token}`,
          }
        })
      const rejected = body.contacts
        .filter((contact) => !there.has(contact))
        .map((contact) => ({ contact, code: 'unknown_contact', message: 'must be the id of a contact' }))
      await writeAudit(deps.db, {
        id: deps.newId(),
        at: now,
        actor: c.get('caller').actor,
        action: 'link_tokens.mint',
        detail: { site: site.id, message: body.message, minted: data.length, rejected: rejected.length },
      })
      return c.json({ data, rejected }, 200)
    },
  )
}

/** A mail link may lead to the site itself or to a host that the site lists. */
function checkTarget(target: string, site: Site): void {
  const { host, origin } = new URL(target)
  if (site.origins.includes(origin) || site.settings.redirect_hosts.includes(host)) return
  throw new Problem(
    400,
    'target_not_allowed',
    `target must be on an origin of the site or one of its redirect_hosts (got "${host}")`,
  )
}
