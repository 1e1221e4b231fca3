/** How often something must have happened: a number, or bounds that must all hold. Without one, at least once. */
import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely'
import { z } from 'zod'
import type { Language } from '../nodes/node.ts'

const whole = z.number().int('must be a whole number').min(0).max(1_000_000)
const bounds = z
  .strictObject({
    is: whole.optional(),
    gte: whole.optional(),
    lte: whole.optional(),
    gt: whole.optional(),
    lt: whole.optional(),
  })
  .refine((count) => Object.keys(count).length > 0, 'must have at least one of is, gte, lte, gt and lt')

/** The schema of a count. */
export const countSchema = z.union([whole, bounds], 'must be a number, or an object such as {"gte": 3}')

/** A count as a condition writes it. */
export type Count = z.infer<typeof countSchema>

type Bounds = z.infer<typeof bounds>

function boundsOf(count: Count | undefined): Bounds {
  if (count === undefined) return { gte: 1 }
  return typeof count === 'number' ? { is: count } : count
}

/** Whether a number is such a count. */
export function isCount(count: Count | undefined, n: number): boolean {
  const { is = n, gte = n, lte = n, gt = -1, lt = Number.POSITIVE_INFINITY } = boundsOf(count)
  return n === is && n >= gte && n <= lte && n > gt && n < lt
}

/** The same in SQL. */
export function sqlCount(count: Count | undefined, n: RawBuilder<unknown>): Expression<SqlBool> {
  const signs = { is: '=', gte: '>=', lte: '<=', gt: '>', lt: '<' } as const
  const parts = (Object.keys(signs) as (keyof Bounds)[]).flatMap((name) => {
    const bound = boundsOf(count)[name]
    return bound === undefined ? [] : sql<SqlBool>`${n} ${sql.raw(signs[name])} ${sql.lit(bound)}`
  })
  return sql<SqlBool>`(${sql.join(parts, sql` and `)})`
}

/** A count in words; empty for "at least once". */
export function countWords(count: Count | undefined, language: Language): string {
  const fr = language === 'fr'
  const { is, gte, lte, gt, lt } = boundsOf(count)
  const times = (n: number) => (fr ? `${n} fois` : n === 1 ? 'once' : `${n} times`)
  const said: string[] = []
  if (is !== undefined) said.push(fr ? `exactement ${times(is)}` : `exactly ${times(is)}`)
  if (gte !== undefined && (gte !== 1 || lte !== undefined || lt !== undefined))
    said.push(fr ? `au moins ${times(gte)}` : `at least ${times(gte)}`)
  if (gt !== undefined) said.push(fr ? `plus de ${times(gt)}` : `more than ${times(gt)}`)
  if (lte !== undefined) said.push(fr ? `au plus ${times(lte)}` : `at most ${times(lte)}`)
  if (lt !== undefined) said.push(fr ? `moins de ${times(lt)}` : `less than ${times(lt)}`)
  return said.join(fr ? ' et ' : ' and ')
}
