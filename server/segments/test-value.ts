/**
 * Tests of values, as conditions write them: a bare value (equals), or an object with one or more operators that must all
 * hold. Texts are compared folded. What is tested may be missing or be a list: `not` and `not_in` hold unless a value
 * equals, so they hold for what is missing; the other operators hold if all of them hold for one and the same value.
 */
import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely'
import { z } from 'zod'
import { folded } from '../domain/folded.ts'
import type { PersonRow } from '../store/schema/derived.ts'
import type { Builder, Language } from './nodes/node.ts'

/** A value in a test. */
export type Scalar = string | number | boolean

const MAX_TEXT = 500
const MAX_CHOICES = 1000

const scalar = z.union([z.string().max(MAX_TEXT), z.number(), z.boolean()], 'must be a text, a number, true or false')
const bound = z.union([z.number(), z.string().min(1).max(40)], 'must be a number, or a day such as 2026-03-01')
const list = z.array(scalar).min(1).max(MAX_CHOICES)
const text = z.string().min(1).max(MAX_TEXT)

/** The members of a test of any value, for conditions that hold them beside others. */
export const OPERATORS = {
  is: scalar.optional(),
  not: scalar.optional(),
  in: list.optional(),
  not_in: list.optional(),
  contains: text.optional(),
  starts: text.optional(),
  gt: bound.optional(),
  gte: bound.optional(),
  lt: bound.optional(),
  lte: bound.optional(),
  exists: z.boolean().optional(),
}

const operators = z
  .strictObject(OPERATORS)
  .refine((test) => Object.keys(test).length > 0, 'must have at least one operator, such as is, in or gte')

const ranges = z
  .strictObject({
    is: z.number().optional(),
    not: z.number().optional(),
    in: z.array(z.number()).min(1).max(MAX_CHOICES).optional(),
    not_in: z.array(z.number()).min(1).max(MAX_CHOICES).optional(),
    gt: z.number().optional(),
    gte: z.number().optional(),
    lt: z.number().optional(),
    lte: z.number().optional(),
  })
  .refine((test) => Object.keys(test).length > 0, 'must have at least one operator, such as gte')

/** The operators of a test. */
export type Operators = z.infer<typeof operators>

/** A test of a value of any type. */
export type Test = Scalar | Operators

/** The schema of a test of any value. */
export const testSchema: z.ZodType<Test> = z.union([scalar, operators], 'must be a value, or an object with operators')

/** The schema of a test of a number. */
export const numberTestSchema: z.ZodType<number | z.infer<typeof ranges>> = z.union(
  [z.number(), ranges],
  'must be a number, or an object such as {"gte": 3}',
)

/** A test as its operators; a bare value is what it `is`. */
export function operatorsOf(test: Test): Operators {
  return typeof test === 'object' ? test : { is: test }
}

/** Whether values pass a test. No values: what is tested is missing. Texts need not be folded. */
export function passes(test: Test, values: readonly Scalar[]): boolean {
  const { not, not_in, exists, ...positive } = operatorsOf(test)
  const excluded = [...(not === undefined ? [] : [not]), ...(not_in ?? [])]
  if (exists !== undefined && exists !== values.length > 0) return false
  if (values.some((value) => excluded.some((each) => isSame(value, each)))) return false
  if (Object.keys(positive).length === 0) return true
  return values.some((value) => fits(value, positive))
}

type Positive = Omit<Operators, 'not' | 'not_in' | 'exists'>

function fits(value: Scalar, test: Positive): boolean {
  if (test.is !== undefined && !isSame(value, test.is)) return false
  if (test.in !== undefined && !test.in.some((each) => isSame(value, each))) return false
  if (test.contains !== undefined || test.starts !== undefined) {
    if (typeof value !== 'string') return false
    const own = folded(value)
    if (test.contains !== undefined && !own.includes(folded(test.contains))) return false
    if (test.starts !== undefined && !own.startsWith(folded(test.starts))) return false
  }
  return BOUNDS.every(([name, holds]) => {
    const limit = test[name]
    if (limit === undefined) return true
    if (typeof limit === 'number') return typeof value === 'number' && holds(value, limit)
    return typeof value === 'string' && holds(folded(value), folded(limit))
  })
}

