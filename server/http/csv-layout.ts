/**
 * How a CSV file is laid out: separator, byte order mark, line ends and decimal mark, each on request or by the profile of
 * the program that opens it. A text that a spreadsheet would run as a formula is made harmless whatever the layout.
 */
import { z } from '@hono/zod-openapi'
import { stringify } from 'csv-stringify/sync'
import { guardCell } from '../domain/csv-cell.ts'

const SEPARATORS = { comma: ',', semicolon: ';', tab: '\t' } as const

/** What programs need. A French Excel splits at semicolons, reads UTF-8 by its mark only, and writes decimals with a comma. */
const PROFILES = { 'excel-fr': { separator: 'semicolon', bom: true, newline: '\r\n', decimalComma: true } } as const

/** The query of a CSV file. */
export const csvQuery = {
  separator: z
    .enum(['comma', 'semicolon', 'tab'], 'must be comma, semicolon or tab')
    .optional()
    .openapi({ description: 'What separates the cells of the CSV: a comma, unless the profile has another.' }),
  bom: z
    .enum(['true', 'false'], 'must be true or false')
    .optional()
    .openapi({ description: 'Whether the CSV starts with a byte order mark, which Excel needs to recognise UTF-8.' }),
  profile: z
    .enum(['excel-fr'], 'must be excel-fr')
    .optional()
    .openapi({
      description:
        'The program that opens the CSV. `excel-fr`: semicolons, a byte order mark, Windows line ends and decimal commas. ' +
        '`separator` and `bom` change single parts of it.',
    }),
}

/** A layout. */
export type CsvLayout = { delimiter: string; bom: boolean; newline: string; decimalComma: boolean }

type Asked = { separator?: keyof typeof SEPARATORS; bom?: 'true' | 'false'; profile?: keyof typeof PROFILES }

/** The layout that a query asks for. */
export function layoutOf({ separator, bom, profile }: { [K in keyof Asked]: Asked[K] | undefined }): CsvLayout {
  const given = profile === undefined ? null : PROFILES[profile]
  return {
    delimiter: SEPARATORS[separator ?? given?.separator ?? 'comma'],
    bom: bom === undefined ? (given?.bom ?? false) : bom === 'true',
    newline: given?.newline ?? '\n',
    decimalComma: given?.decimalComma ?? false,
  }
}

/** Rows as CSV, after a header if it is the `first` part of the file. */
export function csvText(
  rows: Record<string, unknown>[],
  columns: string[],
  { delimiter, bom, newline, decimalComma }: CsvLayout,
  first: boolean,
): string {
  const number = (value: number) => (decimalComma ? String(value).replace('.', ',') : String(value))
  return stringify(rows, {
    ...{ header: first, columns, bom: first && bom, delimiter, record_delimiter: newline },
    cast: { string: guardCell, boolean: String, number },
  })
}
