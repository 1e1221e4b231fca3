/** How a CSV file is written: what parts its cells and its rows. Pure; looks at the beginning of the text. */

const DELIMITERS = { comma: ',', semicolon: ';', tab: '\t', pipe: '|' } as const

/** What parts the cells of a row. */
export type Delimiter = keyof typeof DELIMITERS

/** What parts rows. */
export type Newline = 'lf' | 'crlf' | 'cr'

/** How a file is written, as it is told to whoever imports. */
export type Dialect = {
  format: 'csv' | 'ndjson' | 'json'
  encoding: string
  delimiter: Delimiter | null
  newline: Newline | null
}

/** The sign of a delimiter. */
export function delimiterChar(delimiter: Delimiter): string {
  return DELIMITERS[delimiter]
}

/** The line by which Excel is told the delimiter, `sep=;`, if a text begins with it. */
export function readSepLine(text: string): { delimiter: Delimiter; length: number } | null {
  const found = /^"?sep=(.)"?(\r\n|\n|\r)/i.exec(text)
  const delimiter = Object.entries(DELIMITERS).find(([, sign]) => sign === found?.[1])?.[0]
  return found && delimiter !== undefined ? { delimiter: delimiter as Delimiter, length: found[0].length } : null
}

/** What parts the rows: the first line's end that is not within quotes. */
export function guessNewline(text: string, delimiter: Delimiter): Newline {
  const { firstEnd } = countSigns(text, delimiterChar(delimiter))
  if (firstEnd < 0 || text[firstEnd] === '\n') return 'lf'
  return text[firstEnd + 1] === '\n' ? 'crlf' : 'cr'
}

/**
 * The delimiter that the rows agree on: as many in each row as in the first, and of two such the more frequent.
 * `whole`: the text is not cut off.
 */
export function guessDelimiter(text: string, whole: boolean): Delimiter {
  let best: { name: Delimiter; score: number } = { name: 'comma', score: 0 }
  for (const [name, sign] of Object.entries(DELIMITERS)) {
    const { counts } = countSigns(text, sign)
    const rows = whole || counts.length === 1 ? counts : counts.slice(0, -1)
    const first = rows[0] ?? 0
    if (first === 0) continue
    const agreeing = rows.filter((count) => count === first).length / rows.length
    const score = agreeing + Math.min(first, 50) / 100
    if (score > best.score) best = { name: name as Delimiter, score }
  }
  return best.name
}

/** How often a sign stands outside quotes in each row that is not empty, and where the first row ends (-1: nowhere). */
function countSigns(text: string, sign: string): { counts: number[]; firstEnd: number } {
  const counts: number[] = []
  let firstEnd = -1
  let [count, quoted, begins, empty] = [0, false, true, true]
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!
    if (quoted) {
      if (char !== '"') continue
      if (text[i + 1] === '"') i++
      else quoted = false
    } else if (char === '"' && begins) {
      quoted = true
      empty = false
    } else if (char === '\n' || char === '\r') {
      if (firstEnd < 0 && !empty) firstEnd = i
      if (!empty) counts.push(count)
      ;[count, begins, empty] = [0, true, true]
    } else {
      if (char === sign) count++
      // Blanks before a quote are no part of the cell.
      begins = char === sign || (begins && char === ' ')
      empty = false
    }
  }
  if (!empty) counts.push(count)
  return { counts, firstEnd }
}
