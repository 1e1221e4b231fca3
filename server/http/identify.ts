/** `POST /api/v1/identify`: a shop's server says who is logged in on a visitor's browser. Its word is proof. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { Problem } from '../domain/problem.ts'
import { writeAudit } from '../store/audit.ts'
import { transact } from '../store/engine/transact.ts'
import { allow } from './auth.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { iso, json, refusal, refusals, shortId } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

/** Clocks of servers differ a little; as for events. */
const AHEAD_MS = 60_000

const requestSchema = z
  .strictObject({
    site: shortId.openapi({ description: 'The id of the site.' }),
    visitor: z
      .string()
      .regex(/^[A-Za-z0-9._:-]{1,128}$/, "must be a visitor's id, or the value of the visitor cookie")
      .openapi({ description: "The visitor's id, or the value of the visitor cookie as the browser sent it." }),
    contact_id: z.string().min(1).max(320).optional().openapi({ description: 'The CRM’s id of who logged in.' }),
    email: z.string().min(1).max(320).optional().openapi({ description: 'His address, where the id is not known.' }),
    at: z.iso
      .datetime({ offset: true, error: 'must be an ISO 8601 time such as 2026-03-01T09:30:00.000Z' })
      .optional()
      .openapi({
        description: 'When he logged in; now if it is left out. Send it, and a repetition is the same login.',
      }),
  })
  .refine((body) => (body.contact_id === undefined) !== (body.email === undefined), {
    error: 'must hold either contact_id or email',
  })
  .openapi('IdentifyRequest', {
    example: { site: 'demo', visitor: 'Vk3aT9bQ2mXw7LdP5sRz1c', contact_id: 'crm-7', at: '2026-03-01T09:31:30Z' },
  })

const replySchema = z
  .object({
    visitor: z.string().openapi({ description: "The visitor's id." }),
    event: z.string().openapi({ description: 'The id of the login’s event in the timelines.' }),
    at: z.string(),
  })
  .openapi('Identified')

/** The route of logins. */
export function identifyRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app.openapi(
    createRoute({
      method: 'post',
      path: '/identify',
      ...operation('Links', 'identifyVisitor'),
      summary: "Say from the shop's server who logged in",
      description:
        'The same as a signed login on the page: verified. Only for a visitor whose last known choice allows ' +
        '`identity`. A contact that the CRM has not pushed yet is waited for, 30 days.',
      middleware: [allow(deps, 'identify:write')] as const,
      request: { body: { required: true, content: { 'application/json': { schema: requestSchema } } } },
      responses: {
        200: json('The login is kept', replySchema),
        ...refusals,
        409: refusal('`no_consent`: the visitor is unknown, or does not allow to be recognised'),
      },
    }),
    async (c) => {
      const { site: siteId, visitor, at: saidAt, ...login } = c.req.valid('json')
      const now = deps.now()
      const site = await deps.findSite(siteId)
      if (!site) throw new Problem(400, 'unknown_site', `site must be the id of a site (got "${siteId}")`)
      const at = saidAt === undefined ? now : Date.parse(saidAt)
      if (at > now + AHEAD_MS) throw new Problem(400, 'in_future', `at must not be in the future (got "${saidAt}")`)
      const result = await transact(deps.db, async (trx) => {
        const kept = await deps.identify(trx, { site, visitor, login, at })
        if ('code' in kept) return kept
        const { actor } = c.get('caller')
        const detail = { site: site.id, event: kept.event }
        await writeAudit(trx, { id: deps.newId(), at: now, actor, action: 'identify', detail })
        return kept
      })
      if ('code' in result) throw new Problem(result.code === 'no_consent' ? 409 : 400, result.code, result.message)
      deps.wake()
      return c.json({ ...result, at: iso(at) }, 200)
    },
  )
}
