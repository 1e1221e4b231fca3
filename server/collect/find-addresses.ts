/**
 * Finds e-mail addresses in a readable text (`decoded`): with letters of any script on both sides, quoted, with comments,
 * and with a number for a host. Each is found by its `@`, so that every character is read a bounded number of times.
 */

/** A part of a text, its end excluded. */
export type Range = readonly [start: number, end: number]

/** The longest part before the @ that mail allows, and the longest host. */
const MAX_LOCAL = 64
const MAX_HOST = 255

const LOCAL_SIGNS = new Set("!$%'*+^_`{|}~-.")
/** Signs that an address may hold, but that end a part of a page's address. */
const QUERY_SIGNS = new Set('/?&=#')
/** Letters, digits and accents of any script, what nobody sees, halves of characters, and bytes that are not UTF-8. */
const WORD = /[\p{L}\p{N}\p{M}\p{Cf}\p{Cs}\ufffd]/u
const LITERAL_HOST = /\[[0-9A-Za-z:.]{2,64}\]/y
const NUMBER = /^[0-9]{1,3}$/
const TOP_LEVEL = /^(?:[\p{L}\p{M}\p{Cf}\p{Cs}\ufffd]{2,63}|xn--[a-z0-9-]{1,59})$/iu
/** `logo@2x.png`, `vue@3.2.1/dist.js`: sizes of pictures and versions of packages. */
const SIZE = /^[0-9]x(?:[_-]|$)/i
const FILE_END = /^(?:png|jpe?g|webp|gif|avif|svg|ico|bmp|tiff?|heic|css|m?js|json|map|mp4|webm)$/i
const VERSION = /^[0-9]{1,4}$/
const VERSION_PART = /^[0-9]{1,4}(?:x|-[a-z0-9]{1,20})?$/i

/** The addresses in a text. `inUrl`: the text is a page's address, whose separators end an address. */
export function findAddresses(text: string, inUrl: boolean): Range[] {
  const found: Range[] = []
  let done = 0
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    if (at < done) continue
    const [first, last] = spacedSign(text, at)
    const start = localStart(text, first, done, inUrl)
    if (start === first) continue
    const end = hostEnd(text, last)
    if (end === null) continue
    found.push([start, end])
    done = end
  }
  return found
}

/** A space, also as the `+` of a form. */
const SPACE = /[\s+]/

/**
 * Where an @ begins and ends: it may be written twice, and have spaces after it or around it. Before a name without a space, such as
 * `by @jean`, only those count that nobody writes there.
 */
function spacedSign(text: string, at: number): [first: number, last: number] {
  let last = at + 1
  while (last < at + 3 && text[last] === '@') last++
  const host = last
  while (last < host + 2 && SPACE.test(text.charAt(last))) last++
  let first = at
  const before = text.charAt(first - 1)
  if (/\s/.test(before) && (last > host || before !== ' ')) first--
  return [first, last]
}

/** Where the part before an @ begins; the place of the @ if there is none. */
function localStart(text: string, at: number, done: number, inUrl: boolean): number {
  const least = Math.max(done, at - MAX_LOCAL - 2)
  // A comment may stand before the @, and the whole part in quotes.
  const before = text.slice(least, at)
  const end = before.endsWith(')') && before.includes('(') ? least + before.lastIndexOf('(') : at
  if (before.endsWith('"')) {
    let open = before.lastIndexOf('"', before.length - 2)
    while (open > 0 && before[open - 1] === '\\') open = before.lastIndexOf('"', open - 1)
    if (open >= 0 && open < before.length - 1) return least + open
  }
  let start = end
  while (start > least && isLocal(text.charAt(start - 1), inUrl)) start--
  return start === end ? at : start
}

function isLocal(char: string, inUrl: boolean): boolean {
  return isWord(char) || char === '\0' || LOCAL_SIGNS.has(char) || (!inUrl && QUERY_SIGNS.has(char))
}

function isWord(char: string): boolean {
  const code = char.charCodeAt(0)
  if (code < 0x80)
    return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a)
  return WORD.test(char)
}

/** Where the host that begins at a place ends; null if there is none. */
function hostEnd(text: string, from: number): number | null {
  LITERAL_HOST.lastIndex = from
  const literal = LITERAL_HOST.exec(text)
  if (literal !== null) return from + literal[0].length
  let end = from
  while (end < text.length && end - from < MAX_HOST && isHost(text.charAt(end))) end++
  const labels = text.slice(from, end).split('.')
  const empty = labels.indexOf('')
  const kept = empty < 0 ? labels : labels.slice(0, empty)
  if (kept.length >= 4 && kept.slice(0, 4).every((label) => NUMBER.test(label))) {
    return from + kept.slice(0, 4).join('.').length
  }
  if (isVersion(kept)) return null
  // What follows an address without a space, a number for one, is not part of it.
  while (kept.length > 1 && !TOP_LEVEL.test(kept.at(-1) ?? '')) kept.pop()
  return kept.length > 1 ? from + kept.join('.').length : null
}

function isHost(char: string): boolean {
  return char === '.' || char === '-' || char === '_' || isWord(char)
}

function isVersion(labels: string[]): boolean {
  const [first = '', second = ''] = labels
  return (SIZE.test(first) && FILE_END.test(labels.at(-1) ?? '')) || (VERSION.test(first) && VERSION_PART.test(second))
}
