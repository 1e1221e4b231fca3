/** A thread that reads one sheet of a workbook, posts its rows and ends. */
import { parentPort, workerData } from 'node:worker_threads'
import { InvalidSpreadsheetError, readSheet, SheetNotFoundError } from 'read-excel-file/universal'
import type { TableRow } from './table.ts'

/** The rows in batches, or why there are none. */
export type WorkbookReply = { batches: TableRow[][] } | { code: string; error: string }

const BATCH_ROWS = 500

/** A sheet of Excel has at most 2^20 rows; cells beyond this many do not fit into the memory of the thread. */
const MAX_CELLS = 5_000_000

const { bytes, sheet } = workerData as { bytes: Uint8Array<ArrayBuffer>; sheet: string }

/**
 * Numbers keep the digits that are written: an id of twenty digits is no quantity. One with decimals gets the shortest
 * form, because Excel writes 44.99 as 44.990000000000002.
 */
const parseNumber = (text: string): string => (/^-?\d+$|e/i.test(text) ? text : String(Number(text)))

/** A cell as it would stand in CSV. Excel's dates have no zone. */
function textOf(cell: unknown): string {
  if (cell === null || cell === undefined) return ''
  if (!(cell instanceof Date)) return String(cell)
  const [day = '', time = ''] = cell.toISOString().split('T')
  return time.startsWith('00:00:00') ? day : `${day} ${time.slice(0, 8)}`
}

async function read(): Promise<WorkbookReply> {
  const number = /^\d{1,3}$/.test(sheet) ? Number(sheet) : sheet
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
  const rows = await readSheet<string>(file, number, { parseNumber, trim: false })
  const widest = rows.reduce((most, row) => Math.max(most, row.length), 0)
  if (rows.length * widest > MAX_CELLS) {
    return { code: 'too_large', error: `a sheet must have at most ${MAX_CELLS} cells: save it as CSV, and import that` }
  }
  const batches: TableRow[][] = []
  let batch: TableRow[] = []
  for (const [i, row] of rows.entries()) {
    const cells = row.map(textOf)
    if (cells.every((cell) => cell.trim() === '')) continue
    batch.push({ line: i + 1, cells })
    if (batch.length === BATCH_ROWS) {
      batches.push(batch)
      batch = []
    }
  }
  return { batches: [...batches, batch] }
}

function failed(error: unknown): WorkbookReply {
  if (error instanceof SheetNotFoundError) {
    return { code: 'no_sheet', error: `the workbook must have a sheet "${sheet}": ${error.message}` }
  }
  const isDamaged = error instanceof InvalidSpreadsheetError
  const why = isDamaged ? `: ${error.message}` : ''
  return { code: 'not_a_workbook', error: `the workbook cannot be read${why}; save it again as .xlsx` }
}

parentPort?.postMessage(await read().catch(failed))
