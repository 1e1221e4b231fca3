/** A CSV file as a table. Rows are produced in small batches as the text arrives. */
import { parse } from 'csv-parse'
import { type Delimiter, delimiterChar, guessDelimiter, guessNewline, type Newline, readSepLine } from './dialect.ts'
import { type OpenedTable, openTable, type TableRow } from './table.ts'

/** An opened CSV file. */
export type Csv = OpenedTable & { delimiter: Delimiter; newline: Newline }

/** The delimiter is found in this much text. */
const SAMPLE_CHARS = 64 * 1024

/** No genuine row is longer; without the limit, an unclosed quote would swallow the file. */
const MAX_ROW_BYTES = 1024 * 1024

/** Opens a text as CSV. */
export async function openCsv(text: AsyncIterator<string>): Promise<Csv> {
  let head = ''
  let whole = false
  while (head.length < SAMPLE_CHARS && !whole) {
    const next = await text.next()
    if (next.done) whole = true
    else head += next.value
  }
  const sep = readSepLine(head)
  const body = sep ? head.slice(sep.length) : head
  const delimiter = sep?.delimiter ?? guessDelimiter(body.slice(0, SAMPLE_CHARS), whole && body.length <= SAMPLE_CHARS)
  const newline = guessNewline(body, delimiter)
  const batches = parseRows(pieces(body, text), delimiter, newline, sep ? 2 : 1)
  return { ...(await openTable(batches)), delimiter, newline }
}

async function* pieces(head: string, text: AsyncIterator<string>): AsyncGenerator<string> {
  // Split, so that no batch of rows is larger than the others.
  for (let i = 0; i < head.length; i += SAMPLE_CHARS) yield head.slice(i, i + SAMPLE_CHARS)
  for (let next = await text.next(); !next.done; next = await text.next()) yield next.value
}

/** Rows that are not blank, in one batch per piece of text. An error ends them with a row that describes it. */
async function* parseRows(
  text: AsyncIterable<string>,
  delimiter: Delimiter,
  newline: Newline,
  firstLine: number,
): AsyncGenerator<TableRow[]> {
  const parser = parse({
    delimiter: delimiterChar(delimiter),
    record_delimiter: newline === 'cr' ? ['\r\n', '\n', '\r'] : ['\r\n', '\n'],
    relax_quotes: true,
    relax_column_count: true,
    // Not on the right: that would turn a letter after a closing quote into an error.
    ltrim: true,
    max_record_size: MAX_ROW_BYTES,
  })
  let records: string[][] = []
  let failed = false
  let line = firstLine
  parser.on('data', (record: string[]) => records.push(record))
  // The error is reported with the line where the row began.
  parser.on('error', () => {
    failed = true
  })
  const take = (): TableRow[] => {
    const rows: TableRow[] = []
    for (const record of records) {
      const cells = delimiter === 'spaces' ? (record[0] ?? '').trim().split(/\s+/) : record
      const began = line
      line += 1
      for (const cell of cells) line += newlinesIn(cell)
      if (cells.some((cell) => cell.trim() !== '')) rows.push({ line: began, cells })
    }
    records = []
    return rows
  }
  try {
    for await (const piece of text) {
      await new Promise<void>((resolve) => parser.write(piece, () => resolve()))
      if (failed) break
      const rows = take()
      if (rows.length > 0) yield rows
    }
    if (!failed) {
      await new Promise<void>((resolve) => {
        parser.once('end', resolve)
        parser.once('error', () => resolve())
        parser.end()
      })
    }
    const rows = take()
    if (failed) {
      const message = 'the row never ends, because a quote in it is not closed; nothing after this line was read'
      rows.push({ line, code: 'unclosed_quote', message })
    }
    if (rows.length > 0) yield rows
  } finally {
    parser.destroy()
  }
}

function newlinesIn(cell: string): number {
  if (!cell.includes('\n') && !cell.includes('\r')) return 0
  return cell.match(/\r\n|\n|\r/g)?.length ?? 0
}
