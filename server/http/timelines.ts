/** The timelines of contacts and visitors: events, oldest first, each with the link that assigns it to its person. */

import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { type Grade, reaches } from '../domain/grade.ts'
import { personOf } from '../domain/ids.ts'
import { Problem } from '../domain/problem.ts'
import { assigningLink, gradesIn } from '../store/links.ts'
import { decodeJson } from '../store/schema/columns.ts'
import type { LinkRow } from '../store/schema/derived.ts'
import type { EventRow } from '../store/schema/visitors.ts'
import { contactTimeline, isInSpan, type Timeline, type TypedSpan, visitorTimeline } from '../store/timelines.ts'
import { visitorNamed } from '../store/visitor-names.ts'
import { allow } from './auth.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { linkId } from './links.ts'
import { decodeCursor, encodeCursor, pageOf, pageQuery } from './paging.ts'
import { createReadAudit } from './read-audit.ts'
import { contactId, gradeSchema, iso, json, minGrade, refusal, refusals, strengthSchema, visitorId } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

const eventSchema = z
  .object({
    id: z.string(),
    at: z.string(),
    type: z.string(),
    site: z.string(),
    visitor: z.string(),
    link: z.object({ id: z.string(), strength: strengthSchema }).nullable(),
    grade: gradeSchema.nullable().openapi({ description: 'Null if no contact has the event.' }),
    props: z.record(z.string(), z.unknown()),
    url: z.string().nullable(),
    referrer: z.string().nullable(),
    title: z.string().nullable(),
  })
  .openapi('TimelineEvent')

const contactParam = z.object({ id: contactId.openapi({ example: 'crm-7' }) })
const visitorParam = z.object({ id: visitorId.openapi({ example: 'Vk3aT9bQ2mXw7LdP5sRz1c' }) })
/** A page of a timeline with a floor may hold fewer events than `limit`, while there are more. */
const timelineQuery = pageQuery.extend({ min_grade: minGrade.optional() })
const timelineCursor = z.object({ at: z.number(), id: z.string(), visitor: z.string() })

/** The timelines' routes. */
export function timelineRoutes(deps: HttpDeps) {
  const read = allow(deps, 'people:read', 'contacts:read')
  const noteRead = createReadAudit(deps)
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app
    .openapi(
      createRoute({
        method: 'get',
        path: '/contacts/{id}/timeline',
        ...operation('Contacts', 'listContactTimeline'),
        summary: "List a contact's events, oldest first",
        middleware: read,
        request: { params: contactParam, query: timelineQuery.extend({ strength: z.enum(['all']).optional() }) },
        responses: {
          200: json('A page of events', pageOf(eventSchema)),
          ...refusals,
          404: refusal('There is no such contact'),
        },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const { after, limit, strength, min_grade: floor = null } = c.req.valid('query')
        const position = decodeCursor(`timeline:c:${id}`, after, timelineCursor)
        const timeline = await contactTimeline(deps.db, id, strength === 'all', position, limit + 1)
        if (!timeline) throw new Problem(404, 'unknown_contact', `there is no contact "${id}"`)
        await noteRead(c, 'timeline.read', { contact: id })
        return c.json(timelinePage(`timeline:c:${id}`, timeline, limit, floor), 200)
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/visitors/{id}/timeline',
        ...operation('Visitors', 'listVisitorTimeline'),
        summary: "List a visitor's events, oldest first",
        middleware: read,
        request: { params: visitorParam, query: timelineQuery },
        responses: {
          200: json('A page of events', pageOf(eventSchema)),
          ...refusals,
          404: refusal('There is no such visitor'),
        },
      }),
      async (c) => {
        const id = await visitorNamed(deps, c.req.valid('param').id)
        const { after, limit, min_grade: floor = null } = c.req.valid('query')
        const position = decodeCursor(`timeline:v:${id}`, after, timelineCursor)
        const timeline = await visitorTimeline(deps.db, id, position, limit + 1)
        if (!timeline) throw new Problem(404, 'unknown_visitor', `there is no visitor "${id}"`)
        await noteRead(c, 'timeline.read', { visitor: id })
        return c.json(timelinePage(`timeline:v:${id}`, timeline, limit, floor), 200)
      },
    )
}

function timelinePage(list: string, { events, links, typed }: Timeline, limit: number, floor: Grade | null) {
  const page = events.slice(0, limit)
  const last = page.at(-1)
  const hasMore = events.length > limit
  const next = hasMore && last ? encodeCursor(list, { at: last.at, id: last.id, visitor: last.visitor_id }) : null
  return { data: renderTimeline({ events: page, links, typed }, floor), next, has_more: hasMore }
}

/** Renders the events of a timeline; with a floor those that reach it. */
export function renderTimeline({ events, links, typed }: Timeline, floor: Grade | null = null) {
  const gradeOf = gradesIn(links)
  return events.flatMap((row) => {
    const person = row.person_id === null ? null : personOf(row.person_id)
    const grade = person?.kind === 'contact' ? gradeOf(row, person.id) : null
    return floor === null || reaches(grade, floor) ? renderEvent(row, linkOf(row, links, typed), grade) : []
  })
}

/**
 * The link that assigns an event to its contact, or else the unsigned login or the typed address that it was made
 * under, which assign nothing.
 */
function linkOf(event: EventRow, links: LinkRow[], typed: TypedSpan[]): LinkRow | undefined {
  const person = event.person_id === null ? null : personOf(event.person_id)
  if (person?.kind === 'contact') return assigningLink(links, event, person.id)
  const own = links.filter((link) => link.visitor_id === event.visitor_id && ['open', 'closed'].includes(link.state))
  const claimed = own.find(
    (link) =>
      link.strength === 'claimed' && link.at <= event.at && (link.valid_to === null || event.at <= link.valid_to),
  )
  const span = typed.find((each) => isInSpan(event, each))
  return claimed ?? own.findLast((link) => link.strength === 'typed' && link.contact_id === span?.contact)
}

function renderEvent(row: EventRow, link: LinkRow | undefined, grade: Grade | null): z.infer<typeof eventSchema> {
  return {
    id: row.id,
    at: iso(row.at),
    type: row.type,
    site: row.site_id,
    visitor: row.visitor_id,
    link: link ? { id: linkId(link), strength: link.strength } : null,
    grade,
    props: row.props === null ? {} : decodeJson(row.props),
    url: row.url,
    referrer: row.referrer,
    title: row.title,
  }
}
