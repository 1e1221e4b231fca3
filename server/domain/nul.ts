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

/**
 * Parses JSON that a byte order mark may precede. NUL can only be an escape in it, so texts without one cost no more than a
 * search. An integer too large for a number, such as an id, becomes a text with all its digits.
 */
export function parseJson(text: string): unknown {
  const json = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  const value = holdsManyDigits(json) && LARGE_NUMBER.test(json) ? parseLarge(json) : (JSON.parse(json) as unknown)
  return json.includes('\\u0000') ? withoutNul(value) : value
}

/** How many digits the smallest number that is too large has. */
const LARGE_DIGITS = 16

/** Whether so many digits follow each other. Looks at every sixteenth character, and closer only where one is a digit. */
function holdsManyDigits(text: string): boolean {
  const isDigit = (at: number) => at >= 0 && text.charCodeAt(at) >= 0x30 && text.charCodeAt(at) <= 0x39
  for (let at = LARGE_DIGITS - 1; at < text.length; at += LARGE_DIGITS) {
    if (!isDigit(at)) continue
    let [start, end] = [at, at + 1]
    while (isDigit(start - 1)) start--
    while (isDigit(end)) end++
    if (end - start >= LARGE_DIGITS) return true
  }
  return false
}

/** An integer of sixteen digits or more where JSON has a value. In a text it costs time only. */
const LARGE_NUMBER = /[[:,]\s*-?\d{16}/

function parseLarge(json: string): unknown {
  try {
    return JSON.parse(json, withDigits)
  } catch (error) {
    // A reviver recurses, so it fails for nesting that parsing alone can read, and that is refused later.
    if (error instanceof RangeError) return JSON.parse(json) as unknown
    throw error
  }
}

/** A reviver. The runtime passes the number as it was written (ECMAScript's proposal of source text access). */
function withDigits(_: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || context?.source === undefined) return value
  return /^-?\d+$/.test(context.source) ? context.source : value
}
