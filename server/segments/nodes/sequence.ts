/** `{"sequence": {…}}`: did one thing and then another, or did not, within a time. */
import { type Expression, type SqlBool, sql } from 'kysely'
import { z } from 'zod'
import { type Span, type Spans, spansOf } from '../../domain/spans.ts'
import { eventFacts } from '../behaviour/event-facts.ts'
import { eachEvent, stretchOf } from '../behaviour/event-sql.ts'
import { timesOf } from '../behaviour/event-times.ts'
import { EVENT, isTimedOnce, TIMED_ONCE, typesOf } from '../behaviour/event-value.ts'
import { detailWords, didWords } from '../behaviour/event-words.ts'
import { durationMs, durationSchema, durationWords } from '../duration.ts'
import type { NodeKind } from './node.ts'

const { within: _, ...THEN } = EVENT

const schema = z.strictObject({
  first: z.strictObject(EVENT).refine(isTimedOnce, TIMED_ONCE),
  // Its time is that after the first; `between` may say more.
  then: z.strictObject(THEN),
  within: durationSchema.optional(),
  absent: z.boolean().optional(),
})

declare module './node.ts' {
  interface NodeValues {
    sequence: z.infer<typeof schema>
  }
}

/** The kind `sequence`. */
export const sequence: NodeKind<'sequence'> = {
  about:
    'who did `first` and `then` something else, `within` a time after it; with `absent`, who did not, which holds once that time is over',
  schema: () => schema,
  wants: ({ first, then }) => ({ days: [...typesOf(first), ...typesOf(then)] }),
  where({ first, then, within, absent }, context) {
    const { eb, now } = context
    const lasts = within === undefined ? null : durationMs(within)
    const counts = first.within === undefined ? null : durationMs(first.within)
    const begins = eachEvent(first, stretchOf(first, counts, context), context).select(sql.lit(1).as('is_first'))
    const follows = eachEvent(then, stretchOf(then, null, context), context).select(sql.lit(0).as('is_first'))
    // The next that follows later than at the same time.
    const next = sql<number | null>`min(case when is_first = 0 then at end)
      over (partition by person_id order by at range between 1 following and unbounded following)`
    const each = eb
      .selectFrom(begins.unionAll(follows).as('step'))
      .select(['person_id', 'at', 'is_first', next.as('next_at')])
    const at = sql.ref('pair.at')
    const nextAt = sql.ref('pair.next_at')
    const holds = (): Expression<SqlBool> => {
      if (absent !== true) {
        return lasts === null
          ? sql<SqlBool>`${nextAt} is not null`
          : sql<SqlBool>`${nextAt} < ${at} + ${sql.lit(lasts)}`
      }
      if (lasts === null) return sql<SqlBool>`${nextAt} is null`
      return sql<SqlBool>`${at} <= ${sql.lit(now - lasts)} and (${nextAt} is null or ${nextAt} >= ${at} + ${sql.lit(lasts)})`
    }
    const pairs = eb.selectFrom(each.as('pair')).select('pair.person_id').where('pair.is_first', '=', 1).where(holds())
    return eb('person_id', 'in', pairs)
  },
  spans({ first, then, within, absent }, context) {
    const days = context.facts.get('days')
    const [begins] = timesOf(first, days, context)
    const [follows] = timesOf(then, days, context)
    const lasts = within === undefined ? Infinity : durationMs(within)
    const counts = first.within === undefined ? Infinity : durationMs(first.within)
    const spans: Span[] = []
    let i = 0
    for (const at of begins) {
      while ((follows[i] ?? Infinity) <= at) i++
      const next = follows[i] ?? Infinity
      const followed = next < at + lasts
      const to = at + counts
      if (absent !== true) {
        if (followed && next < Infinity) spans.push({ from: next, to, began: 'event', ended: 'time' })
      } else if (lasts === Infinity) {
        spans.push({ from: at, to: Math.min(next, to), began: 'event', ended: next < to ? 'event' : 'time' })
      } else if (!followed) spans.push({ from: at + lasts, to, began: 'time', ended: 'time' })
    }
    return spansOf(spans) satisfies Spans
  },
  words({ first, then, within, absent }, { language, ...context }) {
    const fr = language === 'fr'
    const said = (event: typeof first) => `${didWords(event, language)}${detailWords(event, { ...context, language })}`
    const time = within === undefined ? '' : durationWords(within, language)
    const soon = time === '' ? '' : fr ? ` dans un délai de ${time}` : ` within ${time}`
    if (fr) return `ont ${said(first)}, puis ${absent === true ? 'n’ont pas' : 'ont'} ${said(then)}${soon}`
    return `have ${said(first)}, and then have${absent === true ? ' not' : ''} ${said(then)}${soon}`
  },
  facts({ first, then }, context) {
    return [...eventFacts(first, context), ...eventFacts(then, context)].sort((a, b) => b.at - a.at)
  },
}
