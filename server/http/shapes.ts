/** Shapes that several routes reply with, such as problems, carts and reasons against mailing. */
import { z } from '@hono/zod-openapi'
import { CART_STATES, CART_STEPS } from '../domain/commerce/cart-states.ts'
import { EVIDENCES } from '../domain/event.ts'
import { GRADES } from '../domain/grade.ts'
import { STRENGTHS } from '../domain/identity-table.ts'
import { WHY_NOT_MAILABLE } from '../domain/mailability.ts'
import { MATCH_STRENGTHS } from '../domain/match.ts'
import { toMajor, toMoney } from '../domain/money.ts'
import { decodeJson } from '../store/schema/columns.ts'
import type { CartRow, PersonCartRow } from '../store/schema/derived.ts'

/** A problem of RFC 9457. */
export const problemSchema = z
  .object({ type: z.string(), title: z.string(), status: z.number(), code: z.string(), detail: z.string() })
  .openapi('Problem')

/** Describes a refusal. */
export function refusal(description: string) {
  return { description, content: { 'application/problem+json': { schema: problemSchema } } } as const
}

/** The refusals that every private route can give. */
export const refusals = {
  400: refusal('The input is invalid; `detail` says what it must be.'),
  401: refusal('No valid key or session'),
  403: refusal('The key lacks the scope, or a write with the session does not come from the dashboard.'),
  503: refusal('The store is unavailable and nothing was changed; retry after `Retry-After`.'),
}

/** The reply of a route that takes a body, besides `refusals`. */
export const tooLarge = { 413: refusal('The body is too large.') }

/** The content of a JSON reply. */
export function jsonContent<T extends z.ZodType>(schema: T) {
  return { 'application/json': { schema } } as const
}

/** The id of a contact in a request, as long as imports allow. */
export const contactId = z.string().max(200)

/** The id of a visitor in a request. */
export const visitorId = z.string().max(128)

/** The id of a site or segment in a request. */
export const shortId = z.string().max(64)

/** Describes a JSON reply. */
export function json<T extends z.ZodType>(description: string, schema: T) {
  return { description, content: jsonContent(schema) } as const
}

/** A time in the format of replies. */
export function iso(ms: number): string {
  return new Date(ms).toISOString()
}

/** The same for a time that may be null. */
export function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : iso(ms)
}

/** How sure it is that something is a contact's. */
export const gradeSchema = z.enum(GRADES).openapi('Grade', {
  description:
    'How sure it is that an event, a match or a cart is the contact’s, best first. `proven`: the session of a signed ' +
    'login, or of a click where the contact is proven on that browser. `shared`: the same on a browser that several ' +
    'people use. `remembered`: later visits after a login or after two proofs. `before`: earlier visits before one. ' +
    '`clicked`: the session of a single click. `after_click`: later visits after a single click. `cart`: the cart that ' +
    'was open before a click. A match has the best grade of its events, and a cart the weakest.',
})

/** The weakest grade to list. */
export const minGrade = z
  .enum(GRADES, `must be one of ${GRADES.join(', ')}`)
  .openapi({ description: 'Leaves out what has a weaker grade than this, or none.' })

/** A segment that a person is in, and since when. */
export const membershipSchema = z
  .object({ id: z.string(), name: z.string(), entered_at: z.string() })
  .openapi('Membership')

/** A cart, with amounts in major units. */
export const cartSchema = z
  .object({
    id: z.string(),
    url: z.string().nullable(),
    currency: z.string().nullable().openapi({ description: 'Null if neither the events nor the site name one.' }),
    value: z.number().nullable().openapi({ description: 'Null if a price is unknown.' }),
    updated_at: z.string(),
    state: z.enum([...CART_STATES, 'abandoned']),
    step: z.enum(CART_STEPS).openapi({ description: 'How far the customer has got.' }),
    abandoned_at: z.string().nullable().openapi({ description: 'When it was first left alone for too long.' }),
    grade: gradeSchema.nullable().openapi({ description: 'The weakest of its events; null if it is nobody’s.' }),
    items: z.array(
      z.object({
        item_id: z.string(),
        item_variant: z.string().optional(),
        item_name: z.string().optional(),
        price: z.number().optional(),
        quantity: z.number(),
        item_category: z.string().optional(),
        url: z.string().optional(),
        image_url: z.string().optional(),
      }),
    ),
  })
  .openapi('Cart')

