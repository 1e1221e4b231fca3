/**
 * The HTTP application: mounts the private API, the tag, mail links, the dashboard and monitoring, and is the one place
 * where errors become replies.
 */

import { OpenAPIHono } from '@hono/zod-openapi'
import { type Context, Hono } from 'hono'
import { routePath } from 'hono/route'
import type { Configuration } from './collect/configuration.ts'
import { followLink, type LinkDeps } from './collect/link.ts'
import { batchSchema, EXAMPLE_BATCH, replySchema } from './collect/schema.ts'
import { usableKey } from './domain/api-key.ts'
import { mustGet } from './domain/lookup.ts'
import { internalError, Problem } from './domain/problem.ts'
import { cartPolicyOf, type Site } from './domain/settings.ts'
import { tagOrder } from './domain/tag-order.ts'
import type { ApiDocument } from './http/api-document.ts'
import { attributeRoutes } from './http/attributes.ts'
import { auditRoutes } from './http/audit.ts'
import { limitOthers } from './http/body-limit.ts'
import { consentRoutes } from './http/consents.ts'
import { contactExportRoutes } from './http/contact-export.ts'
import { contactSearchRoutes } from './http/contact-search.ts'
import { contactRoutes } from './http/contacts.ts'
import type { HttpDeps, PrivateEnv } from './http/deps.ts'
import { eraseRoutes } from './http/erase.ts'
import { identifyRoutes } from './http/identify.ts'
import { importRoutes } from './http/imports.ts'
import { keyRoutes } from './http/keys.ts'
import { linkTokenRoutes } from './http/link-tokens.ts'
import { linkRoutes } from './http/links.ts'
import { matchRoutes } from './http/matches.ts'
import { describeApi } from './http/openapi.ts'
import { orderRoutes } from './http/orders.ts'
import { peopleRoutes } from './http/people.ts'
import { problemResponse } from './http/problem-response.ts'
import { qualityRoutes } from './http/quality.ts'
import { REFERENCE_POLICY, referencePage } from './http/reference.ts'
import { reportRoutes } from './http/reports.ts'
import { scoreReportRoutes } from './http/score-reports.ts'
import { segmentChangeRoutes } from './http/segment-changes.ts'
import { segmentDefinitionRoutes } from './http/segment-definitions.ts'
import { segmentQuestionRoutes } from './http/segment-questions.ts'
import { segmentSizeRoutes } from './http/segment-sizes.ts'
import { segmentVersionRoutes } from './http/segment-versions.ts'
import { memberRoutes } from './http/segments.ts'
import { sessionRoutes } from './http/session.ts'
import { siteRoutes } from './http/sites.ts'
import { timelineRoutes } from './http/timelines.ts'
import { userRoutes } from './http/users.ts'
import { INSTANCE_HEADER } from './ops/address.ts'
import { type DashboardFile, sendFile } from './ops/precompressed.ts'
import type { Readiness } from './ops/readiness.ts'
import type { TagFiles } from './ops/tag-files.ts'

/** The dependencies of the application. */
export type AppDeps = {
  configuration: Configuration
  links: LinkDeps
  http: HttpDeps
  /** Whether a request was sent from this machine. */
  isThisMachine: (c: Context) => boolean
  /** Whether private routes are served to a request, by its `Host` and where it was sent from. */
  isPrivate: (c: Context) => boolean
  tag: TagFiles
  dashboard: Map<string, DashboardFile>
  demo: Hono
  /** Whether the demo answers a request. */
  isDemo: (c: Context) => boolean
  metrics: () => Promise<string>
  /** Whether the server can accept and land events, and what is missing. */
  readiness: () => Promise<Readiness>
  /** Called after each request with the pattern of its route, never its path. */
  onRequest: (method: string, route: string, status: number, ms: number) => void
  version: string
  /** A random id of this run, by which a command knows that it asks the server of its own folder. */
  instance: string
  /** The base URL of the private routes. */
  address: string
  /** Whether an error means that the store is unavailable for now. */
  isStoreAway: (error: unknown) => boolean
  onError: (error: unknown, method: string, path: string) => void
}

