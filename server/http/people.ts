/** The 360° view of a contact or visitor, and lists of visitors. */

import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { CONSENT_SOURCES } from '../../tag/wire.ts'
import { contactPerson } from '../domain/ids.ts'
import { mailConsentOf } from '../domain/mail-permission.ts'
import { mailability } from '../domain/mailability.ts'
import { MEMBERSHIP_REASONS } from '../domain/membership.ts'
import { toTotal } from '../domain/money.ts'
import { Problem } from '../domain/problem.ts'
import { segmentsOf } from '../segments/person-segments.ts'
import { readContactView } from '../store/contact-view.ts'
import { snapshot } from '../store/engine/transact.ts'
import { linksOf } from '../store/links.ts'
import { decodeJson } from '../store/schema/columns.ts'
import { MAX_ANONYMOUS_ID, visitorNamed } from '../store/visitor-names.ts'
import { describeVisitors, visitorPage } from '../store/visitors.ts'
import { allow } from './auth.ts'
import { renderScores, scoresSchema } from './contact-scores.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { linkSchema, renderLink } from './links.ts'
import { decodeCursor, encodeCursor, pageOf, pageQuery } from './paging.ts'
import { createReadAudit } from './read-audit.ts'
import {
  cartSchema,
  contactId,
  iso,
  isoOrNull,
  json,
  membershipSchema,
  pastCartSchema,
  refusal,
  refusals,
  renderCart,
  renderPastCart,
  visitorId,
  whyNotMailable,
} from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

const consentSchema = z
  .object({
    visitor: z.string(),
    id: z.string(),
    analytics: z.boolean(),
    identity: z.boolean(),
    marketing: z.boolean(),
    source: z.enum(CONSENT_SOURCES),
    policy: z.string().nullable(),
    at: z.string(),
  })
  .openapi('Consent', { description: "A visitor's choice, and the time at which it was first seen." })

const visitorSchema = z.object({
  id: z.string(),
  site: z.string(),
  first_seen: z.string(),
  last_seen: z.string(),
  events: z.number(),
  shared: z.boolean(),
  overactive: z.boolean(),
  device: z.object({ type: z.string(), browser: z.string().nullable(), os: z.string().nullable() }).nullable(),
  consent: z.object({ identity: z.boolean(), marketing: z.boolean() }),
})

const contactSchema = z
  .object({
    id: z.string(),
    email: z.string().nullable(),
    phone: z.string().nullable(),
    attributes: z.record(z.string(), z.unknown()),
    mail_consent: z.boolean().nullable(),
    mail_consent_at: z.string().nullable(),
    permission_unclear: z.boolean().openapi({
      description:
        'Whether a file said something about the permission that could not be read: `mail_consent` is then null, and the ' +
        'contact is not mailable until the question of the import is answered.',
    }),
    merged_into: z.string().nullable(),
    visitors: z.array(visitorSchema),
    links: z.array(linkSchema),
    mailable: z
      .boolean()
      .openapi({ description: 'Whether e-mails may use what they did, as lists and the feed say it.' }),
    why_not_mailable: whyNotMailable.optional(),
    cart: cartSchema.nullable(),
    past_carts: z.array(pastCartSchema).openapi({ description: 'The carts that orders have closed, oldest first.' }),
    orders: z.array(
      z.object({
        order_id: z.string(),
        at: z.string(),
        total: z.number().nullable(),
        currency: z.string().nullable(),
        item_ids: z.array(z.string()),
      }),
    ),
    scores: scoresSchema,
    segments: z.array(
      membershipSchema
        .extend({
          reason: z.enum(MEMBERSHIP_REASONS),
          leaves_at: z.string().nullable().openapi({
            description: 'When they leave if nothing new happens; null if time alone ends nothing.',
          }),
        })
        .openapi('ContactMembership'),
    ),
    consents: z.array(consentSchema),
  })
  .openapi('Contact')

const contactParam = z.object({ id: contactId.openapi({ example: 'crm-7' }) })
const visitorParam = z.object({ id: visitorId.openapi({ example: 'Vk3aT9bQ2mXw7LdP5sRz1c' }) })

const visitorsQuery = pageQuery
  .extend({
    state: z.enum(['overactive', 'shared']).optional(),
    anonymous_id: z
      .string()
      .min(1, 'must not be empty')
      .max(MAX_ANONYMOUS_ID, `must have at most ${MAX_ANONYMOUS_ID} characters`)
      .optional()
      .openapi({ example: '5f1c7f0e-3a64-4d6b-9a55-0c1f8d2b7e21' }),
  })
  .refine(({ state, anonymous_id }) => (state === undefined) !== (anonymous_id === undefined), {
    error: 'give either state or anonymous_id',
  })

