/** The days that a report covers: `from` and `to`, both included, in UTC. */
import { z } from '@hono/zod-openapi'
import { Problem } from '../domain/problem.ts'

/** The length of a day. */
export const DAY_MS = 24 * 3600_000

const MAX_DAYS = 366

const date = z.iso.date({ error: 'must be a day such as 2026-03-01' })

/** The query of a report over days. */
export const dayQuery = { from: date.optional(), to: date.optional() }

/** A day, given in days since 1970, as its date. */
export function dayText(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}

/** The first and the last day as numbers of days since 1970; the last 30 days unless the query says otherwise. */
export function daysOf(query: { from?: string | undefined; to?: string | undefined }, now: number) {
  const to = query.to === undefined ? Math.floor(now / DAY_MS) : Date.parse(query.to) / DAY_MS
  const from = query.from === undefined ? to - 29 : Date.parse(query.from) / DAY_MS
  if (from > to || to - from >= MAX_DAYS) {
    throw new Problem(400, 'invalid_request', `from must not be after to, nor ${MAX_DAYS} days or more before it`)
  }
  return { from, to }
}
