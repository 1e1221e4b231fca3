/**
 * Determines a chosen file's kind from its name and first bytes: the server is told how to read it and decides the
 * rest. A name that says CSV is trusted; otherwise the first character decides, because files of JSON lines are often
 * called `.json`. Files that are certainly not text are detected here, before megabytes of them are sent.
 */

/** The content type of an Excel workbook. */
const WORKBOOK = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

/** The content type to send, or why the file cannot be sent. */
export type FileKind =
  | { type: 'text/csv' | 'application/x-ndjson' | 'application/json' | typeof WORKBOOK }
  | { trouble: 'empty' | 'spreadsheet' }

const LOOK_AT_BYTES = 4096

/** The first bytes of a ZIP archive, which an `.xlsx` is, and of an older compound document (`.xls`). */
const ARCHIVE = '504b0304'
const OLD_SPREADSHEET = 'd0cf11e0'

/** Examines a file. */
export async function kindOf(file: File): Promise<FileKind> {
  if (file.size === 0) return { trouble: 'empty' }
  const bytes = new Uint8Array(await file.slice(0, LOOK_AT_BYTES).arrayBuffer())
  const magic = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join('')
  if (magic === OLD_SPREADSHEET) return { trouble: 'spreadsheet' }
  if (magic === ARCHIVE) return { type: WORKBOOK }
  if (/\.(csv|tsv|txt)$/i.test(file.name)) return { type: 'text/csv' }
  // The decoder removes the byte order mark.
  const first = new TextDecoder().decode(bytes).trimStart()[0]
  if (first === '[') return { type: 'application/json' }
  if (first === '{' || /\.(ndjson|jsonl)$/i.test(file.name)) return { type: 'application/x-ndjson' }
  return { type: /\.json$/i.test(file.name) ? 'application/json' : 'text/csv' }
}
