/** `/api/v1/sites`: the shops that may send events, with their secrets and settings, for administrators. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { Problem } from '../domain/problem.ts'
import type { Site } from '../domain/settings.ts'
import { findSite, listSites } from '../store/sites.ts'
import { allow } from './auth.ts'
import type { Caller, HttpDeps, PrivateEnv } from './deps.ts'
import { pageOf } from './paging.ts'
import { json, refusal, refusals, shortId, tooLarge } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

const settingsSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]))

const siteSchema = z
  .object({
    id: z.string(),
    origins: z.array(z.string()),
    write_key: z.string(),
    identity_secret: z.string(),
    link_secret: z.string(),
    settings: settingsSchema,
  })
  .openapi('Site')

const origins = z.array(z.string().max(2000)).min(1).max(100)
const settings = z
  .record(z.string().max(64), z.union([z.string().max(20_000), z.number(), z.boolean(), z.array(z.string().max(2000))]))
  .openapi({
    description: 'Settings by name; those that are absent are unchanged.',
    example: { cart_idle_minutes: 90 },
  })

const createBody = z
  .strictObject({ id: z.string().max(64), origins, settings: settings.optional() })
  .openapi('NewSite', { example: { id: 'shop', origins: ['https://shop.example'] } })

const changeBody = z
  .strictObject({
    origins: origins.optional(),
    identity_secret: z
      .enum(['new', ''])
      .optional()
      .openapi({ description: '`new` makes another secret, an empty text removes it.' }),
    settings: settings.optional(),
  })
  .openapi('SiteChange', { example: { settings: { cart_idle_minutes: 90 } } })

const own = z.object({ id: shortId.openapi({ example: 'demo' }) })
const ofOne = { ...refusals, 404: refusal('There is no such site') }

const unknownSite = (id: string) => new Problem(404, 'unknown_site', `there is no site "${id}"`)

function render({ id, origins, write_key, identity_secret, link_secret, settings }: Site): z.infer<typeof siteSchema> {
  return { id, origins, write_key, identity_secret, link_secret, settings }
}

/** Changes as `couture sites set` takes them. */
function assignmentsOf({ origins, identity_secret, settings = {} }: z.infer<typeof changeBody>): string[] {
  return [
    ...(origins === undefined ? [] : [`origins=${origins.join(',')}`]),
    ...(identity_secret === undefined ? [] : [`identity_secret=${identity_secret}`]),
    ...Object.entries(settings).map(([name, value]) => `${name}=${Array.isArray(value) ? value.join(',') : value}`),
  ]
}

/** The routes of sites. */
export function siteRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  const by = ({ actor }: Caller) => ({ actor, id: deps.newId(), now: deps.now() })
  return app
    .openapi(
      createRoute({
        method: 'get',
        path: '/sites',
        ...operation('Sites', 'listSites'),
        summary: 'List the sites',
        middleware: [allow(deps, 'admin')] as const,
        responses: { 200: json('All sites', pageOf(siteSchema)), ...refusals },
      }),
      async (c) => c.json({ data: (await listSites(deps.db)).map(render), next: null, has_more: false }, 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/sites',
        ...operation('Sites', 'createSite'),
        summary: 'Add a site',
        middleware: [allow(deps, 'admin')] as const,
        request: { body: { required: true, content: { 'application/json': { schema: createBody } } } },
        responses: {
          201: json('The site is added', siteSchema),
          ...refusals,
          409: refusal('`site_exists`: the id is taken. `site_deleted`: a site of this id was deleted.'),
          ...tooLarge,
        },
      }),
      async (c) => {
        const { id, origins, settings } = c.req.valid('json')
        const site = await deps.sites.create(id, assignmentsOf({ origins, settings }), by(c.get('caller')))
        return c.json(render(site), 201)
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/sites/{id}',
        ...operation('Sites', 'getSite'),
        summary: 'Get a site with its secrets and settings',
        middleware: [allow(deps, 'admin')] as const,
        request: { params: own },
        responses: { 200: json('The site', siteSchema), ...ofOne },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const site = await findSite(deps.db, id)
        if (site === null) throw unknownSite(id)
        return c.json(render(site), 200)
      },
    )
    .openapi(
      createRoute({
        method: 'patch',
        path: '/sites/{id}',
        ...operation('Sites', 'changeSite'),
        summary: 'Change a site',
        description: 'Applies all the changes, or none. Derived data follows within moments.',
        middleware: [allow(deps, 'admin')] as const,
        request: { params: own, body: { required: true, content: { 'application/json': { schema: changeBody } } } },
        responses: { 200: json('The site is changed', siteSchema), ...ofOne, ...tooLarge },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const site = await findSite(deps.db, id)
        if (site === null) throw unknownSite(id)
        const changed = await deps.sites.change(site, assignmentsOf(c.req.valid('json')), by(c.get('caller')))
        deps.wake()
        return c.json(render(changed), 200)
      },
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/sites/{id}',
        ...operation('Sites', 'deleteSite'),
        summary: 'Delete a site',
        description:
          'Its keys and secrets are gone at once, and nothing is accepted for it any more. Its visitors and all they left, ' +
          'in the journals too, follow in the background. Contacts stay. The id cannot be used again.',
        middleware: [allow(deps, 'admin')] as const,
        request: { params: own },
        responses: {
          200: json(
            'The site is deleted; `visitors` is how many it had',
            z.object({ id: z.string(), deleted: z.literal(true), visitors: z.number() }).openapi('DeletedSite'),
          ),
          ...ofOne,
        },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const removed = await deps.sites.remove(id, by(c.get('caller')))
        if (removed === null) throw unknownSite(id)
        deps.wake()
        return c.json({ id, deleted: true as const, visitors: removed.visitors }, 200)
      },
    )
}
