/**
 * `GET /openapi.json`: the description of the API, made from the same schemas that check its requests. The private
 * routes describe themselves; the public ones are described in `public-operations`.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { ApiDocument } from './api-document.ts'
import { SESSION_COOKIE } from './auth.ts'
import type { PrivateEnv } from './deps.ts'
import { type EventsContract, publicPaths, publicSchemas } from './public-operations.ts'
import { TAGS } from './tags.ts'

const DESCRIPTION =
  'Public routes write and tell nothing; private routes need a key (`couture keys create`) as `Authorization: Bearer KEY`. ' +
  'Lists are pages: keep `next`, send it as `after`. Errors are RFC 9457 problems with a `code` and a sentence.'

/** Describes the private routes below `prefix`, and the public ones. `server` is where this installation answers. */
export function describeApi(
  routes: OpenAPIHono<PrivateEnv>,
  { prefix, version, server, events }: { prefix: string; version: string; server: string; events: EventsContract },
): ApiDocument {
  const { openAPIRegistry: registry } = routes
  registry.registerComponent('securitySchemes', 'key', {
    type: 'http',
    scheme: 'bearer',
    description: 'A secret key, `couture keys create`. Each call needs one of the scopes that it names in its refusal.',
  })
  registry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: SESSION_COOKIE,
    description: "The dashboard's session.",
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
