/**
 * Money is an integer of minor units with its ISO 4217 currency inside, and a decimal outside. The runtime's CLDR data
 * give the number of decimals of a currency.
 */

const decimals = new Map<string, number>()

/** How many decimals a currency has: EUR 2, JPY 0, KWD 3; 2 if the code is unknown. */
export function currencyDecimals(currency: string): number {
  let n = decimals.get(currency)
  if (n === undefined) {
    try {
      n = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2
    } catch {
      // Intl throws for a code that is not three letters; the collector accepted it as the shop's own.
      n = 2
    }
    decimals.set(currency, n)
  }
  return n
}

/** No shop sells beyond this; within it minor units are safe integers, whatever the currency. */
const MAX_AMOUNT = 1e11

/** No amount is written longer. */
const MAX_TEXT = 200

/** An amount as senders write it, a number or its text in plain digits; null for anything else. */
export function amountOf(value: unknown): number | null {
  const isText = typeof value === 'string' && value.length <= MAX_TEXT && /^\s*[+-]?\d+(\.\d+)?\s*$/.test(value)
  const amount = typeof value === 'number' || isText ? Number(value) : Number.NaN
  return Math.abs(amount) < MAX_AMOUNT ? amount : null
}

/** 890.5 EUR is 89050. Rounds half away from zero on the decimal that people see (1.005 is 1.01). */
export function toMinor(amount: number, currency: string): number {
  const scale = 10 ** currencyDecimals(currency)
  const minor = Math.round(Number((Math.abs(amount) * scale).toPrecision(15)))
  return amount < 0 ? -minor : minor
}

/** 89050 EUR is 890.5. */
export function toMajor(minor: number, currency: string): number {
  return minor / 10 ** currencyDecimals(currency)
}
