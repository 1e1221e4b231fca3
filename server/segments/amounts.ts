/** Amounts in definitions: in major units of a currency, as people write them; rows hold minor units. */
import { toMinor } from '../domain/money.ts'
import type { Language } from './nodes/node.ts'
import { operatorsOf, type Test } from './test-value.ts'

/** A test of an amount in major units as one in minor units. */
export function minorTest(test: Test, currency: string): Test {
  const minor = (value: unknown) => (typeof value === 'number' ? toMinor(value, currency) : value)
  const operators = Object.entries(operatorsOf(test))
  return Object.fromEntries(
    operators.map(([name, value]) => [name, Array.isArray(value) ? value.map(minor) : minor(value)]),
  )
}

/** An amount as a language writes it. */
export function moneyWords(amount: number, currency: string, language: Language): string {
  const digits = Number.isInteger(amount) ? { minimumFractionDigits: 0 } : {}
  return new Intl.NumberFormat(language, { style: 'currency', currency, ...digits }).format(amount)
}
