/**
 * NUL in texts. Not every engine can store it, and nobody sends it on purpose: the endpoints remove it from all input,
 * so that every engine stores the same.
 */

import { MAX_LEVELS } from './depth.ts'

/** A batch adds a few levels to its events. Anything deeper is refused by its reader and stays as it is here. */
const MAX_DEPTH = MAX_LEVELS + 8

/** The value with U+FFFD for every NUL in its texts and names; the same object if there is none. */
export function withoutNul<T>(value: T): T {
  return holdsNul(value, MAX_DEPTH) ? (replaced(value, MAX_DEPTH) as T) : value
}

function holdsNul(value: unknown, levels: number): boolean {
  if (typeof value === 'string') return value.includes('\0')
  if (typeof value !== 'object' || value === null || levels < 0) return false
  return Object.entries(value).some(([name, each]) => name.includes('\0') || holdsNul(each, levels - 1))
}

function replaced(value: unknown, levels: number): unknown {
  if (typeof value === 'string') return value.replaceAll('\0', '\uFFFD')
  if (typeof value !== 'object' || value === null || levels < 0) return value
  if (Array.isArray(value)) return value.map((each) => replaced(each, levels - 1))
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name.replaceAll('\0', '\uFFFD'), replaced(each, levels - 1)]),
  )
}

/** Parses JSON, in which a NUL can only be an escape: texts without one cost no more than a search. */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  return text.includes('\\u0000') ? withoutNul(value) : value
}
