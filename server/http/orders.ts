/**
 * `POST /api/v1/orders`: orders of other channels, as a JSON array, NDJSON or CSV. One order per `order_id`; the latest
 * push replaces. Money is a decimal here and minor units from here on.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { itemsOf } from '../domain/cart.ts'
import { isBlockedIdentifier, looksLikeEmail } from '../domain/identifier.ts'
import { amountOf, toMinor } from '../domain/money.ts'
import { withoutNul } from '../domain/nul.ts'
import { firstProblem } from '../domain/problem.ts'
import { importOrders, type OrderInput, writeOrders } from '../import/orders.ts'
import type { Checked, ItemRow } from '../import/run.ts'
import { writeAudit } from '../store/audit.ts'
import { transact } from '../store/engine/transact.ts'
import { allow } from './auth.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { streamedImport } from './import-body.ts'
import { importedFields, importQuery, rejectedSchema, withTexts } from './import-shapes.ts'
import { json, refusals } from './shapes.ts'
import { onInvalid } from './validation.ts'

const identifier = (what: string) =>
  z
    .union([z.string(), z.number().transform(String)], `must be the id of one ${what}`)
    .transform((id) => id.trim())
    .pipe(z.string().min(1, 'must not be empty').max(200, 'must have at most 200 characters'))
    .refine((id) => !isBlockedIdentifier(id), `must be the id of one ${what}, not an empty or placeholder value`)

/** One order as a shop system pushes it. Without contact and address it is nobody's. */
const orderSchema = z
  .strictObject({
    order_id: identifier('order'),
    contact_id: identifier('contact').nullable().optional(),
    email: z
      .string()
      .trim()
      .refine((email) => looksLikeEmail(email) && !isBlockedIdentifier(email), 'must be a mail address')
      .nullable()
      .optional(),
    at: z.iso.datetime({ offset: true, error: 'must be an ISO 8601 time such as 2026-03-01T09:30:00Z' }),
    total: z
      .union([z.number(), z.string()], 'must be an amount such as 49.90')
      .refine((total) => amountOf(total) !== null, 'must be an amount such as 49.90'),
    currency: z
      .string('must be an ISO 4217 code such as EUR')
      .regex(/^[A-Za-z]{3}$/, 'must be an ISO 4217 code such as EUR'),
    channel: z.string().max(200).nullable().optional(),
    items: z
      .array(z.record(z.string(), z.unknown()), 'must be a list of items')
      .max(200, 'must be at most 200 items')
      .nullable()
      .optional(),
  })
  .openapi('OrderUpsert')

const resultSchema = z
  .object({
    created: z.number(),
    updated: z.number(),
    unchanged: z.number(),
    rejected: z.array(rejectedSchema),
    ...importedFields,
  })
  .openapi('OrdersResult')

/** Rows of one JSON array, which is held whole; NDJSON and CSV may have any number. */
const MAX_ROWS = 10_000

/** The orders' routes. */
export function orderRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app.openapi(
    createRoute({
      method: 'post',
      path: '/orders',
      summary: 'Create and replace orders of other channels',
      description:
        'JSON array, NDJSON or CSV. An order is of the contact whose id it names, known or still to come, or of the one ' +
        'known contact with its address; where there is none or several the row is rejected. The latest push replaces.',
      middleware: [allow(deps, 'orders:write'), streamedImport(deps, 'orders', runOrders(deps))] as const,
      request: {
        query: importQuery,
        body: {
          required: true,
          content: withTexts({
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
                },
              ],
            },
          }),
        },
      },
      responses: { 200: json('What became of the rows', resultSchema), ...refusals },
    }),
    async (c) => {
      const now = deps.now()
      const keysOf = await deps.keysOf()
      const items: ItemRow<OrderInput>[] = []
      const rejected: z.infer<typeof rejectedSchema>[] = []
      for (const [index, row] of c.req.valid('json').entries()) {
        const checked = checkOrder(row)
        if ('item' in checked) items.push({ row: index + 1, item: checked.item })
        else rejected.push({ row: index + 1, ...checked })
      }
      const written = await transact(deps.db, async (trx) => {
        const { rejected: refused, ...counts } = await writeOrders(trx, items, keysOf, now)
        const all = [...rejected, ...refused].sort((a, b) => a.row - b.row)
        const actor = c.get('caller').actor
        const detail = { ...counts, rejected: all.length }
        await writeAudit(trx, { id: deps.newId(), at: now, actor, action: 'orders.write', detail })
        return { ...counts, rejected: all }
      })
      deps.wake()
      return c.json(written, 200)
    },
  )
}

/** Streamed bodies: row by row through the same check. */
function runOrders(deps: HttpDeps): Parameters<typeof streamedImport>[2] {
  return async (source, onProgress) => {
    const { db, now } = deps
    return importOrders({ db, keysOf: await deps.keysOf(), now }, source.rows, checkOrder, { onProgress })
  }
}

/** An order as it is pushed, or what is wrong with it. */
export function checkOrder(row: unknown): Checked<OrderInput> {
  const parsed = orderSchema.safeParse(withoutNul(row))
  if (!parsed.success) return { code: 'invalid_order', message: firstProblem(parsed.error) }
  const { order_id, contact_id, email, at, total, channel, items } = parsed.data
  const currency = parsed.data.currency.toUpperCase()
  return {
    item: {
      order_id,
      contact_id: contact_id ?? null,
      email: email ?? null,
      at: Date.parse(at),
      total: toMinor(amountOf(total)!, currency),
      currency,
      items: items ? itemsOf({ items }, currency) : [],
      channel: channel ?? null,
    },
  }
}
