/** The output of the import commands. Pure. */
import type { ImportQuestion } from './permission/column.ts'
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

/** What the sender must answer, and how. */
export function questionTexts(questions: readonly ImportQuestion[]): string[] {
  return questions.flatMap(({ column, code, examples, rows }) => {
    const shown = examples.map((each) => JSON.stringify(each)).join(', ')
    const asked = {
      unknown_values: `"${column}" has values that are neither a yes nor a no (${shown}).`,
      unknown_heading: `"${column}" may be for something else than mail (${shown}).`,
      odd_legend: `"${column}" gives yes and no another meaning than usual (${shown}).`,
    }[code]
    const answers = {
      unknown_values: `--map '${column}:mail_consent=VALUE|VALUE' if these values allow mail, '${column}:mail_refusal' if the column refuses`,
      unknown_heading: `--map '${column}:mail_consent' if a yes allows mail, '${column}:mail_refusal' if it refuses`,
      odd_legend: `--map '${column}:mail_consent' or '${column}:mail_refusal'`,
    }[code]
    const one = rows === 1
    const effect =
      code === 'unknown_heading'
        ? one
          ? 'allows nothing'
          : 'allow nothing'
        : `${one ? 'leaves' : 'leave'} the permission unclear, so nobody is mailed`
    const count = `${rows.toLocaleString('en')} ${rows === 1 ? 'row' : 'rows'}`
    return [`${asked} ${count} ${effect}.`, `  Import again with ${answers}, or '${column}:-' if it is not about mail.`]
  })
}
