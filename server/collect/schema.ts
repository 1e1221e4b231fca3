/**
 * The checks of the wire contract at the public endpoint. Each schema takes exactly the type of `tag/wire` that it
 * names: a field, an optional one too, or a member of a union that only one side knows does not compile. An
 * invalid envelope refuses the whole request; events are checked one by one and refused individually.
 */
import { z } from 'zod'
import type {
  FormProps,
  IdentifyProps,
  LinkProps,
  LoginProps,
  WireBatch,
  WireConsent,
  WireEvent,
  WireReply,
} from '../../tag/wire.ts'
import { CANDIDATE_PATTERN, CONSENT_SOURCES, LIMITS } from '../../tag/wire.ts'
import { MAX_LEVELS } from '../domain/depth.ts'
import type { IsExact } from '../domain/exact.ts'
import { isBlockedIdentifier } from '../domain/identifier.ts'
import { VISITOR_ID_PATTERN } from '../domain/ids.ts'

/** Hands on a schema that takes exactly what the contract says, and nothing that differs from it. */
export function wire<Contract>() {
  return <S extends z.ZodType>(schema: IsExact<z.input<S>, Contract> extends true ? S : never): S => schema
}

const time = z.iso.datetime({ offset: true, error: 'must be an ISO 8601 time such as 2026-03-01T09:30:00.000Z' })

const consent = wire<WireConsent>()(
  z.object({
    id: z.string().regex(/^[^@]{1,64}$/, 'must be 1 to 64 characters without @'),
    analytics: z.boolean(),
    identity: z.boolean(),
    marketing: z.boolean(),
    source: z.enum(CONSENT_SOURCES),
    policy: z.string().max(200).optional(),
    gpc: z.boolean().optional(),
    at: time.optional(),
  }),
)

/** Whether an id of the right form can be one visitor's. */
export const isVisitorId = (id: string) => !isBlockedIdentifier(id)

/** Visitor ids from senders: the collector's own, or a shop's server's. No address and no unfilled template. */
const visitor = z
  .string()
  .regex(VISITOR_ID_PATTERN, 'must be 1 to 64 of A-Z a-z 0-9 . _ : -')
  .refine(isVisitorId, 'must be an id of one visitor, not an empty or placeholder value')

/** The body of `POST /v1/events`, except for its events. */
export const envelopeSchema = z.object({
  site: z.string().min(1).max(64),
  visitor: visitor.optional(),
  candidate: z.string().regex(CANDIDATE_PATTERN, 'must be 22 to 32 of A-Z a-z 0-9 _ -').optional(),
  consent,
  sent_at: time.optional(),
  events: z.array(z.unknown()).min(1, 'must hold at least one event'),
})

const text = (max: number) => z.string().max(max)

/** The message for events that `isTooDeep` refuses. */
export const TOO_DEEP = `an event must be nested at most ${MAX_LEVELS} levels deep`

// Not a record, which would walk and copy the properties.
const props = z
  .custom<Record<string, unknown>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'must be an object',
  )
  .meta({ type: 'object', additionalProperties: true })

/** One event of the request. */
export const eventSchema = wire<WireEvent>()(
  z.object({
    // Without @: ids are stored as they are, and addresses must not be.
    id: z.string().regex(/^[\x21-\x3f\x41-\x7e]{1,64}$/, 'must be 1 to 64 visible ASCII characters without @'),
    type: z.string().min(1).max(64),
    at: time,
    url: text(LIMITS.eventBytes).optional(),
    referrer: text(LIMITS.eventBytes).optional(),
    title: text(1024).optional(),
    props: props.optional(),
  }),
)

const sha256 = z.string().regex(/^[0-9a-fA-F]{64}$/, 'must be SHA-256 in hex')

/** The props of `identify`, by their kind. */
export const identifySchema = wire<IdentifyProps>()(
  z.discriminatedUnion('kind', [
    wire<LoginProps>()(
      z.object({
        kind: z.literal('login'),
        contact_id: z.union([z.string(), z.number().transform(String)]).optional(),
        email: z.string().max(320).optional(),
        email_sha256: sha256.optional(),
        token: z.string().max(8192).optional(),
      }),
    ),
    wire<LinkProps>()(z.object({ kind: z.literal('link'), link: z.string().max(4096) })),
    wire<FormProps>()(
      z.object({
        kind: z.literal('form'),
        email_sha256: sha256,
        cart_id: z.string().max(200).optional(),
        order_id: z.string().max(200).optional(),
      }),
    ),
  ]),
)

/** The whole body, for the API description: the route checks the envelope and the events separately. */
export const batchSchema = wire<WireBatch>()(envelopeSchema.extend({ events: z.array(eventSchema) }))

/** The body of a 202, for the API description. */
export const replySchema = wire<WireReply>()(
  z.object({
    visitor: z.string().nullable().meta({ description: 'Null where there is none: a bot, or no consent.' }),
    accepted: z.number(),
    duplicate: z.number().meta({ description: 'Repeats of an event within the request.' }),
    rejected: z.array(
      z.object({
        index: z.number().meta({ description: 'The place of the event in the request, from 0.' }),
        code: z.enum([
          ...(['invalid_event', 'event_too_large', 'no_consent', 'too_old', 'in_future'] as const),
          ...(['blocked_identifier', 'invalid_token'] as const),
        ]),
        message: z.string(),
      }),
    ),
  }),
)

/** A body as a shop's server with a key may send it. */
export const EXAMPLE_BATCH: WireBatch = {
  site: 'demo',
  visitor: 'Vk3aT9bQ2mXw7LdP5sRz1c',
  consent: { id: 'choice-1', analytics: true, identity: true, marketing: true, source: 'manual' },
  events: [
    {
      id: 'order-4711-add',
      type: 'add_to_cart',
      at: '2026-03-01T09:30:00Z',
      url: 'https://shop.example/bracelet',
      props: { currency: 'EUR', items: [{ item_id: 'bracelet', item_name: 'Bracelet', price: 890, quantity: 1 }] },
    },
    { id: 'login-4711', type: 'identify', at: '2026-03-01T09:31:00Z', props: { kind: 'login', contact_id: 'crm-7' } },
  ],
}
