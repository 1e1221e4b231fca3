/** `GET /api/v1/reports/quality`: what the sites sent and could not be read, with advice. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { consentSentence, DOORS, lacksConsent, QUALITY_PROBLEMS } from '../domain/quality.ts'
import { ADVICE } from '../domain/quality-advice.ts'
import { writeAudit } from '../store/audit.ts'
import { arrivedLately, listQuality, type QualityLine, type QualityPosition } from '../store/quality.ts'
import { allow } from './auth.ts'
import { layoutOf } from './csv-layout.ts'
import { dayQuery, daysOf } from './days.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { exportQuery, fileResponse, jsonOrFile, paged } from './exports.ts'
import { decodeCursor, encodeCursor, MAX_LIMIT, pageOf } from './paging.ts'
import { iso, refusals, shortId } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

const lineSchema = z
  .object({
    site: z.string(),
    event: z
      .string()
      .openapi({ description: 'The event’s name; `other` for names past the first 50 of a site’s own.' }),
    door: z.enum(DOORS).openapi({ description: '`tag`, `api` (servers with a key) or `segment` (Segment’s API).' }),
    problem: z.enum(QUALITY_PROBLEMS).openapi({ description: 'The kind of problem; docs/quality.md lists them.' }),
    count: z.number(),
    first_at: z.string(),
    last_at: z.string(),
    example: z.string().nullable().openapi({
      description: 'What was sent last, shortened, without addresses, numbers and tokens. Kept for 30 days.',
    }),
    advice: z.string().openapi({ description: 'What is wrong and what it must be.' }),
  })
  .openapi('QualityLine')

const COLUMNS = ['site', 'event', 'door', 'problem', 'count', 'first_at', 'last_at', 'example', 'advice']

const LIST = 'quality'
const cursorSchema = z.tuple([z.string(), z.string(), z.string(), z.string()])

/** The report's route. */
export function qualityRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app.openapi(
    createRoute({
      method: 'get',
      path: '/reports/quality',
      ...operation('Reports', 'listQuality'),
      summary: 'List what was sent and could not be read',
      description:
        'Added up over the days (UTC, by receipt; the last 30 by default), by site, event, door and problem. What is ' +
        'counted shows after a second or two.',
      middleware: [allow(deps, 'people:read', 'segments:read')] as const,
      request: {
        query: exportQuery.extend({
          ...dayQuery,
          site: shortId.optional().openapi({ description: 'Only of this site.' }),
        }),
      },
      responses: { 200: jsonOrFile('A page of the report, or all of it as a file', pageOf(lineSchema)), ...refusals },
    }),
    async (c) => {
      const { after, limit, format, site = null, ...asked } = c.req.valid('query')
      const now = deps.now()
      const days = { ...daysOf(asked, now), site }
      const lacking = (await arrivedLately(deps.db, now, site)).filter(lacksConsent)
      const sentences = new Map(lacking.map((each) => [`${each.site} ${each.door}`, consentSentence(each)]))
      const render = (line: QualityLine): z.infer<typeof lineSchema> => {
        const { firstAt, lastAt, ...rest } = line
        const lack = line.problem === 'no_consent' ? sentences.get(`${line.site} ${line.door}`) : undefined
        const advice = lack === undefined ? ADVICE[line.problem] : `${lack}. ${ADVICE[line.problem]}`
        return { ...rest, first_at: iso(firstAt), last_at: iso(lastAt), advice }
      }
      let position: QualityPosition | null = decodeCursor(LIST, after, cursorSchema)
      /** Reads the next page, and moves `position` to its last line. */
      const next = async (size: number) => {
        const lines = await listQuality(deps.db, days, position, size + 1)
        const page = lines.slice(0, size)
        const last = page.at(-1)
        if (last) position = [last.site, last.event, last.door, last.problem]
        return { rows: page.map(render), more: lines.length > size }
      }
      if (format !== 'json') {
        await writeAudit(deps.db, {
          ...{ id: deps.newId(), at: now, actor: c.get('caller').actor, action: 'quality.export' },
          detail: { site, format },
        })
        const file = { format, layout: layoutOf(c.req.valid('query')), name: 'quality', columns: COLUMNS }
        return fileResponse({ ...paged(next, limit), ...file, cells: (line) => line })
      }
      const { rows, more } = await next(limit ?? MAX_LIMIT)
      return c.json({ data: rows, next: more ? encodeCursor(LIST, position) : null, has_more: more }, 200)
    },
  )
}
