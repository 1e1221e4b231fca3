/**
 * The list of rejected rows as a file for a spreadsheet program. Messages quote the imported file, so what such a program
 * would run as a formula is made harmless.
 */

import { guardCell } from '../../../server/domain/csv-cell.ts'
import type { ImportReport } from '../../api.ts'

/** The text of the file, with the byte order mark that tells spreadsheet programs its encoding. */
export function rejectedCsv(rejected: ImportReport['rejected'], head: [string, string, string]): string {
  const lines = [head, ...rejected.map(({ row, code, message }) => [String(row), code, message])]
  return `\u{feff}${lines.map((cells) => cells.map(cell).join(',')).join('\r\n')}\r\n`
}

function cell(text: string): string {
  const safe = guardCell(text)
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
