/**
 * Reads a commerce event as its sender means it: its lines, currency, value, cart and order. One reader serves events of
 * the tag, of Segment's API and of servers, and pushed orders.
 */
import { perUnit, readAmount } from './amount.ts'
import { currencyOf } from './currency.ts'
import { fieldsOf, firstOf, firstText } from './fields.ts'
import { type CommerceProblem, type Line, linesAmong, oneOfEach } from './lines.ts'

/** A commerce event as it is read. Amounts are in the main unit of their currency. */
export type Reading = {
  lines: Line[]
  /** The sender listed its lines, even if none. */
  listed: boolean
  /** The currency that the sender names, in the event, a line or a price tag. */
  currency: string | null
  value: number | null
  cartId: string | null
  /** The address at which the shop restores the cart. */
  cartUrl: string | null
  orderId: string | null
  problems: CommerceProblem[]
}

const VALUES = ['value', 'total', 'revenue', 'totalvalue', 'grandtotal', 'totalprice', 'ordertotal']
const CURRENCIES = ['currency', 'currencycode']
const CART_IDS = ['cartid', 'carttoken', 'checkoutid', 'checkouttoken']
const CART_URLS = ['carturl', 'recoverurl', 'cartrecoveryurl', 'checkouturl']
const ORDER_IDS = ['transactionid', 'orderid', 'ordernumber']

/** The events that report an order. */
export const ORDERS: ReadonlySet<string> = new Set(['purchase', 'refund'])

/** Reads an event. `home` is the site's own currency, null if it has none. */
export function readCommerce(type: string, props: Record<string, unknown>, home: string | null): Reading {
  const isOrder = ORDERS.has(type)
  const own = fieldsOf(props)
  const { lines, listed, problems } = linesAmong(own, isOrder, home)
  const ecommerce = fieldsOf(own.get('ecommerce'))
  const action = fieldsOf(fieldsOf(ecommerce.get(type)).get('actionfield'))
  const places = [own, ...(ecommerce.size > 0 ? [ecommerce] : []), ...(isOrder && action.size > 0 ? [action] : [])]
  const first = (names: readonly string[]) => places.map((place) => firstOf(place, names)).find((v) => v !== undefined)
  const firstOfTexts = (names: readonly string[]) =>
    places.map((place) => firstText(place, names)).find((text) => text !== null) ?? null

  const said = first(VALUES)
  const value = said === undefined ? null : readAmount(said, home)
  if (said !== undefined && value === null) problems.push({ kind: 'amount_unreadable', given: said })
  const named = first(CURRENCIES)
  const stated = currencyOf(named, home)
  if (named !== undefined && stated === null) problems.push({ kind: 'currency_unknown', given: named })
  const ofLines = lines.find((line) => line.currency !== null)?.currency ?? null
  const currency = stated ?? value?.currency ?? ofLines
  const hasAmount = (value !== null && value.amount !== 0) || lines.some((line) => line.price !== null)
  if (hasAmount && currency === null && named === undefined && home === null) {
    problems.push({ kind: 'currency_missing', given: null })
  }
  const orderId = firstOfTexts(ORDER_IDS) ?? (isOrder ? firstText(action, ['id']) : null)
  if (isOrder && orderId === null && (hasAmount || lines.length > 0)) {
    problems.push({ kind: 'order_id_missing', given: first(ORDER_IDS) ?? null })
  }
  return {
    lines: withLineTotals(lines, value?.amount ?? null),
    listed,
    currency,
    value: value?.amount ?? null,
    cartId: firstOfTexts(CART_IDS) ?? firstText(fieldsOf(own.get('cart')), ['id', ...CART_IDS]),
    cartUrl: firstOfTexts(CART_URLS),
    orderId,
    problems: oneOfEach(problems),
  }
}

/**
 * The lines with prices per unit. Some shops send the total of a line as its price: where the event's value is the sum of
 * the prices, and not of prices times quantities, prices are divided by quantities.
 */
function withLineTotals(lines: Line[], value: number | null): Line[] {
  if (value === null || value === 0 || lines.some(({ price }) => price === null)) return lines
  const totals = lines.reduce((sum, { price }) => sum + (price ?? 0), 0)
  const worth = lines.reduce((sum, { price, quantity }) => sum + (price ?? 0) * (quantity ?? 1), 0)
  if (isSame(worth, value) || !isSame(totals, value)) return lines
  return lines.map((line) => ({ ...line, price: perUnit(line.price ?? 0, line.quantity) }))
}

/** Whether two sums are the same, but for the rounding of their parts. */
function isSame(a: number, b: number): boolean {
  return Math.abs(a - b) < 0.006
}
