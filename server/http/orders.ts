/**
 * `POST /api/v1/orders`: orders from other channels, as a JSON array, NDJSON or CSV. There is one order per `order_id`,
 * and the latest push replaces it. Amounts arrive as decimals and are converted to minor units here.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { Problem } from '../domain/problem.ts'
import { createOrderCheck, type OrderInput } from '../import/check-order.ts'
import { ImportRefusal } from '../import/columns.ts'
import { readOrderTerms } from '../import/order-terms.ts'
import { importOrders, writeOrders } from '../import/orders.ts'
import type { ItemRow } from '../import/run.ts'
import { writeAudit } from '../store/audit.ts'
import { transact } from '../store/engine/transact.ts'
import { allow } from './auth.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { streamedImport } from './import-body.ts'
import { importedFields, orderQuery, rejectedSchema, withStreamedBodies } from './import-shapes.ts'
import { json, refusal, refusals } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

const resultSchema = z
  .object({
    created: z.number(),
    updated: z.number(),
    unchanged: z.number(),
    rejected: z.array(rejectedSchema),
    ...importedFields,
  })
  .openapi('OrdersResult')

/** The most rows of a JSON array, which is held in memory; NDJSON and CSV are streamed and have no limit. */
const MAX_ROWS = 10_000

/** The orders' routes. */
export function orderRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app.openapi(
    createRoute({
      method: 'post',
      path: '/orders',
      ...operation('Orders', 'upsertOrders'),
      summary: 'Create and replace orders from other channels',
      description:
        'JSON array, NDJSON or CSV. An order belongs to the contact whose id it gives, even if that contact is not known ' +
        'yet, or else to the one known contact with its email address. If no contact or several have that address, the ' +
        'row is rejected. The latest push of an order replaces it. A `status` that means that nobody paid (pending, failed, ' +
        'cancelled and the like, in five languages) makes it no purchase; `refunds` are subtracted. In a file, the rows of ' +
        'one order id are one order.',
      middleware: [allow(deps, 'orders:write'), streamedImport(deps, 'orders', runOrders(deps))] as const,
      request: {
        query: orderQuery,
        body: {
          required: true,
          content: withStreamedBodies({
            'application/json': {
              schema: z.array(z.unknown(), 'must be an array of orders').max(MAX_ROWS),
              example: [
                {
                  order_id: 'till-1',
                  contact_id: 'crm-7',
                  at: '2026-03-02T16:00:00Z',
                  total: 45.5,
                  currency: 'EUR',
                  channel: 'till',
                  status: 'paid',
                  refunds: [{ total: 5.5 }],
                  tax: 7.58,
                },
              ],
            },
          }),
        },
      },
      responses: {
        200: json('The outcome of each row', resultSchema),
        ...refusals,
        413: refusal('The body is too large. The rows before the limit were imported.'),
        415: refusal('The body is neither JSON, NDJSON nor CSV.'),
      },
    }),
    async (c) => {
      const now = deps.now()
      const keysOf = await deps.keysOf()
      const items: ItemRow<OrderInput>[] = []
      const rejected: z.infer<typeof rejectedSchema>[] = []
      const { timezone, site } = c.req.valid('query')
      const terms = await readOrderTerms(deps.db, { timezone, site }).catch((error: unknown) => {
        if (error instanceof ImportRefusal) throw new Problem(400, error.code, error.message)
        throw error
      })
      const { check, notes } = createOrderCheck(terms)
      for (const [index, row] of c.req.valid('json').entries()) {
        const checked = check(row)
        if ('item' in checked) items.push({ row: index + 1, item: checked.item })
        else rejected.push({ row: index + 1, ...checked })
      }
      const written = await transact(deps.db, async (trx) => {
        const { rejected: refused, ...counts } = await writeOrders(trx, items, keysOf, now)
        const all = [...rejected, ...refused].sort((a, b) => a.row - b.row)
        const actor = c.get('caller').actor
        const detail = { ...counts, rejected: all.length }
        await writeAudit(trx, { id: deps.newId(), at: now, actor, action: 'orders.write', detail })
        const noted = notes()
        return { ...counts, rejected: all, ...(noted.length > 0 ? { notes: noted } : {}) }
      })
      deps.wake()
      return c.json(written, 200)
    },
  )
}

/** Imports a streamed body row by row, with the same check. */
function runOrders(deps: HttpDeps): Parameters<typeof streamedImport>[2] {
  return async (source, into, onProgress, terms) => {
    const { db, now } = deps
    const importing = { db, keysOf: await deps.keysOf(), now, ...into }
    return importOrders(importing, source, createOrderCheck(terms), { onProgress })
  }
}
