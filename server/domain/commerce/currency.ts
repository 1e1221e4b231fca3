/**
 * Currencies as shops write them: an ISO 4217 code in any case, or a sign. A sign that several currencies share, such as
 * `$`, means the site's own currency where that is one of them.
 */

const CODES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'))

/** Signs and words of one currency. */
const SIGNS: Record<string, string> = {
  ...{ '€': 'EUR', euro: 'EUR', euros: 'EUR', '£': 'GBP', '₹': 'INR', rs: 'INR', '₽': 'RUB', руб: 'RUB' },
  ...{ '₺': 'TRY', tl: 'TRY', '₴': 'UAH', '₩': 'KRW', '₪': 'ILS', '₫': 'VND', '฿': 'THB', '₦': 'NGN', '₱': 'PHP' },
  ...{ zł: 'PLN', zl: 'PLN', kč: 'CZK', ft: 'HUF', lei: 'RON', лв: 'BGN', lv: 'BGN', fr: 'CHF', sfr: 'CHF' },
  ...{ us$: 'USD', ca$: 'CAD', c$: 'CAD', a$: 'AUD', au$: 'AUD', nz$: 'NZD', hk$: 'HKD', s$: 'SGD', r$: 'BRL' },
  ...{ mx$: 'MXN', nt$: 'TWD', 'cn¥': 'CNY', rmb: 'CNY', 'jp¥': 'JPY', 円: 'JPY', 元: 'CNY' },
}

/** Signs that several currencies share: those currencies, and the one that is meant if the site's is not among them. */
const SHARED: Record<string, { of: readonly string[]; otherwise: string | null }> = {
  $: {
    of: ['USD', 'CAD', 'AUD', 'NZD', 'HKD', 'SGD', 'MXN', 'TWD', 'ARS', 'CLP', 'COP', 'UYU', 'DOP'],
    otherwise: 'USD',
  },
  '¥': { of: ['JPY', 'CNY'], otherwise: 'JPY' },
  kr: { of: ['SEK', 'NOK', 'DKK', 'ISK'], otherwise: null },
}

/** A code or sign is not longer. */
const MAX_LENGTH = 8

/** Whether a text is a sign or code of a currency. */
export function isCurrencySign(text: string): boolean {
  const word = wordOf(text)
  return CODES.has(word.toUpperCase()) || Object.hasOwn(SIGNS, word) || Object.hasOwn(SHARED, word)
}

/** The ISO 4217 code of a code or sign. Null if it is none, or leaves open which. `home` is the site's own currency. */
export function currencyOf(text: unknown, home: string | null): string | null {
  if (typeof text !== 'string' || text.length > MAX_LENGTH) return null
  const word = wordOf(text)
  const code = word.toUpperCase()
  if (CODES.has(code)) return code
  if (Object.hasOwn(SIGNS, word)) return SIGNS[word] ?? null
  const shared = Object.hasOwn(SHARED, word) ? SHARED[word] : undefined
  if (shared === undefined) return null
  return home !== null && shared.of.includes(home) ? home : shared.otherwise
}

/** Signs that mean one currency wherever they stand in a text. */
const CLEAR_SIGNS = Object.entries(SIGNS).filter(([sign]) => /^[€£₹₽₺₴₩₪₫฿₦₱]$/.test(sign) || sign === 'zł')

/** A heading or amount is not longer. */
const MAX_TEXT = 200

/** The currency that a heading or an amount names beside other words, if it is unambiguous. */
export function currencyIn(text: string): string | null {
  if (text.length > MAX_TEXT) return null
  // `TTC` in "Total TTC" is not a currency.
  const code = text.match(/(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])/g)?.find((each) => CODES.has(each))
  if (code !== undefined) return code
  return CLEAR_SIGNS.find(([sign]) => text.includes(sign))?.[1] ?? null
}

function wordOf(text: string): string {
  return text.trim().toLowerCase().replace(/\.$/, '')
}
