/**
 * Checks one order of another channel as a shop system pushes it, by the API or in a file. Money is a decimal here and
 * minor units from here on.
 */
import { z } from 'zod'
import { readAmount } from '../domain/commerce/amount.ts'
import { currencyOf } from '../domain/commerce/currency.ts'
import { isExactNumber } from '../domain/commerce/fields.ts'
import { itemsOf } from '../domain/commerce/items.ts'
import { linesOf } from '../domain/commerce/lines.ts'
import type { OrderStanding } from '../domain/commerce/order.ts'
import { readOrderStatus } from '../domain/commerce/order-status.ts'
import { readMoment } from '../domain/dates.ts'
import { isTooDeep } from '../domain/depth.ts'
import { isBlockedIdentifier } from '../domain/identifier.ts'
import { toMinor } from '../domain/money.ts'
import { withoutNul } from '../domain/nul.ts'
import { firstProblem } from '../domain/problem.ts'
import type { PushedOrder } from '../store/orders.ts'
import { emailSchema, idSchema } from './check-fields.ts'
import type { Note } from './notes.ts'
import type { OrderTerms } from './order-terms.ts'
import { type Checked, TOO_DEEP } from './run.ts'

/** An order as sent: with a contact's id, with an address, or without either. */
export type OrderInput = PushedOrder & { email: string | null }

const CURRENCY = 'must be an ISO 4217 code such as EUR'

const AMOUNT = 'must be an amount such as 49.90'

const identifier = (what: string) =>
  idSchema(what)
    // As spreadsheets write whole numbers.
    .transform((id) => (/^\d{1,15}\.0$/.test(id) ? id.slice(0, -2) : id))
    .pipe(z.string().min(1, 'must not be empty').max(200, 'must have at most 200 characters'))
    .refine((id) => !isBlockedIdentifier(id), `must be the id of one ${what}, not an empty or placeholder value`)
    // Spreadsheets write long numbers so, and many different ones become the same.
    .refine((id) => !/^\d([.,]\d+)?E\+?\d+$/i.test(id), 'must be an id, not a number that a spreadsheet has rounded')

/** An amount, with the currency that a price tag names beside it. */
const taggedSchema = z.union([z.number(), z.string()], AMOUNT).transform((value, context) => {
  const amount = readAmount(value, null)
  if (amount !== null) return amount
  context.addIssue({ code: 'custom', message: AMOUNT })
  return z.NEVER
})

const amountSchema = taggedSchema.transform(({ amount }) => amount)

const itemsSchema = z
  .array(z.record(z.string(), z.unknown()), 'must be a list of items')
  .max(200, 'must be at most 200 items')

/** What was taken back of an order. */
const refundSchema = z.looseObject({
  total: amountSchema.nullable().optional(),
  amount: amountSchema.nullable().optional(),
  items: itemsSchema.nullable().optional(),
})

/** One order as a shop system pushes it. Without contact and address it is nobody's. */
const orderSchema = z.strictObject({
  order_id: identifier('order'),
  contact_id: identifier('contact').nullable().optional(),
  email: emailSchema,
  at: z.string('must be an ISO 8601 time such as 2026-03-01T09:30:00Z'),
  // Null in files only: a total that nobody states.
  total: taggedSchema.nullable(),
  currency: z.string(CURRENCY).max(20, CURRENCY).nullable().optional(),
  channel: z.string().max(200).nullable().optional(),
  items: itemsSchema.nullable().optional(),
  status: z.string().max(200).nullable().optional(),
  refunds: z
    .union([z.array(refundSchema).max(200), amountSchema], 'must be an amount, or a list of refunds')
    .nullable()
    .optional(),
  tax: amountSchema.nullable().optional(),
})

/** A check of orders, and what it noticed. */
export type OrderCheck = { check: (row: unknown) => Checked<OrderInput>; notes: () => Note[] }

