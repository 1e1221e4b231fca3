/** Attributes of contacts as conditions compare them: what is kept of each value, since when it stands, and how much at most. */
import { describe, expect, test } from 'vitest'
import { foldedAttributes } from '../../server/domain/folded-attributes.ts'

const fold = (attributes: Record<string, unknown>, times: Record<string, number> = {}) =>
  foldedAttributes(attributes, new Map(Object.entries(times)), NOON)

const NOON = 1000

test.each<[what: string, value: unknown, kept: unknown]>([
  ['a text, without case and accents', 'Saint-Étienne', 'saint-etienne'],
  ['a text that is no number', '12 rue', '12 rue'],
  ['a number', 12.5, 12.5],
  ['a day', '1984-12-31', '1984-12-31'],
  ['a time', '2026-03-01T09:30:00.000Z', '2026-03-01t09:30:00.000z'],
  ['yes', true, true],
  ['no', false, false],
  ['zero', 0, 0],
  ['an empty text', '', ''],
  ['a list', ['Or', 'Émail', 5], ['or', 'email', 5]],
  ['a list of lists', [['a'], 'b'], ['b']],
  ['an empty list', [], []],
  ['a number beyond all bounds', Number.POSITIVE_INFINITY, undefined],
  ['nothing', null, undefined],
  ['an object', { a: 1 }, undefined],
  ['a long text, in part', 'É'.repeat(2000), 'e'.repeat(500)],
])('%s', (_, value, kept) => {
  expect(fold({ it: value }).values).toEqual(kept === undefined ? {} : { it: kept })
})

test('names are one if they differ in case and accents only, and the value set last counts', () => {
  const both = { Prénom: 'Anna', prenom: 'Bela' }
  expect(fold(both, { Prénom: 5 })).toEqual({ values: { prenom: 'bela' }, times: {} })
  expect(fold(both, { prenom: 5 })).toEqual({ values: { prenom: 'anna' }, times: {} })
  expect(fold({ VIP: true }, { vip: NOON + 1 })).toEqual({ values: { vip: true }, times: {} })
})

describe('times', () => {
  test('are those of values set before the others', () => {
    const { times } = fold({ city: 'Lyon', points: 5 }, { points: 7 })
    expect(times).toEqual({ points: 7 })
  })

  test('tell when an attribute was removed', () => {
    expect(fold({ city: 'Lyon' }, { points: NOON })).toEqual({
      values: { city: 'lyon' },
      times: { points: NOON },
    })
  })
})

test('what a hostile CRM holds is bounded in number, in lists and altogether', () => {
  const many = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`a${String(i).padStart(4, '0')}`, i]))
  expect(Object.keys(fold(many).values)).toHaveLength(200)
  const { values } = fold({ list: Array.from({ length: 1000 }, (_, i) => i) })
  expect(values.list).toHaveLength(100)
  const long = Object.fromEntries(
    Array.from({ length: 200 }, (_, i) => [`b${String(i).padStart(3, '0')}`, 'x'.repeat(500)]),
  )
  expect(JSON.stringify(fold(long).values).length).toBeLessThan(20_000)
  expect(fold({ ['__proto__']: 'x', constructor: 'y' }).values).toMatchObject({ constructor: 'y' })
})
