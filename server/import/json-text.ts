/**
 * Splits JSON text into records: NDJSON by lines, an array by elements. A record that is not valid JSON is reported,
 * and the next one is read.
 */
import { parseJson } from '../domain/nul.ts'
import { ImportRefusal } from './columns.ts'

/** A record and its place: the line in NDJSON, the position in an array. */
export type JsonRow = { line: number; value: unknown } | { line: number; code: string; message: string }

/** The limit of a record's length. */
const MAX_CHARS = 1024 * 1024

function readJson(line: number, text: string): JsonRow {
  if (text.length > MAX_CHARS) return { line, code: 'too_long', message: 'a record must have at most 1 MiB' }
  try {
    return { line, value: parseJson(text) }
  } catch {
    return { line, code: 'not_json', message: 'must be one JSON object' }
  }
}

/** Records of NDJSON. */
export async function* ndjsonRows(text: AsyncIterator<string>): AsyncGenerator<JsonRow[]> {
  let line = 1
  /** The beginning of the last line, as it came: joined at its end only, because it may come in a million pieces. */
  let rest: string[] = []
  let length = 0
  const read = (lines: string[]) => {
    const began = line
    line += lines.length
    return lines.flatMap((each, i) => (each.trim() === '' ? [] : [readJson(began + i, each)]))
  }
  for (let next = await text.next(); !next.done; next = await text.next()) {
    const lines = next.value.split('\n')
    const last = lines.pop() ?? ''
    if (lines.length > 0) {
      lines[0] = [...rest, lines[0]].join('')
      rest = []
      length = 0
    }
    // The beginning of a line that is too long is enough to reject it.
    if (length <= MAX_CHARS) rest.push(last.slice(0, MAX_CHARS + 1))
    length += last.length
    const rows = read(lines)
    if (rows.length > 0) yield rows
  }
  const rows = read([rest.join('')])
  if (rows.length > 0) yield rows
}

/** The elements of a JSON array. Refuses anything but an array. */
export async function* jsonRows(text: AsyncIterator<string>): AsyncGenerator<JsonRow[]> {
  let [depth, inString, escaped, position] = [0, false, false, 0]
  /** The beginning of the last element, as it came: joined at its end only. */
  let element: string[] = []
  let length = 0
  let closed = false
  for (let next = await text.next(); !next.done; next = await text.next()) {
    const rows: JsonRow[] = []
    const piece = next.value
    let from = 0
    const finish = (to: number) => {
      const json = [...element, piece.slice(from, to)].join('').trim()
      element = []
      length = 0
      from = to + 1
      if (json !== '') rows.push(readJson(++position, json))
    }
    for (let i = 0; i < piece.length; i++) {
      const char = piece.charAt(i)
      if (inString) {
        if (escaped) escaped = false
        else if (char === '\\') escaped = true
        else if (char === '"') inString = false
      } else if (char === '"') inString = true
      else if (char === '[' || char === '{') {
        if (depth++ === 0) from = i + 1
      } else if (char === ']' || char === '}') {
        if (--depth === 0) {
          finish(i)
          closed = true
        }
      } else if (char === ',' && depth === 1) finish(i)
    }
    // The beginning of an element that is too long is enough to reject it.
    if (depth > 0 && length <= MAX_CHARS) element.push(piece.slice(from))
    length += piece.length - from
    if (rows.length > 0) yield rows
  }
  if (!closed) throw new ImportRefusal('not_json', 'the file must be a complete JSON array')
}
