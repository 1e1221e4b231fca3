/** `{"event": {…}}`: did something, so often, in the last while or between two days. */
import { z } from 'zod'
import { anyOf } from '../../domain/spans.ts'
import { countSchema, countWords, isCount, sqlCount } from '../behaviour/count.ts'
import { eventFacts } from '../behaviour/event-facts.ts'
import { personsWithCount, stretchOf } from '../behaviour/event-sql.ts'
import { spansOfCount, timesOf } from '../behaviour/event-times.ts'
import { EVENT, isTimedOnce, sameSchema, TIMED_ONCE, typesOf } from '../behaviour/event-value.ts'
import { detailWords, didWords, sameWords } from '../behaviour/event-words.ts'
import { durationMs } from '../duration.ts'
import type { NodeKind } from './node.ts'

const schema = z
  .strictObject({ ...EVENT, same: sameSchema.optional(), count: countSchema.optional() })
  .refine(isTimedOnce, TIMED_ONCE)

declare module './node.ts' {
  interface NodeValues {
    event: z.infer<typeof schema>
  }
}

/** The kind `event`. */
export const event: NodeKind<'event'> = {
  about:
    'who did something: `type`, with `where` on its fields and products, so often (`count`; at least once without it), `within` the last while or `between` two days; `same`: so often with one value of a field',
  schema: () => schema,
  wants: (value) => ({ days: typesOf(value) }),
  where(value, context) {
    const { eb } = context
    const { count, same, within } = value
    const stretch = stretchOf(value, within === undefined ? null : durationMs(within), context)
    // Whoever never did it has no row.
    if (same !== undefined || !isCount(count, 0)) {
      return eb(
        'person_id',
        'in',
        personsWithCount(value, stretch, (n) => sqlCount(count, n), context),
      )
    }
    return eb.not(
      eb(
        'person_id',
        'in',
        personsWithCount(value, stretch, (n) => eb.not(sqlCount(count, n)), context),
      ),
    )
  },
  spans(value, context) {
    const { count, same, within } = value
    const groups = timesOf(value, context.facts.get('days'), context)
    const fits = (n: number) => isCount(count, n) && (same === undefined || n > 0)
    return anyOf(groups.map((times) => spansOfCount(times, within, fits)))
  },
  words(value, { language, ...context }) {
    const { count, same } = value
    const did = didWords(value, language)
    const how = `${detailWords(value, { ...context, language })}${same === undefined ? '' : sameWords(same, language)}`
    const isNever = same === undefined && isCount(count, 0) && !isCount(count, 1)
    if (isNever) return language === 'fr' ? `n’ont pas ${did}${how}` : `have not ${did}${how}`
    const often = countWords(count, language)
    return `${language === 'fr' ? 'ont' : 'have'} ${did}${often === '' ? '' : ` ${often}`}${how}`
  },
  facts: (value, context) => eventFacts(value, context),
}
