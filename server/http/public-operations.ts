/**
 * The description of what is served to the public and to those who watch the server. These calls are answered outside
 * the application that describes itself, so they are written out here; a test calls each of them by its description.
 */
import { z } from '@hono/zod-openapi'
import type { Operation, Paths, Schema } from './api-document.ts'
import { operation } from './tags.ts'

/** What the collector says of `POST /v1/events`: the schemas that it checks with. */
export type EventsContract = { request: z.ZodType; reply: z.ZodType; example: unknown }

const PROBLEM: Schema = { $ref: '#/components/schemas/Problem' }

const refused = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: PROBLEM } },
})

const REFUSALS = {
  400: refused('The body is not JSON, or not as described; `detail` says what it must be.'),
  401: refused('Unknown site or key'),
  403: refused('The origin is not one of the site, or the key lacks the scope.'),
  413: refused('Too large; send it in parts.'),
  429: refused('Too fast; try again after `Retry-After`.'),
  503: refused('Nothing can be taken now; try again after `Retry-After`.'),
}

/** The schemas of the collector, by the names under which the public calls refer to them. */
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
    messageId: { type: 'string', description: 'Names the event for ever; a keyed hash of the call if it is left out.' },
    anonymousId: { type: 'string', description: '1 to 62 of A-Z a-z 0-9 . _ -: the visitor is `s:` and this.' },
    userId: { type: ['string', 'number'], description: "The contact's id, or an e-mail address." },
    event: { type: 'string', description: "Of `track`: what happened, in Segment's or GA4's words." },
    name: { type: 'string', description: 'Of `page` and `screen`.' },
    groupId: { type: 'string', description: 'Of `group`.' },
    previousId: { type: 'string', description: 'Of `alias`: the anonymous id before.' },
    properties: { type: 'object' },
    traits: { type: 'object', description: 'Only `email` is read, as a login, and nothing is kept.' },
    timestamp: { type: 'string', format: 'date-time' },
    context: {
      type: 'object',
      description: "`consent.categoryPreferences` is read through the site's `consent_map`; `site` with a secret key.",
    },
  },
}

const SegmentBatch: Schema = {
  type: 'object',
  required: ['batch'],
  properties: {
    batch: { type: 'array', maxItems: 2500, items: { $ref: '#/components/schemas/SegmentCall' } },
    context: { type: 'object', description: 'For calls that have none of their own.' },
    sentAt: { type: 'string', format: 'date-time' },
    writeKey: { type: 'string', description: 'In place of the `Authorization` header.' },
  },
}

const EXAMPLE_CALL = {
  messageId: 'message-1',
  anonymousId: 'a-1',
  context: { site: 'demo', consent: { categoryPreferences: { analytics: true, identity: true } } },
}

const SEGMENT_CALLS = {
  track: { event: 'Product Viewed', properties: { product_id: 'bracelet' } },
  page: { name: 'Bracelets' },
  screen: { name: 'Bracelets' },
  identify: { userId: 'crm-7' },
  group: { groupId: 'trade' },
  alias: { userId: 'crm-7', previousId: 'a-1' },
}

const batchExample = { batch: [{ ...EXAMPLE_CALL, type: 'track', ...SEGMENT_CALLS.track }] }

function segmentOperation(kind: string, schema: string, example: object): Operation {
  return {
    ...operation('Segment calls', `segment${kind.charAt(0).toUpperCase()}${kind.slice(1)}`),
    summary: kind === 'batch' ? "Send calls in Segment's format" : `Send a ${kind} call in Segment's format`,
    description:
      'With the site’s write key a login is a claim; with a secret key of scope `identify:write` it is verified. The ' +
      'body is read as JSON whatever its Content-Type, and may be compressed with gzip: at most 500 KB.',
    security: [{ writeKey: [] }, { key: [] }],
    requestBody: {
      required: true,
      content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` }, example } },
    },
    responses: {
      200: {
        description: 'What could be kept is on disk; the header `couture-left-out` counts what was not, by its reason.',
        content: {
          'application/json': { schema: { type: 'object', properties: { success: { type: 'boolean', const: true } } } },
        },
      },
      ...REFUSALS,
    },
  }
}

const text = (description: string, type: string) => ({
  description,
  content: { [type]: { schema: { type: 'string' } } },
})

const siteParameter = { name: 'site', in: 'query', required: true, schema: { type: 'string', example: 'demo' } }

/** The public calls, by path. */
export function publicPaths({ example }: EventsContract): Paths {
  const eventBody = { schema: { $ref: '#/components/schemas/EventBatch' }, example }
  return {
    '/v1/events': {
      post: {
        ...operation('Collect', 'sendEvents'),
        summary: 'Send events',
        description:
          'What the tag does. 202 means that the accepted events are on disk. With a key of scope `events:write` ' +
          'history of any age is taken, and `sent_at` may be left out. At most 50 events and 64 KiB, with a key 500 ' +
          'and 1 MiB; gzip is accepted.',
        security: [{}, { key: [] }],
        requestBody: { required: true, content: { 'application/json': eventBody, 'text/plain': eventBody } },
        responses: {
          202: {
            description: 'What became of each event',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/EventReply' } } },
          },
          ...REFUSALS,
          415: refused('Neither application/json nor text/plain'),
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
    '/tag.js': {
      get: {
        ...operation('Tag and mail links', 'getTag'),
        summary: 'The tag of a site',
        description:
          'With the settings of the site. `/tag.HASH.js` with the hash of its `ETag` never changes, for SRI.',
        security: [],
        parameters: [siteParameter],
        responses: { 200: text('The script', 'text/javascript'), 404: refused('There is no such site') },
      },
    },
    '/l/{token}': {
      get: {
        ...operation('Tag and mail links', 'followLink'),
        summary: 'Follow a mail link',
        description: "Leads to the page that the token names, with the token under the site's `link_param`.",
        security: [],
        parameters: [
          { name: 'token', in: 'path', required: true, schema: { type: 'string', example: 'c1.letter-1.crm-7' } },
        ],
        responses: {
          302: { description: 'To the landing page' },
          400: refused('The token was not made by this shop, or not copied whole.'),
        },
      },
    },
    '/healthz': {
      get: {
        ...operation('Operation', 'getHealth'),
        summary: 'Whether the process answers',
        security: [],
        responses: {
          200: {
            description: 'It does',
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
        summary: 'Whether it can take and land events',
        security: [],
        responses: {
          200: { description: 'It can', content: { 'application/json': { schema: { type: 'object' } } } },
          503: refused('It cannot; `missing` says why.'),
        },
      },
    },
    '/metrics': {
      get: {
        ...operation('Operation', 'getMetrics'),
        summary: 'Metrics for Prometheus',
        description: 'For this machine, or the holder of a key.',
        security: [{}, { key: [] }],
        responses: { 200: text('The metrics', 'text/plain'), 401: refused('Not this machine, and no valid key') },
      },
    },
  }
}
