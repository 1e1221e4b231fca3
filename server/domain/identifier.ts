/**
 * Identifiers as people and broken templates send them.
 *
 * An identifier that many visitors share by accident ("null", "{{contact.id}}") would make one contact of them all;
 * such values are never evidence. Addresses are trimmed and lower-cased, nothing else: dots and plus signs are folded
 * by some mail hosts and not by others, and two people must never become one.
 */

const BLOCKED = new Set([
  ...['', '-1', 'null', 'nil', 'none', 'n/a', 'na', 'nan', 'undefined', 'unknown', 'anonymous', 'anon', 'guest'],
  ...['user', 'visitor', 'customer', 'test', 'id', 'email', 'userid', 'user_id', 'distinct_id', 'true', 'false'],
  ...['[object object]'],
  // SHA-256 of the empty string, which hashing an absent address gives.
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
])

const BLOCKED_SHAPES = [
  // Zeros, dashes and dots only; this is the all-zero UUID too.
  /^[0.-]+$/,
  // A merge tag that no mail tool filled in.
  /\{\{.*\}\}/s,
  /\*\|.*\|\*/s,
  /%%.*%%/s,
  /\$\{.*\}/s,
  /@[^@]+\.invalid$/,
  /^no-?reply@/,
]

/** Whether a value can be nobody's identifier, after trimming, unquoting and lower-casing. */
export function isBlockedIdentifier(value: string): boolean {
  const text = value
    .trim()
    .replace(/^["'`]+|["'`]+$/g, '')
    .trim()
    .toLowerCase()
  return BLOCKED.has(text) || BLOCKED_SHAPES.some((shape) => shape.test(text))
}

/** The form of an address that is hashed and compared. */
export function normaliseEmail(email: string): string {
  return email.trim().toLowerCase()
}

/** Whether a text could be a mail address at all: one @, something before it, a dotted or local host after it. */
export function looksLikeEmail(text: string): boolean {
  return text.length <= 320 && /^[^\s@<>",;]+@[^\s@<>",;]+$/.test(text.trim())
}
