/**
 * Amounts as people and spreadsheets write them: `1.234,50 €`, `$1,234.50`, `1 234,50 EUR`. Pure. An ambiguous amount
 * is not read.
 */

/** The decimal separator of a column. Null if no cell reveals it. */
export type DecimalSeparator = '.' | ',' | null

const SIGNS: Record<string, string> = {
  '€': 'EUR',
  '£': 'GBP',
  '₹': 'INR',
  '₽': 'RUB',
  '₺': 'TRY',
  '₴': 'UAH',
  zł: 'PLN',
}

const CODES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'))

/** Longer texts are not amounts. */
const MAX_LENGTH = 200

/** The currency beside an amount, if it is unambiguous. */
export function currencyIn(text: string): string | null {
  if (text.length > MAX_LENGTH) return null
  // `TTC` in "Total TTC" is not a currency.
  const code = text.match(/(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])/g)?.find((each) => CODES.has(each))
  if (code !== undefined) return code
  return Object.entries(SIGNS).find(([sign]) => text.includes(sign))?.[1] ?? null
}

/** The digits and separators of an amount, without currency and spaces; null if there is anything else. */
function digitsOf(text: string): string | null {
  if (text.length > MAX_LENGTH) return null
  const bare = text
    .replace(/[\s'’]/g, '')
    .replace(/^([+-]?)(\p{Sc}|[A-Za-z]{2,3}|zł)|(\p{Sc}|[A-Za-z]{2,3}|zł)$/gu, '$1')
  return /^[+-]?\d[\d.,]*$/.test(bare) ? bare : null
}

/** The decimal separator of these cells, according to those that are unambiguous. */
export function decimalSeparatorOf(cells: readonly string[]): DecimalSeparator {
  const found = new Set<DecimalSeparator>()
  for (const cell of cells) {
    const digits = digitsOf(cell)
    if (digits === null) continue
    const last = Math.max(digits.lastIndexOf('.'), digits.lastIndexOf(','))
    if (last < 0) continue
    const sign = digits[last] as '.' | ','
    const both = digits.includes('.') && digits.includes(',')
    const repeated = digits.indexOf(sign) !== last
    if (repeated && !both) found.add(sign === '.' ? ',' : '.')
    else if (both || digits.length - last - 1 !== 3) found.add(sign)
  }
  const [only, another] = found
  return only === undefined || another !== undefined ? null : only
}

/** An amount as plain digits with a point; null if it is not one or is ambiguous. */
export function readAmount(text: string, column: DecimalSeparator): string | null {
  const digits = digitsOf(text)
  if (digits === null) return null
  if (!/[.,]/.test(digits)) return digits
  const sign = decimalSeparatorOf([digits]) ?? column
  if (sign === null) return null
  const [whole = '', ...rest] = digits.split(sign)
  if (rest.length > 1 || !/^[+-]?(\d+|\d{1,3}([.,]\d{3})+)$/.test(whole) || !/^\d*$/.test(rest[0] ?? '')) return null
  return `${whole.replace(/[.,]/g, '')}${rest[0] ? `.${rest[0]}` : ''}`
}
