/** The versions of a segment's definition: what each one changed, and how an earlier one is brought back. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { Problem } from '../domain/problem.ts'
import { diffOf } from '../segments/definition-diff.ts'
import { findSegment, listVersions, restoreVersion, type SegmentVersion } from '../segments/definitions.ts'
import { allow } from './auth.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { pageOf } from './paging.ts'
import {
  changingSegment,
  currency,
  name,
  node,
  ofSegment,
  readRendered,
  segmentSchema,
  unknownSegment,
  written,
} from './segment-shapes.ts'
import { iso, json, refusal, refusals } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

const versionSchema = z
  .object({
    version: z.number(),
    at: z.string(),
    actor: z.string(),
    name: name.nullable(),
    node: node.nullable().openapi({ description: 'Null if the segment was deleted.' }),
    currency: currency.nullable(),
    changes: z
      .array(
        z.object({
          path: z.string().openapi({ example: 'node.cart.idle.max' }),
          before: z.unknown().openapi({ description: 'Null if it was not there.' }),
          after: z.unknown().openapi({ description: 'Null if it is not there any more.' }),
        }),
      )
      .openapi({ description: 'Where it differs from the version before; empty for the first and for a deletion.' }),
  })
  .openapi('SegmentVersion')

const ofVersion = ofSegment('cart_abandoned').extend({
  version: z.coerce
    .number('must be the number of a version')
    .int('must be the number of a version')
    .min(1)
    .max(2 ** 31)
    .openapi({ example: 1 }),
})

/** The versions' routes. */
export function segmentVersionRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app
    .openapi(
      createRoute({
        method: 'get',
        path: '/segments/{id}/versions',
        ...operation('Segments', 'listSegmentVersions'),
        summary: 'List the versions of a segment, newest first',
        middleware: [allow(deps, 'segments:read')] as const,
        request: { params: ofSegment('cart_abandoned') },
        responses: {
          200: json('All versions', pageOf(versionSchema)),
          404: refusal('There is no such segment'),
          ...refusals,
        },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        if (!(await findSegment(deps.db, id))) throw unknownSegment(id)
        return c.json({ data: rendered(await listVersions(deps.db, id)), next: null, has_more: false }, 200)
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/segments/{id}/versions/{version}/restore',
        ...operation('Segments', 'restoreSegmentVersion'),
        summary: 'Bring back an earlier version of a segment',
        description:
          'Its name and definition become the newest version. A segment that was deleted comes back, as one of the shop.',
        middleware: [allow(deps, 'segments:write')] as const,
        request: { params: ofVersion },
        responses: {
          200: json('The segment is restored', segmentSchema),
          404: refusal('`unknown_version`: there is no such version'),
          409: refusal('`version_deleted`: with this version the segment was deleted.'),
          ...refusals,
        },
      }),
      async (c) => {
        const { id, version } = c.req.valid('param')
        const segment = await changingSegment(deps, c.get('caller'), 'restore', id, async (trx, by) => {
          const restored = await restoreVersion(trx, id, version, by)
          if (restored === 'unknown') {
            throw new Problem(404, 'unknown_version', `there is no version ${version} of a segment "${id}"`)
          }
          if (restored === 'deletion') {
            const detail = `version ${version} of the segment "${id}" is its deletion: restore the one before`
            throw new Problem(409, 'version_deleted', detail)
          }
          return written(restored)
        })
        return c.json(await readRendered(deps, segment), 200)
      },
    )
}

function rendered(versions: SegmentVersion[]): z.infer<typeof versionSchema>[] {
  return versions.map(({ version, at, actor, definition }, i) => {
    const before = versions[i + 1]?.definition
    return {
      ...{ version, at: iso(at), actor },
      ...{ name: definition?.name ?? null, node: definition?.node ?? null, currency: definition?.currency ?? null },
      changes: before && definition ? diffOf(before, definition) : [],
    }
  })
}
