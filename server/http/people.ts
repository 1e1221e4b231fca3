/** One contact or visitor: the 360° view, the timelines, and what became of claims. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { toMajor } from '../domain/money.ts'
import { findContact } from '../store/contacts.ts'
import { loadMatchFacts } from '../store/feed.ts'
import { stillOpen } from '../store/members.ts'
import {
  contactTimeline,
  describeVisitors,
  listConsents,
  listLinks,
  listOrders,
  visitorsOf,
  visitorTimeline,
} from '../store/people.ts'
import type { EventRow, LinkRow } from '../store/schema.ts'
import { allow } from './auth.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { decodeCursor, encodeCursor, pageOf, pageQuery } from './paging.ts'
import { Problem } from './problem.ts'
import { cartSchema, iso, isoOrNull, json, refusals, renderCart } from './shapes.ts'
import { onInvalid } from './validation.ts'

const linkSchema = z
  .object({
    id: z.string(),
    visitor: z.string(),
    contact: z.string().nullable(),
    evidence: z.string(),
    strength: z.string(),
    state: z.string(),
    reason: z.string(),
    end_reason: z.string().nullable(),
    at: z.string(),
    valid_from: z.string().nullable(),
    valid_to: z.string().nullable(),
    backfill_from: z.string().nullable(),
    expires_at: z.string().nullable(),
    proofs: z.array(z.record(z.string(), z.unknown())),
  })
  .openapi('Link')

const eventSchema = z
  .object({
    id: z.string(),
    at: z.string(),
    type: z.string(),
    site: z.string(),
    visitor: z.string(),
    link: z.object({ id: z.string(), strength: z.string() }).nullable(),
    props: z.record(z.string(), z.unknown()),
    url: z.string().nullable(),
    referrer: z.string().nullable(),
    title: z.string().nullable(),
  })
  .openapi('TimelineEvent')

const visitorSchema = z.object({
  id: z.string(),
  site: z.string(),
  first_seen: z.string(),
  last_seen: z.string(),
  events: z.number(),
  shared: z.boolean(),
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
    visitors: z.array(visitorSchema),
    links: z.array(linkSchema),
    cart: cartSchema.nullable(),
    orders: z.array(
      z.object({ order_id: z.string(), at: z.string(), total: z.number(), currency: z.string(), item_ids: z.array(z.string()) }),
    ),
    segments: z.array(z.object({ id: z.string(), name: z.string(), entered_at: z.string() })),
    consents: z.array(z.record(z.string(), z.unknown())),
  })
  .openapi('Contact')

const idParam = z.object({ id: z.string() })
const MAX_LINKS = 1000
const timelineCursor = z.object({ at: z.number(), id: z.string(), visitor: z.string() })

/** The people's routes. */
export function peopleRoutes(deps: HttpDeps) {
  const read = allow(deps, 'people:read', 'contacts:read')
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app
    .openapi(
      createRoute({
        method: 'get',
        path: '/contacts/{id}',
        summary: 'All that is known of a contact',
        middleware: read,
        request: { params: idParam },
        responses: { 200: json('The contact', contactSchema), ...refusals },
      }),
      async (c) => c.json(await contactView(deps, c.req.valid('param').id), 200),
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/contacts/{id}/timeline',
        summary: "A contact's events, oldest first",
        middleware: read,
        request: { params: idParam, query: pageQuery.extend({ strength: z.enum(['all']).optional() }) },
        responses: { 200: json('A page of events', pageOf(eventSchema)), ...refusals },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const { after, limit, strength } = c.req.valid('query')
        if (!(await findContact(deps.db, id))) throw new Problem(404, 'unknown_contact', `there is no contact "${id}"`)
        const position = decodeCursor(`timeline:c:${id}`, after, timelineCursor)
        const links = await listLinks(deps.db, { contact: id }, MAX_LINKS)
        const rows = await contactTimeline(deps.db, id, links, strength === 'all', position, limit + 1)
        return c.json(timelinePage(`timeline:c:${id}`, rows, limit, links), 200)
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/visitors/{id}',
        summary: 'All that is known of a visitor',
        middleware: read,
        request: { params: idParam },
        responses: { 200: json('The visitor', visitorSchema.extend({ links: z.array(linkSchema) })), ...refusals },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const [visitor] = await describeVisitors(deps.db, [id])
        if (!visitor) throw new Problem(404, 'unknown_visitor', `there is no visitor "${id}"`)
        const links = await listLinks(deps.db, { visitor: id }, MAX_LINKS)
        return c.json({ ...renderVisitor(visitor), links: links.map(renderLink) }, 200)
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/visitors/{id}/timeline',
        summary: "A visitor's events, oldest first",
        middleware: read,
        request: { params: idParam, query: pageQuery },
        responses: { 200: json('A page of events', pageOf(eventSchema)), ...refusals },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const { after, limit } = c.req.valid('query')
        const position = decodeCursor(`timeline:v:${id}`, after, timelineCursor)
        const rows = await visitorTimeline(deps.db, id, position, limit + 1)
        if (rows.length === 0 && (await describeVisitors(deps.db, [id])).length === 0) {
          throw new Problem(404, 'unknown_visitor', `there is no visitor "${id}"`)
        }
        const links = await listLinks(deps.db, { visitor: id }, MAX_LINKS)
        return c.json(timelinePage(`timeline:v:${id}`, rows, limit, links), 200)
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/links',
        summary: 'What became of claims, and why',
        middleware: read,
        request: {
          query: z.object({
            contact: z.string().optional(),
            visitor: z.string().optional(),
            state: z.enum(['open', 'closed', 'void', 'refused', 'held', 'review']).optional(),
          }),
        },
        responses: { 200: json('The newest claims at the end', pageOf(linkSchema)), ...refusals },
      }),
      async (c) => {
        const rows = await listLinks(deps.db, c.req.valid('query'), MAX_LINKS)
        return c.json({ data: rows.map(renderLink), next: null, has_more: false }, 200)
      },
    )
}

