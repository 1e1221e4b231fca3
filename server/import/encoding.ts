/**
 * Decodes a file's bytes to text, piece by piece. UTF-8 and UTF-16 are recognised by their byte order mark or by their
 * bytes; a file that turns out not to be UTF-8 is Windows-1252, a superset of printable Latin-1, or one of the older
 * `code-pages.ts`. Nothing is decoded twice: as long as only ASCII was seen, all of them agree.
 */
import { type CodePage, decodePage, guessPage } from './code-pages.ts'
import { ImportRefusal } from './columns.ts'

/** The encoding of a file. */
export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | CodePage

/** Turns bytes into text. `encoding` is the result as far as the file was read. */
export type Decoder = { decode(bytes: Uint8Array): string; end(): string; encoding(): Encoding; bom: boolean }

/** How many bytes are examined to recognise UTF-16. */
const SNIFF_BYTES = 4096

/** Formats that are not read, by how they begin, with what to send instead. */
const OTHER_FORMATS: [number[], string][] = [
  [[0xd0, 0xcf, 0x11, 0xe0], 'this is a spreadsheet of an old format (.xls): save it as .xlsx or CSV, and import that'],
  [[0x1f, 0x8b], 'the file is compressed: unpack it, and import what is in it'],
  [[0x25, 0x50, 0x44, 0x46], 'this is a PDF: export the list as .xlsx or CSV, and import that'],
]

/** A decoder for a file that begins with these bytes. Refuses what is not text. */
export function createDecoder(head: Uint8Array): Decoder {
  const starts = (...bytes: number[]) => bytes.every((byte, i) => head[i] === byte)
  for (const [magic, message] of OTHER_FORMATS) if (starts(...magic)) throw new ImportRefusal('not_text', message)
  if (starts(0xef, 0xbb, 0xbf)) return utf8(3)
  if (starts(0xff, 0xfe)) return utf16('utf-16le', 2)
  if (starts(0xfe, 0xff)) return utf16('utf-16be', 2)
  const sniffed = head.subarray(0, SNIFF_BYTES & ~1)
  let even = 0
  let odd = 0
  sniffed.forEach((byte, i) => {
    if (byte !== 0) return
    if (i % 2 === 0) even++
    else odd++
  })
  const half = sniffed.length / 2
  // A NUL in an otherwise plain text is a mistake in one cell, not half of a letter.
  const isPlain =
    (even + odd) * 10 < sniffed.length &&
    !sniffed.some((byte) => byte !== 0 && byte < 32 && ![9, 10, 13].includes(byte))
  if (isPlain) return utf8(0)
  // In Latin text every second byte is zero; in other scripts at least those of spaces, digits and separators are.
  if (odd > half * 0.05 && even * 5 < odd) return utf16('utf-16le', 0)
  if (even > half * 0.05 && odd * 5 < even) return utf16('utf-16be', 0)
  if (even + odd > 0) throw new ImportRefusal('not_text', 'the file must be text, such as CSV or NDJSON')
  return utf8(0)
}

function utf16(encoding: 'utf-16le' | 'utf-16be', skip: number): Decoder {
  const decoder = new TextDecoder(encoding, { ignoreBOM: true })
  let left = skip
  return {
    decode(bytes) {
      const rest = bytes.subarray(Math.min(left, bytes.length))
      left -= bytes.length - rest.length
      return decoder.decode(rest, { stream: true })
    },
    end: () => decoder.decode(),
    encoding: () => encoding,
    bom: skip > 0,
  }
}

/** UTF-8 until a byte proves otherwise. */
function utf8(skip: number): Decoder {
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let left = skip
  let carry: Uint8Array = new Uint8Array()
  let encoding: 'utf-8' | CodePage = 'utf-8'
  let surely = skip > 0
  const whole = (bytes: Uint8Array): string => {
    if (encoding !== 'utf-8') return decodePage(encoding, bytes)
    try {
      const text = strict.decode(bytes)
      if (text.length !== bytes.length) surely = true
      return text
    } catch {
      const { text, valid, invalid } = mixed(bytes)
      if (surely || valid > invalid) return text
      encoding = guessPage(bytes)
      return decodePage(encoding, bytes)
    }
  }
  return {
    decode(bytes) {
      const rest = bytes.subarray(Math.min(left, bytes.length))
      left -= bytes.length - rest.length
      const all = carry.length === 0 ? rest : Buffer.concat([carry, rest])
      const cut = encoding !== 'utf-8' ? all.length : all.length - unfinished(all)
      carry = all.slice(cut)
      return whole(all.subarray(0, cut))
    },
    end() {
      const last = carry
      carry = new Uint8Array()
      return last.length === 0 ? '' : whole(last)
    },
    encoding: () => encoding,
    bom: skip > 0,
  }
}

/** How many bytes at the end belong to an incomplete character. */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte >= 0xc2) return widthOf(byte) > back ? back : 0
    if (byte < 0x80) return 0
  }
  return 0
}

function widthOf(byte: number): number {
  return byte < 0x80 ? 1 : byte < 0xc2 ? 0 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf5 ? 4 : 0
}

/** Text that is UTF-8 in some places and Windows-1252 in others, as in merged exports. */
function mixed(bytes: Uint8Array): { text: string; valid: number; invalid: number } {
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
  let [text, valid, invalid, from, isUtf8] = ['', 0, 0, 0, true]
  const take = (to: number) => {
    const part = bytes.subarray(from, to)
    text += isUtf8 ? utf8.decode(part) : decodePage('windows-1252', part)
    from = to
  }
  for (let i = 0; i < bytes.length; ) {
    const width = widthOf(bytes[i] ?? 0)
    const fits = isCharacter(bytes.subarray(i, i + width))
    if (fits !== isUtf8) take(i)
    isUtf8 = fits
    if (!fits) invalid++
    else if (width > 1) valid++
    i += fits ? width : 1
  }
  take(bytes.length)
  return { text, valid, invalid }
}

/** Whether bytes are one character of UTF-8. Not by a strict decoder: an exception for each byte takes long. */
function isCharacter(bytes: Uint8Array): boolean {
  const [first = 0, second = 0] = bytes
  if (bytes.length === 0 || bytes.length !== widthOf(first)) return false
  for (let i = 1; i < bytes.length; i++) if (((bytes[i] ?? 0) & 0xc0) !== 0x80) return false
  // No character is written longer than it need be, none is a surrogate, and none is beyond U+10FFFF.
  if (first === 0xe0) return second >= 0xa0
  if (first === 0xed) return second < 0xa0
  if (first === 0xf0) return second >= 0x90
  return first !== 0xf4 || second < 0x90
}
