/** `DELETE /api/v1/contacts/:id`: erases a contact and what his visitors left. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { Problem } from '../domain/problem.ts'
import { eraseContact } from '../erasure/erase.ts'
import { writeAudit } from '../store/audit.ts'
import { transact } from '../store/engine/transact.ts'
import { allow } from './auth.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { json, problemSchema, refusals } from './shapes.ts'
import { onInvalid } from './validation.ts'

const erasedSchema = z
  .object({
    id: z.string(),
    erased: z.literal(true),
    /** Visitors that were retired: he alone was linked on them. */
    visitors: z.number(),
    /** Devices that others used too, from which his stretches were taken. */
    shared_visitors: z.number(),
    orders: z.number(),
  })
  .openapi('Erased')

/** The route of erasure. */
export function eraseRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app.openapi(
    createRoute({
      method: 'delete',
      path: '/contacts/{id}',
      summary: 'Erase a contact',
      description:
        'With the records that the CRM merged with his. What is derived of him and what his visitors left follows within ' +
        'moments, the entries of journals too. He stays out: claims on him are refused, and so are imports of him.',
      middleware: [allow(deps, 'contacts:write')] as const,
      request: { params: z.object({ id: z.string().openapi({ example: 'crm-1003' }) }) },
      responses: {
        200: json('He is erased', erasedSchema),
        ...refusals,
        404: { description: 'No such contact', content: { 'application/problem+json': { schema: problemSchema } } },
      },
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const { tombstone, newId } = deps
      const now = deps.now()
      const keysOf = await deps.keysOf()
      const erased = await transact(deps.db, async (trx) => {
        const result = await eraseContact(trx, id, { keysOf, tombstone, newId, now })
        if (result !== null) {
          const { actor } = c.get('caller')
          await writeAudit(trx, { id: newId(), at: now, actor, action: 'contacts.erase', detail: result })
        }
        return result
      })
      if (erased === null) throw new Problem(404, 'unknown_contact', 'id must be that of a contact who is not erased')
      deps.wake()
      const { visitors, shared, orders } = erased
      return c.json({ id, erased: true as const, visitors, shared_visitors: shared, orders }, 200)
    },
  )
}