/** Creates the check of an import. */
export function createOrderCheck(terms: OrderTerms): OrderCheck {
  const counts = { local: 0, days: 0, part: 0, credits: 0, notBought: new Map<string, number>() }

  function check(row: unknown): Checked<OrderInput> {
    if (isTooDeep(row)) return refusal(TOO_DEEP)
    const parsed = orderSchema.safeParse(withoutNul(row))
    if (!parsed.success) return refusal(firstProblem(parsed.error))
    const order = parsed.data
    const moment = readMoment(order.at.slice(0, 65), null, terms.zone ?? 'UTC')
    if (moment === null) return refusal(timeProblem(order.at))
    if (moment.isLocal && terms.zone === null) {
      const message = 'at must name its zone, or timezone must be given, because the sites are in different time zones'
      return { code: 'timezone_needed', message }
    }
    const currency = currencyOfOrder(order, terms.currency)
    if (currency === null) return refusal(`currency ${CURRENCY}`)
    const total = order.total?.amount ?? null
    const { lines, problems } = linesOf({ items: order.items ?? [] }, true, currency)
    if (problems.some(({ kind }) => kind === 'item_id_rounded')) {
      return refusal('items must have their ids as texts where a number of that size does not keep its digits')
    }
    const refunds = refundsOf(order.refunds, currency)
    const standing = standingOf(order.status ?? null, total, refunds)
    if (standing === null) {
      const message =
        `status must be one that is known, such as paid, pending, cancelled or refunded (got "${order.status}"): ` +
        'leave it out if the order was bought'
      return { code: 'unknown_status', message }
    }
    if (moment.isLocal) counts.local++
    if (moment.until !== null) counts.days++
    if (standing.isPart) counts.part++
    if (total !== null && total < 0) counts.credits++
    if (standing.is !== 'bought' && order.status) {
      const shown = order.status.trim().slice(0, 100)
      if (counts.notBought.size < 100 || counts.notBought.has(shown)) {
        counts.notBought.set(shown, (counts.notBought.get(shown) ?? 0) + 1)
      }
    }
    return {
      item: {
        order_id: order.order_id,
        contact_id: order.contact_id ?? null,
        email: order.email ?? null,
        at: moment.at,
        until_at: moment.until,
        total: total === null ? null : toMinor(total, currency),
        currency,
        items: withOtherIds(itemsOf(lines, currency), order.items ?? []),
        channel: order.channel ?? null,
        status: order.status ?? null,
        standing: standing.is,
        refunds: standing.is === 'bought' ? refunds : [],
        tax: order.tax === null || order.tax === undefined ? null : toMinor(order.tax, currency),
      },
    }
  }

  function notes(): Note[] {
    const found: Note[] = []
    const say = (code: string, count: number, message: string) => {
      if (count > 0) found.push({ code, count, message })
    }
    say('local_times', counts.local, zoneNote(terms))
    say('days', counts.days, 'orders have a day but no time: they settle the carts of that day')
    const statuses = [...counts.notBought].map(([status, n]) => `"${status}" (${n})`).join(', ')
    const notBought = [...counts.notBought.values()].reduce((sum, n) => sum + n, 0)
    say('not_bought', notBought, `orders do not count as purchases, because of their status: ${statuses}`)
    say('part_refunded', counts.part, 'orders are partially refunded without an amount: they count in full')
    say('credits', counts.credits, 'orders are of less than nothing: they count as money back and close no cart')
    return found
  }

  return { check, notes }
}

/** The currency that the order names, or its total does beside the amount, else the site's own. Null if that is none. */
function currencyOfOrder({ currency, total }: z.infer<typeof orderSchema>, home: string | null): string | null {
  if (currency === null || currency === undefined || currency.trim() === '') return total?.currency ?? home
  return currencyOf(currency, home) ?? (/^[A-Za-z]{3}$/.test(currency) ? currency.toUpperCase() : null)
}

