/**
 * `GET /api/v1/segments/:id/changes`: who entered a segment and who left it, in order. A reading covers a range of the log
 * over any number of pages; a reader that stores `next` misses nothing and gets nothing twice.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import type { Kysely } from 'kysely'
import { type PersonId, personOf, storedPerson } from '../domain/ids.ts'
import { Problem } from '../domain/problem.ts'
import { findSegment } from '../segments/definitions.ts'
import { loadPersons } from '../segments/member-list.ts'
import { writeAudit } from '../store/audit.ts'
import { snapshot } from '../store/engine/transact.ts'
import { encodeJson } from '../store/schema/columns.ts'
import type { SegmentChangeRow } from '../store/schema/feed.ts'
import type { Database } from '../store/schema.ts'
import { beginChanges, type ChangesReading, readChanges } from '../store/segment-changes.ts'
import { allow, checkExport } from './auth.ts'
import { MEMBER_CHANGE_CSV } from './csv-columns.ts'
import { layoutOf } from './csv-layout.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { memberChangeSchema } from './export-shapes.ts'
import { exportQuery, fileResponse, jsonOrFile, paged } from './exports.ts'
import { renderMembers, type ShownMember } from './members-shown.ts'
import { BEGINNING, decodeCursor, encodeCursor, MAX_LIMIT, pageOf, positionSchema } from './paging.ts'
import { noSegment } from './segment-shapes.ts'
import { iso, refusal, refusals, shortId } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

type MemberChange = z.infer<typeof memberChangeSchema>

/** The route of entries and exits. */
export function segmentChangeRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app.openapi(
    createRoute({
      method: 'get',
      path: '/segments/{id}/changes',
      ...operation('Segments', 'listSegmentChanges'),
      summary: 'The feed of entries into a segment and exits from it',
      middleware: [allow(deps, 'segments:read')] as const,
      request: { params: z.object({ id: shortId.openapi({ example: 'cart_abandoned' }) }), query: exportQuery },
      responses: {
        200: jsonOrFile('A page of entries and exits, or all of them as a file', pageOf(memberChangeSchema)),
        ...refusals,
        404: refusal('There is no such segment'),
        410: refusal(
          '`cursor_expired`: the cursor is older than the log, so exits would be missing. Read from the beginning.',
        ),
      },
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const { after, limit, format } = c.req.valid('query')
      if (format !== 'json') checkExport(c.get('caller'))
      if (!(await findSegment(deps.db, id))) throw await noSegment(deps.db, id)
      const list = `changes:${id}`
      const started = decodeCursor(list, after === BEGINNING ? undefined : after, positionSchema) ?? 0
      let reading = await readingFrom(deps.db, started)
      /** Reads the next page, and moves `reading` behind it. */
      const next = async (size: number) => {
        const page = await readPage(deps, id, reading, size)
        reading = page.reading
        return page
      }
      await writeAudit(deps.db, {
        id: deps.newId(),
        at: deps.now(),
        actor: c.get('caller').actor,
        action: 'segment.read',
        detail: { segment: id, list: 'changes', after: reading.position, format },
      })
      if (format !== 'json') {
        const layout = layoutOf(c.req.valid('query'))
        return fileResponse({ ...paged(next, limit), format, layout, name: `${id}-changes`, ...MEMBER_CHANGE_CSV })
      }
      const { rows, more } = await next(limit ?? MAX_LIMIT)
      const { from, position, until } = reading
      return c.json(
        { data: rows, next: encodeCursor(list, more ? [from, position, until] : position), has_more: more },
        200,
      )
    },
  )
}

/** The reading that a cursor continues or begins. */
async function readingFrom(db: Kysely<Database>, started: number | [number, number, number]): Promise<ChangesReading> {
  if (typeof started !== 'number') return { from: started[0], position: started[1], until: started[2] }
  const reading = await beginChanges(db, started)
  if (reading !== null) return reading
  throw new Problem(
    410,
    'cursor_expired',
    'after is older than 90 days, and exits since then are no longer in the log: read it again from the beginning',
  )
}

/** The next changes of a reading, with the persons as they are now. */
function readPage(deps: HttpDeps, segmentId: string, reading: ChangesReading, size: number) {
  return snapshot(deps.db, async (trx) => {
    const { changes, ...next } = await readChanges(trx, segmentId, reading, size)
    const named = changes.flatMap((row) => {
      const personId = personIn(row, deps.unseal)
      return personId === null ? [] : { ...row, person_id: personId }
    })
    const persons = await loadPersons(
      trx,
      named.map((row) => row.person_id),
    )
    const members = named.map(({ person_id, entered_at, reason }) => {
      return { ...(persons.get(person_id) ?? nobody(person_id)), entered_at, reason }
    })
    const shown = await renderMembers(trx, members, { aboutCarts: false, floor: null, now: deps.now() })
    const rows = named.flatMap(({ seq, id, change, at }, i): MemberChange[] => {
      const member = shown[i]
      return member === undefined ? [] : [{ seq, id, change, at: iso(at), ...member }]
    })
    return { rows, ...next }
  })
}

/** Whose change it is; null if that can no longer be read, because the installation has another secret. */
function personIn(row: SegmentChangeRow, unseal: (sealed: string) => string | null): PersonId | null {
  if (row.sealed === null) return row.person_id === '' ? null : row.person_id
  const text = unseal(row.sealed)
  return text === null ? null : storedPerson(text)
}

/** What is shown of a person that is no more. */
function nobody(personId: PersonId): Omit<ShownMember, 'entered_at' | 'reason'> {
  const person = personOf(personId)
  return {
    ...{ person_id: personId, contact_id: person.kind === 'contact' ? person.id : null },
    ...{ marketing: 0, visitors: 1 },
    ...{ strength: null, evidence: encodeJson([]), grade: null, matched_at: null, typed_contact_id: null },
    ...{ cart_visitor_id: null, cart_id: null, carts_joined: 0 },
  }
}
