/** The overview's figures, by UTC day and in total. */

import type { Kysely, NotNull } from 'kysely'
import { mustGet } from '../domain/lookup.ts'
import { UNKNOWN_CURRENCY } from '../domain/money.ts'
import type { Database } from './schema.ts'

/** A sum of money in one currency, in minor units. */
export type Sum = { currency: string; value: number }
/** Carts and what is in them. */
export type CartFigures = { count: number; values: Sum[] }
/** One row of the overview: counts, from which the rates follow. */
export type OverviewFigures = {
  visitors: number
  withIdentity: number
  withMarketing: number
  matched: number
  withdrawals: number
  open: CartFigures
  abandoned: CartFigures
  recovered: CartFigures
}

const DAY_MS = 24 * 3600_000

/** Figures for each of the days `from` to `to` (days since 1970, inclusive) as of `now`, and their total. */
export async function overview(
  db: Kysely<Database>,
  from: number,
  to: number,
  now: number,
): Promise<{ total: OverviewFigures; days: Map<number, OverviewFigures> }> {
  const total = empty()
  const days = new Map<number, OverviewFigures>()
  for (let day = from; day <= to; day++) days.set(day, empty())

  for (const row of await visitorsByDay(db, from, to)) Object.assign(mustGet(days, row.day), counts(row))
  Object.assign(total, counts(await visitorsInAll(db, from, to)))
  for (const row of await withdrawalsByDay(db, from, to)) {
    mustGet(days, row.day).withdrawals += row.n
    total.withdrawals += row.n
  }
  for (const row of await cartsByDay(db, from, to, now)) {
    for (const figures of [mustGet(days, row.day), total]) add(figures[row.kind], row)
  }
  return { total, days }
}

function empty(): OverviewFigures {
  const carts = (): CartFigures => ({ count: 0, values: [] })
  return {
    visitors: 0,
    withIdentity: 0,
    withMarketing: 0,
    matched: 0,
    withdrawals: 0,
    open: carts(),
    abandoned: carts(),
    recovered: carts(),
  }
}

type VisitorCounts = { visitors: unknown; identity: unknown; marketing: unknown; matched: unknown }

function counts(row: VisitorCounts): Partial<OverviewFigures> {
  return {
    visitors: Number(row.visitors),
    withIdentity: Number(row.identity ?? 0),
    withMarketing: Number(row.marketing ?? 0),
    matched: Number(row.matched ?? 0),
  }
}

function visitorsByDay(db: Kysely<Database>, from: number, to: number) {
  return db
    .selectFrom('visitor_days')
    .innerJoin('visitors', 'visitors.visitor_id', 'visitor_days.visitor_id')
    .select((eb) => [
      'visitor_days.day',
      eb.fn.countAll().as('visitors'),
      eb.fn.sum('visitors.identity').as('identity'),
      eb.fn.sum('visitors.marketing').as('marketing'),
      eb.fn.sum(eb('visitors.linked', '*', eb.ref('visitors.identity'))).as('matched'),
    ])
    .where('visitor_days.day', '>=', from)
    .where('visitor_days.day', '<=', to)
    .groupBy('visitor_days.day')
    .execute()
}

function visitorsInAll(db: Kysely<Database>, from: number, to: number) {
  return db
    .selectFrom('visitors')
    .select((eb) => [
      eb.fn.countAll().as('visitors'),
      eb.fn.sum('identity').as('identity'),
      eb.fn.sum('marketing').as('marketing'),
      eb.fn.sum(eb('linked', '*', eb.ref('identity'))).as('matched'),
    ])
    .where('visitor_id', 'in', (eb) =>
      eb.selectFrom('visitor_days').select('visitor_id').where('day', '>=', from).where('day', '<=', to),
    )
    .executeTakeFirstOrThrow()
}

/** Withdrawals of identity or marketing by remaining visitors, and full withdrawals of visitors that were deleted. */
async function withdrawalsByDay(db: Kysely<Database>, from: number, to: number): Promise<{ day: number; n: number }[]> {
  const partial = await db
    .selectFrom('visitor_days')
    .select((eb) => ['day', eb.fn.sum('withdrawals').as('n')])
    .where('day', '>=', from)
    .where('day', '<=', to)
    .groupBy('day')
    .execute()
  const whole = await db
    .selectFrom('withdrawals')
    .select('at')
    .where('at', '>=', from * DAY_MS)
    .where('at', '<', (to + 1) * DAY_MS)
    .execute()
  return [
    ...partial.map((row) => ({ day: row.day, n: Number(row.n) })),
    ...whole.map((row) => ({ day: Math.floor(row.at / DAY_MS), n: 1 })),
  ]
}

type CartRow = { day: number; kind: 'open' | 'abandoned' | 'recovered'; currency: string; value: number | null }

/** One row per cart: open and abandoned carts on the day of the last change, recovered ones on the day of the purchase. */
async function cartsByDay(db: Kysely<Database>, from: number, to: number, now: number): Promise<CartRow[]> {
  const [start, end] = [from * DAY_MS, (to + 1) * DAY_MS]
  const open = await db
    .selectFrom('carts')
    .select(['updated_at', 'idle_at', 'currency', 'value'])
    .where('state', '=', 'open')
    .where('updated_at', '>=', start)
    .where('updated_at', '<', end)
    // Only the cart that its person's row points to: not one that an order of another channel has settled. Carts of two
    // visitors may share an id.
    .where(({ eb, refTuple, selectFrom }) =>
      eb(
        refTuple('visitor_id', 'id'),
        'in',
        selectFrom('persons')
          .select(['cart_visitor_id as visitor_id', 'cart_id as id'])
          .where('cart_id', 'is not', null)
          .$narrowType<{ visitor_id: NotNull; id: NotNull }>()
          .$asTuple('visitor_id', 'id'),
      ),
    )
    .execute()
  const recovered = await db
    .selectFrom('carts')
    .select(['closed_at', 'currency', 'value'])
    .where('state', '=', 'recovered')
    .where('closed_at', '>=', start)
    .where('closed_at', '<', end)
    .$narrowType<{ closed_at: NotNull }>()
    .execute()
  return [
    ...open.map(
      (row): CartRow => ({
        day: Math.floor(row.updated_at / DAY_MS),
        kind: row.idle_at <= now ? 'abandoned' : 'open',
        currency: row.currency,
        value: row.value,
      }),
    ),
    ...recovered.map(
      (row): CartRow => ({
        day: Math.floor(row.closed_at / DAY_MS),
        kind: 'recovered',
        currency: row.currency,
        value: row.value,
      }),
    ),
  ]
}

/** Adds a cart. Its value joins the sum of its currency if both are known. */
function add(figures: CartFigures, cart: { currency: string; value: number | null }): void {
  figures.count++
  if (cart.value === null || cart.currency === UNKNOWN_CURRENCY) return
  const sum = figures.values.find((each) => each.currency === cart.currency)
  if (sum) sum.value += cart.value
  else figures.values.push({ currency: cart.currency, value: cart.value })
}
