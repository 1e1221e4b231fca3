/**
 * Which of two words about mail stands: the decision table. `day 3` is the date of a word, `undated` has none; the first
 * word was heard on day 5 and the second on day 6, from a push unless it is of a file.
 */
import { expect, test } from 'vitest'
import { type MailWord, standingWord } from '../../server/domain/mail-permission.ts'

const wordOf = (text: string, heardAt: number): MailWord => ({
  says: text.split(' ')[0] as MailWord['says'],
  at: Number(/day (\d)/.exec(text)?.[1] ?? Number.NaN) || null,
  heardAt,
  ofFile: text.includes('file'),
  isAnswer: text.includes('answer'),
})

test.each([
  ['no of day 3', 'yes of day 4', 'second'],
  ['no of day 3', 'yes of day 3', 'first'],
  ['no of day 3', 'yes of day 2', 'first'],
  ['no of day 3', 'yes undated', 'first'],
  ['no of day 3', 'yes undated of a file', 'first'],
  ['no undated', 'yes of day 4', 'first'],
  ['no undated', 'yes of day 6', 'second'],
  ['no undated', 'yes undated', 'second'],
  ['no undated', 'yes undated of a file', 'first'],
  ['yes of day 3', 'no of day 4', 'second'],
  ['yes of day 3', 'no of day 3', 'second'],
  ['yes of day 3', 'no of day 2', 'first'],
  ['yes of day 3', 'no undated', 'second'],
  ['yes undated', 'no of day 2', 'second'],
  ['yes undated', 'no undated', 'second'],
  ['yes undated', 'unclear undated', 'second'],
  ['yes of day 3', 'unclear undated', 'second'],
  ['yes of day 3', 'unclear of day 2', 'first'],
  ['no undated', 'unclear of day 6', 'first'],
  ['unclear undated', 'yes undated', 'second'],
  ['unclear undated', 'yes undated of a file', 'second'],
  ['unclear undated', 'yes of day 2', 'first'],
  ['unclear undated', 'yes of day 2, an answer', 'second'],
  ['unclear of day 3', 'yes of day 4', 'second'],
  ['unclear of day 3', 'yes of day 2', 'first'],
  ['unclear undated', 'no of day 2', 'second'],
] as const)('%s, then %s: the %s stands', (first, second, which) => {
  const [stands, said] = [wordOf(first, 5), wordOf(second, 6)]
  expect(standingWord(stands, said)).toEqual(which === 'first' ? stands : said)
})

test.each([
  ['yes of day 2', 'yes of day 4', 4],
  ['yes of day 4', 'yes undated', 4],
  ['yes undated', 'yes of day 2', 2],
  ['no of day 2', 'no undated', 2],
])('%s, then %s: the same word, of day %d', (first, second, at) =>
  expect(standingWord(wordOf(first, 5), wordOf(second, 6))).toMatchObject({ at }),
)
