/** A table as orders: which columns mean what, and the orders of its rows. */
import { UNKNOWN_CURRENCY } from '../domain/money.ts'
import { ImportRefusal, type ReportedColumn, reportedColumns, type Table } from './columns.ts'
import { orderColumns } from './guess-orders.ts'
import type { FieldMap } from './map.ts'
import type { Note } from './notes.ts'
import { type Gathered, gatherOrders, type LineRow } from './order-lines.ts'
import { createOrderReader, type OrderLine } from './order-row.ts'
import type { SourceRow } from './source-row.ts'
import type { TableRow } from './table.ts'

/** Opens the orders of a table. `currency` applies to amounts without one; `anonymous` takes orders of nobody. */
export function openOrders(
  table: Table,
  rows: AsyncIterable<TableRow[]>,
  map: FieldMap,
  options: { currency?: string | null; anonymous?: boolean },
): { columns: ReportedColumn[]; rows: AsyncIterable<SourceRow[]>; notes: () => Note[] } {
  const { columns, hasCurrency, hasCustomer } = orderColumns(table, map)
  if (!hasCustomer && options.anonymous !== true) {
    throw new ImportRefusal(
      'no_customer_column',
      'no column names the customers, so these orders would be nobody’s: they would close no cart and count for no contact. ' +
        'Name the column in map, or import the file with anonymous=true (--anonymous) to take it as it is',
    )
  }
  const currency = options.currency ?? UNKNOWN_CURRENCY
  const isUnknown = !hasCurrency && currency === UNKNOWN_CURRENCY
  const read = createOrderReader(columns, currency)
  const hasIds = columns.some((column) => column.field === 'order_id')
  const counts: Gathered = { rows: 0, orders: 0, joined: 0, unnamed: 0 }
  return {
    columns: reportedColumns(columns),
    rows: gatherOrders(readLines(rows, read), { hasIds, isLineTotal: isLineTotal(table, read) }, counts),
    notes() {
      const found: Note[] = []
      const say = (code: string, count: number, message: string) => {
        if (count > 0) found.push({ code, count, message })
      }
      say('joined_rows', counts.joined, 'rows were joined to the order of a row above, because they have its order id')
      say(
        'unnamed_orders',
        counts.unnamed,
        'rows have no order id: each is an order of its own, known by its customer, time and total',
      )
      say('unknown_currency', isUnknown ? counts.rows : 0, 'amounts have no currency: set the site’s, or give currency')
      say('nobody', hasCustomer ? 0 : counts.rows, 'rows are orders of nobody, because no column names the customers')
      return found
    },
  }
}

async function* readLines(
  rows: AsyncIterable<TableRow[]>,
  read: (cells: string[]) => OrderLine,
): AsyncGenerator<LineRow[]> {
  for await (const batch of rows) {
    yield batch.map((row): LineRow => ('cells' in row ? { line: row.line, value: read(row.cells) } : row))
  }
}

/** Whether the total is that of a line: in the first rows it differs among those of one order. */
function isLineTotal(table: Table, read: (cells: string[]) => OrderLine): boolean {
  const first = new Map<string, number>()
  const length = Math.max(0, ...table.cells.map((cells) => cells.length))
  for (let i = 0; i < length; i++) {
    const { orderId, total } = read(table.cells.map((cells) => cells[i] ?? ''))
    if (orderId === null || typeof total !== 'number') continue
    const known = first.get(orderId)
    if (known !== undefined && known !== total) return true
    first.set(orderId, total)
  }
  return false
}
