/** A visitor's choices over time: the latest counts, whatever their order of arrival. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Choice, foldConsents } from '../../server/domain/consent.ts'

const choice = (id: string, at: number, given: Partial<Choice> = {}): Choice => ({
  id,
  at,
  analytics: true,
  identity: true,
  marketing: true,
  ...given,
})

test('a visitor without a choice has not consented', () => {
  expect(foldConsents([])).toEqual({
    identity: false,
    marketing: false,
    marketingSince: null,
    denial: null,
    withdrawals: [],
  })
})

test('the latest choice counts', () => {
  const state = foldConsents([choice('b', 2, { marketing: false }), choice('a', 1)])
  expect(state).toMatchObject({ identity: true, marketing: false, marketingSince: 2 })
  expect(state.withdrawals).toEqual([{ at: 2, purpose: 'marketing' }])
})

test('the last denial of identity is a floor that a later grant does not remove', () => {
  const state = foldConsents([choice('a', 1), choice('b', 5, { identity: false }), choice('c', 9)])
  expect(state).toMatchObject({ identity: true, denial: { at: 5, until: 9 } })
  expect(state.withdrawals).toEqual([{ at: 5, purpose: 'identity' }])
})

test('a first denial is a floor too, but not a withdrawal', () => {
  expect(foldConsents([choice('a', 1, { identity: false, marketing: false })])).toMatchObject({
    denial: { at: 1, until: null },
    withdrawals: [],
  })
})

test('marketing counts from its last grant, not from a repetition', () => {
  const state = foldConsents([choice('a', 1), choice('b', 2, { marketing: false }), choice('c', 3), choice('d', 4)])
  expect(state.marketingSince).toBe(3)
})

test('if one choice is stated twice at the same time, the denial counts', () => {
  const yes = choice('a', 1)
  const no = choice('a', 1, { identity: false, marketing: false })
  expect(foldConsents([no, yes])).toMatchObject({ identity: false, marketing: false, denial: { at: 1, until: null } })
})

test('the order of arrival of choices does not matter', () => {
  const choices = fc.array(
    fc.record({
      id: fc.constantFrom('a', 'b'),
      at: fc.nat({ max: 3 }),
      analytics: fc.constant(true),
      identity: fc.boolean(),
      marketing: fc.boolean(),
    }),
    { maxLength: 8 },
  )
  fc.assert(
    fc.property(
      choices.chain((told) => fc.tuple(fc.constant(told), fc.shuffledSubarray(told, { minLength: told.length }))),
      ([told, shuffled]) => {
        expect(foldConsents(shuffled)).toEqual(foldConsents(told))
      },
    ),
    { numRuns: 500 },
  )
})
