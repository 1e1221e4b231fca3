/** Times as senders write them. */

/** No time is written longer. */
const MAX_LENGTH = 64

/** Numbers below this are seconds since 1970, others milliseconds. */
const MAX_SECONDS = 1e11

/** No time is later than this, in milliseconds. */
const MAX_MS = 1e14

/**
 * A time in milliseconds: ISO 8601 in any of its forms, with or without seconds, a colon in the zone, and fractions; UTC
 * without a zone; a date of a mail (RFC 5322); or a number of seconds or milliseconds since 1970. NaN for anything else.
 */
export function readTime(value: unknown): number {
  if (typeof value === 'number') return ofNumber(value)
  if (typeof value !== 'string' || value.length > MAX_LENGTH) return Number.NaN
  const text = value.trim().replace(/ (?:UTC|GMT)$/, (zone) => (/^\d/.test(value.trim()) ? 'Z' : zone))
  if (/^\d{9,14}(\.\d+)?$/.test(text)) return ofNumber(Number(text))
  if (/^[A-Z][a-z]{2}, \d/.test(text)) return Date.parse(text)
  // A comma before the fraction is ISO 8601 too.
  const iso = text.replace(/^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d),/i, '$1.')
  if (!/^\d{4}-\d\d-\d\d(?:$|[T ]\d\d:\d\d)/i.test(iso)) return Number.NaN
  const isZoned = iso.length === 10 || /(?:Z|[+-]\d\d(?::?\d\d)?)$/i.test(iso)
  // JavaScript wants minutes in a zone.
  const whole = isZoned ? iso.replace(/(:\d\d(?:\.\d+)? ?[+-]\d\d)$/, '$1:00') : `${iso}Z`
  return Date.parse(whole)
}

function ofNumber(value: number): number {
  if (!(value > 0 && value < MAX_MS)) return Number.NaN
  return Math.round(value < MAX_SECONDS ? value * 1000 : value)
}
