/**
 * Attributes of contacts. Each has one type for the whole installation, so that segments can compare its values: numbers
 * as numbers, days as days. Names are one if they differ in case and accents only. What does not fit its type is kept as it
 * came.
 */
import { type DecimalMark, decimalMarkOf, readAmount } from './commerce/amount.ts'
import { type DayOrder, dayOrderOf, readDigits, readIsoTime, readSerial } from './dates.ts'
import { folded } from './folded.ts'

/** The types of attributes. */
export const ATTRIBUTE_TYPES = ['text', 'number', 'date', 'boolean', 'list'] as const

/** The type of an attribute. */
export type AttributeType = (typeof ATTRIBUTE_TYPES)[number]

/** A name as names are compared. */
export function foldedName(name: string): string {
  return folded(name.slice(0, 200))
}

/** What the values of a column reveal of how each is written. */
export type Writing = { order: DayOrder; mark: DecimalMark }

/** How a column writes, by all of its values. */
export function writingOf(texts: readonly string[]): Writing {
  return { order: dayOrderOf(texts), mark: decimalMarkOf(texts) }
}

const INTEGER = /^(0|-?[1-9]\d{0,14})$/
const DECIMAL = /^-?(0|[1-9]\d{0,11})\.\d{1,6}$/
const AMOUNT = /^-?(?:\p{Sc}\s?)?[1-9]?[\d.,'’\s]{1,24}(?:\p{Sc}|%|[A-Z]{3})?$/u

/** No number is written longer. */
const MAX_NUMBER = 40

/** A text as a number: plain, in French or German, with its thousands, a currency or a percent sign. */
export function readNumber(text: string, mark: DecimalMark): number | null {
  if (text.length > MAX_NUMBER) return null
  if (INTEGER.test(text) || (mark !== ',' && DECIMAL.test(text))) return Number(text)
  // Digits that begin with 0 are a code or a telephone number.
  if (!AMOUNT.test(text) || /^-?0\d/.test(text)) return null
  const bare = text.replace(/\s?%$/, '')
  // One mark and three digits: a thousand or a decimal, unless the column tells.
  if (mark === null && /^[^.,]*,\d{3}(?!\d)[^.,]*$/.test(bare)) return null
  return readAmount(bare, null, mark)?.amount ?? null
}

const YES = new Set('true yes y oui o vrai ja j wahr si sí sì verdadero vero'.split(' '))
const NO = new Set('false no n non faux nein falsch falso'.split(' '))

/** A text as yes or no, in five languages. Null for anything else; 1 and 0 are numbers. */
export function readYesNo(text: string): boolean | null {
  if (text.length > 12) return null
  const word = text.trim().toLowerCase()
  return YES.has(word) ? true : NO.has(word) ? false : null
}

/** A text as a day or time in ISO 8601; spreadsheets write days as numbers. */
export function readDate(text: string, order: DayOrder): string | null {
  const own = order ?? dayOrderOf([text])
  return readIsoTime(text, own) ?? readSerial(text) ?? readDigits(text)
}

/** A list is not longer. */
const MAX_LIST = 500

/** A text as a list: a JSON array, or texts between semicolons, bars, line breaks or commas. */
export function readList(text: string): string[] | null {
  if (text.length > 10_000) return null
  if (text.startsWith('[')) {
    try {
      const parsed: unknown = JSON.parse(text)
      return isList(parsed) ? parsed.map(String).slice(0, MAX_LIST) : null
    } catch {
      return null
    }
  }
  const sign = [':::', ';', '|', '\n', ','].find((each) => text.includes(each)) ?? ','
  const parts = text.split(sign, MAX_LIST + 1).map((part) => part.trim())
  return parts.length > MAX_LIST ? null : parts.filter((part) => part !== '')
}

/** Whether a value is a list of texts, numbers or truth values. */
export function isList(value: unknown): value is (string | number | boolean)[] {
  return Array.isArray(value) && value.every((each) => ['string', 'number', 'boolean'].includes(typeof each))
}

/** Whether a value is of a type, as it is stored. */
export function isOfType(value: unknown, type: AttributeType): boolean {
  switch (type) {
    case 'text':
      return typeof value === 'string'
    case 'number':
      return typeof value === 'number'
    case 'boolean':
      return typeof value === 'boolean'
    case 'list':
      return isList(value)
    case 'date':
      return typeof value === 'string' && /^\d{4}-\d{2}-\d{2}(T|$)/.test(value) && readIsoTime(value, null) !== null
  }
}

/** A value as one of a type; the value itself if it does not fit. */
export function valueAs(value: unknown, type: AttributeType, writing: Writing): unknown {
  if (isOfType(value, type)) return value
  return readAs(value, type, writing) ?? value
}

function readAs(value: unknown, type: AttributeType, { order, mark }: Writing): unknown {
  const text = typeof value === 'string' ? value.trim() : null
  switch (type) {
    case 'text':
      if (isList(value)) return value.join('; ')
      return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null
    case 'number':
      return text === null ? null : readNumber(text, mark)
    case 'boolean':
      if (value === 1 || text === '1') return true
      return value === 0 || text === '0' ? false : text === null ? null : readYesNo(text)
    case 'date':
      return text === null ? null : readDate(text, order)
    case 'list':
      return text === null ? null : readList(text)
  }
}

/** The type of values that nobody has given one. Null if they reveal none. */
export function typeOfValues(values: readonly unknown[]): AttributeType | null {
  const said = values.filter((value) => value !== null && value !== '')
  if (said.length === 0) return null
  const all = (type: AttributeType) => said.every((value) => isOfType(value, type))
  const found = (['number', 'boolean', 'list', 'date', 'text'] as const).find(all)
  if (found !== undefined) return found
  const isNumeric = (value: unknown) =>
    typeof value === 'number' || (typeof value === 'string' && readNumber(value.trim(), null) !== null)
  if (said.every(isNumeric)) return 'number'
  if (said.some(isList) && said.every((value) => isList(value) || typeof value === 'string')) return 'list'
  return said.every((value) => typeof value !== 'object') ? 'text' : null
}
