/**
 * `{"order": {…}}`: the person's orders in all channels. Those that contain a piece, came through a channel and are as recent as
 * is asked count; their number, total, average and the last one are tested. Without such a test, there is at least one.
 */
import { type Expression, type SqlBool, sql } from 'kysely'
import { toMajor } from '../../domain/money.ts'
import { type Cause, type Span, type Spans, spansOf } from '../../domain/spans.ts'
import { minorTest, moneyWords } from '../amounts.ts'
import { durationMs } from '../duration.ts'
import type { OrderFact } from '../facts/orders.ts'
import { type OrderValue, orderSchema, orderWords } from '../order-value.ts'
import { hasPiece, sqlHasPiece } from '../pieces.ts'
import { known, passes, sqlTestOf } from '../test-value.ts'
import type { NodeKind, SqlContext } from './node.ts'

declare module './node.ts' {
  interface NodeValues {
    order: OrderValue
  }
}

/** The kind `order`. */
export const order: NodeKind<'order'> = {
  about:
    'by their orders of all channels, less refunds: those that contain a piece (`contains`), of a `channel`, and not older than ' +
    '`within` count; their number (`count`, else at least one), `total` and `average` in the segment’s currency, and the `last` ' +
    'of them are as stated',
  schema: () => orderSchema,
  wants: () => ({ orders: ['all'] }),
  where(value, context) {
    const some = whereSome(value, context)
    // A person without such orders is in no group of them.
    return passesSums(value, NONE, context.currency) ? context.eb.or([some, whereNone(value, context)]) : some
  },
  spans: (value, { facts, currency }) => spansOfOrders(value, ordersFor(value, facts.get('orders')), currency),
  words: orderWords,
  facts(value, { facts, language }) {
    const name = language === 'fr' ? 'commande' : 'order'
    return ordersFor(value, facts.get('orders'))
      .map(({ id, at, total, currency }) => {
        const worth = total === null ? '' : `: ${moneyWords(toMajor(total, currency), currency, language)}`
        return { kind: 'order', at, id, text: `${name} ${id}${worth}` }
      })
      .reverse()
  },
}

/** The orders that contain the piece and came through the channel, oldest first. */
function ordersFor({ contains, channel }: OrderValue, orders: readonly OrderFact[]): OrderFact[] {
  return orders.filter((each) => {
    if (channel !== undefined && !passes(channel, each.channel === null ? [] : [each.channel])) return false
    return contains === undefined || hasPiece(contains, each.items)
  })
}

/** What some orders come to. `paid`: those whose amount is known in the segment's currency, and `total` what they amount to. */
type Sums = { count: number; paid: number; total: number }

const NONE: Sums = { count: 0, paid: 0, total: 0 }

/** Whether the number and the amounts are as stated. Without such a test, and for the last one, there is at least one. */
function passesSums({ count, total, average, last }: OrderValue, sums: Sums, currency: string): boolean {
  const isPlain = count === undefined && total === undefined && average === undefined
  if (sums.count === 0 && (isPlain || last !== undefined)) return false
  const amounts = (amount: number) => (sums.paid === 0 ? [] : [amount])
  return (
    (count === undefined || passes(count, [sums.count])) &&
    (total === undefined || passes(minorTest(total, currency), amounts(sums.total))) &&
    (average === undefined || passes(minorTest(average, currency), amounts(sums.total / sums.paid)))
  )
}

/** When the orders that count are as stated: it changes with each order, and as orders grow old. */
function spansOfOrders(value: OrderValue, orders: OrderFact[], currency: string): Spans {
  const withinMs = value.within === undefined ? Infinity : durationMs(value.within)
  const beforeMs = value.last === undefined ? 0 : durationMs(value.last.before)
  const moments = new Map<number, Cause>()
  for (const { at } of orders) {
    if (!moments.has(at + withinMs) && withinMs !== Infinity) moments.set(at + withinMs, 'time')
    if (beforeMs > 0 && !moments.has(at + beforeMs)) moments.set(at + beforeMs, 'time')
  }
  for (const { at } of orders) moments.set(at, 'event')
  const times = [...moments.keys()].sort((a, b) => a - b)
  const spans: Span[] = []
  const sums = { ...NONE }
  let [from, began, come, gone]: [number, Cause, number, number] = [-Infinity, 'event', 0, 0]
  const add = ({ total, currency: own }: OrderFact, sign: 1 | -1) => {
    sums.count += sign
    if (total === null || own !== currency) return
    sums.paid += sign
    sums.total += sign * total
  }
  for (const to of [...times, Infinity]) {
    const ended = moments.get(to) ?? 'time'
    const lastAt = come > gone ? orders[come - 1]?.at : undefined
    const isOld = value.last === undefined || (lastAt !== undefined && from >= lastAt + beforeMs)
    if (isOld && passesSums(value, sums, currency)) spans.push({ from, to, began, ended })
    for (let next = orders[come]; next !== undefined && next.at <= to; next = orders[++come]) add(next, 1)
    for (let next = orders[gone]; next !== undefined && next.at + withinMs <= to; next = orders[++gone]) add(next, -1)
    from = to
    began = ended
  }
  return spansOf(spans)
}

/** The orders that count at `now`. */
function counting({ contains, channel, within }: OrderValue, context: SqlContext) {
  const { eb, now } = context
  let query = eb.selectFrom('person_orders').select('person_orders.person_id').where('person_orders.at', '<=', now)
  if (within !== undefined) query = query.where('person_orders.at', '>', now - durationMs(within))
  if (channel !== undefined) query = query.where(sqlTestOf(eb, channel, { text: ref<string>('channel') }))
  return contains === undefined ? query : query.where(sqlHasPiece(contains, sql.ref<string | null>('items'), context))
}

const ref = <T>(column: string) => sql.ref<T | null>(`person_orders.${column}`)

/** Persons with such orders whose number, amounts and last one are as stated. */
function whereSome(value: OrderValue, context: SqlContext): Expression<SqlBool> {
  const { eb, now, currency } = context
  const { count, total, average, last } = value
  const paid = sql<number | null>`case when ${ref('currency')} = ${currency} then ${ref('total')} end`
  const tests: Expression<SqlBool>[] = []
  if (count !== undefined) {
    tests.push(sqlTestOf(eb, count, { number: sql<number>`cast(count(*) as double precision)` }))
  }
  if (total !== undefined) {
    const sum = sql<number | null>`cast(sum(${paid}) as double precision)`
    tests.push(sqlTestOf(eb, minorTest(total, currency), { number: sum }))
  }
  if (average !== undefined) {
    const mean = sql<number | null>`cast(sum(${paid}) as double precision) / count(${paid})`
    tests.push(sqlTestOf(eb, minorTest(average, currency), { number: mean }))
  }
  if (last !== undefined) {
    tests.push(known(sql<SqlBool>`max(${ref('at')}) <= ${now - durationMs(last.before)}`))
  }
  const query = counting(value, context)
  if (tests.length === 0) return eb('person_id', 'in', query)
  return eb('person_id', 'in', query.groupBy('person_orders.person_id').having(eb.and(tests)))
}

/** Persons without any such order. */
function whereNone(value: OrderValue, context: SqlContext): Expression<SqlBool> {
  return context.eb('person_id', 'not in', counting(value, context))
}
