/**
 * Turns a row of a file of orders into what it says of its order: the fields that a JSON push would hold, and the amounts
 * and the item of its line. `order-lines.ts` gathers the rows of an order.
 */
import { readAmount, readQuantity } from '../domain/commerce/amount.ts'
import { currencyIn } from '../domain/commerce/currency.ts'
import { readOrderStatus } from '../domain/commerce/order-status.ts'
import { readDigits, readIsoTime, readSerial } from '../domain/dates.ts'
import { isBlockedIdentifier } from '../domain/identifier.ts'
import { instantIn } from '../domain/zone.ts'
import type { Column } from './columns.ts'
import { readItemTexts } from './item-texts.ts'
import { storeZoneOf } from './store-zones.ts'
import { cleanCell, readAddress, readFlag } from './values.ts'

/** What a row says. Amounts are null where it says nothing of them; a text is one that could not be read. */
export type OrderLine = {
  orderId: string | null
  /** The fields that are the same for all rows of an order. */
  fields: Record<string, unknown>
  status: string | null
  total: number | string | null
  refunded: number | null
  tax: number | null
  currency: string | null
  /** Items that the row lists in one cell. */
  items: unknown
  /** The item that the row is about. */
  item: Record<string, unknown> | null
  /** What its item costs in all. */
  itemTotal: number | null
}

/** Creates a reader for rows of these columns. `currency` applies to amounts without one. */
export function createOrderReader(columns: readonly Column[], currency: string | null): (cells: string[]) => OrderLine {
  const MONEY = ['total', 'price', 'line_total', 'refunded', 'tax']
  const amounts = columns.filter((column) => column.field !== null && MONEY.includes(column.field))
  const named = amounts.map((column) => currencyIn(column.column)).find((code) => code !== null) ?? currency
  const fields = new Map(columns.flatMap((column) => (column.field === null ? [] : [[column.field, column] as const])))
  const hasStatus = fields.has('status') || fields.has('payment_status')
  const lists = columns.filter((column) => column.field === 'items')
  // `Created (UTC)` names the zone of its times.
  const headingZone = /\(([A-Za-z_/]{3,40})\)/.exec(fields.get('at')?.column ?? '')?.[1] ?? ''

  return (cells) => {
    const cellOf = (field: string) => {
      const column = fields.get(field)
      return column === undefined ? '' : cleanCell(cells[column.index] ?? '')
    }
    const money = (field: string): number | string | null => {
      const column = fields.get(field)
      const cell = cellOf(field)
      if (column === undefined || cell === '') return null
      return readAmount(cell, currency, column.mark)?.amount ?? cell
    }
    const number = (field: string) => numberOf(money(field))
    const said = amounts.map((column) => currencyIn(cells[column.index] ?? '')).find((code) => code !== null)
    const quantity = cellOf('quantity') === '' ? null : readQuantity(cellOf('quantity'))
    const [price, lineTotal] = [number('price'), number('line_total')]
    const listed = lists.map((column) => cleanCell(cells[column.index] ?? '')).filter((cell) => cell !== '')
    const refund = money('refunded')
    const flag = typeof refund === 'string' ? readFlag(refund) : null
    return {
      orderId: cellOf('order_id') === '' ? null : orderIdOf(cellOf('order_id')),
      fields: {
        ...customerOf(cellOf('contact_id'), cellOf('email')),
        ...(cellOf('at') === ''
          ? {}
          : { at: timeOf(fields.get('at'), cellOf('at'), cellOf('time'), cellOf('zone') || headingZone) }),
        ...(cellOf('channel') === '' ? {} : { channel: cellOf('channel').slice(0, 200) }),
      },
      status: statusOf({
        payment: cellOf('payment_status'),
        order: cellOf('status'),
        line: cellOf('item_status'),
        cancelled: cellOf('cancelled'),
        refunded: flag === true,
        unpaid: !hasStatus && fields.has('paid') && !isDone(cellOf('paid')),
      }),
      total: money('total'),
      refunded: typeof refund === 'string' ? refundsIn(refund) : refund,
      tax: number('tax'),
      currency: cellOf('currency') || (said ?? named),
      items: listed.length === 0 ? null : itemsIn(listed),
      item: itemOf({
        ...{ item_id: cellOf('item_id') || cellOf('item_name'), item_name: cellOf('item_name') },
        ...{ variant: cellOf('variant'), category: cellOf('category'), price, line_total: lineTotal, quantity },
      }),
      itemTotal: lineTotal ?? (price === null ? null : price * (quantity ?? 1)),
    }
  }
}

