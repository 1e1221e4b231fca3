/**
 * Describes the public endpoints and those for monitoring. They are served outside the application that describes
 * itself, so they are written out here; a test calls each of them as described.
 */
import { z } from '@hono/zod-openapi'
import type { Operation, Paths, Schema } from './api-document.ts'
import { operation } from './tags.ts'

/** The collector's schemas of `POST /v1/events`, with an example. */
export type EventsContract = { request: z.ZodType; reply: z.ZodType; example: unknown }

const PROBLEM: Schema = { $ref: '#/components/schemas/Problem' }

const refused = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: PROBLEM } },
})

const REFUSALS = {
  400: refused('The body is not JSON or does not match the schema; `detail` says what it must be.'),
  401: refused('Unknown site or key'),
  403: refused('The origin is not one of the site, or the key lacks the scope.'),
  413: refused('The body is too large; split it.'),
  429: refused('A limit is reached: `detail` and the header `couture-limit` name it. Retry after `Retry-After`.'),
  503: refused('The server cannot accept events now; retry after `Retry-After`.'),
}

/** The collector's schemas, by the names under which the public endpoints refer to them. */
export function publicSchemas(events: EventsContract): Record<string, Schema> {
  return { EventBatch: described(events.request), EventReply: described(events.reply), SegmentCall, SegmentBatch }
}

function described(schema: z.ZodType): Schema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' })
  return rest
}

const SegmentCall: Schema = {
  type: 'object',
  description: "A call of Segment's specification. Other members are ignored.",
  properties: {
    type: { type: 'string', enum: ['track', 'page', 'screen', 'identify', 'group', 'alias'] },
    messageId: { type: 'string', description: 'The permanent id of the event, by default a keyed hash of the call.' },
    anonymousId: {
      type: 'string',
      description:
        "A secret of the browser and the shop's server, also as it stands in the SDK's cookie; the visitor's id is `s:` " +
        'and its keyed hash. With a secret key, one under 22 characters is itself the id, after `s:`.',
    },
    userId: { type: ['string', 'number'], description: "The contact's id, or an email address." },
    event: { type: 'string', description: "`track` only: the event name of Segment's specification or of GA4." },
    name: { type: 'string', description: '`page` and `screen` only.' },
    groupId: { type: 'string', description: '`group` only.' },
    previousId: { type: 'string', description: '`alias` only: the earlier anonymous id.' },
    properties: { type: 'object' },
    traits: { type: 'object', description: 'Only `email` is read, as a login. The traits are not stored.' },
    timestamp: { type: 'string', format: 'date-time' },
    context: {
      type: 'object',
      description:
        "`consent.categoryPreferences`, or RudderStack's `consentManagement`, is mapped by the site's `consent_map`. With " +
        'a secret key, `site` gives the site.',
    },
  },
}

const SegmentBatch: Schema = {
  type: 'object',
  required: ['batch'],
  properties: {
    batch: { type: 'array', maxItems: 2500, items: { $ref: '#/components/schemas/SegmentCall' } },
    context: { type: 'object', description: 'The context of calls that have none of their own.' },
    sentAt: { type: 'string', format: 'date-time' },
    writeKey: { type: 'string', description: 'In place of the `Authorization` header.' },
  },
}

const EXAMPLE_CALL = {
  messageId: 'message-1',
  anonymousId: '5f1c7f0e-3a64-4d6b-9a55-0c1f8d2b7e21',
  context: { site: 'demo', consent: { categoryPreferences: { analytics: true, identity: true } } },
}

const SEGMENT_CALLS = {
  track: { event: 'Product Viewed', properties: { product_id: 'bracelet' } },
  page: { name: 'Bracelets' },
  screen: { name: 'Bracelets' },
  identify: { userId: 'crm-7' },
  group: { groupId: 'trade' },
  alias: { userId: 'crm-7', previousId: '5f1c7f0e-3a64-4d6b-9a55-0c1f8d2b7e21' },
}

const batchExample = { batch: [{ ...EXAMPLE_CALL, type: 'track', ...SEGMENT_CALLS.track }] }

