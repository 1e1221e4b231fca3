/** `{"cart": {…}}`: the person's open cart, or the most recently changed one of several. */
import type { Expression, SqlBool } from 'kysely'
import { z } from 'zod'
import { allOf, NEVER, notIn, type Spans, since } from '../../domain/spans.ts'
import { minorTest, moneyWords } from '../amounts.ts'
import { durationMs, durationSchema, durationWords } from '../duration.ts'
import { enumerated } from '../phrases.ts'
import { isSoFar, known, numberTestSchema, passes, sqlTestOf, testWords } from '../test-value.ts'
import type { NodeKind } from './node.ts'

const schema = z.strictObject({
  state: z.enum(['open', 'abandoned'], 'must be open or abandoned').optional(),
  value: numberTestSchema.optional(),
  idle: z.strictObject({ min: durationSchema.optional(), max: durationSchema.optional() }).optional(),
})

declare module './node.ts' {
  interface NodeValues {
    cart: z.infer<typeof schema>
  }
}

/** The kind `cart`. */
export const cart: NodeKind<'cart'> = {
  about:
    'with an open cart: `state` open or abandoned (untouched for `cart_idle_minutes`), `value` in the segment’s currency, `idle` for at least `min` and less than `max`',
  schema: () => schema,
  where({ state, value, idle }, { eb, now, currency }) {
    const parts: Expression<SqlBool>[] = [isSoFar(eb, 'cart_updated_at', now)]
    if (state === 'abandoned') parts.push(eb('cart_idle_at', '<=', now))
    if (state === 'open') parts.push(eb('cart_idle_at', '>', now))
    if (value !== undefined) {
      const inCurrency = known(eb('cart_currency', '=', currency))
      parts.push(eb.and([inCurrency, sqlTestOf(eb, minorTest(value, currency), { number: eb.ref('cart_value') })]))
    }
    if (idle?.min !== undefined) parts.push(eb('cart_updated_at', '<=', now - durationMs(idle.min)))
    if (idle?.max !== undefined) parts.push(eb('cart_updated_at', '>', now - durationMs(idle.max)))
    return eb.and(parts)
  },
  spans({ state, value, idle }, { facts: { row }, currency }) {
    const { cart_updated_at: updatedAt, cart_idle_at: idleAt } = row
    if (updatedAt === null || idleAt === null) return NEVER
    if (value !== undefined) {
      const amounts = row.cart_currency === currency && row.cart_value !== null ? [row.cart_value] : []
      if (row.cart_currency !== currency || !passes(minorTest(value, currency), amounts)) return NEVER
    }
    const parts: Spans[] = [since(updatedAt, 'event')]
    const idleFor = (duration: string) => since(updatedAt + durationMs(duration), 'time')
    if (state === 'abandoned') parts.push(since(idleAt, 'time'))
    if (state === 'open') parts.push(notIn(since(idleAt, 'time')))
    if (idle?.min !== undefined) parts.push(idleFor(idle.min))
    if (idle?.max !== undefined) parts.push(notIn(idleFor(idle.max)))
    return allOf(parts)
  },
  words({ state, value, idle }, { language, currency }) {
    const fr = language === 'fr'
    const said = [
      fr
        ? { open: 'ont un panier en cours', abandoned: 'ont abandonné un panier', any: 'ont un panier' }[state ?? 'any']
        : { open: 'have an open cart', abandoned: 'have abandoned a cart', any: 'have a cart' }[state ?? 'any'],
    ]
    if (value !== undefined) {
      const worth = testWords(value, language, (amount) => moneyWords(Number(amount), currency, language))
      said.push(fr ? `dont la valeur ${worth}` : `whose value ${worth}`)
    }
    if (idle?.min !== undefined) {
      const time = durationWords(idle.min, language)
      said.push(fr ? `n’y ont pas touché depuis au moins ${time}` : `have not touched it for at least ${time}`)
    }
    if (idle?.max !== undefined) {
      const time = durationWords(idle.max, language)
      said.push(fr ? `y ont touché il y a moins de ${time}` : `touched it less than ${time} ago`)
    }
    return enumerated(said, language)
  },
  facts(_, { facts: { row }, language }) {
    if (row.cart_updated_at === null) return []
    const text = language === 'fr' ? 'panier modifié' : 'cart changed'
    return [{ kind: 'cart', at: row.cart_updated_at, id: row.cart_id, text }]
  },
}
