/** Money: a decimal outside, integer minor units of its currency inside. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { currencyDecimals, toMajor, toMinor } from '../../server/domain/money.ts'

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
