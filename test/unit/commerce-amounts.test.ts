/**
 * Amounts, currencies and quantities as shops write them. Each row is a value that was sent and what it means; null is
 * what cannot be read, which is never 0.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decimalMarkOf, readAmount, readQuantity } from '../../server/domain/commerce/amount.ts'
import { currencyIn, currencyOf } from '../../server/domain/commerce/currency.ts'
import { toMinor } from '../../server/domain/money.ts'

const say = (value: unknown, home: string | null = null) => {
  const read = readAmount(value, home)
  return read && `${read.amount}${read.currency === null ? '' : ` ${read.currency}`}`
}

describe('an amount', () => {
  test.each<[sent: unknown, meant: string | null]>([
    // Numbers, and digits as programs write them.
    [12.5, '12.5'],
    ['12.50', '12.5'],
    [' 7 ', '7'],
    [-3, '-3'],
    [0, '0'],
    ['.5', '0.5'],
    ['1e3', '1000'],
    ['12.345', '12.345'],
    // Either decimal mark, and any thousands mark.
    ['890,00', '890'],
    ['12,5', '12.5'],
    ['4,245.42', '4245.42'],
    ['4.245,42', '4245.42'],
    ['1 890,50', '1890.5'],
    ['1\u00a0890,50', '1890.5'],
    ['1\u202f890,50', '1890.5'],
    ["1'234.50", '1234.5'],
    ['1,234,567', '1234567'],
    ['1.234.567,89', '1234567.89'],
    ['1,23,456.00', '123456'],
    // Three digits after the only mark are thousands, unless there are no whole ones.
    ['4,245', '4245'],
    ['0,500', '0.5'],
    // Currencies before and after.
    ['1 890,50 €', '1890.5 EUR'],
    ['€890', '890 EUR'],
    ['1.234 €', '1234 EUR'],
    ['EUR 890', '890 EUR'],
    ['890 eur', '890 EUR'],
    ['890&nbsp;&euro;', '890 EUR'],
    ['890,- €', '890 EUR'],
    ['890.–', '890'],
    ['890 € TTC', '890 EUR'],
    ['£1,200.00', '1200 GBP'],
    ['12,50 zł', '12.5 PLN'],
    ['1 299 Kč', '1299 CZK'],
    ['Fr. 45.00', '45 CHF'],
    ['US$ 24.50', '24.5 USD'],
    ['R$ 1.234,56', '1234.56 BRL'],
    ['１，２００円', '1200 JPY'],
    ['٣٤٫٥٠', '34.5'],
    ['-5,00 €', '-5 EUR'],
    ['−5', '-5'],
    // A currency of three decimals.
    ['1,500 KWD', '1.5 KWD'],
    // Objects of an amount and its currency.
    [{ amount: '890.0', currencyCode: 'EUR' }, '890 EUR'],
    [{ amount: 12, currency: 'usd' }, '12 USD'],
    [{ value: '1 890,50 €' }, '1890.5 EUR'],
    // No amounts.
    ...['', '  ', 'free', 'NaN', 'Infinity', '10 20', '2 rings', '1e308', '1,2,3', '12,34,56', '€', '5 EUR 6'].map(
      (text) => [text, null] as [string, null],
    ),
    ...[null, undefined, true, [], [5], {}, { amount: {} }, { amount: 'free' }].map(
      (each) => [each, null] as [unknown, null],
    ),
    ...[Number.NaN, Number.POSITIVE_INFINITY, 1e308].map((each) => [each, null] as [number, null]),
    ['9'.repeat(65), null],
  ])('%j means %s', (sent, meant) => {
    expect(say(sent)).toBe(meant)
  })

  test.each([
    ['$24.50', null, '24.5 USD'],
    ['$24.50', 'CAD', '24.5 CAD'],
    ['$24.50', 'EUR', '24.5 USD'],
    ['1 299 kr', 'SEK', '1299 SEK'],
    ['1 299 kr', null, '1299'],
    ['¥500', 'CNY', '500 CNY'],
    ['¥500', null, '500 JPY'],
  ])('%s at a site whose currency is %s means %s', (sent, home, meant) => {
    expect(say(sent, home)).toBe(meant)
  })

  test('of any kind is a safe integer in minor units', () => {
    const sent = fc.oneof(fc.double(), fc.string(), fc.stringMatching(/^[0-9., €$-]{0,20}$/), fc.anything())
    fc.assert(
      fc.property(sent, fc.constantFrom('EUR', 'JPY', 'KWD', 'CLF'), (value, currency) => {
        const read = readAmount(value, currency)
        if (read !== null) expect(Number.isSafeInteger(toMinor(read.amount, currency))).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})

test.each<[unknown, number | null]>([
  [2, 2],
  ['3', 3],
  ['1,5', 1.5],
  ['2.0', 2],
  [0, 0],
  [-1, -1],
  [1e9, 1_000_000],
  ['two', null],
  ['2 €', null],
  [null, null],
  [{}, null],
])('a quantity of %j is %j', (sent, quantity) => {
  expect(readQuantity(sent)).toBe(quantity)
})

test.each<[unknown, string | null]>([
  ['EUR', 'EUR'],
  ['eur', 'EUR'],
  [' € ', 'EUR'],
  ['zł', 'PLN'],
  ['EURO', 'EUR'],
  ['XYZ', null],
  ['', null],
  [978, null],
  ['__proto__', null],
])('the currency %j is %j', (sent, code) => {
  expect(currencyOf(sent, null)).toBe(code)
})

describe('an amount in a column', () => {
  test.each<[text: string, mark: '.' | ',' | null, amount: number | null]>([
    ['1,234', null, 1234],
    ['1,234', '.', 1234],
    ['1,234', ',', 1.234],
    ['1.234', ',', 1234],
    ['1.234', '.', 1.234],
    ['1.234', null, 1.234],
    ['1.234.567', null, 1234567],
    ['1.234,50 €', '.', 1234.5],
    ['1,23,4', null, null],
  ])('%j in a column with the decimal mark %j is %j', (text, mark, amount) =>
    expect(readAmount(text, null, mark)?.amount ?? null).toBe(amount),
  )
  test.each<[cells: string[], mark: string | null]>([
    [['1,5', '1,234'], ','],
    [['1.234', '2.345'], null],
    [['1,5', '1.5'], null],
    [['12 €', '1 890,50 €'], ','],
    [['$1,234.50'], '.'],
  ])('%j have the decimal mark %j', (cells, mark) => expect(decimalMarkOf(cells)).toBe(mark))
  test.each<[text: string, currency: string | null]>([
    ['12 €', 'EUR'],
    ['12 CHF', 'CHF'],
    ['Total (USD)', 'USD'],
    ['Total TTC', null],
    ['$12', null],
  ])('%j names the currency %j', (text, currency) => expect(currencyIn(text)).toBe(currency))
})
