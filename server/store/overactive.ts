/** Finds visitors that send more events than any person does, without reading their events one by one. */
import type { Kysely } from 'kysely'
import { type DayCount, isOveractive, MAX_EVENTS_A_DAY } from '../domain/overactive.ts'
import { ofKeys } from './engine/many.ts'
import type { Database } from './schema.ts'

const DAY_MS = 24 * 3600_000

/** The summary of an overactive visitor. */
export type Overactive = { siteId: string; firstSeen: number; lastSeen: number; events: number }

// On both engines, dividing integers yields an integer. The count needs only the primary key's index.
const countMany = ofKeys((db, visitorIds) =>
  db
    .selectFrom('events')
    .select('visitor_id')
    .where('visitor_id', 'in', visitorIds)
    .groupBy('visitor_id')
    .having((eb) => eb.fn.countAll(), '>', MAX_EVENTS_A_DAY),
)
const countDays = ofKeys((db, visitorIds) =>
  db
    .selectFrom('events')
    .select((eb) => [
      'visitor_id',
      'site_id as site',
      eb('at', '/', eb.lit(DAY_MS)).as('day'),
      eb.fn.countAll().as('events'),
      eb.fn.min('at').as('firstAt'),
      eb.fn.max('at').as('lastAt'),
    ])
    .where('visitor_id', 'in', visitorIds)
    .groupBy((eb) => ['visitor_id', 'site_id', eb('at', '/', eb.lit(DAY_MS))]),
)

/** The overactive visitors among the given ones. */
export async function findOveractive(db: Kysely<Database>, visitorIds: string[]): Promise<Map<string, Overactive>> {
  const many = (await countMany(db, visitorIds)).map((row) => row.visitor_id)
  const overactive = new Map<string, Overactive>()
  const days = (await countDays(db, many)).map((row) => ({
    ...row,
    day: Number(row.day),
    events: Number(row.events),
    firstAt: Number(row.firstAt),
    lastAt: Number(row.lastAt),
  }))
  for (const [visitorId, own] of Map.groupBy(days, (row) => row.visitor_id)) {
    if (isOveractive(own)) overactive.set(visitorId, summary(own))
  }
  return overactive
}

function summary(days: DayCount[]): Overactive {
  const first = days.reduce((a, b) => (b.firstAt < a.firstAt || (b.firstAt === a.firstAt && b.site < a.site) ? b : a))
  return {
    siteId: first.site,
    firstSeen: first.firstAt,
    lastSeen: Math.max(...days.map((day) => day.lastAt)),
    events: days.reduce((sum, day) => sum + day.events, 0),
  }
}
