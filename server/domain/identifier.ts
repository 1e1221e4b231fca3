/**
 * Identifiers as people and broken templates send them.
 *
 * An identifier that many visitors share by accident ("null", "{{contact.id}}") would turn them all into one contact;
 * such values are never evidence. Addresses are trimmed and lower-cased, nothing else: some mail hosts ignore dots and
 * plus signs and others do not, and two people must never become one.
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
  // A merge tag that no mail tool filled in.
  /\{\{.*\}\}/s,
  /\*\|.*\|\*/s,
  /%%.*%%/s,
  /\$\{.*\}/s,
  /@[^@]+\.invalid$/,
  /^no-?reply@/,
]

/** Whether a value cannot be a person's identifier, after trimming, unquoting and lower-casing. */
export function isBlockedIdentifier(value: string): boolean {
  const text = value
    .trim()
    .replace(/^["'`]+|["'`]+$/g, '')
    .trim()
    .toLowerCase()
  return BLOCKED.has(text) || BLOCKED_SHAPES.some((shape) => shape.test(text))
}

/** Normalises an address for hashing and comparison. */
export function normaliseEmail(email: string): string {
  return email.trim().toLowerCase()
}

/** Whether a text could be an e-mail address: one @, something before it, a dotted or local host after it. */
export function looksLikeEmail(text: string): boolean {
  return text.length <= 320 && /^[^\s@<>",;]+@[^\s@<>",;]+$/.test(text.trim())
}
