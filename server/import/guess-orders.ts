/**
 * Guesses the fields of an order file's columns from their headings and, where a heading leaves it open, from the cells of
 * the first rows. A column that matches no field of an order is skipped.
 */

import { decimalMarkOf, readAmount } from '../domain/commerce/amount.ts'
import { currencyIn } from '../domain/commerce/currency.ts'
import { readOrderStatus } from '../domain/commerce/order-status.ts'
import { readDigits, readIsoTime, readSerial } from '../domain/dates.ts'
import { type Column, ImportRefusal, listed, type Table } from './columns.ts'
import { describeColumns, filledCells, leaveOutSecrets } from './guess-contacts.ts'
import { hasWord, isOfAnother, plain } from './heading.ts'
import { EMAIL, EMAIL_WORDS } from './headings.ts'
import { readItemTexts } from './item-texts.ts'
import { type FieldMap, mappedField } from './map.ts'
import { CUSTOMER, MAYBE_ORDER_ID, ORDER, ORDER_CONTACT, orderHeading } from './order-headings.ts'
import { resemblesAddress } from './values.ts'

/** The columns of an order file. */
export type OrderColumns = {
  columns: Column[]
  /** The file says nothing of currencies. */
  hasCurrency: boolean
  /** A column names the customers. */
  hasCustomer: boolean
}

/** Columns with their fields. Refuses a file that holds no orders. */
export function orderColumns(table: Table, map: FieldMap): OrderColumns {
  const columns = describeColumns(table)
  const open = leaveOutSecrets(columns, table)
  const taken = new Set<string>()
  const take = (field: string, column: Column | undefined) => {
    if (column === undefined || taken.has(field)) return
    column.field = field
    taken.add(field)
    open.delete(column)
  }
  for (const column of [...open]) {
    const mapped = mappedField(map, column.column, column.index)
    if (mapped === undefined) continue
    if (mapped !== null && taken.has(mapped)) {
      throw new ImportRefusal('bad_map', `map must name one column for ${mapped}`)
    }
    open.delete(column)
    column.field = mapped
    if (mapped === null) column.note = 'skipped by the map'
    else taken.add(mapped)
  }
  const headings = new Map(columns.map((column) => [column, orderHeading(column.column)]))
  const best = (names: readonly string[], fits: (cells: string[]) => boolean = () => true) =>
    names
      .flatMap((name) => [...open].filter((column) => headings.get(column) === name))
      .find((column) => fits(filledCells(table, column)))
  const timeColumns = columns.filter((column) => ORDER.at.includes(headings.get(column) ?? ''))
  const timesOf = () => timeColumns.map((column) => table.cells[column.index] ?? [])

  take('contact_id', best(ORDER_CONTACT))
  // Amazon's `item-price` is that of the whole line.
  if ([...headings.values()].some((name) => name === 'amazon order id' || name === 'asin')) {
    take('line_total', best(['item price']))
  }
  for (const [field, names] of Object.entries(ORDER)) take(field, best(names, FITS[field]))
  for (const column of [...open]) {
    // One column for each item.
    if (/^line item \d{1,3}$/.test(headings.get(column) ?? '')) {
      column.field = 'items'
      open.delete(column)
    }
  }
  take('email', emailColumn([...open], table))
  take('order_id', best(MAYBE_ORDER_ID, areIds))
  const orderIds = columns.find((column) => column.field === 'order_id')
  if (orderIds && MAYBE_ORDER_ID.includes(headings.get(orderIds) ?? '')) {
    // The number of a customer comes again on other days.
    if (timesOf().some((times) => comesAgain(table.cells[orderIds.index] ?? [], times))) {
      orderIds.field = taken.has('contact_id') ? null : 'contact_id'
      taken.add('contact_id')
      taken.delete('order_id')
    }
  }
  take('contact_id', best(CUSTOMER, areIds))
  if (columns.every((column) => /^column_\d+$/.test(column.column))) {
    const unnamed = (fits: (cells: string[]) => boolean) =>
      [...open].filter((column) => fits(filledCells(table, column)))
    take(
      'at',
      unnamed((cells) => cells.every((cell) => readDigits(cell) !== null || readIsoTime(cell, null) !== null))[0],
    )
    take('total', unnamed((cells) => cells.every((cell) => /^\d+[.,]\d{2}$/.test(cell))).at(-1))
    take('contact_id', unnamed((cells) => cells.every((cell) => /^\d+$/.test(cell)))[0])
  }
  // Where nothing else is the total, a column that may be one is.
  const amounts = best(ORDER.amount, areAmounts)
  if (!taken.has('total')) take('total', columns.find((column) => column.field === 'amount') ?? amounts)
  for (const column of columns) {
    if (column.field === 'amount') column.field = null
    if (column.field === null && column.note === undefined) column.note = 'not a field of an order'
  }
  return described(columns, table, taken)
}

