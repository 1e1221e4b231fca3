/** Texts as people compare them: without case and accents, and NFKD's other varieties of one letter. */

/** Nothing longer is compared. */
const MAX_LENGTH = 500

// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII.
const PLAIN = /^[\x00-\x7f]*$/

/** A text without case and accents. Derived rows keep texts in this form, so that every engine compares them alike. */
export function folded(text: string): string {
  const part = text.length > MAX_LENGTH ? text.slice(0, MAX_LENGTH) : text
  // Most are plain, and what is done here is done often.
  if (PLAIN.test(part)) return part.toLowerCase()
  return part.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/ß/g, 'ss')
}
