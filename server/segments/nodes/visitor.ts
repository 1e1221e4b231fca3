/** `{"visitor": {…}}`: how somebody visits: with which device, from where, how often, for how long, and how lately. */
import { type Expression, type SqlBool, sql } from 'kysely'
import { z } from 'zod'
import { allOf, NEVER, type Span, type Spans, spansOf } from '../../domain/spans.ts'
import type { VisitRow } from '../../store/schema/behaviour.ts'
import { durationMs, durationSchema, durationWords } from '../duration.ts'
import { enumerated } from '../phrases.ts'
import {
  known,
  numberTestSchema,
  operatorsOf,
  passes,
  sqlTestOf,
  type Test,
  testSchema,
  testWords,
} from '../test-value.ts'
import type { NodeKind, NodeValues } from './node.ts'

const FIELDS = ['device', 'browser', 'landing', 'referrer', 'campaign', 'source', 'medium', 'message'] as const

type Field = (typeof FIELDS)[number]

const schema = z
  .strictObject({
    device: testSchema.optional(),
    browser: testSchema.optional(),
    landing: testSchema.optional(),
    referrer: testSchema.optional(),
    campaign: testSchema.optional(),
    source: testSchema.optional(),
    medium: testSchema.optional(),
    message: testSchema.optional(),
    sessions: numberTestSchema.optional(),
    engaged_seconds: numberTestSchema.optional(),
    last_seen: z.strictObject({ within: durationSchema }).optional(),
  })
  .refine((value) => Object.keys(value).length > 0, 'must have at least one member, such as campaign or sessions')

declare module './node.ts' {
  interface NodeValues {
    visitor: z.infer<typeof schema>
  }
}

type Value = NodeValues['visitor']

const testsOf = (value: Value) =>
  FIELDS.flatMap((field): [Field, Test][] => (value[field] === undefined ? [] : [[field, value[field]]]))

const isOf = (visit: VisitRow, value: Value) =>
  testsOf(value).every(([field, test]) => passes(test, visit[field] === null ? [] : [visit[field]]))

/** Whether only a value that is there can pass a test. */
const isOfSome = (test: Test) => {
  const { is, in: among, contains, starts } = operatorsOf(test)
  return [is, among, contains, starts].some((operand) => operand !== undefined)
}

/** Without `sessions`, somebody must have come at least once. */
const sessionsOf = ({ sessions }: Value): Test => sessions ?? { gte: 1 }

/** When a sum over visits, told by the time from which each counts, passes a test in units of so many. */
function spansOfSum(steps: { at: number; add: number }[], test: Test, unit = 1): Spans {
  const spans: Span[] = []
  let [sum, from] = [0, -Infinity]
  const sorted = steps.toSorted((a, b) => a.at - b.at)
  sorted.push({ at: Infinity, add: 0 })
  for (const { at, add } of sorted) {
    if (passes(test, [sum / unit])) spans.push({ from, to: at, began: 'event', ended: 'event' })
    sum += add
    from = at
  }
  return spansOf(spans)
}

const WORDS: Record<Field, [en: string, fr: string]> = {
  device: ['device', 'appareil'],
  browser: ['browser', 'navigateur'],
  landing: ['landing page', 'page d’arrivée'],
  referrer: ['referring site', 'site d’origine'],
  campaign: ['campaign', 'campagne'],
  source: ['source', 'source'],
  medium: ['medium', 'support'],
  message: ['mailing clicked', 'e-mail cliqué'],
}

