/** `DELETE /api/v1/contacts/:id`: erases a contact and the data of its visitors. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { Problem } from '../domain/problem.ts'
import { eraseAudited } from '../erasure/erase-audited.ts'
import { allow } from './auth.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { contactId, json, refusal, refusals } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

const erasedSchema = z
  .object({
    id: z.string(),
    erased: z.literal(true),
    /** Retired visitors, on which this contact alone was linked. */
    visitors: z.number(),
    /** Devices that others used too, from which only this contact's periods were removed. */
    shared_visitors: z.number(),
    orders: z.number(),
  })
  .openapi('Erased')

/** The erasure route. */
export function eraseRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app.openapi(
    createRoute({
      method: 'delete',
      path: '/contacts/{id}',
      ...operation('Contacts', 'eraseContact'),
      summary: 'Erase a contact',
      description:
        'Also erases the records that the CRM merged with it. Derived data, the data of its visitors and the journal ' +
        'entries follow within moments. The erasure is permanent: later claims and imports of this contact are refused.',
      middleware: [allow(deps, 'contacts:write')] as const,
      request: { params: z.object({ id: contactId.openapi({ example: 'couture-demo-3' }) }) },
      responses: {
        200: json('The contact is erased', erasedSchema),
        ...refusals,
        404: refusal('There is no such contact'),
      },
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const { tombstone, newId } = deps
      const erased = await eraseAudited(deps.db, id, {
        keysOf: await deps.keysOf(),
        tombstone,
        newId,
        now: deps.now(),
        actor: c.get('caller').actor,
      })
      if (erased === null)
        throw new Problem(404, 'unknown_contact', 'id must be the id of a contact that is not erased')
      deps.wake()
      const { visitors, shared, orders } = erased
      return c.json({ id, erased: true as const, visitors, shared_visitors: shared, orders }, 200)
    },
  )
}
