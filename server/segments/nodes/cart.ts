/** `{"cart": {…}}`: the person's open cart, or the most recently changed one of several. */
import type { Expression, SqlBool } from 'kysely'
import { z } from 'zod'
import { allOf, NEVER, notIn, type Spans, since } from '../../domain/spans.ts'
import { durationMs, durationSchema, durationWords } from '../duration.ts'
import { isSoFar } from '../test-value.ts'
import { enumerated } from '../words.ts'
import type { NodeKind } from './node.ts'

const schema = z.strictObject({
  state: z.enum(['open', 'abandoned'], 'must be open or abandoned').optional(),
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
    'with an open cart: `state` open or abandoned (untouched for `cart_idle_minutes`), `idle` for at least `min` and less than `max`',
  schema: () => schema,
  where({ state, idle }, { eb, now }) {
    const parts: Expression<SqlBool>[] = [isSoFar(eb, 'cart_updated_at', now)]
    if (state === 'abandoned') parts.push(eb('cart_idle_at', '<=', now))
    if (state === 'open') parts.push(eb('cart_idle_at', '>', now))
    if (idle?.min !== undefined) parts.push(eb('cart_updated_at', '<=', now - durationMs(idle.min)))
    if (idle?.max !== undefined) parts.push(eb('cart_updated_at', '>', now - durationMs(idle.max)))
    return eb.and(parts)
  },
  spans({ state, idle }, { facts: { row } }) {
    const { cart_updated_at: updatedAt, cart_idle_at: idleAt } = row
    if (updatedAt === null || idleAt === null) return NEVER
    const parts: Spans[] = [since(updatedAt, 'event')]
    const idleFor = (duration: string) => since(updatedAt + durationMs(duration), 'time')
    if (state === 'abandoned') parts.push(since(idleAt, 'time'))
    if (state === 'open') parts.push(notIn(since(idleAt, 'time')))
    if (idle?.min !== undefined) parts.push(idleFor(idle.min))
    if (idle?.max !== undefined) parts.push(notIn(idleFor(idle.max)))
    return allOf(parts)
  },
  words({ state, idle }, { language }) {
    const fr = language === 'fr'
    const said = [
      fr
        ? { open: 'ont un panier en cours', abandoned: 'ont abandonné un panier', any: 'ont un panier' }[state ?? 'any']
        : { open: 'have an open cart', abandoned: 'have abandoned a cart', any: 'have a cart' }[state ?? 'any'],
    ]
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
