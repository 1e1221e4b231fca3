/**
 * `GET /openapi.json`: the description of the API, made from the same schemas that check its requests. The private
 * routes describe themselves; the public ones are added here.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import { z } from '@hono/zod-openapi'
import type { PrivateEnv } from './deps.ts'

/** One call, as far as the reference page reads it. */
export type Operation = {
  summary?: string
  description?: string
  security?: Record<string, string[]>[]
  parameters?: {
    name: string
    in: string
    required?: boolean
    description?: string
    schema?: { type?: string; enum?: string[]; default?: unknown; example?: unknown; description?: string }
  }[]
  requestBody?: { content: Record<string, { schema?: Schema; example?: unknown }> }
  responses: Record<string, { description: string; content?: Record<string, { schema?: Schema }> }>
}

/** A schema, as far as the reference page reads it. */
export type Schema = { $ref?: string; example?: unknown; type?: unknown; items?: Schema }

/** An OpenAPI document. */
export type ApiDocument = {
  openapi: string
  info: { title: string; version: string; description: string }
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}

const DESCRIPTION =
  'Public routes write and tell nothing; private routes need a key (`couture keys create`) as `Authorization: Bearer KEY`. ' +
  'Lists are pages: keep `next`, send it as `after`. Errors are RFC 9457 problems with a `code` and a sentence.'

/** Describes the private routes below `prefix`, and the public route that takes `events`. */
export function describeApi(
  routes: OpenAPIHono<PrivateEnv>,
  prefix: string,
  version: string,
  events: { request: z.ZodType; reply: z.ZodType; example: unknown },
): ApiDocument {
  routes.openAPIRegistry.registerComponent('securitySchemes', 'key', { type: 'http', scheme: 'bearer' })
  const document = routes.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Couture', version, description: DESCRIPTION },
    security: [{ key: [] }],
  }) as unknown as ApiDocument
  const paths: ApiDocument['paths'] = { '/v1/events': { post: eventsOperation(events) } }
  for (const [path, operations] of Object.entries(document.paths)) paths[prefix + path] = operations
  return { ...document, paths }
}

function eventsOperation(events: { request: z.ZodType; reply: z.ZodType; example: unknown }): Operation {
  const json = (schema: z.ZodType, example?: unknown) => ({
    'application/json': {
      schema: z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' }) as Schema,
      ...(example ? { example } : {}),
    },
  })
  return {
    summary: 'Send events',
    description:
      'What the tag does. 202 means that the accepted events are on disk. With a key of scope `events:write` history ' +
      'of any age is taken, and `sent_at` may be left out.',
    security: [{}, { key: [] }],
    requestBody: { content: json(events.request, events.example) },
    responses: {
      202: { description: 'What became of each event', content: json(events.reply) },
      400: { description: 'Wrong input' },
      401: { description: 'Unknown site or key' },
      403: { description: 'Another origin' },
      413: { description: 'Too large; send it in parts' },
      415: { description: 'Another content type' },
      429: { description: 'Too fast; see Retry-After' },
      503: { description: 'Full; see Retry-After' },
    },
  }
}
