/**
 * Identifiers as people and broken templates send them.
 *
 * An identifier that many visitors share by accident ("null", "{{contact.id}}") would turn them all into one contact;
 * such values are never evidence. Addresses are compared without what nobody sees and in one form of Unicode, nothing
 * else: some mail hosts ignore dots and plus signs and others do not, and two people must never become one.
 */

const BLOCKED = new Set([
  ...['', '-1', 'null', 'nil', 'none', 'n/a', 'na', 'nan', 'undefined', 'unknown', 'anonymous', 'anon', 'guest'],
  ...['user', 'visitor', 'customer', 'test', 'id', 'email', 'userid', 'user_id', 'distinct_id', 'true', 'false'],
  ...['[object object]'],
  // SHA-256 of the empty string, the hash of a missing address.
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
])

const BLOCKED_SHAPES = [
  // Only zeros, dashes and dots, including the all-zero UUID.
  /^[0.-]+$/,
  /@[^@]+\.invalid$/,
  /^no-?reply@/,
]

/** What begins and ends a merge tag that no mail tool filled in. */
const MERGE_TAGS = [
  ['{{', '}}'],
  ['*|', '|*'],
  ['%%', '%%'],
  ['${', '}'],
] as const

const QUOTES = `"'\``

/** The length of the longest mail address; no identifier is longer. */
const MAX_LENGTH = 320

/**
 * Whether a value cannot be a person's identifier, after trimming, unquoting and lower-casing. A value that is too long for
 * an identifier is not looked at: every caller refuses it for its length.
 */
export function isBlockedIdentifier(value: string): boolean {
  if (value.length > MAX_LENGTH) return false
  const text = unquoted(value.trim()).trim().toLowerCase()
  return BLOCKED.has(text) || MERGE_TAGS.some((tag) => holdsTag(text, tag)) || BLOCKED_SHAPES.some((s) => s.test(text))
}

function unquoted(text: string): string {
  let [from, to] = [0, text.length]
  while (from < to && QUOTES.includes(text.charAt(from))) from++
  while (to > from && QUOTES.includes(text.charAt(to - 1))) to--
  return text.slice(from, to)
}

function holdsTag(text: string, [begin, end]: readonly [string, string]): boolean {
  const at = text.indexOf(begin)
  return at >= 0 && text.includes(end, at + begin.length)
}

/** What has no width or only directs the text: it comes along when an address is copied from a page or a mail. */
const INVISIBLE = /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g

/**
 * An address as its owner would write it: composed, without invisible marks, the space around it, and the apostrophe by
 * which spreadsheets mark a text.
 */
export function cleanEmail(email: string): string {
  return email.normalize('NFC').replace(INVISIBLE, '').trim().replace(/^['’]/, '').trim()
}

/** Normalises an address for hashing and comparison: clean, in lower case, its host in ASCII. The tag does the same. */
export function normaliseEmail(email: string): string {
  const clean = cleanEmail(email).toLowerCase()
  const at = clean.lastIndexOf('@') + 1
  return at === 0 ? clean : clean.slice(0, at) + asciiHost(clean.slice(at))
}

/** An international host as browsers and mail servers write it. */
function asciiHost(host: string): string {
  const isAscii = /^[ -~]*$/.test(host)
  return isAscii || /[\s/?#@:\\]/.test(host) ? host : (URL.parse(`http://${host}`)?.hostname ?? host)
}

/** Whether a text could be an e-mail address: one @, something before it, a dotted or local host after it. */
export function looksLikeEmail(text: string): boolean {
  return text.length <= MAX_LENGTH && /^[^\s@<>",;]+@[^\s@<>",;]+$/.test(text.trim())
}