async function contactView(deps: HttpDeps, id: string): Promise<z.infer<typeof contactSchema>> {
  const { db } = deps
  const contact = await findContact(db, id)
  if (!contact) throw new Problem(404, 'unknown_contact', `there is no contact "${id}"`)
  const visitorIds = await visitorsOf(db, `c:${id}`)
  const match = (await loadMatchFacts(db, [id])).get(id)
  const carts = await stillOpen(db, new Map(match?.cart ? [[`c:${id}`, match.cart]] : []))
  const cart = carts.get(`c:${id}`)
  return {
    id,
    email: contact.email,
    phone: contact.phone,
    attributes: JSON.parse(contact.attributes) as Record<string, unknown>,
    mail_consent: contact.mail_consent === null ? null : contact.mail_consent === 1,
    mail_consent_at: isoOrNull(contact.mail_consent_at),
    visitors: (await describeVisitors(db, visitorIds)).map(renderVisitor),
    links: (await listLinks(db, { contact: id }, MAX_LINKS)).map(renderLink),
    cart: cart ? renderCart(cart, deps.now()) : null,
    orders: (await listOrders(db, id)).map((order) => ({
      ...order,
      at: iso(order.at),
      total: toMajor(order.total, order.currency),
    })),
    segments: match?.segments.map((segment) => ({ ...segment, entered_at: iso(segment.entered_at) })) ?? [],
    consents: (await listConsents(db, visitorIds)).map((row) => ({
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

function renderVisitor(row: Awaited<ReturnType<typeof describeVisitors>>[number]): z.infer<typeof visitorSchema> {
  return {
    id: row.visitor_id,
    site: row.site_id,
    first_seen: iso(row.first_seen),
    last_seen: iso(row.last_seen),
    events: row.events,
    shared: row.shared === 1,
    device: row.device === null ? null : { type: row.device, browser: row.browser, os: row.os },
    consent: { identity: row.identity === 1, marketing: row.marketing === 1 },
  }
}

function renderLink(row: LinkRow): z.infer<typeof linkSchema> {
  return {
    id: linkId(row),
    visitor: row.visitor_id,
    contact: row.contact_id,
    evidence: row.evidence,
    strength: row.strength,
    state: row.state,
    reason: row.reason,
    end_reason: row.end_reason,
    at: iso(row.at),
    valid_from: isoOrNull(row.valid_from),
    valid_to: isoOrNull(row.valid_to),
    backfill_from: isoOrNull(row.backfill_from),
    expires_at: isoOrNull(row.expires_at),
    proofs: (JSON.parse(row.proofs) as { id: string; at: number }[]).map((proof) => ({ ...proof, at: iso(proof.at) })),
  }
}

/** A link's id outside: opaque, and enough to find it by its visitor. */
function linkId(row: LinkRow): string {
  return Buffer.from(JSON.stringify([row.visitor_id, row.id])).toString('base64url')
}

function timelinePage(list: string, rows: EventRow[], limit: number, links: LinkRow[]) {
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  const hasMore = rows.length > limit
  const next = hasMore && last ? encodeCursor(list, { at: last.at, id: last.id, visitor: last.visitor_id }) : null
  return { data: page.map((row) => renderEvent(row, linkOf(row, links))), next, has_more: hasMore }
}

/** The link that gives an event to its person, or under which somebody claimed to be him. */
function linkOf(event: EventRow, links: LinkRow[]): LinkRow | undefined {
  const own = links.filter((link) => link.visitor_id === event.visitor_id && ['open', 'closed'].includes(link.state))
  if (event.person_id?.startsWith('c:')) {
    const his = own.filter((link) => event.person_id === `c:${link.contact_id}` && link.strength !== 'claimed')
    return his.findLast((link) => (link.backfill_from ?? link.at) <= event.at) ?? his[0]
  }
  return own.find(
    (link) => link.strength === 'claimed' && link.at <= event.at && (link.valid_to === null || event.at <= link.valid_to),
  )
}

function renderEvent(row: EventRow, link: LinkRow | undefined): z.infer<typeof eventSchema> {
  return {
    id: row.id,
    at: iso(row.at),
    type: row.type,
    site: row.site_id,
    visitor: row.visitor_id,
    link: link ? { id: linkId(link), strength: link.strength } : null,
    props: JSON.parse(row.props ?? '{}') as Record<string, unknown>,
    url: row.url,
    referrer: row.referrer,
    title: row.title,
  }
}
