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

/** 890.5 EUR is 89050. Rounds half away from zero on the decimal that people see (1.005 is 1.01). */
export function toMinor(amount: number, currency: string): number {
  const scale = 10 ** currencyDecimals(currency)
  const minor = Math.round(Number((Math.abs(amount) * scale).toPrecision(15)))
  return amount < 0 ? -minor : minor
}

/** The code under which money is stored whose currency nobody said, neither an event nor the site (ISO 4217). */
export const UNKNOWN_CURRENCY = 'XXX'

/** Stored money for the outside: null stands for what is unknown. */
export function toMoney(minor: number | null, currency: string): { currency: string | null; value: number | null } {
  return {
    currency: currency === UNKNOWN_CURRENCY ? null : currency,
    value: minor === null ? null : toMajor(minor, currency),
  }
}

/** The same for the total of an order. */
export function toTotal(order: { total: number | null; currency: string }) {
  const { value: total, currency } = toMoney(order.total, order.currency)
  return { total, currency }
}

/** 89050 EUR is 890.5. */
export function toMajor(minor: number, currency: string): number {
  return minor / 10 ** currencyDecimals(currency)
}
