/**
 * Opens a file of contacts or orders as it arrives: its format, its columns, and its rows as the objects that a JSON
 * push would hold. Bytes are read as rows are requested, so that a file of any length takes the memory of its first
 * rows.
 */
import { IMPORT_FIELDS } from '../domain/import-fields.ts'
import { type Column, ImportRefusal, type ReportedColumn, reportedColumns, type Table } from './columns.ts'
import { createContactReader } from './contact-row.ts'
import { openCsv } from './csv.ts'
import type { Dialect } from './dialect.ts'
import { createDecoder, type Decoder } from './encoding.ts'
import type { IdSample } from './foreign-ids.ts'
import { contactColumns } from './guess-contacts.ts'
import { jsonRows, ndjsonRows } from './json-text.ts'
import { checkMap, type FieldMap, mappedField, parseMap } from './map.ts'
import type { Note } from './notes.ts'
import { openOrders } from './order-table.ts'
import { type ImportQuestion, questionsOf } from './permission/column.ts'
import type { SourceRow } from './source-row.ts'
import { type OpenedTable, openTable, type TableRow } from './table.ts'
import type { KnownAttributes } from './types.ts'
import { isRounded, readAddress, readId } from './values.ts'
import { isArchive, openWorkbook } from './workbook.ts'

/** An opened file. `dialect()` is final once all rows were read: only then it is certain that all of it is UTF-8. */
export type Source = {
  dialect(): Dialect
  columns: ReportedColumn[]
  /** What only the sender can answer; complete once all rows were read. */
  questions(): ImportQuestion[]
  /** Rows are identified by their address, because the file has no ids, or not the CRM's. */
  byAddress: boolean
  /** Ids that may be another system's, with the addresses of their rows; null if the file has none, or they are known. */
  ids: IdSample | null
  rows: AsyncIterable<SourceRow[]>
  /** What was noticed, once all rows were read. */
  notes: () => Note[]
}

/** Whether the rows come from a table, which may be of any age, and not from pushes that stream. */
export function isOfFile(source: Pick<Source, 'dialect'>): boolean {
  const { format } = source.dialect()
  return format === 'csv' || format === 'xlsx'
}

/**
 * How to open a file. With a `format` of null, its first character decides; a workbook is always recognised. `sheet`: the
 * name or number of the workbook's sheet, else its first.
 */
export type SourceOptions = {
  kind: 'contacts' | 'orders'
  format: Dialect['format'] | null
  sheet?: string | undefined
  map?: string | undefined
  match?: 'email' | 'id' | undefined
  currency?: string | null
  /** The attributes of contacts that are known. */
  attributes?: KnownAttributes
  /** Takes orders of nobody. */
  anonymous?: boolean
}

/** Text is passed on in pieces of at most this many bytes, so that other work can run in between. */
const PIECE_BYTES = 64 * 1024

/** Opens a file. Throws an `ImportRefusal` if nothing in it can be imported. */
export async function openSource(bytes: AsyncIterable<Uint8Array>, options: SourceOptions): Promise<Source> {
  const isContacts = options.kind === 'contacts'
  const map = parseMap(options.map, IMPORT_FIELDS[options.kind], isContacts)
  const opened = await readHead(bytes)
  if (options.format === 'xlsx' || isArchive(opened.head)) {
    const opening = openTable(openWorkbook(rejoined(opened), options.sheet))
    return sourceOf(await opening, options, map, () => ({
      ...{ format: 'xlsx', encoding: null, delimiter: null, newline: null },
    }))
  }
  const { text, decoder, head } = openText(opened)
  const first = head.trimStart()[0]
  const format = options.format ?? (first === '[' ? 'json' : first === '{' ? 'ndjson' : 'csv')
  if (format !== 'csv') {
    if (map.size > 0) throw new ImportRefusal('bad_map', 'map is for CSV: JSON names its fields itself')
    if (format === 'json' && first !== '[') throw new ImportRefusal('not_json', 'the file must be a JSON array')
    return {
      dialect: () => ({ format, encoding: decoder.encoding(), delimiter: null, newline: null }),
      columns: [],
      questions: () => [],
      byAddress: false,
      ids: null,
      notes: () => [],
      rows: format === 'json' ? jsonRows(text) : ndjsonRows(text),
    }
  }
  refuseOtherTexts(head)
  const { delimiter, newline, ...table } = await openCsv(text)
  return sourceOf(table, options, map, () => ({ format, encoding: decoder.encoding(), delimiter, newline }))
}

/** The source of a table's rows. */
function sourceOf(
  { table, rows, titleLines }: OpenedTable,
  options: SourceOptions,
  map: ReturnType<typeof parseMap>,
  dialect: () => Dialect,
): Source {
  checkMap(map, table.headings)
  if (options.kind === 'orders')
    return { dialect, byAddress: false, ids: null, questions: () => [], ...openOrders(table, rows, map, options) }
  const columns = contactColumns(table, map, options.attributes ?? new Map(), options.match === 'email')
  return {
    dialect,
    columns: reportedColumns(columns),
    questions: () => questionsOf(columns),
    byAddress: !columns.some((column) => column.field === 'id'),
    ids: options.match === undefined ? idsOf(columns, table, map) : null,
    notes: () => titlesSkipped(titleLines),
    rows: readRows(rows, createContactReader(columns), keyOf(columns)),
  }
}