/** The routes below `/api/v1`, chained so that the dashboard has their types. */
function privateRoutes(deps: HttpDeps) {
  return new OpenAPIHono<PrivateEnv>()
    .route('/', sessionRoutes(deps))
    .route('/', keyRoutes(deps))
    .route('/', auditRoutes(deps))
    .route('/', contactRoutes(deps))
    .route('/', eraseRoutes(deps))
    .route('/', orderRoutes(deps))
    .route('/', importRoutes(deps))
    .route('/', attributeRoutes(deps))
    .route('/', linkTokenRoutes(deps))
    .route('/', identifyRoutes(deps))
    .route('/', matchRoutes(deps))
    .route('/', segmentDefinitionRoutes(deps))
    .route('/', segmentVersionRoutes(deps))
    .route('/', memberRoutes(deps))
    .route('/', segmentQuestionRoutes(deps))
    .route('/', segmentChangeRoutes(deps))
    .route('/', segmentSizeRoutes(deps))
    .route('/', reportRoutes(deps))
    .route('/', scoreReportRoutes(deps))
    .route('/', qualityRoutes(deps))
    .route('/', peopleRoutes(deps))
    .route('/', contactSearchRoutes(deps))
    .route('/', contactExportRoutes(deps))
    .route('/', consentRoutes(deps))
    .route('/', timelineRoutes(deps))
    .route('/', linkRoutes(deps))
    .route('/', userRoutes(deps))
    .route('/', siteRoutes(deps))
}

/** The type of the private API, for `hono/client`. */
export type Api = ReturnType<typeof privateRoutes>

/**
 * What the dashboard's pages may load: their own files, and pictures of carts from the hosts that the sites name. A picture
 * from elsewhere would tell its sender who looks at the cart, and when.
 */
function dashboardPolicy(sites: Iterable<Site>): string {
  const hosts = new Set([...sites].flatMap((site) => [...cartPolicyOf(site).hosts.pictures]))
  const pictures = ["'self'", 'data:', ...[...hosts].map((host) => `${host}:*`)].join(' ')
  return (
    `default-src 'none'; script-src 'self'; style-src 'self'; img-src ${pictures}; connect-src 'self'; ` +
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
  )
}

