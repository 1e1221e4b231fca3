/**
 * Looks up fields by name, however a shop spells the name: `item_id`, `itemId` and `Item ID` are one name here.
 */

/** The fields of an object by their plain names: lower case, without separators. The first of several spellings wins. */
export type Fields = ReadonlyMap<string, unknown>

/** No object of a shop has more fields that matter. */
const MAX_FIELDS = 300

/** Returns the fields of objects. Those of the earlier objects win; a missing value does not. */
export function fieldsOf(...objects: unknown[]): Fields {
  const fields = new Map<string, unknown>()
  for (const object of objects) {
    if (typeof object !== 'object' || object === null || Array.isArray(object)) continue
    for (const [name, value] of Object.entries(object).slice(0, MAX_FIELDS)) {
      const plain = plainName(name)
      if (value !== null && value !== undefined && value !== '' && !fields.has(plain)) fields.set(plain, value)
    }
  }
  return fields
}

/** Plain names by name, because a shop's names repeat. Full, it is emptied. */
const PLAIN_NAMES = new Map<string, string>()
const MOST_NAMES = 2000

function plainName(name: string): string {
  if (name.length > 64) return name
  const known = PLAIN_NAMES.get(name)
  if (known !== undefined) return known
  if (PLAIN_NAMES.size >= MOST_NAMES) PLAIN_NAMES.clear()
  const plain = name.toLowerCase().replace(/[_\s-]/g, '')
  PLAIN_NAMES.set(name, plain)
  return plain
}

/** The first of these fields that is there. */
export function firstOf(fields: Fields, names: readonly string[]): unknown {
  const name = names.find((each) => fields.has(each))
  return name === undefined ? undefined : fields.get(name)
}

/** Longer texts are cut. */
const MAX_TEXT = 2000

/** Control characters, line separators, and the marks that turn the direction of whatever follows. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/gu

/**
 * A text or number as text that can be printed anywhere. Null for anything else, and for a number whose digits JSON could
 * not keep.
 */
export function textOf(value: unknown): string | null {
  if (typeof value === 'number') return isExactNumber(value) ? String(value) : null
  if (typeof value !== 'string') return null
  const text = value
    .slice(0, 2 * MAX_TEXT)
    .replace(UNPRINTABLE, ' ')
    .trim()
  return text === '' ? null : text.slice(0, MAX_TEXT).toWellFormed()
}

/** Whether a number can be an id: beyond the exact integers, two of them may be one number in JSON. */
export function isExactNumber(value: number): boolean {
  return Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER
}

/** The first text under these names. */
export function firstText(fields: Fields, names: readonly string[]): string | null {
  for (const name of names) {
    const text = textOf(fields.get(name))
    if (text !== null) return text
  }
  return null
}
