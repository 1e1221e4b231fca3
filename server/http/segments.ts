/** `GET /api/v1/segments/:id/members`: the members of a segment, since when, why, and on what evidence. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { type Grade, reaches } from '../domain/grade.ts'
import { personOf, storedPerson } from '../domain/ids.ts'
import { mailability } from '../domain/mailability.ts'
import type { MatchStrength } from '../domain/match.ts'
import { findSegment } from '../segments/definitions.ts'
import { mentions } from '../segments/grammar.ts'
import { listMembers, type Member } from '../segments/member-list.ts'
import { writeAudit } from '../store/audit.ts'
import { loadCarts, stillOpen } from '../store/carts.ts'
import { loadContactCards } from '../store/contact-cards.ts'
import { decodeJson, encodeJson } from '../store/schema/columns.ts'
import type { CartRow } from '../store/schema/derived.ts'
import { loadTyped } from '../store/typed.ts'
import { allow, checkExport } from './auth.ts'
import { MEMBER_CSV } from './csv-columns.ts'
import { layoutOf } from './csv-layout.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { memberSchema } from './export-shapes.ts'
import { exportQuery, fileResponse, jsonOrFile, paged } from './exports.ts'
import { decodeCursor, encodeCursor, MAX_LIMIT, pageOf } from './paging.ts'
import { unknownSegment } from './segment-definitions.ts'
import { iso, isoOrNull, minGrade, nameOf, refusal, refusals, renderCart, shortId } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

/** The members' route. */
export function memberRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app.openapi(
    createRoute({
      method: 'get',
      path: '/segments/{id}/members',
      ...operation('Segments', 'listMembers'),
      summary: 'List the members of a segment, newest first',
      middleware: [allow(deps, 'segments:read')] as const,
      request: {
        params: z.object({ id: shortId.openapi({ example: 'cart_abandoned' }) }),
        query: exportQuery.extend({ min_grade: minGrade.optional() }),
      },
      responses: {
        200: jsonOrFile('A page of members, or all of them as a file', pageOf(memberSchema)),
        ...refusals,
        404: refusal('There is no such segment'),
      },
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const { after, limit, min_grade: floor = null, format } = c.req.valid('query')
      if (format !== 'json') checkExport(c.get('caller'))
      const segment = await findSegment(deps.db, id)
      if (!segment) throw unknownSegment(id)
      const list = floor === null ? `members:${id}` : `members:${id}:min_grade=${floor}`
      let position = decodeCursor(list, after, z.tuple([z.number(), z.string()]))
      // A member whose cart was bought a moment ago no longer belongs to a segment about carts.
      const needsCart = mentions(segment.node, 'cart')
      /** Reads the next page, and moves `position` to its last member. */
      const next = async (size: number) => {
        const from = position ? { enteredAt: position[0], personId: storedPerson(position[1]) } : null
        const rows = await listMembers(deps.db, id, { floor, after: from, limit: size + 1 })
        const page = rows.slice(0, size)
        const last = page.at(-1)
        if (last) position = [last.entered_at, last.person_id]
        return { rows: await renderMembers(deps, page, { needsCart, floor }), more: rows.length > size }
      }
      await writeAudit(deps.db, {
        id: deps.newId(),
        at: deps.now(),
        actor: c.get('caller').actor,
        action: 'segment.read',
        detail: { segment: id, min_grade: floor, format },
      })
      if (format !== 'json') {
        const name = `${id}-members`
        return fileResponse({
          ...paged(next, limit),
          format,
          layout: layoutOf(c.req.valid('query')),
          name,
          ...MEMBER_CSV,
        })
      }
      const { rows, more } = await next(limit ?? MAX_LIMIT)
      return c.json({ data: rows, next: more ? encodeCursor(list, position) : null, has_more: more }, 200)
    },
  )
}

async function renderMembers(
  deps: HttpDeps,
  members: Member[],
  { needsCart, floor }: { needsCart: boolean; floor: Grade | null },
): Promise<z.infer<typeof memberSchema>[]> {
  const now = deps.now()
  const open = await stillOpen(deps.db, await loadCarts(deps.db, members))
  const carts = new Map([...open].filter(([, cart]) => floor === null || reaches(cart.grade, floor)))
  const typed = await loadTyped(
    deps.db,
    members.flatMap((member) => member.typed_contact_id ?? []),
  )
  const contacts = await loadContactCards(deps.db, [
    ...members.flatMap((member) => member.contact_id ?? []),
    ...typed.keys(),
  ])
  return members
    .filter((member) => !needsCart || carts.has(member.person_id))
    .map((member) => {
      const cart = carts.get(member.person_id) ?? null
      const { typed_contact_id: typedId } = member
      const told = typedId !== null && cart !== null && typed.get(typedId)?.person_id === member.person_id
      const contactId = told ? typedId : member.contact_id
      const contact = (contactId === null ? undefined : contacts.get(contactId)) ?? null
      return renderMember(told && contact !== null ? asTyped(member) : member, contact, cart, now)
    })
}

/** A member whose cart is told to the contact whose typed address it carries, who may be mailed. */
function asTyped(member: Member): Shown {
  return { ...member, strength: 'typed', evidence: encodeJson(['form_email']), mail_consent: 1 }
}

/** A member as it is shown. */
type Shown = Omit<Member, 'strength'> & { strength: MatchStrength | null }

function renderMember(
  member: Shown,
  contact: { id: string; email: string | null; attributes: Record<string, unknown> } | null,
  cart: CartRow | null,
  now: number,
): z.infer<typeof memberSchema> {
  const mail = mailability({
    contact: contact !== null,
    mailConsent: member.mail_consent,
    marketing: member.marketing === 1,
    minor: member.minor === 1,
  })
  // The cart of a contact that may not be mailed is hidden; an anonymous visitor's cart identifies nobody.
  const shown = contact === null || mail.mailable
  return {
    person: personOf(member.person_id),
    contact: contact && { id: contact.id, name: nameOf(contact.attributes), email: contact.email },
    entered_at: iso(member.entered_at),
    reason: member.reason,
    mailable: mail.mailable,
    ...(mail.mailable ? {} : { why_not_mailable: mail.why }),
    strength: member.strength,
    evidence: decodeJson(member.evidence),
    grade: member.grade,
    matched_at: isoOrNull(member.matched_at),
    ...(shown && cart ? { cart: renderCart(cart, now) } : {}),
  }
}
