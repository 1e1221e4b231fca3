/** `POST /api/v1/identify`: a shop's server reports who logged in on a visitor's browser. It counts as proof. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { Problem } from '../domain/problem.ts'
import { writeAudit } from '../store/audit.ts'
import { transact } from '../store/engine/transact.ts'
import { allow } from './auth.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { iso, json, refusal, refusals, shortId, tooLarge } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

/** How far ahead a sender's clock may be, the same as for events. */
const AHEAD_MS = 60_000

const requestSchema = z
  .strictObject({
    site: shortId.openapi({ description: 'The id of the site.' }),
    visitor: z
      .string()
      .regex(/^[A-Za-z0-9._:-]{1,128}$/, "must be a visitor's id, or the value of the visitor cookie")
      .openapi({ description: "The visitor's id, or the value of the visitor cookie as the browser sent it." }),
    contact_id: z.string().min(1).max(320).optional().openapi({ description: "The contact's id in the CRM." }),
    email: z
      .string()
      .min(1)
      .max(320)
      .optional()
      .openapi({ description: "The contact's email address, if the id is not known." }),
    at: z.iso
      .datetime({ offset: true, error: 'must be an ISO 8601 time such as 2026-03-01T09:30:00.000Z' })
      .optional()
      .openapi({
        description: 'The time of the login, by default now. If it is sent, a retry counts as the same login.',
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
    event: z.string().openapi({ description: "The id of the login's event in the timelines." }),
    at: z.string(),
  })
  .openapi('Identified')

function notLanded(): Problem {
  const detail = 'what the visitor sent is accepted and cannot be read yet; try again'
  return new Problem(503, 'not_landed', detail, { 'retry-after': '2' })
}

/** The route for logins. */
export function identifyRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app.openapi(
    createRoute({
      method: 'post',
      path: '/identify',
      ...operation('Links', 'identifyVisitor'),
      summary: "Report a login from the shop's server",
      description:
        'The link is verified, as with a signed login on the page. The last known consent of the visitor must allow ' +
        '`identity`. If the CRM has not pushed the contact yet, the login waits for it for 30 days.',
      middleware: [allow(deps, 'identify:write')] as const,
      request: { body: { required: true, content: { 'application/json': { schema: requestSchema } } } },
      responses: {
        200: json('The login is stored', replySchema),
        ...refusals,
        ...tooLarge,
        409: refusal('`no_consent`: the visitor is unknown or has not consented to `identity`'),
        503: refusal(
          '`not_landed`: the visitor’s choice may be among what was accepted just now; retry after `Retry-After`.',
        ),
      },
    }),
    async (c) => {
      const { site: siteId, visitor, at: sentAt, ...login } = c.req.valid('json')
      const now = deps.now()
      const site = await deps.findSite(siteId)
      if (!site) throw new Problem(400, 'unknown_site', `site must be the id of a site (got "${siteId}")`)
      const at = sentAt === undefined ? now : Date.parse(sentAt)
      if (at > now + AHEAD_MS) throw new Problem(400, 'in_future', `at must not be in the future (got "${sentAt}")`)
      const store = () =>
        transact(deps.db, async (trx) => {
          const kept = await deps.identify(trx, { site, visitor, login, at })
          if ('code' in kept) return kept
          const { actor } = c.get('caller')
          const detail = { site: site.id, event: kept.event }
          await writeAudit(trx, { id: deps.newId(), at: now, actor, action: 'identify', detail })
          return kept
        })
      let result = await store()
      if ('code' in result && result.code === 'no_consent') {
        // A choice that was acknowledged counts even if it has not landed yet.
        if (!(await deps.caughtUp())) throw notLanded()
        result = await store()
      }
      if ('code' in result) throw new Problem(result.code === 'no_consent' ? 409 : 400, result.code, result.message)
      deps.wake()
      return c.json({ ...result, at: iso(at) }, 200)
    },
  )
}