function timeProblem(at: string): string {
  const isOpen = /^\d{1,2}[-/]\d{1,2}[-/](\d{4}|\d{2})\b/.test(at)
  if (!isOpen) return 'at must be an ISO 8601 time such as 2026-03-01T09:30:00Z'
  return `at must tell the day from the month, as in 2026-03-01, which no other row of the file does (got "${at.slice(0, 20)}")`
}

const refusal = (message: string) => ({ code: 'invalid_order', message })

function zoneNote({ zone, from }: OrderTerms): string {
  const why = {
    sender: 'as the import says',
    site: 'the setting timezone of the site',
    nobody: 'because no site has the setting timezone',
  }
  return `times without a zone were read as times of ${zone ?? 'UTC'}, ${why[from]}`
}

type Refunds = OrderInput['refunds']

function refundsOf(given: z.infer<typeof orderSchema>['refunds'], currency: string): Refunds {
  if (given === null || given === undefined) return []
  // Some systems write what was taken back as a negative amount.
  const minor = (amount: number) => Math.abs(toMinor(amount, currency))
  if (typeof given === 'number') return [{ total: minor(given), item_ids: [] }]
  return given.map(({ total, amount, items }) => {
    const lines = linesOf({ items: items ?? [] }, true, currency).lines
    const said = total ?? amount ?? null
    const worth = lines.every(({ price }) => price !== null)
      ? lines.reduce((sum, { price, quantity }) => sum + (price ?? 0) * Math.abs(quantity ?? 1), 0)
      : null
    const sum = said ?? (lines.length > 0 ? worth : null)
    return { total: sum === null ? null : minor(sum), item_ids: lines.map((line) => line.id) }
  })
}

/**
 * Whether an order stands. A refund whose amount is known takes that amount back, whatever the status calls it. `isPart`:
 * a part of it was refunded, and nobody says how much. Null if the status is unknown.
 */
function standingOf(
  text: string | null,
  total: number | null,
  refunds: Refunds,
): { is: OrderStanding; isPart: boolean } | null {
  const isStated = refunds.some((refund) => refund.total === null || refund.total > 0 || total === 0)
  const status = text === null || text.trim() === '' ? 'bought' : readOrderStatus(text)
  switch (status) {
    case 'bought':
      return { is: 'bought', isPart: false }
    case 'part_refunded':
      return { is: 'bought', isPart: !isStated }
    case 'refunded':
      return { is: isStated ? 'bought' : 'returned', isPart: false }
    case 'closed':
      return refunds.length > 0 ? { is: 'bought', isPart: false } : null
    case 'unpaid':
      return { is: 'unpaid', isPart: false }
    case 'cancelled':
      return { is: 'cancelled', isPart: false }
    case null:
      return null
  }
}

const IDS = ['item_id', 'id', 'product_id', 'sku', 'variant_id', 'variation_id', 'itemId', 'productId', 'variantId']
const MAX_OTHERS = 6

/** Items with the other ids that their sender has for each: the shop's carts may know the piece by one of them. */
function withOtherIds(
  items: ReturnType<typeof itemsOf>,
  given: readonly Record<string, unknown>[],
): OrderInput['items'] {
  const textOf = (value: unknown) =>
    typeof value === 'string' ? value.trim() : typeof value === 'number' && isExactNumber(value) ? String(value) : ''
  const all = given.map((item) => {
    const listed = Array.isArray(item.other_ids) ? item.other_ids : []
    return [...IDS.map((name) => textOf(item[name])), ...listed.map(textOf)]
  })
  return items.map((item) => {
    const own = all.filter((ids) => ids.includes(item.item_id)).flat()
    const others = [...new Set(own)].filter((id) => id !== '' && id !== item.item_id && id.length <= 200)
    return others.length === 0 || isBlocked(others) ? item : { ...item, other_ids: others.slice(0, MAX_OTHERS) }
  })
}

const isBlocked = (ids: readonly string[]) => ids.every((id) => isBlockedIdentifier(id))
