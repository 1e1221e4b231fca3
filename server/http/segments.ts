/** `GET /api/v1/segments/:id/members`: the members of a segment, since when, why, and on what evidence. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { personId, personOf, storedPerson } from '../domain/ids.ts'
import { findSegment } from '../segments/definitions.ts'
import { needsCart } from '../segments/grammar.ts'
import { listMembers, listNewestMembers } from '../segments/member-list.ts'
import { writeAudit } from '../store/audit.ts'
import { snapshot } from '../store/engine/transact.ts'
import { allow, checkExport } from './auth.ts'
import { MEMBER_CSV } from './csv-columns.ts'
import { layoutOf } from './csv-layout.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { memberSchema } from './export-shapes.ts'
import { exportQuery, fileResponse, jsonOrFile, paged } from './exports.ts'
import { renderMembers } from './members-shown.ts'
import { decodeCursor, encodeCursor, MAX_LIMIT, pageOf } from './paging.ts'
import { unknownSegment } from './segment-shapes.ts'
import { minGrade, refusal, refusals, shortId } from './shapes.ts'
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
      summary: 'List the members of a segment',
      middleware: [allow(deps, 'segments:read')] as const,
      request: {
        params: z.object({ id: shortId.openapi({ example: 'cart_abandoned' }) }),
        query: exportQuery.extend({
          min_grade: minGrade.optional(),
          sort: z
            .enum(['newest'], 'must be newest')
            .optional()
            .openapi({
              description:
                'With `newest`, those that entered last come first; who enters again while pages are read may then be ' +
                'missing or occur twice. Without it, pages read to the end hold each person once.',
            }),
        }),
      },
      responses: {
        200: jsonOrFile('A page of members, or all of them as a file', pageOf(memberSchema)),
        ...refusals,
        404: refusal('There is no such segment'),
      },
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const { after, limit, min_grade: floor = null, sort, format } = c.req.valid('query')
      if (format !== 'json') checkExport(c.get('caller'))
      const segment = await findSegment(deps.db, id)
      if (!segment) throw unknownSegment(id)
      const list = [`members:${id}`, ...(floor === null ? [] : [`min_grade=${floor}`]), ...(sort ? [sort] : [])].join(
        ':',
      )
      let position = decodeCursor(list, after, z.tuple([z.number(), z.string()]))
      // A member whose cart was bought a moment ago no longer belongs to a segment about carts.
      const aboutCarts = needsCart(segment.node)
      /** Reads the next page, and moves `position` to its last member. */
      const next = (size: number) =>
        snapshot(deps.db, async (trx) => {
          const from = position ? { enteredAt: position[0], personId: storedPerson(position[1]) } : null
          const range = { floor, limit: size + 1 }
          const rows =
            sort === 'newest'
              ? await listNewestMembers(trx, id, { ...range, after: from })
              : await listMembers(trx, id, { ...range, after: from?.personId ?? null })
          const page = rows.slice(0, size)
          const last = page.at(-1)
          const members = await renderMembers(trx, page, { aboutCarts, floor, now: deps.now() })
          // An upgrade may be about to renew the text, which must not list the person a second time.
          if (last) position = [last.entered_at, personId(personOf(last.person_id))]
          return { rows: members, more: rows.length > size }
        })
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
