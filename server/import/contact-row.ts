/** Turns a row of a file of contacts into the object that a JSON push would hold. Its schema finds what is invalid. */

import { valueAs } from '../domain/attribute.ts'
import { readInstant } from '../domain/dates.ts'
import { cleanEmail } from '../domain/identifier.ts'
import type { Column } from './columns.ts'
import { rowWord } from './permission/column.ts'
import { attributeTypeOf } from './types.ts'
import { cleanCell, isRounded, readAddress, readAddresses, readFlag, readId } from './values.ts'

/** Creates a reader for rows of these columns. Without an id column, a row's address is its id. */
export function createContactReader(columns: readonly Column[]): (cells: string[]) => Record<string, unknown> {
  const hasId = columns.some((column) => column.field === 'id')
  const permissions = columns.flatMap(({ index, order, permission }) =>
    permission === undefined ? [] : [{ index, order, permission }],
  )
  const hasDates = columns.some((column) => column.column === 'mail_consent_at')
  return (cells) => {
    const row: Record<string, unknown> = {}
    const attributes: Record<string, unknown> = {}
    let name: string | null = null
    let others: string[] = []
    for (const column of columns) {
      const { field } = column
      const cell = cleanCell(cells[column.index] ?? '')
      if (cell === '') continue
      if (field === null || field.startsWith('mail_')) continue
      if (field === 'email') {
        const read = readAddress(cell)
        const several = readAddresses(cell)
        row.email = several.length > 1 ? several[0] : read.address
        if (several.length > 1) others = several.slice(1)
        name = read.name
      } else if (field === 'attributes') {
        for (const [key, value] of Object.entries(readObject(cell))) set(attributes, key, value)
      } else if (field === 'deleted') {
        // Databases write "never" as a zero date.
        if (readFlag(cell) !== false && !/^[0\s.:TZ/-]+$/.test(cell)) hide(row, 'deleted', true)
      } else if (field === 'id') {
        row.id = readId(cell)
      } else if (field === 'phone') {
        // Without its last digits it is nobody's number.
        if (!isRounded(cell)) row.phone = readId(cell)
      } else if (field === 'minor') row.minor = readFlag(cell) ?? cell
      else if (field === 'updated_at') row.updated_at = isoInstant(cell, column) ?? cell
      else if (field.startsWith('attributes.')) {
        set(attributes, field.slice('attributes.'.length), valueAs(cell, attributeTypeOf(column.type), column))
      } else row[field] = cell
    }
    const { mail_answer, ...word } = rowWord(permissions, (index) => cleanCell(cells[index] ?? ''))
    Object.assign(row, word)
    // In a file with a column of dates, a word without one has none.
    if (hasDates && word.mail_consent !== undefined && word.mail_consent_at === undefined) row.mail_consent_at = null
    if (mail_answer) hide(row, 'mail_answer', true)
    if (name !== null && !['name', 'first_name', 'firstname'].some((each) => Object.hasOwn(attributes, each))) {
      attributes.name = name
    }
    if (others.length > 0) {
      hide(row, 'others', others)
      if (!Object.hasOwn(attributes, 'email_2')) attributes.email_2 = others[0]
    }
    if (Object.keys(attributes).length > 0) row.attributes = attributes
    if (!hasId && typeof row.email === 'string') row.id = cleanEmail(row.email).toLowerCase()
    return row
  }
}

/** The attributes in a cell of our own export. */
function readObject(cell: string): object {
  try {
    const parsed: unknown = JSON.parse(cell)
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? parsed : {}
  } catch {
    return {}
  }
}

/** Sets what only the import reads. It is not enumerable, because no push has it. */
function hide(row: Record<string, unknown>, name: 'mail_answer' | 'others' | 'deleted', value: unknown): void {
  Object.defineProperty(row, name, { value })
}

/** Sets a property of any name, even `__proto__`. */
function set(attributes: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(attributes, name, { value, enumerable: true, configurable: true, writable: true })
}

function isoInstant(cell: string, column: Column): string | null {
  const ms = readInstant(cell, column.order)
  return ms === null ? null : new Date(ms).toISOString()
}
