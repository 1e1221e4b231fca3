/**
 * Amounts and quantities as shops write them: numbers, plain digits, and the texts of price tags in any country, such as
 * `4,245.42`, `1 890,50 €`, `890,-` and `{amount: "12.00", currencyCode: "EUR"}`. What cannot be read is null, never 0.
 */
import { currencyDecimals } from '../money.ts'
import { currencyOf, isCurrencySign } from './currency.ts'

/** An amount in a currency's main unit. `currency` is null where the sender says nothing of it. */
export type Amount = { amount: number; currency: string | null }

/** No shop sells beyond this; within it minor units are safe integers, whatever the currency. */
const MAX_AMOUNT = 1e11

/** No amount is written longer. */
const MAX_LENGTH = 64

/** Digits as programs write them. */
const PLAIN = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,2})?$/i

/** Names under which an object holds an amount and its currency. */
const AMOUNT_NAMES = ['amount', 'value', 'price']
const CURRENCY_NAMES = ['currencyCode', 'currency_code', 'currency']

/** The decimal mark of a column of amounts. Null if its cells leave it open. */
export type DecimalMark = '.' | ',' | null

/**
 * Reads an amount. `home` is the site's own currency, which settles signs such as `$`; `mark` settles 1.234 for a column.
 * Null if it is not one.
 */
export function readAmount(value: unknown, home: string | null, mark: DecimalMark = null): Amount | null {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const parts = value as Record<string, unknown>
    const inner = AMOUNT_NAMES.map((name) => parts[name]).find((each) => each !== undefined && each !== null)
    if (typeof inner !== 'string' && typeof inner !== 'number') return null
    const read = readAmount(inner, home)
    const currency = CURRENCY_NAMES.map((name) => currencyOf(parts[name], home)).find((code) => code !== null)
    return read && { amount: read.amount, currency: currency ?? read.currency }
  }
  if (typeof value === 'number') return bounded(value, null)
  if (typeof value !== 'string' || value.length > MAX_LENGTH) return null
  const text = value.trim()
  // Programs write 1.234 with three decimals, but in a column of commas it is a thousand.
  if (PLAIN.test(text) && !(mark === ',' && /^[+-]?\d{1,3}\.\d{3}$/.test(text))) return bounded(Number(text), null)
  return readPriceTag(text, home, mark)
}

function bounded(amount: number, currency: string | null): Amount | null {
  return Math.abs(amount) < MAX_AMOUNT ? { amount, currency } : null
}

/** HTML that templates leave in the text of a price. */
const ENTITIES: Record<string, string> = { '&nbsp;': ' ', '&euro;': '€', '&pound;': '£', '&yen;': '¥' }

/** Digits of Arabic and Persian, and their decimal and thousands marks. */
const OTHER_DIGITS = /[\u0660-\u0669\u06f0-\u06f9\u066b\u066c]/g

function readPriceTag(text: string, home: string | null, decimalMark: DecimalMark): Amount | null {
  const plain = text
    .replace(/&(?:nbsp|euro|pound|yen);/g, (entity) => ENTITIES[entity] ?? entity)
    // Compatibility forms: wide digits, and every kind of space.
    .normalize('NFKC')
    .replace(OTHER_DIGITS, (digit) => latinDigit(digit))
    .replace(/[\u200e\u200f\u061c]/g, '')
    .replace(/\u2212/g, '-')
    // The point of an abbreviation, such as `Fr.`
    .replace(/(\p{L})\./gu, '$1')
    // French and Belgian price tags say whether tax is included.
    .replace(/\b(?:ttc|ht|tvac|htva)\b/i, '')
    .trim()
  // Signs and codes before and after the digits, such as `EUR 890` and `12 zł`.
  const start = plain.search(/[.,]?\d/)
  if (start < 0) return null
  let end = plain.length
  while (!/\d/.test(plain[end - 1] ?? '0')) end--
  const digits = plain.slice(start, end)
  const head = plain.slice(0, start)
  // `890,-` is a round price.
  const after = plain.slice(end).replace(/^[.,][-–—]{1,3}/, '')
  const isNegative = /^-|-$/.test(head.trim())
  const before = head.replaceAll(/[+-]/g, '')
  const signs = [before, after].map((each) => each.trim()).filter((each) => each !== '')
  if (signs.length > 2 || !signs.every(isCurrencySign)) return null
  const currency = signs.map((each) => currencyOf(each, home)).find((code) => code !== null) ?? null
  const number = readDigits(digits.trim(), currency ?? home, decimalMark)
  return number === null ? null : bounded(isNegative ? -number : number, currency)
}

