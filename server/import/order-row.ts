/** Turns a row of a file of orders into the object that a JSON push would hold. Its schema finds what is invalid. */
import { parseJson } from '../domain/nul.ts'
import type { Column, Table } from './columns.ts'
import { filledCells } from './guess-contacts.ts'
import { currencyIn, decimalSeparatorOf, readAmount } from './money-text.ts'
import { cleanCell, readAddress, readInstant } from './values.ts'

/** Creates a reader for rows of these columns. `currency` applies to amounts without one. */
export function createOrderReader(
  columns: readonly Column[],
  table: Table,
  currency: string | null,
): (cells: string[]) => Record<string, unknown> {
  const amounts = columns.find((column) => column.field === 'total')
  const sign = amounts ? decimalSeparatorOf(filledCells(table, amounts)) : null
  const fallback = (amounts && currencyIn(amounts.column)) ?? currency
  return (cells) => {
    const row: Record<string, unknown> = {}
    for (const column of columns) {
      const cell = cleanCell(cells[column.index] ?? '')
      if (column.field === null || cell === '') continue
      row[column.field] = read(column, cell)
    }
    if (row.currency === undefined) {
      const cell = amounts ? (cells[amounts.index] ?? '') : ''
      const said = currencyIn(cell) ?? fallback
      if (said !== null && said !== undefined) row.currency = said
    }
    return row
  }

  function read(column: Column, cell: string): unknown {
    switch (column.field) {
      case 'email':
        return readAddress(cell).address
      case 'at': {
        const ms = readInstant(cell, column.order)
        return ms === null ? cell : new Date(ms).toISOString()
      }
      case 'total':
        return readAmount(cell, sign) ?? cell
      case 'items':
        try {
          return parseJson(cell)
        } catch {
          // The schema says what items must be.
          return cell
        }
      default:
        return cell
    }
  }
}
