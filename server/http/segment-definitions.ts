/** `/api/v1/segments`: the definitions of segments. After a change every person is judged again in the background. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import type { Kysely, Transaction } from 'kysely'
import { Problem } from '../domain/problem.ts'
import {
  changeSegment,
  createSegment,
  deleteSegment,
  findSegment,
  listSegments,
  listVersions,
  MAX_SEGMENTS,
  type Segment,
} from '../segments/definitions.ts'
import { definitionSchema } from '../segments/grammar.ts'
import { judgingProgress, type Progress } from '../segments/judging.ts'
import { type Rules, readRules } from '../segments/rules.ts'
import { sentencesOf } from '../segments/words.ts'
import { writeAudit } from '../store/audit.ts'
import { transact } from '../store/engine/transact.ts'
import type { Database } from '../store/schema.ts'
import { allow } from './auth.ts'
import type { Caller, HttpDeps, PrivateEnv } from './deps.ts'
import { pageOf } from './paging.ts'
import { iso, isoOrNull, json, refusal, refusals, shortId, tooLarge } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

const MAX_NAME = 100
const mustBeName = `must be a text of 1 to ${MAX_NAME} characters, or {"fr": …, "en": …} of such`
const text = z
  .string()
  .max(MAX_NAME, mustBeName)
  .refine((given) => given.trim() !== '', mustBeName)
const name = z
  .union([text, z.strictObject({ fr: text, en: text })], mustBeName)
  .openapi({ description: 'One name, or one per language of the dashboard.' })
/** A condition from outside. */
export const node = definitionSchema((schema) =>
  schema.openapi('SegmentNode', {
    description: 'A condition on a person: an object with exactly one of these keys.',
    example: { cart: { state: 'abandoned', idle: { max: '7d' } } },
  }),
)
const id = z.string().regex(/^[a-z][a-z0-9_-]{0,63}$/, 'must be 1 to 64 of a-z 0-9 _ -, a letter first')

const example = {
  name: { fr: 'Clients au panier plein', en: 'Customers with a cart' },
  node: { all: [{ matched: true }, { cart: {} }] },
}
const createBody = z
  .strictObject({ id, name, node })
  .openapi('NewSegment', { example: { id: 'customers_with_cart', ...example } })
const changeBody = z.strictObject({ name, node }).openapi('ChangedSegment', { example })

/** A condition in words, in the languages of the dashboard. */
export const sentenceSchema = z
  .object({ fr: z.string(), en: z.string() })
  .openapi({ description: 'The condition in words, made from its definition.' })

const segmentSchema = z
  .object({
    id: z.string(),
    name,
    node,
    definition: node.openapi({ description: 'The same as `node`, under its old name.', deprecated: true }),
    sentence: sentenceSchema,
    version: z.number().openapi({ description: 'Increases with each change.' }),
    updated_at: z.string(),
    origin: z
      .enum(['preset', 'shop'])
      .openapi({ description: 'Whether it ships with Couture or was created by the shop.' }),
    edited_at: z.string().nullable().openapi({
      description: 'When the shop edited a preset; later releases do not change it.',
    }),
    judging: z.object({ done: z.number(), total: z.number() }).nullable().openapi({
      description: 'While persons are judged by a new condition: how many are done, out of how many.',
    }),
  })
  .openapi('Segment')

const versionSchema = z
  .object({
    version: z.number(),
    at: z.string(),
    actor: z.string(),
    name: name.nullable(),
    node: node.nullable().openapi({ description: 'Null if the segment was deleted.' }),
  })
  .openapi('SegmentVersion')

const paramsLike = (example: string) => z.object({ id: shortId.openapi({ example }) })
const own = paramsLike('customers_with_cart')
const ofOne = { 404: refusal('There is no such segment'), ...refusals }