/** The kind `visitor`. */
export const visitor: NodeKind<'visitor'> = {
  about:
    'who visited: `device`, `browser`, `landing` page, `referrer`, `campaign`, `source`, `medium` and the `message` whose link was clicked, all of one visit; `sessions` and `engaged_seconds` of all such visits; `last_seen` `within` a time',
  schema: () => schema,
  wants: () => ({ visits: [true] }),
  where(value, { eb, now }) {
    const { engaged_seconds: engaged, last_seen: seen } = value
    const sessions = sessionsOf(value)
    const parts = testsOf(value).flatMap(([field, test]) => {
      const column = sql.ref<string | null>(`visits.${field}`)
      // Lets the index of visits that have one be used.
      const present = isOfSome(test) ? [eb(column, 'is not', null)] : []
      return [...present, sqlTestOf(eb, test, { text: column })]
    })
    const visits = eb
      .selectFrom('visits')
      .select('visits.person_id')
      .where('visits.began_at', '<=', now)
      .where(eb.and(parts))
    const count = sql<number>`count(*)`
    const seconds = sql<number>`sum(case when ${sql.ref('visits.ended_at')} <= ${sql.lit(now)} then ${sql.ref('visits.engaged_ms')} else 0 end) / 1000.0`
    const having: Expression<SqlBool>[] = [sqlTestOf(eb, sessions, { number: count })]
    if (engaged !== undefined) having.push(sqlTestOf(eb, engaged, { number: seconds }))
    if (seen !== undefined) {
      const latest = sql<SqlBool>`max(${sql.ref('visits.ended_at')}) > ${sql.lit(now - durationMs(seen.within))}`
      having.push(known(latest))
    }
    const found = eb('person_id', 'in', visits.groupBy('visits.person_id').having(eb.and(having)))
    // Whoever has no such visit has no row.
    const none = passes(sessions, [0]) && (engaged === undefined || passes(engaged, [0])) && seen === undefined
    return none ? eb.or([found, eb.not(eb('person_id', 'in', visits))]) : found
  },
  spans(value, { facts }) {
    const { engaged_seconds: engaged, last_seen: seen } = value
    const own = facts.get('visits').filter((visit) => isOf(visit, value))
    const counted = own.map((visit) => ({ at: visit.began_at, add: 1 }))
    const parts = [spansOfSum(counted, sessionsOf(value))]
    if (engaged !== undefined) {
      const ms = own.map((visit) => ({ at: visit.ended_at, add: visit.engaged_ms }))
      parts.push(spansOfSum(ms, engaged, 1000))
    }
    if (seen !== undefined) {
      const lasts = durationMs(seen.within)
      parts.push(
        spansOf(
          own.map(
            ({ began_at: from, ended_at: end }): Span => ({ from, to: end + lasts, began: 'event', ended: 'time' }),
          ),
        ),
      )
    }
    return own.length === 0 && !passes(sessionsOf(value), [0]) ? NEVER : allOf(parts)
  },
  words(value, { language }) {
    const fr = language === 'fr'
    const { sessions, engaged_seconds: engaged, last_seen: seen } = value
    const said = testsOf(value).map(([field, test]) => `${WORDS[field][fr ? 1 : 0]} ${testWords(test, language)}`)
    const parts = said.length === 0 ? [] : [`${fr ? 'sont venues avec' : 'came with'} ${enumerated(said, language)}`]
    if (sessions !== undefined)
      parts.push(`${fr ? 'dont le nombre de visites' : 'whose number of visits'} ${testWords(sessions, language)}`)
    if (engaged !== undefined)
      parts.push(
        `${fr ? 'dont le temps actif en secondes' : 'whose engaged time in seconds'} ${testWords(engaged, language)}`,
      )
    if (seen !== undefined) {
      const time = durationWords(seen.within, language)
      parts.push(fr ? `sont venues il y a moins de ${time}` : `came in the last ${time}`)
    }
    return enumerated(parts, language)
  },
  facts(value, { facts, language }) {
    return facts
      .get('visits')
      .filter((visit) => isOf(visit, value))
      .slice(-5)
      .reverse()
      .map(({ began_at: at, campaign, source, referrer, landing }) => {
        const from = campaign ?? source ?? referrer ?? landing
        return {
          kind: 'visit',
          at,
          id: null,
          text: `${language === 'fr' ? 'visite' : 'visit'}${from === null ? '' : `: ${from}`}`,
        }
      })
  },
}