function latinDigit(digit: string): string {
  if (digit === '\u066b') return '.'
  if (digit === '\u066c') return ','
  const code = digit.charCodeAt(0)
  return String(code - (code < 0x06f0 ? 0x0660 : 0x06f0))
}

/** Whole numbers in groups of three digits, or in India's groups of two. */
const GROUPED = /^(?:\d+|\d{1,3}([ .,])\d{3}(?:\1\d{3})*|\d{1,2},(?:\d{2},)*\d{3})$/

/**
 * Reads digits with separators. A mark that occurs last beside another kind, or that three digits do not follow, is the
 * decimal mark; one that three digits follow separates thousands, unless the currency has three decimals.
 */
function readDigits(text: string, currency: string | null, decimalMark: DecimalMark): number | null {
  const digits = text.replace(/['’\s]+/g, ' ')
  const last = Math.max(digits.lastIndexOf('.'), digits.lastIndexOf(','))
  if (last < 0) return whole(digits)
  const mark = digits[last]
  const isOnly = digits.indexOf(mark ?? '') === last
  const hasOther = /[ .,]/.test(digits.slice(0, last).replaceAll(mark ?? '', ''))
  const decimals = digits.length - last - 1
  const hasThreeDecimals = currency !== null && currencyDecimals(currency) === 3
  const isOpen = decimals === 3 && !hasOther && !/^0*$/.test(digits.slice(0, last))
  const isThousands = isOpen && (decimalMark === null ? !hasThreeDecimals : mark !== decimalMark)
  if (!isOnly || isThousands) return whole(digits)
  const before = whole(digits.slice(0, last))
  const after = digits.slice(last + 1)
  return before === null || !/^\d+$/.test(after) ? null : Number(`${before}.${after}`)
}

/** The decimal mark of a column, according to those of its cells that leave no doubt. */
export function decimalMarkOf(cells: readonly string[]): DecimalMark {
  const found = new Set<DecimalMark>()
  for (const cell of cells) {
    if (cell.length > MAX_LENGTH) continue
    const digits = cell.replace(/[^\d.,]/g, '').replace(/^[.,]|[.,]$/g, '')
    const last = Math.max(digits.lastIndexOf('.'), digits.lastIndexOf(','))
    if (last < 0) continue
    const sign = digits.charAt(last) === '.' ? '.' : ','
    const hasBoth = digits.includes('.') && digits.includes(',')
    const isRepeated = digits.indexOf(sign) !== last
    if (isRepeated && !hasBoth) found.add(sign === '.' ? ',' : '.')
    else if (hasBoth || digits.length - last - 1 !== 3) found.add(sign)
  }
  const [only, another] = found
  return only === undefined || another !== undefined ? null : only
}

function whole(text: string): number | null {
  return GROUPED.test(text) ? Number(text.replace(/[ .,]/g, '')) : null
}

/** The price per unit of a total. Null if it is beyond any price. */
export function perUnit(total: number, quantity: number | null): number | null {
  return bounded(total / (Math.abs(quantity ?? 1) || 1), null)?.amount ?? null
}

/** The most of one piece that a cart holds. */
const MAX_QUANTITY = 1_000_000

/** Reads a quantity, which may be a fraction, such as metres of a ribbon, to four decimals. Null if it is not one. */
export function readQuantity(value: unknown): number | null {
  const read = typeof value === 'object' ? null : readAmount(value, null)
  if (read === null || read.currency !== null) return null
  return Math.max(-MAX_QUANTITY, Math.min(MAX_QUANTITY, Math.round(read.amount * 1e4) / 1e4))
}
