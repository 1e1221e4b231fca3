/**
 * A table as headings and rows of cells, each with the number of its first line (the file starts at line 1), whichever
 * format it comes from. Only the first rows are kept in memory.
 */
import { ImportRefusal, type Table } from './columns.ts'
import { shownHeading } from './heading.ts'
import { cleanCell, readAddress, resemblesAddress } from './values.ts'

/** A row's cells, or what is wrong with the file from this line on. */
export type TableRow = { line: number; cells: string[] } | { line: number; code: string; message: string }

/** An opened table: its first rows, and all its rows. `titleLines`: lines above the headings that were skipped. */
export type OpenedTable = { table: Table; rows: AsyncIterable<TableRow[]>; titleLines: number }

/** The guesses use this many rows. */
const SAMPLE_ROWS = 1000

/** No genuine export has more columns; guessing takes each of them with each of the others. */
const MAX_COLUMNS = 2000

/** Finds the headings of a table, which is read in batches of rows. */
export async function openTable(batches: AsyncGenerator<TableRow[]>): Promise<OpenedTable> {
  const sample: TableRow[] = []
  let ended = false
  while (sample.length <= SAMPLE_ROWS && !ended) {
    const next = await batches.next()
    if (next.done) ended = true
    else sample.push(...next.value)
  }
  const titleLines = titlesAbove(sample)
  sample.splice(0, titleLines)
  const first = sample[0]
  if (first === undefined) throw new ImportRefusal('empty_file', 'the file is empty')
  if (!('cells' in first)) throw new ImportRefusal(first.code, first.message)
  if (first.cells.length > MAX_COLUMNS) {
    throw new ImportRefusal('too_many_columns', `the file must have at most ${MAX_COLUMNS} columns`)
  }
  // A plain list of addresses and a table of numbers have no headings.
  const isList = first.cells.some((cell) => resemblesAddress(readAddress(cell).address, true))
  const headless = isList || (first.cells.length > 2 && first.cells.every((cell) => /^\s*-?\d[\d.,]*\s*$/.test(cell)))
  const rows = headless ? sample : sample.slice(1)
  const headings = uniqueHeadings(headless ? first.cells.map(() => '') : first.cells)
  const cells: string[][] = headings.map(() => [])
  for (const row of rows.slice(0, SAMPLE_ROWS)) {
    if (!('cells' in row) || isTooLong(row.cells, headings.length)) continue
    for (const [i, column] of cells.entries()) column.push(cleanCell(row.cells[i] ?? ''))
  }
  return { table: { headings, cells }, rows: checked(rows, batches, headings.length), titleLines }
}

/** Titles are looked for among so many lines. */
const MAX_TITLES = 10

/** How many lines above the headings hold a title or a date: they fill fewer than half of the cells that rows have. */
function titlesAbove(sample: readonly TableRow[]): number {
  const filled = sample.map((row) => ('cells' in row ? row.cells.filter((cell) => cell.trim() !== '').length : 0))
  const usual = filled.slice(0, 200).toSorted((a, b) => a - b)[Math.floor(Math.min(filled.length, 200) / 2)] ?? 0
  if (usual < 3) return 0
  const place = filled.slice(0, MAX_TITLES + 1).findIndex((count) => count * 2 > usual)
  const isTitle = (row: TableRow) => 'cells' in row && !row.cells.some((cell) => resemblesAddress(cell.trim(), true))
  return place > 0 && sample.slice(0, place).every(isTitle) ? place : 0
}

async function* checked(first: TableRow[], rest: AsyncIterable<TableRow[]>, width: number): AsyncGenerator<TableRow[]> {
  const check = (row: TableRow): TableRow =>
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
