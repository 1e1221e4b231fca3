/**
 * Halves of characters. JSON can write one half of a pair of surrogates (`\ud83d`), and a text that is cut can end in one;
 * neither is Unicode, and PostgreSQL refuses to read JSON that holds one.
 */

/** The value with U+FFFD for every half of a character in its texts and names. */
export function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed()
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(wellFormed)
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name.toWellFormed(), wellFormed(each)]))
}
