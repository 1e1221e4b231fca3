/**
 * Checks one order of another channel as a shop system pushes it, by the API or in a file. Money is a decimal here and
 * minor units from here on.
 */
import { z } from 'zod'
import { readAmount } from '../domain/commerce/amount.ts'
import { itemsOf } from '../domain/commerce/items.ts'
import { linesOf } from '../domain/commerce/lines.ts'
import { isTooDeep } from '../domain/depth.ts'
import { isBlockedIdentifier } from '../domain/identifier.ts'
import { toMinor } from '../domain/money.ts'
import { withoutNul } from '../domain/nul.ts'
import { firstProblem } from '../domain/problem.ts'
import { emailSchema, idSchema, timeSchema } from './check-fields.ts'
import type { OrderInput } from './orders.ts'
import { type Checked, TOO_DEEP } from './run.ts'

const identifier = (what: string) =>
  idSchema(what)
    .pipe(z.string().min(1, 'must not be empty').max(200, 'must have at most 200 characters'))
    .refine((id) => !isBlockedIdentifier(id), `must be the id of one ${what}, not an empty or placeholder value`)

/** One order as a shop system pushes it. Without contact and address it is nobody's. */
const orderSchema = z.strictObject({
  order_id: identifier('order'),
  contact_id: identifier('contact').nullable().optional(),
  email: emailSchema,
  at: timeSchema,
  total: z.union([z.number(), z.string()], 'must be an amount such as 49.90').transform((total, context) => {
    const amount = readAmount(total, null)?.amount
    if (amount !== undefined) return amount
    context.addIssue({ code: 'custom', message: 'must be an amount such as 49.90' })
    return z.NEVER
  }),
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

/** An order as it is pushed, or what is wrong with it. */
export function checkOrder(row: unknown): Checked<OrderInput> {
  if (isTooDeep(row)) return { code: 'invalid_order', message: TOO_DEEP }
  const parsed = orderSchema.safeParse(withoutNul(row))
  if (!parsed.success) return { code: 'invalid_order', message: firstProblem(parsed.error) }
  const { order_id, contact_id, email, at, total, channel, items } = parsed.data
  const currency = parsed.data.currency.toUpperCase()
  const { lines, problems } = linesOf({ items: items ?? [] }, true, currency)
  if (problems.some(({ kind }) => kind === 'item_id_rounded')) {
    const message = 'items must have their ids as texts where a number of that size does not keep its digits'
    return { code: 'invalid_order', message }
  }
  return {
    item: {
      order_id,
      contact_id: contact_id ?? null,
      email: email ?? null,
      at: Date.parse(at),
      total: toMinor(total, currency),
      currency,
      items: itemsOf(lines, currency),
      channel: channel ?? null,
    },
  }
}