const numberOf = (value: number | string | null) => (typeof value === 'number' ? value : null)

/** `17850.0` is 17850, as spreadsheets write numbers. */
function orderIdOf(cell: string): string {
  return /^\d{1,15}\.0$/.test(cell) ? cell.slice(0, -2) : cell
}

/** The customer; shops number a guest 0. */
function customerOf(id: string, email: string): Record<string, unknown> {
  const address = readAddress(email).address
  return {
    ...(id === '' || isBlockedIdentifier(id) ? {} : { contact_id: orderIdOf(id) }),
    ...(email === '' ? {} : { email: address }),
  }
}

/** A time as ISO 8601 says it, without a zone where the row has none; the cell itself if it cannot be read. */
function timeOf(column: Column | undefined, cell: string, time: string, zone: string): string {
  if (/^\d{10}(\d{3})?$/.test(cell)) return new Date(Number(cell.padEnd(13, '0'))).toISOString()
  const order = column?.order ?? null
  const day = readIsoTime(cell, order) ?? readSerial(cell) ?? readDigits(cell)
  if (day === null) return cell
  // A column of times beside it, unless it has the day's time already, or midnight in place of one.
  const isBare = !day.includes('T') || day.endsWith('T00:00:00')
  const joined = isBare && time !== '' ? readIsoTime(`${day.slice(0, 10)} ${time}`, null) : null
  const iso = joined ?? day
  const name = storeZoneOf(zone)
  if (name === null || !iso.includes('T') || /(Z|[+-]\d\d:\d\d)$/.test(iso)) return iso
  const instant = instantIn(name, iso)
  return instant === null ? iso : new Date(instant).toISOString()
}

/** Whether a cell of a column such as `Paid at` or `Bezahlt` says so: with a yes, or a time. */
function isDone(cell: string): boolean {
  return cell !== '' && readFlag(cell) !== false && !/^[0\s.:TZ/-]+$/.test(cell)
}

/**
 * The status of a row. What denies a purchase wins; then the payment counts before the state of the order, whose words
 * shops make themselves.
 */
function statusOf(given: {
  payment: string
  order: string
  line: string
  cancelled: string
  refunded: boolean
  unpaid: boolean
}): string | null {
  if (isDone(given.cancelled)) return 'cancelled'
  if (given.refunded) return 'refunded'
  const said = [given.payment, given.order, given.line].filter((text) => text !== '')
  const denying = said.find((text) => !['bought', 'closed', null].includes(readOrderStatus(text)))
  if (denying !== undefined) return denying
  if (given.unpaid) return 'unpaid'
  return said.find((text) => readOrderStatus(text) !== null) ?? said[0] ?? null
}

/** The sum of refunds that a cell lists as `id:7|amount:10`. */
function refundsIn(cell: string): number | null {
  const found = cell.slice(0, 10_000).matchAll(/\bamount:\s?(-?[\d.,]{1,20})/g)
  const sums = [...found].map((match) => readAmount(match[1] ?? '', null)?.amount ?? 0)
  return sums.length === 0 ? null : sums.reduce((sum, each) => sum + Math.abs(each), 0)
}

/** The items of the cells that list them; the text itself if one of them cannot be read. */
function itemsIn(cells: readonly string[]): unknown {
  const lists = cells.map(readItemTexts)
  return lists.every((list) => list !== null) ? lists.flat() : cells[0]
}

function itemOf(item: Record<string, unknown>): Record<string, unknown> | null {
  const filled = Object.entries(item).filter(([, value]) => value !== '' && value !== null)
  return typeof item.item_id !== 'string' || item.item_id === '' ? null : Object.fromEntries(filled)
}
