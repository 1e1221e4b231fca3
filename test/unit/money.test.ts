/** Money: a decimal outside, integer minor units of its currency inside. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { amountOf, currencyDecimals, toMajor, toMinor } from '../../server/domain/money.ts'

test.each([
  ['EUR', 2],
  ['USD', 2],
  ['JPY', 0],
  ['KRW', 0],
  ['KWD', 3],
  ['TND', 3],
  ['XXX', 2],
  ['QQQ', 2],
  ['', 2],
  ['__proto__', 2],
  ['constructor', 2],
])('%s is written with %i decimals', (currency, decimals) => {
  expect(currencyDecimals(currency)).toBe(decimals)
})

test.each([
  [890.5, 'EUR', 89050],
  [19.99, 'EUR', 1999],
  [1.005, 'EUR', 101],
  [0.1 + 0.2, 'EUR', 30],
  [-1.005, 'EUR', -101],
  [0, 'EUR', 0],
  [1500, 'JPY', 1500],
  [1500.5, 'JPY', 1501],
  [1.2345, 'KWD', 1235],
  [9_999_999_999.99, 'EUR', 999_999_999_999],
])('%d %s is %i minor units', (amount, currency, minor) => {
  expect(toMinor(amount, currency)).toBe(minor)
})

test('every amount survives the round trip', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e11, max: 1e11 }), fc.constantFrom('EUR', 'JPY', 'KWD'), (minor, currency) => {
      expect(toMinor(toMajor(minor, currency), currency)).toBe(minor)
    }),
  )
})

test.each<[unknown, number | null]>([
  [12.5, 12.5],
  ['12.50', 12.5],
  [' 7 ', 7],
  [-3, -3],
  [0, 0],
  ['', null],
  ['  ', null],
  ['12,50', null],
  ['€5', null],
  ['NaN', null],
  ['Infinity', null],
  [Number.NaN, null],
  [Number.POSITIVE_INFINITY, null],
  [1e308, null],
  ['1e308', null],
  [null, null],
  [undefined, null],
  [true, null],
  [[], null],
  [[5], null],
  [{}, null],
])('an amount sent as %j is read as %j', (sent, amount) => {
  expect(amountOf(sent)).toBe(amount)
})

test('the minor units of any readable amount are a safe integer in every currency', () => {
  fc.assert(
    fc.property(fc.double(), fc.constantFrom('EUR', 'JPY', 'KWD', 'CLF'), (sent, currency) => {
      const amount = amountOf(sent)
      if (amount !== null) expect(Number.isSafeInteger(toMinor(amount, currency))).toBe(true)
    }),
  )
})