/** What the cells below a heading must be for some fields. */
const FITS: Record<string, (cells: string[]) => boolean> = {
  at: (cells) => cells.length === 0 || cells.some(isTime),
  items: (cells) => cells.some((cell) => (readItemTexts(cell)?.length ?? 0) > 0 && /[|{[;:,×*]|\dx|x\d/i.test(cell)),
  payment_status: areStatuses,
  status: areStatuses,
  item_status: areStatuses,
  time: (cells) => cells.length === 0 || cells.some((cell) => /\d[:h]\d/.test(cell)),
  total: areAmounts,
  amount: areAmounts,
  line_total: areAmounts,
  price: areAmounts,
  tax: areAmounts,
  quantity: areAmounts,
}

function areAmounts(cells: string[]): boolean {
  const mark = decimalMarkOf(cells)
  return cells.length === 0 || cells.some((cell) => readAmount(cell, null, mark) !== null)
}

/** Statuses are words; numbers of a shop's own table of statuses say nothing. */
function areStatuses(cells: string[]): boolean {
  return cells.length === 0 || cells.some((cell) => /\p{L}/u.test(cell))
}

function isTime(cell: string): boolean {
  return (
    readIsoTime(cell, 'dmy') !== null ||
    readIsoTime(cell, 'mdy') !== null ||
    readSerial(cell) !== null ||
    readDigits(cell) !== null ||
    /^\d{10}(\d{3})?$/.test(cell)
  )
}

/** Whether each cell has a digit and no space. */
function areIds(cells: string[]): boolean {
  return cells.length > 0 && cells.every((cell) => /\d/.test(cell) && !/\s/.test(cell))
}

/** Whether a value comes again at another time. */
function comesAgain(values: readonly string[], times: readonly string[]): boolean {
  const first = new Map<string, string>()
  return values.some((value, i) => {
    const time = times[i] ?? ''
    if (value === '' || time === '') return false
    const known = first.get(value)
    if (known === undefined) first.set(value, time)
    return known !== undefined && known !== time
  })
}

/** The column of the customers' addresses. The buyer of an order is its customer. */
function emailColumn(open: Column[], table: Table): Column | undefined {
  return open.find((column) => {
    const name = plain(column.column)
    if (isOfAnother(column.column) && !hasWord(name, ['buyer'])) return false
    if (EMAIL.includes(name)) return true
    const cells = filledCells(table, column)
    const isNamed = hasWord(name, EMAIL_WORDS) && cells.some((cell) => resemblesAddress(cell, false))
    return isNamed || (cells.length > 0 && cells.every((cell) => resemblesAddress(cell, true)))
  })
}

function described(columns: Column[], table: Table, taken: Set<string>): OrderColumns {
  const of = (field: string) => columns.find((column) => column.field === field)
  const hasCustomer = taken.has('contact_id') || taken.has('email')
  const lacking = [...(taken.has('order_id') || hasCustomer ? [] : ['order_id']), ...(taken.has('at') ? [] : ['at'])]
  if (!['total', 'price', 'line_total', 'items'].some((field) => taken.has(field))) {
    const total = of('contact_id') && of('at') && columns.length === 2
    if (!total) lacking.push('total')
  }
  if (lacking.length > 0) {
    throw new ImportRefusal(
      'no_order_columns',
      `the file must have a column for ${lacking.join(', ')}, or a map that names one ` +
        `(its headings are ${listed(table.headings)})`,
    )
  }
  const amounts = of('total') ?? of('line_total') ?? of('price')
  const hasCurrency =
    taken.has('currency') ||
    (amounts !== undefined &&
      (currencyIn(amounts.column) !== null || filledCells(table, amounts).some((cell) => currencyIn(cell) !== null)))
  const status = of('payment_status') ?? of('status')
  if (status) {
    const unknown = new Set(filledCells(table, status).filter((cell) => readOrderStatus(cell) === null))
    if (unknown.size > 0) status.note = `not understood: ${listed([...unknown].slice(0, 5))}`
  }
  const paid = of('paid')
  if (paid) paid.note = status ? 'not used: the status says it' : 'an order without it is not paid'
  return { columns, hasCurrency, hasCustomer }
}
