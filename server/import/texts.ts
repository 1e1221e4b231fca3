/** The output of the import commands. Pure. */
import type { ImportOutcome } from './run.ts'
import type { Source } from './source.ts'

/** Rejected rows that are listed on the screen. */
const SHOWN_ROWS = 20

/** The format of the file, and the fields of its columns. */
export function mappingText(source: Source): string {
  const { format, encoding, delimiter, newline } = source.dialect()
  const how = [format, encoding, delimiter, newline].filter((each) => each !== null).join(', ')
  if (source.columns.length === 0) return `Read as ${how}.\n`
  const width = Math.min(40, Math.max(...source.columns.map(({ column }) => column.length)))
  const lines = source.columns.map(({ column, field, type, note }) => {
    const name = column.length > width ? `${column.slice(0, width - 1)}…` : column.padEnd(width)
    return `  ${name}  ${field === null ? '-' : `${field} (${type})`}${note === undefined ? '' : `  ${note}`}`
  })
  const ids = source.byAddress ? ['', 'There is no id column: contacts are identified by their address.'] : []
  return [`Read as ${how}. Its columns:`, ...lines, ...ids, ''].join('\n')
}

/** The result of an import. */
export function importText(
  kind: 'contacts' | 'orders',
  outcome: ImportOutcome,
  options: { dryRun?: boolean; rejected?: string },
): string {
  const { created, updated, unchanged, rejected, rejected_total: total } = outcome
  const n = (value: number) => value.toLocaleString('en')
  const verb = options.dryRun ? 'would be ' : ''
  const lines = [
    `${kind}: ${n(created)} ${verb}created, ${n(updated)} ${verb}updated, ${n(unchanged)} unchanged, ${n(total)} rejected.`,
  ]
  if (options.dryRun) lines.push('Nothing was written: this was a dry run.')
  for (const { count, message } of outcome.notes ?? []) lines.push(`  ${n(count)}: ${message}.`)
  for (const { row, code, message } of rejected.slice(0, SHOWN_ROWS)) lines.push(`  row ${row}: ${message} (${code})`)
  if (total > SHOWN_ROWS) {
    const where =
      options.rejected === undefined ? 'use --rejected FILE to write them all' : `all are in ${options.rejected}`
    lines.push(`  and ${n(total - SHOWN_ROWS)} more; ${where}.`)
  }
  return lines.join('\n')
}

/** A progress line. */
export function progressText(
  at: { rows: number; read: number; total: number | null; elapsedMs: number },
  width: number,
): string {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`
  const rate = Math.round(at.rows / Math.max(0.001, at.elapsedMs / 1000)).toLocaleString('en')
  const share = at.total === null || at.total === 0 ? null : Math.min(1, at.read / at.total)
  const size =
    at.total === null || share === null ? megabytes(at.read) : `${megabytes(at.read)} of ${megabytes(at.total)}`
  const text = `${size}, ${at.rows.toLocaleString('en')} rows, ${rate} rows/s`
  const room = width - text.length - 4
  if (share === null || room < 10) return text.slice(0, width - 1)
  const length = Math.min(30, room)
  const full = Math.round(share * length)
  return `[${'#'.repeat(full)}${' '.repeat(length - full)}] ${text}`
}