/** Creates the application, which serves everything except the public endpoints (`collect/endpoints.ts`). */
export function createApp(deps: AppDeps): Hono {
  const app = new Hono()
  app.onError((error, c) => fail(error, c, deps))
  app.notFound((c) => problemResponse(new Problem(404, 'not_found', `there is nothing at ${c.req.path}`)))
  app.use(async (c, next) => {
    const began = performance.now()
    await next()
    deps.onRequest(c.req.method, routePath(c, -1), c.res.status, performance.now() - began)
  })
  app.on(['GET', 'HEAD'], '/l/:token', (c) => redirect(c, deps))
  app.get('/tag.js', (c) => serveTag(c, deps, null))
  // The hash may be written as in an ETag, which names the encoding, too.
  app.get('/:file{tag\\.(?:debug|[A-Za-z0-9_-]{16}(?:-br|-gzip)?)\\.js}', (c) => {
    const hash = c.req.param('file').slice(4, 20)
    return serveTag(c, deps, hash === 'debug.js' ? null : hash)
  })
  app.get('/healthz', (c) => c.json({ ok: true }, 200, { [INSTANCE_HEADER]: deps.instance }))
  app.get('/readyz', async (c) => {
    const readiness = await deps.readiness()
    if (readiness.ready) return c.json(readiness)
    const problem = new Problem(503, 'not_ready', readiness.missing.join('; '), { 'retry-after': '5' })
    return problemResponse(problem, readiness)
  })
  app.get('/metrics', async (c) => {
    if (!deps.isThisMachine(c)) {
      const token = /^Bearer (\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
      const found = token === undefined ? undefined : await deps.http.findKey(token)
      const key = usableKey(found, deps.http.now(), 'metrics need a key, except for requests from this machine')
      deps.http.keyUsed(key.id)
    }
    return c.text(await deps.metrics())
  })

  // The reply is the same 404 as for an unknown path, so that a shop's visitors do not learn of the dashboard.
  const onlyDemo = async (c: Context, next: () => Promise<void>) => (deps.isDemo(c) ? next() : c.notFound())
  const onlyPrivate = async (c: Context, next: () => Promise<void>) => {
    if (!deps.isPrivate(c)) return c.notFound()
    await next()
    if (c.req.path.startsWith('/api/')) c.header('cache-control', 'no-store')
  }
  app.use('/api/*', onlyPrivate)
  app.use('/api/*', limitOthers)
  app.use('/dashboard', onlyPrivate)
  app.use('/dashboard/*', onlyPrivate)
  const api = privateRoutes(deps.http)
  app.route('/api/v1', api)
  // Generated at the first request for it, not at every start.
  let generated: ApiDocument | null = null
  const document = () => {
    generated ??= describeApi(api, {
      prefix: '/api/v1',
      version: deps.version,
      server: deps.address,
      events: { request: batchSchema, reply: replySchema, example: EXAMPLE_BATCH },
    })
    return generated
  }
  app.use('/openapi.json', onlyPrivate)
  app.use('/reference', onlyPrivate)
  app.get('/openapi.json', (c) => c.json(document()))
  app.get('/reference', (c) => {
    c.header('content-security-policy', REFERENCE_POLICY)
    return c.html(referencePage(document()))
  })
  // The address that the start prints leads people to the dashboard. Programs, and whoever may not see it, get the 404.
  app.get('/', (c) => {
    c.header('vary', 'Accept')
    const isPerson = /\btext\/html\b/i.test(c.req.header('accept') ?? '')
    return isPerson && deps.isPrivate(c) ? c.redirect(dashboardFrom(c, deps.address)) : c.notFound()
  })
  app.get('/dashboard', (c) => c.redirect('/dashboard/'))
  app.get('/dashboard/*', (c) => serveDashboard(c, deps))
  app.use('/demo', onlyDemo)
  app.use('/demo/*', onlyDemo)
  app.route('/demo', deps.demo)
  return app
}

/** Where the dashboard is for who asked under this host. Only the printed address may have a path that a proxy takes off. */
function dashboardFrom(c: Context, address: string): string {
  return c.req.header('host')?.toLowerCase() === new URL(address).host ? `${address}/dashboard/` : '/dashboard/'
}

function fail(error: unknown, c: Context, deps: AppDeps): Response {
  if (error instanceof Problem) return problemResponse(error)
  // Thrown by hono's validator for a body that is not JSON.
  if (error instanceof Error && 'status' in error && error.status === 400) {
    return problemResponse(new Problem(400, 'invalid_request', error.message))
  }
  if (deps.isStoreAway(error)) {
    const message = 'the store is unavailable; unacknowledged changes were not made, so try again'
    return problemResponse(new Problem(503, 'store_unavailable', message, { 'retry-after': '5' }))
  }
  deps.onError(error, c.req.method, c.req.routePath)
  return problemResponse(internalError())
}

function redirect(c: Context, deps: AppDeps): Response {
  const request = { method: c.req.method, header: (name: string) => c.req.header(name) }
  const { status, headers, body } = followLink(c.req.param('token') ?? '', request, deps.links)
  return new Response(body, { status, headers })
}

/** The tag of a site; with a hash and no site, the second stage that is named so. */
async function serveTag(c: Context, { configuration, tag }: AppDeps, hash: string | null): Promise<Response> {
  const id = c.req.query('site')
  // A part for a data layer is named after the one without, and changes with the server.
  const layered = c.req.url.includes('?datalayer')
  const isSecond = hash !== null && id === undefined
  const file = await (c.req.path === '/tag.debug.js'
    ? tag.debug()
    : isSecond
      ? findSecond(hash, layered, configuration, tag)
      : findFirst())
  return sendFile((name) => c.req.header(name), file, {
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': hash === null || layered ? 'public, max-age=300' : 'public, max-age=31536000, immutable',
    'access-control-allow-origin': '*',
    'cross-origin-resource-policy': 'cross-origin',
  })

  async function findFirst() {
    const site = await configuration.freshSite(id ?? '')
    if (!site) {
      throw new Problem(404, 'unknown_site', `site must be the id of a site of this collector (got "${id ?? ''}")`)
    }
    const found = await tag.first(tagOrder(site))
    if (hash === null || hash === found.hash) return found
    throw unknownVersion(`the current one is /tag.${found.hash}.js`)
  }
}

const unknownVersion = (more: string) =>
  new Problem(404, 'unknown_version', `this version of the tag is no longer served; ${more}`)

/** A server that has just started has made no file yet, and a browser may have the first stage in its cache. */
async function findSecond(hash: string, layered: boolean, configuration: Configuration, tag: TagFiles) {
  if (tag.second(hash) === null) await Promise.all([...configuration.sites()].map((site) => tag.first(tagOrder(site))))
  const found = layered ? await tag.layered(hash) : tag.second(hash)
  if (found === null) throw unknownVersion('load /tag.js?site=SITE again')
  return found
}

function serveDashboard(c: Context, { dashboard, configuration }: AppDeps): Promise<Response> {
  const { file, type } = dashboard.get(c.req.path.slice('/dashboard/'.length)) ?? mustGet(dashboard, 'index.html')
  return sendFile((name) => c.req.header(name), file, {
    'referrer-policy': 'no-referrer',
    'content-security-policy': dashboardPolicy(configuration.sites()),
    'content-type': type,
    'cache-control': 'no-cache',
  })
}
