/** Texts as people compare them: without case and accents, and NFKD's other varieties of one letter. */

/** Nothing longer is compared. */
const MAX_LENGTH = 500

/** A text without case and accents. Derived rows keep texts in this form, so that every engine compares them alike. */
export function folded(text: string): string {
  const part = text.slice(0, MAX_LENGTH)
  return part.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/ß/g, 'ss')
}
