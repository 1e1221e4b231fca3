/** How large segments are: by day, with who came and left, and how far several of them overlap. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { MEMBERSHIP_REASONS } from '../domain/membership.ts'
import { Problem } from '../domain/problem.ts'
import { dayNumberIn } from '../domain/zone.ts'
import { findSegment, listSegments, listVersions } from '../segments/definitions.ts'
import { countOverlap } from '../segments/overlap.ts'
import { readShop } from '../segments/rules.ts'
import { snapshot } from '../store/engine/transact.ts'
import { readSizes } from '../store/segment-sizes.ts'
import { allow } from './auth.ts'
import { DAY_MS, dayQuery, daysOf } from './days.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { noSegment, ofSegment } from './segment-shapes.ts'
import { json, refusal, refusals, shortId, tooLarge } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

const reasonCounts = z.partialRecord(z.enum(MEMBERSHIP_REASONS), z.number())

const sizeSchema = z
  .object({
    day: z.string().openapi({ example: '2026-12-01', description: 'A day in the time zone of the shop.' }),
    people: z.number().openapi({ description: 'How many were in it at the end of the day; today, how many are.' }),
    mailable: z.number().openapi({ description: 'How many of them could be mailed.' }),
    entered: z.number(),
    left: z.number(),
    reasons: z
      .object({ entered: reasonCounts, left: reasonCounts })
      .openapi({ description: 'Why they entered and left.' }),
    edited: z.boolean().openapi({ description: 'Whether its condition was made or changed on that day.' }),
  })
  .openapi('SegmentSize')

const countSchema = z.object({ people: z.number(), mailable: z.number() })
const MUST_BE_SOME = 'must be the ids of two or three different segments'
const overlapBody = z
  .strictObject({
    segments: z
      .array(shortId, MUST_BE_SOME)
      .min(2, MUST_BE_SOME)
      .max(3, MUST_BE_SOME)
      .refine((ids) => new Set(ids).size === ids.length, MUST_BE_SOME),
  })
  .openapi('OverlappingSegments', { example: { segments: ['cart_abandoned', 'customers_with_cart'] } })
const combinationSchema = z
  .object({
    segments: z.array(z.string()),
    people: z.number().openapi({ description: 'How many are in exactly these of the given segments.' }),
    mailable: z.number(),
    together: countSchema.openapi({ description: 'How many are in these, and may be in the others too.' }),
  })
  .openapi('SegmentCombination')

/** The routes of sizes. */
export function segmentSizeRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app
    .openapi(
      createRoute({
        method: 'get',
        path: '/segments/{id}/sizes',
        ...operation('Segments', 'listSegmentSizes'),
        summary: 'How large a segment was by day, and who came and left',
        middleware: [allow(deps, 'segments:read')] as const,
        request: { params: ofSegment('cart_abandoned'), query: z.object(dayQuery) },
        responses: {
          200: json('The days, oldest first; none is in the future', z.array(sizeSchema)),
          404: refusal('There is no such segment'),
          ...refusals,
        },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const rows = await snapshot(deps.db, async (trx) => {
          if (!(await findSegment(trx, id))) throw await noSegment(trx, id)
          const { zone } = await readShop(trx)
          const today = dayNumberIn(zone, deps.now())
          const days = daysOf(c.req.valid('query'), today * DAY_MS)
          const edited = new Set((await conditionChanges(trx, id)).map((at) => dayNumberIn(zone, at)))
          const sizes = await readSizes(trx, id, { ...days, today })
          return sizes.map((size) => ({ ...size, edited: edited.has(size.day) }))
        })
        return c.json(
          rows.map((row) => ({ ...row, day: new Date(row.day * DAY_MS).toISOString().slice(0, 10) })),
          200,
        )
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/segments/overlap',
        ...operation('Segments', 'countSegmentOverlap'),
        summary: 'Count who is in which of two or three segments at once',
        middleware: [allow(deps, 'segments:read')] as const,
        request: { body: { required: true, content: { 'application/json': { schema: overlapBody } } } },
        responses: {
          200: json('Each combination, the smallest first', z.array(combinationSchema)),
          ...refusals,
          ...tooLarge,
        },
      }),
      async (c) => {
        const { segments } = c.req.valid('json')
        const combinations = await snapshot(deps.db, async (trx) => {
          const known = new Set((await listSegments(trx)).map((segment) => segment.id))
          for (const [i, id] of segments.entries()) {
            if (known.has(id)) continue
            throw new Problem(400, 'unknown_segment', `segments.${i} must be the id of a segment (got "${id}")`)
          }
          return countOverlap(trx, segments)
        })
        return c.json(
          combinations.map(({ segments, exactly, together }) => ({ segments, ...exactly, together })),
          200,
        )
      },
    )
}

/** When a segment got another condition. */
async function conditionChanges(db: HttpDeps['db'], id: string): Promise<number[]> {
  const versions = await listVersions(db, id)
  const conditionOf = (i: number) => {
    const definition = versions[i]?.definition
    return JSON.stringify(definition ? [definition.node, definition.currency ?? null] : null)
  }
  return versions.filter((_, i) => conditionOf(i) !== conditionOf(i + 1)).map(({ at }) => at)
}
