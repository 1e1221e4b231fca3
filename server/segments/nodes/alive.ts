/** `{"alive": TEST}`: the probability that a customer still is one, by the model of churn. */
import { type SqlBool, sql } from 'kysely'
import type { z } from 'zod'
import { MAX_ODDS } from '../../domain/scores/churn.ts'
import { versionAt } from '../../domain/scores/standing.ts'
import { NEVER } from '../../domain/spans.ts'
import { dayNumberIn } from '../../domain/zone.ts'
import { numberTestSchema, operatorsOf, passes, sqlTestOf, testWords } from '../test-value.ts'
import type { NodeKind } from './node.ts'

type Alive = z.infer<typeof numberTestSchema>

declare module './node.ts' {
  interface NodeValues {
    alive: Alive
  }
}

/** The numbers that a test compares with. */
export function limitsOf(test: Alive): number[] {
  return Object.values(operatorsOf(test))
    .flat()
    .filter((value) => typeof value === 'number')
}

/** The kind `alive`. */
export const alive: NodeKind<'alive'> = {
  about:
    'who have ordered and whose probability to be a customer still, from 0 to 1, is as stated; it is 1 after a single order',
  schema: () => numberTestSchema,
  wants: () => ({ scores: [true] }),
  where(test, { eb, now, scores }) {
    const version = versionAt(scores, now)
    if (version === null || version.fit === null) return sql<SqlBool>`false`
    const { r, alpha, a, b } = version.fit
    const real = (value: number) => sql<number>`cast(${value} as double precision)`
    const [first, last, days] = ['first_day', 'last_day', 'order_days'].map((name) => sql.ref(`person_scores.${name}`))
    const age = sql`(${real(alpha)} + (${real(dayNumberIn(version.zone, now))} - ${first}))`
    const recency = sql`(${real(alpha)} + (${last} - ${first}))`
    const odds = sql`(ln(${real(a)} / (${real(b)} + ${days} - 2)) + (${real(r)} + ${days} - 1) * ln(${age} / ${recency}))`
    const number = sql<number>`case when ${days} = 1 then 1.0 when ${odds} > ${sql.lit(MAX_ODDS)} then 0.0 else 1.0 / (1.0 + exp(${odds})) end`
    return eb(
      'persons.person_id',
      'in',
      eb
        .selectFrom('person_scores')
        .select('person_scores.person_id')
        .where((own) => sqlTestOf(own, test, { number })),
    )
  },
  spans(test, { facts, scores }) {
    if (facts.row.contact_id === null) return NEVER
    return facts
      .get('scores')
      .timeline(scores)
      .alive((value) => passes(test, [value]), limitsOf(test))
  },
  words(test, { language }) {
    const percent = (value: unknown) =>
      new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 }).format(Number(value))
    const words = testWords(test, language, percent)
    return language === 'fr'
      ? `ont une probabilité d’être encore clients qui ${words}`
      : `have a probability of still being customers that ${words}`
  },
  facts(_, { facts, language }) {
    const { orders } = facts.get('scores')
    if (orders.length === 0) return []
    const at = orders.reduce((latest, order) => Math.max(latest, order.at), -Infinity)
    return [{ kind: 'order', at, id: null, text: language === 'fr' ? 'dernière commande' : 'the last order' }]
  },
}
