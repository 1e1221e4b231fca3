/** Turns a row of a file of contacts into the object that a JSON push would hold. Its schema finds what is invalid. */

import { valueAs } from '../domain/attribute.ts'
import { readInstant } from '../domain/dates.ts'
import { cleanEmail } from '../domain/identifier.ts'
import type { Column } from './columns.ts'
import { rowWord } from './permission/column.ts'
import { attributeTypeOf } from './types.ts'
import { cleanCell, readAddress, readFlag } from './values.ts'

/** Creates a reader for rows of these columns. Without an id column, a row's address is its id. */
export function createContactReader(columns: readonly Column[]): (cells: string[]) => Record<string, unknown> {
  const hasId = columns.some((column) => column.field === 'id')
  const permissions = columns.flatMap(({ index, order, permission }) =>
    permission === undefined ? [] : [{ index, order, permission }],
  )
  return (cells) => {
    const row: Record<string, unknown> = {}
    const attributes: Record<string, unknown> = {}
    let name: string | null = null
    for (const column of columns) {
      const { field } = column
      const cell = cleanCell(cells[column.index] ?? '')
      if (cell === '') continue
      if (field === null || field.startsWith('mail_')) continue
      if (field === 'email') {
        const read = readAddress(cell)
        row.email = read.address
        name = read.name
      } else if (field === 'minor') row.minor = readFlag(cell) ?? cell
      else if (field === 'updated_at') row.updated_at = isoInstant(cell, column) ?? cell
      else if (field.startsWith('attributes.')) {
        set(attributes, field.slice('attributes.'.length), valueAs(cell, attributeTypeOf(column.type), column))
      } else row[field] = cell
    }
    const { mail_answer, ...word } = rowWord(permissions, (index) => cleanCell(cells[index] ?? ''))
    Object.assign(row, word)
    // For the store only, so not enumerable: no push has it.
    if (mail_answer) Object.defineProperty(row, 'mail_answer', { value: true })
    if (name !== null && !['name', 'first_name', 'firstname'].some((each) => Object.hasOwn(attributes, each))) {
      attributes.name = name
    }
    if (Object.keys(attributes).length > 0) row.attributes = attributes
    if (!hasId && typeof row.email === 'string') row.id = cleanEmail(row.email).toLowerCase()
    return row
  }
}

/** Sets a property of any name, even `__proto__`. */
function set(attributes: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(attributes, name, { value, enumerable: true, configurable: true, writable: true })
}

function isoInstant(cell: string, column: Column): string | null {
  const ms = readInstant(cell, column.order)
  return ms === null ? null : new Date(ms).toISOString()
}