/** What brought back a cart: the message of the mail whose link the customer followed, or nothing that was sent. */
const recoveredBySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('link'), message: z.string().nullable() }),
  z.object({ kind: z.literal('anyway') }),
])

/** A cart that is no more, and what became of it. */
export const pastCartSchema = cartSchema
  .extend({
    closed_at: z.string(),
    recovered_at: z.string().nullable().openapi({ description: 'When something in it was bought after all.' }),
    recovered_by: recoveredBySchema.nullable(),
    recovered_value: z
      .number()
      .nullable()
      .openapi({ description: 'What was in it and was bought; null if it was not recovered, or if nobody knows.' }),
  })
  .openapi('PastCart')

/** Renders a cart that an order has closed. */
export function renderPastCart(cart: PersonCartRow, now: number): z.infer<typeof pastCartSchema> {
  const closedAt = iso(cart.closed_at ?? cart.updated_at)
  return {
    ...renderCart(cart, now),
    closed_at: closedAt,
    recovered_at: cart.state === 'recovered' ? closedAt : null,
    recovered_by:
      cart.recovered_by === 'link'
        ? { kind: 'link', message: cart.recovered_message }
        : cart.recovered_by && { kind: cart.recovered_by },
    recovered_value: toMoney(cart.recovered_value, cart.currency).value,
  }
}

/** Renders a cart as it stands at `now`. */
export function renderCart(cart: CartRow, now: number): z.infer<typeof cartSchema> {
  const { currency } = cart
  const isAbandoned = cart.state === 'open' && cart.idle_at <= now
  return {
    id: cart.shop_cart_id ?? cart.id,
    url: cart.url,
    ...toMoney(cart.value, currency),
    updated_at: iso(cart.updated_at),
    state: isAbandoned ? 'abandoned' : cart.state,
    step: cart.step,
    abandoned_at: isoOrNull(cart.abandoned_at ?? (isAbandoned ? cart.idle_at : null)),
    grade: cart.grade,
    items: decodeJson(cart.items).map((item) => ({
      item_id: item.item_id,
      quantity: item.quantity,
      ...(item.item_variant ? { item_variant: item.item_variant } : {}),
      ...(item.item_name === null ? {} : { item_name: item.item_name }),
      ...(item.price === null ? {} : { price: toMajor(item.price, currency) }),
      ...(item.item_category === null ? {} : { item_category: item.item_category }),
      ...(item.url === null ? {} : { url: item.url }),
      ...(item.image_url === null ? {} : { image_url: item.image_url }),
    })),
  }
}

/** Why a person may not be mailed. */
export const whyNotMailable = z.enum(WHY_NOT_MAILABLE)

/** The kinds of evidence. */
export const evidenceSchema = z.enum(EVIDENCES)

/** The strengths of a link. */
export const strengthSchema = z.enum(STRENGTHS)

/** How sure the feed and members are of a contact. */
export const matchStrengthSchema = z.enum(MATCH_STRENGTHS).openapi({
  description:
    '`typed`: nothing is proven; the cart carries the address, as somebody typed it into a form (`mail_typed_carts`).',
})

/** The keys of a table of texts, as `z.enum` needs them. */
export function keysOf<Name extends string>(table: Record<Name, string>): [Name, ...Name[]] {
  const [first, ...others] = Object.keys(table) as Name[]
  if (first === undefined) throw new Error('a table of texts must have a name')
  return [first, ...others]
}

/** A contact's name, from the attributes in which CRMs usually keep it. */
export function nameOf(attributes: Record<string, unknown>): string | null {
  const text = (name: string) => (typeof attributes[name] === 'string' ? (attributes[name] as string).trim() : '')
  const whole = text('name') || text('full_name')
  const parts = [text('first_name') || text('firstname'), text('last_name') || text('lastname')].filter(Boolean)
  return whole || parts.join(' ') || null
}