function segmentOperation(kind: string, schema: string, example: object): Operation {
  return {
    ...operation('Segment calls', `segment${kind.charAt(0).toUpperCase()}${kind.slice(1)}`),
    summary: kind === 'batch' ? "Send calls in Segment's format" : `Send a ${kind} call in Segment's format`,
    description:
      "With the site's write key a login is a claim; with a secret key of scope `identify:write` it is verified. The " +
      'body is read as JSON whatever its Content-Type, may be compressed with gzip, and is at most 500 KB.',
    security: [{ writeKey: [] }, { key: [] }],
    requestBody: {
      required: true,
      content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` }, example } },
    },
    responses: {
      200: {
        description: 'The accepted calls are on disk. The header `couture-left-out` counts the skipped ones by reason.',
        content: {
          'application/json': { schema: { type: 'object', properties: { success: { type: 'boolean', const: true } } } },
        },
      },
      ...REFUSALS,
    },
  }
}

/** What RudderStack's SDKs send where Segment's have nothing, or otherwise. */
const RUDDERSTACK_PATHS: Paths = {
  '/beacon/v1/batch': {
    post: {
      ...segmentOperation('beacon', 'SegmentBatch', batchExample),
      summary: "Send calls by RudderStack's beacon",
      description: 'As `/v1/batch`. A beacon has no headers, so the write key is `writeKey` in the query.',
    },
  },
  '/v1/merge': {
    post: {
      ...segmentOperation('merge', 'SegmentCall', EXAMPLE_CALL),
      summary: 'Send a merge call of RudderStack',
      description: 'It is answered and left out: no SDK merges customers.',
    },
  },
  '/v1/projects/{key}/settings': {
    get: settingsOperation('getSegmentSettings', "Get the settings of Segment's SDKs", 404, [
      { name: 'key', in: 'path', required: true, schema: { type: 'string', example: 'WRITE_KEY' } },
    ]),
  },
  '/sourceConfig': {
    get: settingsOperation('getRudderStackSource', "Get the source of RudderStack's SDKs", 401, [
      { name: 'writeKey', in: 'query', required: false, schema: { type: 'string', example: 'WRITE_KEY' } },
    ]),
  },
}

function settingsOperation(name: string, summary: string, unknown: number, parameters: object[]): Operation {
  return {
    ...operation('Segment calls', name),
    summary,
    description:
      "An SDK fetches it before it starts. It names this host as the only one that calls are sent to. The key is a site's " +
      'write key, in the address or as Basic.',
    security: [{}, { writeKey: [] }],
    parameters: parameters as Operation['parameters'],
    responses: {
      200: { description: 'The settings', content: { 'application/json': { schema: { type: 'object' } } } },
      [unknown]: refused("The key is no site's write key."),
      403: REFUSALS[403],
      429: REFUSALS[429],
    },
  }
}

const text = (description: string, type: string) => ({
  description,
  content: { [type]: { schema: { type: 'string' } } },
})

const siteParameter = { name: 'site', in: 'query', required: true, schema: { type: 'string', example: 'demo' } }

/** The public operations, by path. */
export function publicPaths({ example }: EventsContract): Paths {
  const eventBody = { schema: { $ref: '#/components/schemas/EventBatch' }, example }
  return {
    '/v1/events': {
      post: {
        ...operation('Collect', 'sendEvents'),
        summary: 'Send events',
        description:
          'The endpoint of the tag. 202 means that the accepted events are on disk. A browser proves its visitor by the ' +
          'cookie or by `candidate`, of which the id is a keyed hash; `visitor` alone is refused (`visitor_unproven`). ' +
          'With a key of scope `events:write` `visitor` names any id, ' +
          'events may be of any age, and `sent_at` is optional. A batch has at most 50 events and 64 KiB, with a key 500 ' +
          'events and 1 MiB. It may be compressed with gzip.',
        security: [{}, { key: [] }],
        requestBody: { required: true, content: { 'application/json': eventBody, 'text/plain': eventBody } },
        responses: {
          202: {
            description: 'The outcome of each event',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/EventReply' } } },
          },
          ...REFUSALS,
          415: refused('A Content-Encoding other than gzip'),
        },
      },
    },
    '/v1/batch': { post: segmentOperation('batch', 'SegmentBatch', batchExample) },
    ...Object.fromEntries(
      Object.entries(SEGMENT_CALLS).map(([kind, call]) => [
        `/v1/${kind}`,
        { post: segmentOperation(kind, 'SegmentCall', { ...EXAMPLE_CALL, ...call }) },
      ]),
    ),
    ...RUDDERSTACK_PATHS,
    '/tag.js': {
      get: {
        ...operation('Tag and mail links', 'getTag'),
        summary: 'Get the tag of a site',
        description:
          "The script includes the site's settings. `/tag.HASH.js?site=`, with the hash from its `ETag`, never changes " +
          'and can be used with SRI. After consent it loads a second file, `/tag.HASH.js` without a site.',
        security: [],
        parameters: [siteParameter],
        responses: { 200: text('The script', 'text/javascript'), 404: refused('There is no such site') },
      },
    },
    '/l/{token}': {
      get: {
        ...operation('Tag and mail links', 'followLink'),
        summary: 'Follow a mail link',
        description:
          "Redirects to the token's landing page, with the token in the query under the site's `link_param`.",
        security: [],
        parameters: [
          { name: 'token', in: 'path', required: true, schema: { type: 'string', example: 'c1.letter-1.crm-7' } },
        ],
        responses: {
          302: { description: 'To the landing page' },
          400: refused('The token was not minted by this shop, or is truncated.'),
        },
      },
    },
    '/healthz': {
      get: {
        ...operation('Operation', 'getHealth'),
        summary: 'Check that the process responds',
        security: [],
        responses: {
          200: {
            description: 'The process responds',
            content: {
              'application/json': {
                schema: { type: 'object', required: ['ok'], properties: { ok: { type: 'boolean', const: true } } },
              },
            },
          },
        },
      },
    },
    '/readyz': {
      get: {
        ...operation('Operation', 'getReadiness'),
        summary: 'Check that the server can accept and land events',
        security: [],
        responses: {
          200: { description: 'The server is ready', content: { 'application/json': { schema: { type: 'object' } } } },
          503: refused('The server is not ready; `missing` gives the reason.'),
        },
      },
    },
    '/metrics': {
      get: {
        ...operation('Operation', 'getMetrics'),
        summary: 'Get metrics for Prometheus',
        description: 'Requests from this machine need no key.',
        security: [{}, { key: [] }],
        responses: {
          200: text('The metrics', 'text/plain'),
          401: refused('The request comes from another machine and has no valid key'),
        },
      },
    },
  }
}