const BOUNDS = [
  ['gt', (a, b) => a > b],
  ['gte', (a, b) => a >= b],
  ['lt', (a, b) => a < b],
  ['lte', (a, b) => a <= b],
] as const satisfies [string, (a: Scalar, b: Scalar) => boolean][]

function isSame(value: Scalar, wanted: Scalar): boolean {
  if (typeof value === typeof wanted && typeof value !== 'string') return value === wanted
  if (typeof value === 'boolean' || typeof wanted === 'boolean') return false
  return folded(String(value)) === folded(String(wanted))
}

/** A value in SQL by its type: an expression that is null if the value is missing or has another type. Texts are folded. */
export type Source = {
  text?: Expression<string | null>
  number?: Expression<number | null>
  flag?: Expression<boolean | null>
}

// biome-ignore lint/suspicious/noExplicitAny: any table may hold the value.
type AnyBuilder = ExpressionBuilder<any, any>

/**
 * A test in SQL. `some` says that a condition holds for one of the values: for a single value it is the condition itself,
 * for a list it asks for an element. `exists` says that there is a value.
 */
export function sqlTest(
  eb: AnyBuilder,
  test: Test,
  some: (holds: (source: Source) => Expression<SqlBool>) => Expression<SqlBool>,
): Expression<SqlBool> {
  const { not, not_in, exists, ...positive } = operatorsOf(test)
  const excluded = [...(not === undefined ? [] : [not]), ...(not_in ?? [])]
  const parts: Expression<SqlBool>[] = []
  const present = () => some((source) => eb.or(expressionsOf(source).map((each) => eb(each, 'is not', null))))
  if (exists !== undefined) parts.push(exists ? present() : eb.not(present()))
  if (excluded.length > 0) parts.push(eb.not(some((source) => isOneOf(eb, source, excluded))))
  if (Object.keys(positive).length > 0) parts.push(some((source) => sqlFits(eb, positive, source)))
  return eb.and(parts)
}

/** A test of the value of one source. */
export function sqlTestOf(eb: AnyBuilder, test: Test, source: Source): Expression<SqlBool> {
  return sqlTest(eb, test, (holds) => known(holds(source)))
}

/** The columns of a person that hold times. */
type TimeColumn = { [C in keyof PersonRow]: number extends PersonRow[C] ? C : never }[keyof PersonRow]

/** A condition that is false where it would be unknown. */
export function known(condition: Expression<SqlBool>): Expression<SqlBool> {
  return sql<SqlBool>`coalesce(${condition}, false)`
}

/** Whether a time in a person's row has come by `now`. */
export function isSoFar(eb: Builder, column: TimeColumn, now: number): Expression<SqlBool> {
  return known(eb(column, '<=', now))
}

/** The same; a missing time has always come. */
export function isSoFarOrAlways(eb: Builder, column: TimeColumn, now: number): Expression<SqlBool> {
  return eb.or([eb(column, 'is', null), eb(column, '<=', now)])
}

function expressionsOf({ text: own, number, flag }: Source) {
  return [own, number, flag].filter((each) => each !== undefined)
}

function sqlFits(eb: AnyBuilder, test: Positive, source: Source): Expression<SqlBool> {
  const parts: Expression<SqlBool>[] = []
  if (test.is !== undefined) parts.push(isOneOf(eb, source, [test.is]))
  if (test.in !== undefined) parts.push(isOneOf(eb, source, test.in))
  const like = (pattern: string) =>
    source.text === undefined ? NO : sql<SqlBool>`${source.text} like ${pattern} escape '!'`
  if (test.contains !== undefined) parts.push(like(`%${likePattern(folded(test.contains))}%`))
  if (test.starts !== undefined) parts.push(like(`${likePattern(folded(test.starts))}%`))
  for (const [name] of BOUNDS) {
    const limit = test[name]
    if (limit === undefined) continue
    const own = typeof limit === 'number' ? source.number : source.text
    const sign = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const
    parts.push(own === undefined ? NO : eb(own, sign[name], typeof limit === 'number' ? limit : folded(limit)))
  }
  return eb.and(parts)
}

