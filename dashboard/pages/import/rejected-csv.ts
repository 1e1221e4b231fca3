/**
 * The list of rejected rows as a file for a spreadsheet program. Messages quote the imported file, so a cell that such
 * a program would read as a formula is prefixed with an apostrophe.
 */
import type { ImportReport } from '../../api.ts'

/** The text of the file, with the byte order mark that tells spreadsheet programs its encoding. */
export function rejectedCsv(rejected: ImportReport['rejected'], head: [string, string, string]): string {
  const lines = [head, ...rejected.map(({ row, code, message }) => [String(row), code, message])]
  return `\u{feff}${lines.map((cells) => cells.map(cell).join(',')).join('\r\n')}\r\n`
}

function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