/** What is said of the lines above the headings. */
function titlesSkipped(count: number): Note[] {
  const message = `${count === 1 ? 'line' : 'lines'} above the headings ${count === 1 ? 'was' : 'were'} skipped`
  return count === 0 ? [] : [{ code: 'title_lines', count, message }]
}

/** The ids of the first rows with their addresses; null if there are none, or the sender has named their column. */
function idsOf(columns: Column[], table: Table, map: FieldMap): IdSample | null {
  const id = columns.find((column) => column.field === 'id')
  const email = columns.find((column) => column.field === 'email')
  if (id === undefined || email === undefined || mappedField(map, id.column, id.index) !== undefined) return null
  const emails = table.cells[email.index] ?? []
  const pairs = (table.cells[id.index] ?? []).flatMap((cell, row) => {
    const address = readAddress(emails[row] ?? '').address
    return cell === '' || address === '' || isRounded(cell) ? [] : [{ id: readId(cell), email: address }]
  })
  return { heading: id.column, pairs }
}

/** The column that identifies a contact. */
function keyOf(columns: Column[]): string {
  const key = columns.find((column) => column.field === 'id') ?? columns.find((column) => column.field === 'email')
  if (key === undefined) throw new Error('a file of contacts must have a column of ids or of addresses')
  return key.column
}

async function* readRows(
  rows: AsyncIterable<TableRow[]>,
  read: (cells: string[]) => Record<string, unknown>,
  key: string,
): AsyncGenerator<SourceRow[]> {
  for await (const batch of rows) {
    yield batch.map((row): SourceRow => {
      if (!('cells' in row)) return row
      const value = read(row.cells)
      if (row.cells.some((cell) => cell.includes('\0'))) {
        return { line: row.line, code: 'nul_character', message: 'a cell must not hold a NUL character', read: value }
      }
      if (value.id !== undefined) return { line: row.line, value }
      return { line: row.line, code: 'no_id', message: `${key} must not be empty`, read: value }
    })
  }
}

/** The beginning of a file, and what follows it. */
type Opened = { head: Buffer; rest: AsyncIterator<Uint8Array> }

/** Reads as much as is needed to recognise the format. */
async function readHead(bytes: AsyncIterable<Uint8Array>): Promise<Opened> {
  const rest = bytes[Symbol.asyncIterator]()
  const pieces: Uint8Array[] = []
  for (let length = 0; length < PIECE_BYTES; ) {
    const next = await rest.next()
    if (next.done) break
    pieces.push(next.value)
    length += next.value.length
  }
  const head = Buffer.concat(pieces)
  if (head.length === 0) throw new ImportRefusal('empty_file', 'the file is empty')
  return { head, rest }
}

/** All bytes of a file again. */
async function* rejoined({ head, rest }: Opened): AsyncGenerator<Uint8Array> {
  try {
    yield head
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
  } finally {
    await rest.return?.()
  }
}

/** Refuses texts that are no tables, with what to send instead. */
function refuseOtherTexts(head: string): void {
  const start = head.slice(0, 1000).trimStart().toLowerCase()
  const what = start.startsWith('begin:vcard')
    ? 'a file of vCards'
    : /^<(!doctype html|html|table|\?xml)/.test(start)
      ? 'a page or an XML document'
      : null
  if (what === null) return
  throw new ImportRefusal('not_a_table', `this is ${what}: export the list as .xlsx or CSV, and import that`)
}

/** Opens a file as text. */
function openText({ head: first, rest }: Opened): { text: AsyncIterator<string>; decoder: Decoder; head: string } {
  const decoder = createDecoder(first)
  const head = decoder.decode(first.subarray(0, PIECE_BYTES))
  return { text: texts(decoder, head, first.subarray(PIECE_BYTES), rest), decoder, head }
}

async function* texts(
  decoder: Decoder,
  head: string,
  rest: Uint8Array,
  source: AsyncIterator<Uint8Array>,
): AsyncGenerator<string> {
  try {
    if (head !== '') yield head
    yield* decoded(decoder, rest)
    for (let next = await source.next(); !next.done; next = await source.next()) yield* decoded(decoder, next.value)
    const last = decoder.end()
    if (last !== '') yield last
  } finally {
    await source.return?.()
  }
}

function* decoded(decoder: Decoder, bytes: Uint8Array): Generator<string> {
  for (let i = 0; i < bytes.length; i += PIECE_BYTES) {
    const text = decoder.decode(bytes.subarray(i, i + PIECE_BYTES))
    if (text !== '') yield text
  }
}
