/**
 * `{"cart": {…}}`: a cart of the person. One that is open (of several the most recently changed one), left alone, or closed by
 * an order: `idle` is the time since its last change, or since the order.
 */
import { type Expression, type SqlBool, sql } from 'kysely'
import { CART_STEPS, type CartStep } from '../../domain/commerce/cart-states.ts'
import type { FoldedItem } from '../../domain/commerce/items.ts'
import { allOf, anyOf, NEVER, notIn, type Spans, since } from '../../domain/spans.ts'
import { decodeJson } from '../../store/schema/columns.ts'
import { minorTest } from '../amounts.ts'
import { type CartValue, cartSchema, cartWords } from '../cart-value.ts'
import { durationMs } from '../duration.ts'
import { hasPiece, sqlHasPiece } from '../pieces.ts'
import { isSoFar, known, passes, sqlTestOf } from '../test-value.ts'
import type { NodeKind, SqlContext } from './node.ts'

declare module './node.ts' {
  interface NodeValues {
    cart: CartValue
  }
}

/** The steps at which a customer has got at least as far. */
const stepsFrom = (step: CartStep) => CART_STEPS.slice(CART_STEPS.indexOf(step))

const isClosed = ({ state }: CartValue) => state === 'recovered' || state === 'converted'

/** The kind `cart`. */
export const cart: NodeKind<'cart'> = {
  about:
    'with a cart that is, by `state`, open, abandoned (untouched for `cart_idle_minutes`), recovered or converted by an order; ' +
    '`step`: got at least so far; `value` in the segment’s currency, of a recovered cart what was bought of it; `contains` a ' +
    'piece; `idle` for at least `min` and less than `max`, since its last change or since the order',
  schema: () => cartSchema,
  wants: () => ({ closed_carts: ['all'] }),
  where: (value, context) => (isClosed(value) ? whereClosed(value, context) : whereOpen(value, context)),
  spans(value, { facts, currency, now }) {
    const { row } = facts
    const closed = facts.get('closed_carts')
    if (isClosed(value)) {
      const own = closed.filter((each) => {
        const worth = each.state === 'recovered' ? each.recovered_value : each.value
        return each.state === value.state && fits(value, { ...each, value: worth }, currency)
      })
      return anyOf(own.map((each) => idleSpans(value, each.closed_at, null)))
    }
    // What an order closed was open until then.
    const past = closed.filter((each) => each.closed_at <= now && fits(value, each, currency))
    const spans = past.map((each) =>
      allOf([idleSpans(value, each.updated_at, each.idle_at), notIn(since(each.closed_at, 'event'))]),
    )
    const { cart_updated_at: updatedAt, cart_idle_at: idleAt } = row
    if (updatedAt === null || idleAt === null) return anyOf(spans)
    const open = {
      ...{ value: row.cart_value, currency: row.cart_currency ?? '', step: row.cart_step ?? 'cart' },
      items: row.cart_items === null ? [] : decodeJson(row.cart_items),
    }
    return anyOf([...spans, fits(value, open, currency) ? idleSpans(value, updatedAt, idleAt) : NEVER])
  },
  words: cartWords,
  facts(value, { facts, language }) {
    const fr = language === 'fr'
    if (isClosed(value)) {
      const text = fr ? 'panier acheté' : 'cart bought'
      const own = facts.get('closed_carts').filter((each) => each.state === value.state)
      return own.map(({ id, closed_at: at }) => ({ kind: 'cart', at, id, text })).reverse()
    }
    const { cart_updated_at: at, cart_id: id } = facts.row
    return at === null ? [] : [{ kind: 'cart', at, id, text: fr ? 'panier modifié' : 'cart changed' }]
  },
}

type Contents = { value: number | null; currency: string; step: CartStep; items: FoldedItem[] }

/** Whether a cart passes all tests of what it is, and not of when. */
function fits({ step, value, contains }: CartValue, own: Contents, currency: string): boolean {
  if (step !== undefined && !stepsFrom(step).includes(own.step)) return false
  if (value !== undefined) {
    const amounts = own.value === null ? [] : [own.value]
    if (own.currency !== currency || !passes(minorTest(value, currency), amounts)) return false
  }
  return contains === undefined || hasPiece(contains, own.items)
}

/** When a cart is in the state and idle for as long as is asked. `idleAt`: when an open cart counts as abandoned. */
function idleSpans({ state, idle }: CartValue, at: number, idleAt: number | null): Spans {
  const parts: Spans[] = [since(at, 'event')]
  if (idleAt !== null && state === 'abandoned') parts.push(since(idleAt, 'time'))
  if (idleAt !== null && state === 'open') parts.push(notIn(since(idleAt, 'time')))
  if (idle?.min !== undefined) parts.push(since(at + durationMs(idle.min), 'time'))
  if (idle?.max !== undefined) parts.push(notIn(since(at + durationMs(idle.max), 'time')))
  return allOf(parts)
}

function whereOpen({ state, step, value, contains, idle }: CartValue, context: SqlContext): Expression<SqlBool> {
  const { eb, now, currency } = context
  const parts: Expression<SqlBool>[] = [isSoFar(eb, 'cart_updated_at', now)]
  if (state === 'abandoned') parts.push(eb('cart_idle_at', '<=', now))
  if (state === 'open') parts.push(eb('cart_idle_at', '>', now))
  if (step !== undefined) parts.push(eb(eb.fn.coalesce('cart_step', eb.val('cart')), 'in', stepsFrom(step)))
  if (value !== undefined) {
    const inCurrency = known(eb('cart_currency', '=', currency))
    parts.push(eb.and([inCurrency, sqlTestOf(eb, minorTest(value, currency), { number: eb.ref('cart_value') })]))
  }
  if (contains !== undefined) parts.push(sqlHasPiece(contains, eb.ref('cart_items'), context))
  if (idle?.min !== undefined) parts.push(eb('cart_updated_at', '<=', now - durationMs(idle.min)))
  if (idle?.max !== undefined) parts.push(eb('cart_updated_at', '>', now - durationMs(idle.max)))
  return eb.and(parts)
}

function whereClosed({ state, step, value, contains, idle }: CartValue, context: SqlContext): Expression<SqlBool> {
  const { eb, now, currency } = context
  return eb('person_id', 'in', (inner) => {
    const min = idle?.min === undefined ? 0 : durationMs(idle.min)
    let query = inner
      .selectFrom('person_carts')
      .select('person_carts.person_id')
      .where('state', '=', state === 'recovered' ? state : 'converted')
      .where('closed_at', '<=', now - min)
    if (idle?.max !== undefined) query = query.where('closed_at', '>', now - durationMs(idle.max))
    if (step !== undefined) query = query.where('step', 'in', stepsFrom(step))
    if (value !== undefined) {
      const worth = sql.ref<number | null>(
        state === 'recovered' ? 'person_carts.recovered_value' : 'person_carts.value',
      )
      query = query.where('currency', '=', currency).where(sqlTestOf(eb, minorTest(value, currency), { number: worth }))
    }
    return contains === undefined
      ? query
      : query.where(sqlHasPiece(contains, sql.ref<string | null>('folded_items'), context))
  })
}
