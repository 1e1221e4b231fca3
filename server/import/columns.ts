/**
 * What a file's columns mean: the shape that the guesses and the map fill, and the refusal of a whole file.
 */
import type { ColumnType, DayOrder } from './values.ts'

/** A column as it is told to whoever imports. `field` null: it is left out, and `note` says why. */
export type ReportedColumn = { column: string; field: string | null; type: ColumnType; note?: string }

/** A column with all that reading its cells needs. */
export type Column = ReportedColumn & {
  index: number
  order: DayOrder
  /** The question about mail that its cells answer. */
  asks?: 'yes' | 'no' | 'status' | 'weak'
  /** The permission whose time its cells hold. */
  timeOf?: 'yes' | 'no'
}

/** The file as the guess sees it: unique headings, their shown form, and the cells of the first rows by column. */
export type Table = { headings: string[]; cells: string[][] }

/** Nothing of the file can be imported. The message is one sentence for whoever sent it. */
export class ImportRefusal extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.name = 'ImportRefusal'
    this.code = code
  }
}

/** The columns without what only reading them needs. */
export function reportedColumns(columns: readonly Column[]): ReportedColumn[] {
  return columns.map(({ column, field, type, note }) => ({
    column,
    field,
    type,
    ...(note === undefined ? {} : { note }),
  }))
}

/** Headings for a sentence, not all of them where there are very many. */
export function listed(headings: readonly string[]): string {
  const shown = headings.slice(0, 50).map((heading) => JSON.stringify(heading))
  return shown.join(', ') + (headings.length > shown.length ? ` and ${headings.length - shown.length} more` : '')
}
