/** Turns a row of a file of contacts into the object that a JSON push would hold. Its schema finds what is invalid. */
import { cleanEmail } from '../domain/identifier.ts'
import type { Column } from './columns.ts'
import { readInstant } from './dates.ts'
import { attributeValue, cleanCell, readAddress, readFlag, readPermission } from './values.ts'

/** Creates a reader for rows of these columns. Without an id column, a row's address is its id. */
export function createContactReader(columns: readonly Column[]): (cells: string[]) => Record<string, unknown> {
  const hasId = columns.some((column) => column.field === 'id')
  return (cells) => {
    const row: Record<string, unknown> = {}
    const attributes: Record<string, unknown> = {}
    const permission = { yes: false, no: false, yesAt: null as number | null, noAt: null as number | null }
    let name: string | null = null
    for (const column of columns) {
      const { field } = column
      const cell = cleanCell(cells[column.index] ?? '')
      if (cell === '') continue
      if (column.asks !== undefined) {
        const says = readPermission(column.asks, cell)
        if (says === true) permission.yes = true
        if (says === false) permission.no = true
        if (says === false && column.timeOf === 'no') permission.noAt = readInstant(cell, column.order)
      } else if (column.timeOf !== undefined) {
        permission[column.timeOf === 'yes' ? 'yesAt' : 'noAt'] = readInstant(cell, column.order)
      }
      if (field === null || field === 'mail_consent' || field === 'mail_consent_at') continue
      if (field === 'email') {
        const read = readAddress(cell)
        row.email = read.address
        name = read.name
      } else if (field === 'minor') row.minor = readFlag(cell) ?? cell
      else if (field === 'updated_at') row.updated_at = isoInstant(cell, column) ?? cell
      else if (field.startsWith('attributes.')) {
        set(attributes, field.slice('attributes.'.length), attributeValue(cell, column.type, column.order))
      } else row[field] = cell
    }
    // If two columns disagree, the one that forbids wins.
    if (permission.no) row.mail_consent = false
    else if (permission.yes) row.mail_consent = true
    const at = permission.no ? permission.noAt : permission.yes ? permission.yesAt : null
    if (at !== null) row.mail_consent_at = new Date(at).toISOString()
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
