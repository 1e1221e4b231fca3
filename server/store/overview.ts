/** The overview's figures, by UTC day and in total. */

import type { Kysely } from 'kysely'
import { mustGet } from '../domain/lookup.ts'
import { addCarts, type CartFigures, type CartKind, countCarts } from './cart-figures.ts'
import type { Database } from './schema.ts'

/** One row of the overview: counts, from which the rates follow. */
export type OverviewFigures = {
  visitors: number
  withIdentity: number
  withMarketing: number
  matched: number
  withdrawals: number
  carts: Record<CartKind, CartFigures>
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
  for (const row of await countCarts(db, from, to, now)) {
    for (const { carts } of [mustGet(days, row.day), total]) addCarts(carts[row.kind], row)
  }
  return { total, days }
}

function empty(): OverviewFigures {
  const carts = (): CartFigures => ({ count: 0, values: [], unknown: 0 })
  return {
    visitors: 0,
    withIdentity: 0,
    withMarketing: 0,
    matched: 0,
    withdrawals: 0,
    carts: { open: carts(), abandoned: carts(), mailable: carts(), link: carts(), anyway: carts() },
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