/** The routes of contacts and visitors. */
export function peopleRoutes(deps: HttpDeps) {
  const read = allow(deps, 'people:read', 'contacts:read')
  const noteRead = createReadAudit(deps)
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app
    .openapi(
      createRoute({
        method: 'get',
        path: '/contacts/{id}',
        ...operation('Contacts', 'getContact'),
        summary: 'Get everything known about a contact',
        middleware: read,
        request: { params: contactParam },
        responses: { 200: json('The contact', contactSchema), ...refusals, 404: refusal('There is no such contact') },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const view = await contactView(deps, id)
        await noteRead(c, 'contact.read', { contact: id })
        return c.json(view, 200)
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/visitors',
        ...operation('Visitors', 'listVisitors'),
        summary: 'List shared or overactive visitors, or find the visitors of an anonymous id',
        description:
          '`shared`: devices that several contacts use. `overactive`: scripts and broken pages, whose events are stored ' +
          "but not used. `anonymous_id`: the visitors, at most one a site, of that anonymous id in Segment's API.",
        middleware: read,
        request: { query: visitorsQuery },
        responses: { 200: json('A page of visitors, by id', pageOf(visitorSchema)), ...refusals },
      }),
      async (c) => {
        const { after, limit, state, anonymous_id } = c.req.valid('query')
        if (state === undefined) {
          const found = await describeVisitors(deps.db, deps.anonymousVisitors(anonymous_id ?? ''))
          return c.json({ data: found.map(renderVisitor), next: null, has_more: false }, 200)
        }
        const from = decodeCursor(state, after, z.string()) ?? ''
        const { visitors, next } = await visitorPage(deps.db, state, from, limit)
        await noteRead(c, 'visitors.read', {}, { state })
        const position = next === null ? null : encodeCursor(state, next)
        return c.json({ data: visitors.map(renderVisitor), next: position, has_more: next !== null }, 200)
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/visitors/{id}',
        ...operation('Visitors', 'getVisitor'),
        summary: 'Get everything known about a visitor',
        middleware: read,
        request: { params: visitorParam },
        responses: {
          200: json('The visitor', visitorSchema.extend({ links: z.array(linkSchema) })),
          ...refusals,
          404: refusal('There is no such visitor'),
        },
      }),
      async (c) => {
        const id = await visitorNamed(deps, c.req.valid('param').id)
        const [visitor] = await describeVisitors(deps.db, [id])
        if (!visitor) throw new Problem(404, 'unknown_visitor', `there is no visitor "${id}"`)
        const links = await linksOf(deps.db, { visitor: id })
        await noteRead(c, 'visitor.read', { visitor: id })
        return c.json({ ...renderVisitor(visitor), links: links.map(renderLink) }, 200)
      },
    )
}

async function contactView(deps: HttpDeps, id: string): Promise<z.infer<typeof contactSchema>> {
  const now = deps.now()
  const known = await snapshot(deps.db, async (trx) => {
    const view = await readContactView(trx, id, now)
    return view && { ...view, segments: await segmentsOf(trx, contactPerson(id), { now, hasCart: view.cart !== null }) }
  })
  if (!known) throw new Problem(404, 'unknown_contact', `there is no contact "${id}"`)
  const { contact, cart } = known
  const mail = mailability({ contact: true, mailConsent: contact.mail_consent, ...known.permission })
  return {
    id,
    email: contact.email,
    phone: contact.phone,
    attributes: decodeJson(contact.attributes),
    mail_consent: mailConsentOf(contact.mail_consent),
    permission_unclear: contact.mail_consent === 2,
    mail_consent_at: isoOrNull(contact.mail_consent_at),
    merged_into: contact.merged_into,
    visitors: known.visitors.map(renderVisitor),
    links: known.links.map(renderLink),
    mailable: mail.mailable,
    ...(mail.mailable ? {} : { why_not_mailable: mail.why }),
    cart: cart ? renderCart(cart, now) : null,
    past_carts: known.pastCarts.map((each) => renderPastCart(each, now)),
    orders: known.orders.map((order) => ({
      ...order,
      at: iso(order.at),
      ...toTotal(order),
    })),
    scores: renderScores(known.scores),
    segments: known.segments.map(({ id, name, reason, enteredAt, leavesAt }) => {
      return { id, name, entered_at: iso(enteredAt), reason, leaves_at: isoOrNull(leavesAt) }
    }),
    consents: known.consents.map((row) => ({
      visitor: row.visitor_id,
      id: row.id,
      analytics: row.analytics === 1,
      identity: row.identity === 1,
      marketing: row.marketing === 1,
      source: row.source,
      policy: row.policy,
      at: iso(row.first_at),
    })),
  }
}

/** Renders a visitor. */
export function renderVisitor(
  row: Awaited<ReturnType<typeof describeVisitors>>[number],
): z.infer<typeof visitorSchema> {
  return {
    id: row.visitor_id,
    site: row.site_id,
    first_seen: iso(row.first_seen),
    last_seen: iso(row.last_seen),
    events: row.events,
    shared: row.shared === 1,
    overactive: row.overactive === 1,
    device: row.device === null ? null : { type: row.device, browser: row.browser, os: row.os },
    consent: { identity: row.identity === 1, marketing: row.marketing === 1 },
  }
}
