/**
 * A text as a person would read it: percent encoding, however often it was applied, HTML entities, escapes of JSON, and the
 * wide forms of letters, digits and signs are undone. Each character keeps the place that it has in the original, so that what
 * is found in the one can be cut out of the other.
 *
 * Every pass reads each character a bounded number of times.
 */

/** A readable text. Without `from` and `to` it has the places of the original. */
export type Decoded = { text: string; from: number[] | null; to: number[] | null }

/** Encodings of encodings are undone this often; percent encoding of any depth is one. */
const PASSES = 4

const ESCAPE =
  /%(?:25)*(?:([0-9a-f]{2})|u([0-9a-f]{4}))|&#(?:x0{0,8}([0-9a-f]{1,6})|0{0,8}([0-9]{1,7}));?|&(commat|period|quot|amp|percnt|num|plus|lpar|rpar|lsqb|lbrack|rsqb|rbrack|lt|gt|nbsp|lowbar|hyphen|apos);?|\\{1,8}(?:u([0-9a-f]{4})|u\{0{0,4}([0-9a-f]{1,6})\}|x([0-9a-f]{2})|([@.]))/gi

/** What people write so that machines do not recognise an address. */
const WORDS = /\s?[([{<]\s?(?:(at|\u00e4t|arobase|@)|dot|point|punkt|\.)\s?[)\]}>]\s?/gi

const ENTITIES: Record<string, string> = {
  commat: '@',
  period: '.',
  quot: '"',
  amp: '&',
  percnt: '%',
  num: '#',
  plus: '+',
  lpar: '(',
  rpar: ')',
  lsqb: '[',
  lbrack: '[',
  rsqb: ']',
  rbrack: ']',
  lt: '<',
  gt: '>',
  nbsp: ' ',
  lowbar: '_',
  hyphen: '-',
  apos: "'",
}

/** The wide forms of ASCII, and other wide forms of `@` and dots. */
const WIDE = /[\uff01-\uff5e\ufe6b\u3002\uff61\ufe52]/g
const WIDE_SIGNS: Record<string, string> = { '\ufe6b': '@', '\u3002': '.', '\uff61': '.', '\ufe52': '.' }

/** Reads a text. */
export function decoded(text: string): Decoded {
  let read: Decoded = { text, from: null, to: null }
  for (let pass = 0; pass < PASSES; pass++) {
    const next = replaced(read, ESCAPE, characterOf)
    if (next === null) break
    read = next
  }
  read = replaced(read, WORDS, ([, at]) => (at === undefined ? '.' : '@')) ?? read
  return { ...read, text: read.text.replace(WIDE, narrow) }
}

/** The place in the original of a part of the readable text. */
export function placeOf({ from, to }: Decoded, start: number, end: number): [start: number, end: number] {
  return from === null || to === null ? [start, end] : [from[start] ?? 0, to[end - 1] ?? 0]
}

function narrow(char: string): string {
  return WIDE_SIGNS[char] ?? String.fromCharCode(char.charCodeAt(0) - 0xfee0)
}

/**
 * A text with a character for each match of a pattern; null if there is none. A byte in percent encoding, the pattern's first
 * group, is joined with those around it.
 */
function replaced(read: Decoded, pattern: RegExp, character: (match: RegExpExecArray) => string): Decoded | null {
  const { text } = read
  pattern.lastIndex = 0
  let match = pattern.exec(text)
  if (match === null) return null
  const out = { text: '', from: [] as number[], to: [] as number[] }
  const add = (char: string, start: number, end: number) => {
    const [first, last] = placeOf(read, start, end)
    out.text += char
    for (let i = 0; i < char.length; i++) {
      out.from.push(first)
      out.to.push(last)
    }
  }
  /** Bytes that follow each other without a gap, which can be one character of UTF-8. */
  let bytes: { value: number; start: number; end: number }[] = []
  const flush = () => {
    for (const { char, start, end } of charactersOf(bytes)) add(char, start, end)
    bytes = []
  }
  let done = 0
  for (; match !== null; match = pattern.exec(text)) {
    const start = match.index
    const end = start + match[0].length
    if (start > done) flush()
    for (let i = done; i < start; i++) add(text.charAt(i), i, i + 1)
    done = end
    if (pattern === ESCAPE && match[1] !== undefined) {
      bytes.push({ value: Number.parseInt(match[1], 16), start, end })
      continue
    }
    flush()
    add(character(match), start, end)
  }
  flush()
  for (let i = done; i < text.length; i++) add(text.charAt(i), i, i + 1)
  return out
}

function characterOf([, , percent, hex, decimal, entity, unicode, braced, latin, sign]: RegExpExecArray): string {
  if (entity !== undefined) return ENTITIES[entity.toLowerCase()] ?? ''
  if (sign !== undefined) return sign
  const coded = percent ?? hex ?? unicode ?? braced ?? latin ?? ''
  const point = decimal === undefined ? Number.parseInt(coded, 16) : Number.parseInt(decimal, 10)
  return point > 0x10ffff ? '\ufffd' : String.fromCodePoint(point)
}

/** The characters of bytes in UTF-8; U+FFFD for each byte that is none. */
function charactersOf(bytes: { value: number; start: number; end: number }[]) {
  const found: { char: string; start: number; end: number }[] = []
  for (let i = 0; i < bytes.length; ) {
    const lead = bytes[i]
    if (lead === undefined) break
    const length = lead.value < 0x80 ? 1 : lead.value < 0xc0 ? 0 : lead.value < 0xe0 ? 2 : lead.value < 0xf0 ? 3 : 4
    const own = bytes.slice(i, i + Math.max(1, length))
    const whole = length > 0 && own.length === length && own.slice(1).every(({ value }) => (value & 0xc0) === 0x80)
    const part = whole ? own : own.slice(0, 1)
    const char = whole ? Buffer.from(part.map(({ value }) => value)).toString('utf8') : '\ufffd'
    found.push({ char, start: lead.start, end: part.at(-1)?.end ?? lead.end })
    i += part.length
  }
  return found
}
