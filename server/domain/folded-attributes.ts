/**
 * The attributes of a contact as conditions compare them: under folded names, texts without case and accents, numbers, days,
 * truth values and lists as they are. They are kept with the person and bounded, whatever a CRM holds.
 */
import { foldedName } from './attribute.ts'
import { folded } from './folded.ts'

/** A value as conditions compare it. */
export type FoldedValue = string | number | boolean | (string | number | boolean)[]

/** The attributes of a contact by their folded names, and since when each stands or is gone. */
export type FoldedAttributes = { values: Record<string, FoldedValue>; times: Record<string, number> }

/** No more attributes are kept with a person, no more elements of a list, and no more characters altogether. */
const MAX_ATTRIBUTES = 200
const MAX_ELEMENTS = 100
const MAX_LENGTH = 16_384

/**
 * Folds attributes. `times` holds when each was set, under its own name; those that it lacks were set at `setAt`. Those that
 * were removed have a time and no value. Of two names that are one, the value set last counts. Names beyond the bounds are
 * left out, the last in order of the alphabet first.
 */
export function foldedAttributes(
  attributes: Record<string, unknown>,
  times: ReadonlyMap<string, number>,
  setAt: number,
): FoldedAttributes {
  const found = new Map<string, Found>()
  for (const name of new Set([...Object.keys(attributes), ...times.keys()])) {
    const key = foldedName(name)
    const value = Object.hasOwn(attributes, name) ? foldedValue(attributes[name]) : null
    const at = times.get(name) ?? setAt
    const known = found.get(key)
    if (known === undefined || isBetter({ value, at }, known)) found.set(key, { value, at })
  }
  const values: [string, FoldedValue][] = []
  const others: [string, number][] = []
  let length = 0
  for (const [key, { value, at }] of [...found].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, MAX_ATTRIBUTES)) {
    length += key.length + JSON.stringify(value).length
    if (length > MAX_LENGTH) break
    if (value !== null) values.push([key, value])
    if (at !== setAt || value === null) others.push([key, at])
  }
  return { values: Object.fromEntries(values), times: Object.fromEntries(others) }
}

type Found = { value: FoldedValue | null; at: number }

/** Whether the first of two values of one name counts: any before none, then the one set last. */
function isBetter(a: Found, b: Found): boolean {
  if ((a.value === null) !== (b.value === null)) return a.value !== null
  return a.at >= b.at
}

/** A value as conditions compare it, or null if there is none that they could. */
function foldedValue(value: unknown): FoldedValue | null {
  if (!Array.isArray(value)) return foldedScalar(value)
  return value.slice(0, MAX_ELEMENTS).flatMap((each) => foldedScalar(each) ?? [])
}

function foldedScalar(value: unknown): string | number | boolean | null {
  if (typeof value === 'string') return folded(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  return typeof value === 'boolean' ? value : null
}
