/** `{"cart": {…}}`: the person's open cart, or the most recently changed one of several. */
import { z } from 'zod'
import { durationMs, durationSchema } from '../duration.ts'
import { allOf, type Compiled, type NodeKind, type Time } from './node.ts'

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
  compile({ state, idle }, { eb, now }) {
    const parts: Compiled[] = [
      {
        where: eb('cart_updated_at', 'is not', null),
        since: [{ at: eb.ref('cart_updated_at'), cause: 'event' }],
        edges: [],
      },
    ]
    const after = (ms: number) => eb('cart_updated_at', '+', eb.lit(ms)) as Time
    const idleAt = eb.ref('cart_idle_at')
    if (state === 'abandoned') {
      parts.push({ where: eb('cart_idle_at', '<=', now), since: [{ at: idleAt, cause: 'time' }], edges: [idleAt] })
    }
    if (state === 'open') parts.push({ where: eb('cart_idle_at', '>', now), since: [], edges: [idleAt] })
    if (idle?.min !== undefined) {
      const ms = durationMs(idle.min)
      const where = eb('cart_updated_at', '<=', now - ms)
      parts.push({ where, since: [{ at: after(ms), cause: 'time' }], edges: [after(ms)] })
    }
    if (idle?.max !== undefined) {
      const ms = durationMs(idle.max)
      parts.push({ where: eb('cart_updated_at', '>', now - ms), since: [], edges: [after(ms)] })
    }
    return allOf(eb, parts)
  },
}
