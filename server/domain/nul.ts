/**
 * NUL in texts. Not every engine can store it, and nobody sends it on purpose: the endpoints remove it from all input,
 * so that every engine stores the same.
 */

/** The value with U+FFFD for every NUL in its texts and names; the same object if there is none. */
export function withoutNul<T>(value: T): T {
  return holdsNul(value) ? (replaced(value) as T) : value
}

function holdsNul(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0')
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([name, each]) => name.includes('\0') || holdsNul(each))
}

function replaced(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('\0', '\uFFFD')
  if (Array.isArray(value)) return value.map(replaced)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [replaced(name), replaced(each)]))
}

/** Parses JSON, in which a NUL can only be an escape: texts without one cost no more than a search. */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  return text.includes('\\u0000') ? withoutNul(value) : value
}
