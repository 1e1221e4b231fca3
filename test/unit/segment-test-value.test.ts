/** Tests of values: each case in words, by JavaScript and by SQL on values in a JSON column. */
import { sql } from 'kysely'
import { afterAll, describe, expect, test } from 'vitest'
import { folded } from '../../server/domain/folded.ts'
import { firstProblem } from '../../server/domain/problem.ts'
import { passes, type Scalar, sqlTestOf, type Test, testSchema, testWords } from '../../server/segments/test-value.ts'
import { jsonSql } from '../../server/store/engine/json-sql.ts'
import { dropPlaces, placeOf } from '../support/place.ts'
import { ENGINE } from '../support/store.ts'

type Case = [means: string, test: Test, value: Scalar | null, expected: boolean]

const CASES: Case[] = [
  ['a bare text equals, whatever its case and accents', 'évry', 'EVRY', true],
  ['another text does not', 'Lyon', 'Lyons', false],
  ['a bare number equals a number', 3, 3, true],
  ['a text that is written like the number equals it', 75002, '75002', true],
  ['a number equals a text that is written like it', '75002', 75002, true],
  ['a number does not equal a text with a leading zero', '01000', 1000, false],
  ['a bare yes equals yes', true, true, true],
  ['yes is not no', true, false, false],
  ['yes is not the number 1', true, 1, false],
  ['nothing equals what is missing', 'Lyon', null, false],
  ['not: another text', { not: 'Lyon' }, 'Paris', true],
  ['not: the same text', { not: 'lyon' }, 'Lyon', false],
  ['not: what is missing is not it', { not: 'Lyon' }, null, true],
  ['in: one of several', { in: ['Lyon', 'Paris'] }, 'paris', true],
  ['in: none of them', { in: ['Lyon', 'Paris'] }, 'Nice', false],
  ['in: numbers and texts mixed', { in: [1, 'deux'] }, 'Deux', true],
  ['not_in: what is missing is in no list', { not_in: ['Lyon'] }, null, true],
  ['not_in: one of them', { not_in: ['Lyon'] }, 'LYON', false],
  ['contains: inside a word, folded', { contains: 'BÈR' }, 'Robert Berger', true],
  ['contains: a percent sign is a percent sign', { contains: '%' }, 'all of it', false],
  ['contains: an underscore is an underscore', { contains: 'a_b' }, 'axb', false],
  ['contains: an exclamation mark', { contains: '!' }, 'well!', true],
  ['starts: at the beginning', { starts: 'sainté' }, 'Sainte-Foy', true],
  ['starts: not in the middle', { starts: 'foy' }, 'Sainte-Foy', false],
  ['contains: a number holds no text', { contains: '5' }, 75, false],
  ['gte: as much', { gte: 3 }, 3, true],
  ['gt: as much is not more', { gt: 3 }, 3, false],
  ['gt and lt together', { gt: 1, lt: 2 }, 1.5, true],
  ['gte and lt together, outside', { gte: 1, lt: 2 }, 2, false],
  ['gte: what is missing is not much', { gte: 0 }, null, false],
  ['gte: a text is no number', { gte: 3 }, '5', false],
  ['gte: days are compared as days', { gte: '2026-03-01' }, '2026-03-17', true],
  ['lt: days', { lt: '2026-03-01' }, '2026-03-17', false],
  ['exists: there is one', { exists: true }, 'x', true],
  ['exists: no is an answer', { exists: true }, false, true],
  ['exists: missing', { exists: true }, null, false],
  ['exists false: missing', { exists: false }, null, true],
  ['exists with another operator', { exists: true, not: 'x' }, 'y', true],
]

const place = await placeOf(ENGINE)
const db = place.open()
afterAll(async () => {
  await db.destroy()
  await place.done()
  await dropPlaces()
})

describe.each(CASES)('%s', (_, given, value, expected) => {
  test(`${JSON.stringify(given)} of ${JSON.stringify(value)}: ${expected}`, async () => {
    expect(testSchema.safeParse(given).success).toBe(true)
    expect(passes(given, value === null ? [] : [value])).toBe(expected)

    const json = jsonSql(db)
    const kept = typeof value === 'string' ? folded(value) : value
    const column = sql<string | null>`value`
    const name = 'a "name" it’s'
    const tried = sql<{ value: string }>`(select ${JSON.stringify({ [name]: kept })} as value)`.as('tried')
    const rows = await db
      .selectNoFrom(sql`1`.as('found'))
      .where((eb) =>
        eb.exists(
          eb
            .selectFrom(tried)
            .select('value')
            .where((inner) =>
              sqlTestOf(inner, given, {
                text: json.text(column, name),
                number: json.number(column, name),
                flag: json.flag(column, name),
              }),
            ),
        ),
      )
      .execute()
    expect(rows.length === 1).toBe(expected)
  })
})

test.each([
  [{}, 'the body must have at least one operator, such as is, in or gte'],
  [{ equals: 1 }, 'the body must not have the member equals'],
])('%j is refused', (given, problem) => {
  const { error } = testSchema.safeParse(given)
  expect(error && firstProblem(error)).toBe(problem)
})

test.each([
  ['Lyon', 'is “Lyon”', 'est « Lyon »'],
  [{ gte: 3, lt: 1000.5 }, 'is at least 3 and is less than 1,000.5', 'est d’au moins 3 et est de moins de 1 000,5'],
  [{ in: ['or', 'argent'] }, 'is one of “or”, “argent”', 'est parmi « or », « argent »'],
  [{ exists: false }, 'is not known', 'n’est pas renseigné'],
] as [Test, string, string][])('%j in words', (given, en, fr) => {
  expect([testWords(given, 'en'), testWords(given, 'fr').replaceAll(/\s/g, ' ')]).toEqual([en, fr])
})