const NO = sql<SqlBool>`false`

function isOneOf(eb: AnyBuilder, { text: own, number, flag }: Source, wanted: Scalar[]): Expression<SqlBool> {
  const parts: Expression<SqlBool>[] = []
  const texts = wanted.filter((each) => typeof each !== 'boolean').map((each) => folded(String(each)))
  const numbers = wanted.flatMap((each) => (isNumber(each) ? Number(each) : []))
  const flags = wanted.filter((each) => typeof each === 'boolean')
  if (own !== undefined && texts.length > 0) parts.push(eb(own, 'in', texts))
  if (number !== undefined && numbers.length > 0) parts.push(eb(number, 'in', numbers))
  if (flag !== undefined) for (const each of flags) parts.push(sql<SqlBool>`${flag} = ${each ? TRUE : FALSE}`)
  return parts.length === 0 ? NO : known(eb.or(parts))
}

const TRUE = sql`true`
const FALSE = sql`false`

/** Whether a value equals a number: a text does if it is how the number is written. */
function isNumber(value: Scalar): boolean {
  return typeof value === 'number' || (typeof value === 'string' && String(Number(value)) === value)
}

/** A text as a part of a pattern of `like`, whose escape is `!`. */
export function likePattern(pattern: string): string {
  return pattern.replace(/[%_!]/g, '!$&')
}

const WORDS: Record<Language, Record<keyof Operators, (value: string) => string>> = {
  en: {
    is: (value) => `is ${value}`,
    not: (value) => `is not ${value}`,
    in: (value) => `is one of ${value}`,
    not_in: (value) => `is none of ${value}`,
    contains: (value) => `contains ${value}`,
    starts: (value) => `starts with ${value}`,
    gt: (value) => `is more than ${value}`,
    gte: (value) => `is at least ${value}`,
    lt: (value) => `is less than ${value}`,
    lte: (value) => `is at most ${value}`,
    exists: (value) => (value === 'true' ? 'is known' : 'is not known'),
  },
  fr: {
    is: (value) => `est ${value}`,
    not: (value) => `n’est pas ${value}`,
    in: (value) => `est parmi ${value}`,
    not_in: (value) => `n’est pas parmi ${value}`,
    contains: (value) => `contient ${value}`,
    starts: (value) => `commence par ${value}`,
    gt: (value) => `dépasse ${value}`,
    gte: (value) => `est d’au moins ${value}`,
    lt: (value) => `est de moins de ${value}`,
    lte: (value) => `est d’au plus ${value}`,
    exists: (value) => (value === 'true' ? 'est renseigné' : 'n’est pas renseigné'),
  },
}

const AND: Record<Language, string> = { en: ' and ', fr: ' et ' }

/** A test in words, as the predicate of a sentence whose subject is what is tested. `shown` writes a value. */
export function testWords(test: Test, language: Language, shown = (value: Scalar) => quoted(value, language)): string {
  const said = operatorsOf(test)
  const names = (Object.keys(WORDS.en) as (keyof Operators)[]).filter((name) => said[name] !== undefined)
  return names
    .map((name) => {
      const value = said[name]
      if (name === 'exists') return WORDS[language].exists(String(value))
      return WORDS[language][name](Array.isArray(value) ? value.map(shown).join(', ') : shown(value as Scalar))
    })
    .join(AND[language])
}

/** A value between the quotation marks of a language; numbers as they are written there. */
export function quoted(value: Scalar, language: Language): string {
  if (typeof value === 'number') return new Intl.NumberFormat(language).format(value)
  if (typeof value === 'boolean') return language === 'fr' ? (value ? 'oui' : 'non') : value ? 'yes' : 'no'
  return language === 'fr' ? `« ${value} »` : `“${value}”`
}