/** The definitions' routes. */
export function segmentDefinitionRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  /** Runs `change` and writes its audit row in one transaction. */
  const changing = async <T>(
    { actor }: Caller,
    action: 'create' | 'update' | 'delete',
    segment: string,
    change: (trx: Transaction<Database>, by: { actor: string; at: number }) => Promise<T>,
  ): Promise<T> => {
    const at = deps.now()
    const result = await transact(deps.db, async (trx) => {
      const changed = await change(trx, { actor, at })
      await writeAudit(trx, { id: deps.newId(), at, actor, action: `segment.${action}`, detail: { segment } })
      return changed
    })
    deps.wake()
    return result
  }
  const rendered = async (segment: Segment) => render(segment, await judgingProgress(deps.db), await readRules(deps.db))
  return app
    .openapi(
      createRoute({
        method: 'get',
        path: '/segments',
        ...operation('Segments', 'listSegments'),
        summary: 'List the segments',
        middleware: [allow(deps, 'segments:read')] as const,
        responses: { 200: json('All segments', pageOf(segmentSchema)), ...refusals },
      }),
      async (c) => {
        const progress = await judgingProgress(deps.db)
        const rules = await readRules(deps.db)
        const data = (await listSegments(deps.db)).map((segment) => render(segment, progress, rules))
        return c.json({ data, next: null, has_more: false }, 200)
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/segments',
        ...operation('Segments', 'createSegment'),
        summary: 'Add a segment',
        middleware: [allow(deps, 'segments:write')] as const,
        request: { body: { required: true, content: { 'application/json': { schema: createBody } } } },
        responses: {
          201: json('The segment is added', segmentSchema),
          ...refusals,
          409: refusal('`segment_exists`: the id is taken. `too_many_segments`: there are too many segments.'),
          ...tooLarge,
        },
      }),
      async (c) => {
        const body = c.req.valid('json')
        const segment = await changing(c.get('caller'), 'create', body.id, async (trx, by) => {
          const made = await createSegment(trx, body, by)
          if (made === 'exists') throw new Problem(409, 'segment_exists', `there is already a segment "${body.id}"`)
          if (made === 'too_many') {
            throw new Problem(409, 'too_many_segments', `there may be at most ${MAX_SEGMENTS} segments`)
          }
          return made
        })
        return c.json(await rendered(segment), 201)
      },
    )
    .openapi(
      createRoute({
        method: 'put',
        path: '/segments/{id}',
        ...operation('Segments', 'changeSegment'),
        summary: 'Change a segment',
        middleware: [allow(deps, 'segments:write')] as const,
        request: { params: own, body: { required: true, content: { 'application/json': { schema: changeBody } } } },
        responses: { 200: json('The segment is changed', segmentSchema), ...ofOne, ...tooLarge },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const body = c.req.valid('json')
        const segment = await changing(c.get('caller'), 'update', id, async (trx, by) => {
          const changed = await changeSegment(trx, { id, ...body }, by)
          if (changed === null) throw unknownSegment(id)
          return changed
        })
        return c.json(await rendered(segment), 200)
      },
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/segments/{id}',
        ...operation('Segments', 'deleteSegment'),
        summary: 'Delete a segment',
        description: 'A preset stays deleted when a later release changes it.',
        middleware: [allow(deps, 'segments:write')] as const,
        request: { params: own },
        responses: { 204: { description: 'The segment is deleted' }, ...ofOne },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        await changing(c.get('caller'), 'delete', id, async (trx, by) => {
          if (!(await deleteSegment(trx, id, by))) throw unknownSegment(id)
        })
        return c.body(null, 204)
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/segments/{id}/versions',
        ...operation('Segments', 'listSegmentVersions'),
        summary: 'List the versions of a segment, newest first',
        middleware: [allow(deps, 'segments:read')] as const,
        request: { params: paramsLike('cart_abandoned') },
        responses: { 200: json('All versions', pageOf(versionSchema)), ...ofOne },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        if (!(await findSegment(deps.db, id))) throw unknownSegment(id)
        const data = (await listVersions(deps.db, id)).map(({ version, at, actor, definition }) => ({
          ...{ version, at: iso(at), actor },
          ...{ name: definition?.name ?? null, node: definition?.node ?? null },
        }))
        return c.json({ data, next: null, has_more: false }, 200)
      },
    )
}

/** The 404 for an unknown segment. */
export function unknownSegment(id: string): Problem {
  return new Problem(404, 'unknown_segment', `there is no segment "${id}"`)
}

/** The 404 for an unknown segment, which says when it was deleted, if it once was one. */
export async function noSegment(db: Kysely<Database>, id: string): Promise<Problem> {
  const [last] = await listVersions(db, id)
  if (last === undefined) return unknownSegment(id)
  const detail = `there is no segment "${id}" any more: it was deleted at ${iso(last.at)}, and everybody left it then`
  return new Problem(404, 'unknown_segment', detail)
}

function render(segment: Segment, progress: Map<string, Progress>, rules: Rules): z.infer<typeof segmentSchema> {
  const { id, name, node, version, origin } = segment
  return {
    ...{ id, name, node, definition: node, version, origin, sentence: sentencesOf(segment, rules) },
    updated_at: iso(segment.updatedAt),
    edited_at: isoOrNull(segment.editedAt),
    judging: progress.get(id) ?? null,
  }
}
