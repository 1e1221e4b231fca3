/** `/api/v1/segments`: the definitions of segments. After a change every person is judged again in the background. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { Problem } from '../domain/problem.ts'
import { segmentId } from '../segments/definition-schema.ts'
import { changeSegment, createSegment, deleteSegment, listSegments } from '../segments/definitions.ts'
import { judgingProgress } from '../segments/judging.ts'
import { readRules } from '../segments/rules.ts'
import { usesOf } from '../segments/uses.ts'
import { allow } from './auth.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { pageOf } from './paging.ts'
import {
  changingSegment,
  currency,
  inUse,
  name,
  node,
  noSegment,
  ofSegment,
  readRendered,
  renderSegment,
  segmentSchema,
  unknownSegment,
  useSchema,
  written,
} from './segment-shapes.ts'
import { json, refusal, refusals, tooLarge } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

const example = {
  name: { fr: 'Clients au panier plein', en: 'Customers with a cart' },
  node: { all: [{ matched: true }, { cart: {} }] },
}
const createBody = z
  .strictObject({ id: segmentId(), name, node, currency: currency.optional() })
  .openapi('NewSegment', { example: { id: 'customers_with_cart', ...example } })
const changeBody = z.strictObject({ name, node, currency: currency.optional() }).openapi('ChangedSegment', { example })

const ofOne = { 404: refusal('There is no such segment'), ...refusals }

/** The definitions' routes. */
export function segmentDefinitionRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
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
        const data = (await listSegments(deps.db)).map((segment) => renderSegment(segment, progress, rules))
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
        const segment = await changingSegment(deps, c.get('caller'), 'create', body.id, async (trx, by) => {
          const made = await createSegment(trx, body, by)
          if (made === 'exists') throw new Problem(409, 'segment_exists', `there is already a segment "${body.id}"`)
          return written(made)
        })
        return c.json(await readRendered(deps, segment), 201)
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/segments/{id}',
        ...operation('Segments', 'getSegment'),
        summary: 'Get a segment, and what uses it',
        middleware: [allow(deps, 'segments:read')] as const,
        request: { params: ofSegment('cart_abandoned') },
        responses: {
          200: json('The segment', segmentSchema.extend({ uses: z.array(useSchema) }).openapi('SegmentWithUses')),
          ...ofOne,
        },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const segments = await listSegments(deps.db)
        const segment = segments.find((each) => each.id === id)
        if (segment === undefined) throw await noSegment(deps.db, id)
        return c.json({ ...(await readRendered(deps, segment)), uses: usesOf(segments, id) }, 200)
      },
    )
    .openapi(
      createRoute({
        method: 'put',
        path: '/segments/{id}',
        ...operation('Segments', 'changeSegment'),
        summary: 'Change a segment',
        middleware: [allow(deps, 'segments:write')] as const,
        request: {
          params: ofSegment('customers_with_cart'),
          body: { required: true, content: { 'application/json': { schema: changeBody } } },
        },
        responses: { 200: json('The segment is changed', segmentSchema), ...ofOne, ...tooLarge },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const body = c.req.valid('json')
        const segment = await changingSegment(deps, c.get('caller'), 'update', id, async (trx, by) => {
          const changed = await changeSegment(trx, { id, ...body }, by)
          if (changed === null) throw unknownSegment(id)
          return written(changed)
        })
        return c.json(await readRendered(deps, segment), 200)
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
        request: { params: ofSegment('customers_with_cart') },
        responses: {
          204: { description: 'The segment is deleted' },
          ...ofOne,
          409: refusal('`in_use`: other segments name it. The member `uses` lists them.'),
        },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        await changingSegment(deps, c.get('caller'), 'delete', id, async (trx, by) => {
          const deleted = await deleteSegment(trx, id, by)
          if (deleted === false) throw unknownSegment(id)
          if (deleted !== true) throw inUse(id, deleted)
        })
        return c.body(null, 204)
      },
    )
}
