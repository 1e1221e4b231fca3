/**
 * The columns of a file: the type that the guesses and the map fill in, and the refusal of a whole file.
 */
import type { DecimalMark } from '../domain/commerce/amount.ts'
import type { DayOrder } from '../domain/dates.ts'
import type { PermissionColumn, PermissionRole } from './permission/column.ts'
import type { ColumnType } from './types.ts'

/**
 * A column as reported to the importer. A `field` of null means that it is skipped, and `note` says why. `permission`: what
 * it says about the permission to mail, if anything.
 */
export type ReportedColumn = {
  column: string
  field: string | null
  type: ColumnType
  note?: string
  permission?: PermissionRole
}

/** A column with everything needed to read its cells. */
export type Column = Omit<ReportedColumn, 'permission'> & {
  index: number
  order: DayOrder
  mark: DecimalMark
  permission?: PermissionColumn
}

/** The file as the guesses see it: unique headings as shown, and the cells of the first rows by column. */
export type Table = { headings: string[]; cells: string[][] }

/** The file cannot be imported at all. The message is one sentence for its sender. */
export class ImportRefusal extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.name = 'ImportRefusal'
    this.code = code
  }
}

/** The reported part of the columns. */
export function reportedColumns(columns: readonly Column[]): ReportedColumn[] {
  return columns.map(({ column, field, type, note, permission }) => ({
    column,
    field,
    type,
    ...(note === undefined ? {} : { note }),
    ...(permission === undefined ? {} : { permission: permission.role }),
  }))
}

/** Headings for a sentence, cut off if there are very many. */
export function listed(headings: readonly string[]): string {
  const shown = headings.slice(0, 50).map((heading) => JSON.stringify(heading))
  return shown.join(', ') + (headings.length > shown.length ? ` and ${headings.length - shown.length} more` : '')
}
