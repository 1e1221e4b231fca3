/** Guesses the fields of an order file's columns. A column that matches no field of an order is skipped. */
import { type Column, ImportRefusal, listed, type Table } from './columns.ts'
import { describeColumns, filledCells, leaveOutSecrets } from './guess-contacts.ts'
import { hasWord, isOfAnother, plain } from './heading.ts'
import { EMAIL, EMAIL_WORDS, ORDER } from './headings.ts'
import { type FieldMap, mappedField } from './map.ts'
import { currencyIn } from './money-text.ts'
import { resemblesAddress } from './values.ts'

/** Columns with their fields. `currency` applies to amounts without one. Refuses a file that holds no orders. */
export function orderColumns(table: Table, map: FieldMap, currency: string | null): Column[] {
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
  const headings = new Map(columns.map((column) => [column, plain(column.column)]))
  for (const [field, names] of Object.entries(ORDER)) {
    take(field, names.flatMap((name) => [...open].filter((column) => headings.get(column) === name))[0])
  }
  take(
    'email',
    [...open].find((column) => {
      const name = plain(column.column)
      if (isOfAnother(column.column)) return false
      if (EMAIL.includes(name)) return true
      return hasWord(name, EMAIL_WORDS) && filledCells(table, column).some((cell) => resemblesAddress(cell, false))
    }),
  )
  for (const column of open) column.note = 'not a field of an order'

  const lacking = ['order_id', 'at', 'total'].filter((field) => !taken.has(field))
  const amounts = columns.find((column) => column.field === 'total')
  const named = amounts && (currencyIn(amounts.column) ?? filledCells(table, amounts).map(currencyIn).find(Boolean))
  if (!taken.has('currency') && currency === null && !named) lacking.push('currency')
  if (lacking.length > 0) {
    throw new ImportRefusal(
      'no_order_columns',
      `the file must have a column for ${lacking.join(', ')}, or a map that names one ` +
        `(its headings are ${listed(table.headings)})`,
    )
  }
  return columns
}
