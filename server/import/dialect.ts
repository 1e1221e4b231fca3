/** Guesses how a CSV file separates its cells and rows. Pure; looks at the beginning of the text. */

const DELIMITERS = { comma: ',', semicolon: ';', tab: '\t', pipe: '|' } as const

/** The separator of the cells in a row; `spaces` in tables of numbers, which line them up. */
export type Delimiter = keyof typeof DELIMITERS | 'spaces'

/** The separator of rows. */
export type Newline = 'lf' | 'crlf' | 'cr'

/** The format of a file, as reported to the importer. A workbook has neither encoding, delimiter nor newlines. */
export type Dialect = {
  format: 'csv' | 'ndjson' | 'json' | 'xlsx'
  encoding: string | null
  delimiter: Delimiter | null
  newline: Newline | null
}

/** The character of a delimiter. Rows with spaces are split once they are read, so theirs is one that nobody writes. */
export function delimiterChar(delimiter: Delimiter): string {
  return delimiter === 'spaces' ? '\u001f' : DELIMITERS[delimiter]
}

/** The line that tells Excel the delimiter, `sep=;`, if a text begins with it. */
export function readSepLine(text: string): { delimiter: Delimiter; length: number } | null {
  const found = /^"?sep=(.)"?(\r\n|\n|\r)/i.exec(text)
  const delimiter = Object.entries(DELIMITERS).find(([, sign]) => sign === found?.[1])?.[0]
  return found && delimiter !== undefined ? { delimiter: delimiter as Delimiter, length: found[0].length } : null
}

/** The separator of rows: the first line's end that is not within quotes. */
export function guessNewline(text: string, delimiter: Delimiter): Newline {
  const { firstEnd } = countSigns(text, delimiterChar(delimiter))
  if (firstEnd < 0 || text[firstEnd] === '\n') return 'lf'
  return text[firstEnd + 1] === '\n' ? 'crlf' : 'cr'
}

/**
 * The delimiter on which the rows agree: it occurs in each row as often as in the first; among several candidates, the
 * more frequent one wins. `whole`: the text is not cut off.
 */
export function guessDelimiter(text: string, whole: boolean): Delimiter {
  let best: { name: Delimiter; score: number } = { name: 'comma', score: 0 }
  for (const [name, sign] of Object.entries(DELIMITERS)) {
    const { counts } = countSigns(text, sign)
    const rows = whole || counts.length === 1 ? counts : counts.slice(0, -1)
    // Lines above the headings have no separators.
    const first = rows.find((count) => count > 0) ?? 0
    if (first === 0) continue
    const agreeing = rows.filter((count) => count === first).length / rows.length
    const score = agreeing + Math.min(first, 50) / 100
    if (score > best.score) best = { name: name as Delimiter, score }
  }
  return best.score === 0 && isOfNumbers(text, whole) ? 'spaces' : best.name
}

/** Whether all rows are as many numbers with spaces between them. */
function isOfNumbers(text: string, whole: boolean): boolean {
  const rows = text.split(/\r\n|\n|\r/).filter((row) => row.trim() !== '')
  if (!whole) rows.pop()
  const counts = new Set(rows.map((row) => (/^[\d.\s-]+$/.test(row) ? row.trim().split(/\s+/).length : 0)))
  const [only = 0, another] = counts
  return rows.length > 1 && another === undefined && only > 2
}

/** How often a character occurs outside quotes in each non-empty row, and where the first row ends (-1: nowhere). */
function countSigns(text: string, sign: string): { counts: number[]; firstEnd: number } {
  const counts: number[] = []
  let firstEnd = -1
  let [count, quoted, begins, empty] = [0, false, true, true]
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i)
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
      // Spaces before a quote do not belong to the cell.
      begins = char === sign || (begins && char === ' ')
      empty = false
    }
  }
  if (!empty) counts.push(count)
  return { counts, firstEnd }
}
