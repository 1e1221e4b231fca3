/**
 * A CSV file as headings and rows of cells, each with the number of its first line (the file starts at line 1). Rows
 * are produced in small batches as the text arrives; only the first rows are kept in memory.
 */
import { parse } from 'csv-parse'
import { ImportRefusal, type Table } from './columns.ts'
import { type Delimiter, delimiterChar, guessDelimiter, guessNewline, type Newline, readSepLine } from './dialect.ts'
import { shownHeading } from './heading.ts'
import { cleanCell, readAddress, resemblesAddress } from './values.ts'

/** A row's cells, or what is wrong with the text from this line on. */
export type CsvRow = { line: number; cells: string[] } | { line: number; code: string; message: string }

/** An opened file: its first rows, and all its rows. */
export type Csv = { table: Table; delimiter: Delimiter; newline: Newline; rows: AsyncIterable<CsvRow[]> }

/** The guesses use this many rows, and this much text to find the delimiter. */
const SAMPLE_ROWS = 1000
const SAMPLE_CHARS = 64 * 1024

/** No genuine export has more columns; guessing takes each of them with each of the others. */
const MAX_COLUMNS = 2000

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

  const sample: CsvRow[] = []
  let ended = false
  while (sample.length <= SAMPLE_ROWS && !ended) {
    const next = await batches.next()
    if (next.done) ended = true
    else sample.push(...next.value)
  }
  const first = sample[0]
  if (first === undefined) throw new ImportRefusal('empty_file', 'the file is empty')
  if (!('cells' in first)) throw new ImportRefusal(first.code, first.message)
  if (first.cells.length > MAX_COLUMNS) {
    throw new ImportRefusal('too_many_columns', `the file must have at most ${MAX_COLUMNS} columns`)
  }
  // A plain list of addresses has no headings.
  const headless = first.cells.some((cell) => resemblesAddress(readAddress(cell).address, true))
  const rows = headless ? sample : sample.slice(1)
  const headings = uniqueHeadings(headless ? first.cells.map(() => '') : first.cells)
  const cells: string[][] = headings.map(() => [])
  for (const row of rows.slice(0, SAMPLE_ROWS)) {
    if (!('cells' in row) || isTooLong(row.cells, headings.length)) continue
    for (const [i, column] of cells.entries()) column.push(cleanCell(row.cells[i] ?? ''))
  }
  return { table: { headings, cells }, delimiter, newline, rows: checked(rows, batches, headings.length) }
}

async function* pieces(head: string, text: AsyncIterator<string>): AsyncGenerator<string> {
  // Split, so that no batch of rows is larger than the others.
  for (let i = 0; i < head.length; i += SAMPLE_CHARS) yield head.slice(i, i + SAMPLE_CHARS)
  for (let next = await text.next(); !next.done; next = await text.next()) yield next.value
}

async function* checked(first: CsvRow[], rest: AsyncIterable<CsvRow[]>, width: number): AsyncGenerator<CsvRow[]> {
  const check = (row: CsvRow): CsvRow =>
    'cells' in row && isTooLong(row.cells, width)
      ? {
          line: row.line,
          code: 'too_many_cells',
          message: `the row has more cells than the ${width} headings, so its cells cannot be assigned to columns`,
        }
      : row
  for (let i = 0; i < first.length; i += 500) yield first.slice(i, i + 500).map(check)
  for await (const batch of rest) yield batch.map(check)
}

function isTooLong(cells: string[], width: number): boolean {
  return cells.length > width && cells.slice(width).some((cell) => cell.trim() !== '')
}

/** Unique headings as shown: a second `Phone` becomes `Phone 2`, an empty one `column_4`. */
function uniqueHeadings(cells: string[]): string[] {
  const shown = cells.map((cell, i) => shownHeading(cell) || `column_${i + 1}`)
  const given = new Set(shown)
  const used = new Set<string>()
  /** The next number for a heading that occurs again. */
  const numbers = new Map<string, number>()
  return shown.map((heading) => {
    let unique = heading
    let n = numbers.get(heading) ?? 2
    for (; used.has(unique); n++) if (!given.has(`${heading} ${n}`)) unique = `${heading} ${n}`
    numbers.set(heading, n)
    used.add(unique)
    return unique
  })
}

/** Rows that are not blank, in one batch per piece of text. An error ends them with a row that describes it. */
async function* parseRows(
  text: AsyncIterable<string>,
  delimiter: Delimiter,
  newline: Newline,
  firstLine: number,
): AsyncGenerator<CsvRow[]> {
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
  const take = (): CsvRow[] => {
    const rows: CsvRow[] = []
    for (const cells of records) {
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
