/**
 * `GET /openapi.json`: the API document, generated from the schemas that check the requests. The private routes describe
 * themselves; `public-operations` describes the public ones.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { ApiDocument } from './api-document.ts'
import { SESSION_COOKIE } from './auth.ts'
import type { PrivateEnv } from './deps.ts'
import { type EventsContract, publicPaths, publicSchemas } from './public-operations.ts'
import { TAGS } from './tags.ts'

const DESCRIPTION =
  'Public routes only write and reveal nothing. Private routes need a key (`couture keys create`) as ' +
  '`Authorization: Bearer KEY`. Lists are paged: send the `next` of a page as `after` to read the following one. Errors ' +
  'are RFC 9457 problems with a `code` and a sentence in `detail`.'

/** Describes the private routes below `prefix`, and the public ones. `server` is the URL of this installation. */
export function describeApi(
  routes: OpenAPIHono<PrivateEnv>,
  { prefix, version, server, events }: { prefix: string; version: string; server: string; events: EventsContract },
): ApiDocument {
  const { openAPIRegistry: registry } = routes
  registry.registerComponent('securitySchemes', 'key', {
    type: 'http',
    scheme: 'bearer',
    description: 'A secret key from `couture keys create`. A call without the scope is refused with its name.',
  })
  registry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: SESSION_COOKIE,
    description: "A session of the dashboard. On https the cookie's name begins with `__Host-`.",
  })
  registry.registerComponent('securitySchemes', 'writeKey', {
    type: 'http',
    scheme: 'basic',
    description: "A site's public write key as the user name, without a password, as Segment's SDKs send it.",
  })
  const document = routes.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Couture',
      version,
      description: DESCRIPTION,
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    servers: [{ url: server, description: 'This installation' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    security: [{ key: [] }, { session: [] }],
  }) as unknown as ApiDocument
  const paths = publicPaths(events)
  for (const [path, operations] of Object.entries(document.paths)) paths[prefix + path] = operations
  const schemas = { ...document.components.schemas, ...publicSchemas(events) }
  return { ...document, paths, components: { ...document.components, schemas } }
}
