/**
 * Events that a condition describes, in SQL over `person_days`: how many of them a person has in a stretch of time, and when
 * each was. A row is of one day (UTC), so only rows at the ends of the stretch are looked at closely; the index tells of
 * all others.
 */
import { type Expression, type RawBuilder, type SelectQueryBuilder, type SqlBool, sql } from 'kysely'
import type { PersonId } from '../../domain/ids.ts'
import type { Database } from '../../store/schema.ts'
import type { SqlContext } from '../nodes/node.ts'
import { type EventValue, type Field, ITEM_FIELDS, rangeOf, typesOf } from './event-value.ts'
import { inItem, inRow, isOfField, itemTests, rowTests } from './field-sql.ts'

const DAY_MS = 24 * 3600_000

/** No event is older. */
const LONG_AGO = -8_640_000_000_000_000

/** A stretch of time: after `above`, and up to `upTo`. */
export type Stretch = { above: number; upTo: number }

type Days = SelectQueryBuilder<Database, 'person_days', { person_id: PersonId }>

/** The stretch in which events count at `now`: up to then, and since `withinMs` ago or between two days. */
export function stretchOf({ between }: EventValue, withinMs: number | null, { now, zone }: SqlContext): Stretch {
  const range = between === undefined ? null : rangeOf(between, zone)
  return {
    above: Math.max(withinMs === null ? LONG_AGO : now - withinMs, range === null ? LONG_AGO : range.from - 1),
    upTo: Math.min(now, range === null ? now : range.to - 1),
  }
}

/** Rows of the types, joined with elements of their JSON columns. */
function daysOf(event: EventValue, { eb }: SqlContext, elements: RawBuilder<unknown>[] = []): Days {
  const from = eb.selectFrom(['person_days', ...elements] as never) as unknown as Days
  return from.select('person_days.person_id').where('person_days.type', 'in', typesOf(event))
}

/** What tells rows of a person apart. */
const KEY = ['person_days.visitor_id', 'person_days.day', 'person_days.type', 'person_days.n as row'] as const

/**
 * Rows whose events match, from each source of pieces: the row itself, and its list of several. No row comes twice, because
 * an event about several pieces counts once. `join`: further elements of JSON columns.
 */
function matchingDays(event: EventValue, context: SqlContext, join: RawBuilder<unknown>[] = []): Days[] {
  const where = event.where ?? {}
  const tests = itemTests(where)
  const rows = daysOf(event, context, join).where(rowTests(where, context))
  if (tests.length === 0) return [rows]
  const plain = rows.where('person_days.items', 'is', null).where(inRow(tests, context)).select(KEY)
  const several = daysOf(event, context, [itemsOf(context), ...join])
    .where(rowTests(where, context))
    .where('person_days.items', 'is not', null)
    .where(inItem(tests, 'item', context))
  return [plain, several.distinct().select(KEY)] as Days[]
}

const itemsOf = ({ json }: SqlContext) => json.elements(sql.ref<string | null>('person_days.items'), 'item')

/** The persons for which the number of events fits; with `same`, of those that have one value in common. */
export function personsWithCount(
  event: EventValue & { same?: Field },
  stretch: Stretch,
  fits: (n: RawBuilder<unknown>) => Expression<SqlBool>,
  context: SqlContext,
) {
  const { same } = event
  const sources = same === undefined ? matchingDays(event, context) : daysWithValue(event, same, context)
  const parts = sources.flatMap((source) => [wholeRows(source, stretch), cutRows(source, stretch, context)])
  const seen = context.eb.selectFrom(allOfThem(parts).as('seen')).select('seen.person_id').groupBy('seen.person_id')
  return (same === undefined ? seen : seen.groupBy(sql.ref('seen.same'))).having(fits(sql`sum(seen.n)`))
}

/** One query of several of the same form. */
function allOfThem<Q extends { unionAll(other: Q): Q }>([first, ...others]: Q[]): Q {
  if (first === undefined) throw new Error('an event has at least one source')
  return others.reduce((all, other) => all.unionAll(other), first)
}

/** The rows with each value of a field, as `same`. */
function daysWithValue(event: EventValue, same: Field, context: SqlContext): Days[] {
  const where = event.where ?? {}
  if (!isOfField(same, ITEM_FIELDS)) {
    const column = sql.ref(same === 'site' ? 'person_days.site_id' : `person_days.${same}`)
    return matchingDays(event, context).map((query) => {
      return query.where(column, 'is not', null).select(column.as('same')) as Days
    })
  }
  const { json } = context
  const tests = itemTests(where)
  const column = sql.ref(`person_days.${same}`)
  const plain = daysOf(event, context)
    .where(rowTests(where, context))
    // Null where there are several pieces, or none.
    .where('person_days.item_id', 'is not', null)
    .where(inRow(tests, context))
    .where(column, 'is not', null)
  const inside = json.objectOf('item')
  const levels = same === 'item_category' ? [json.elements(json.inside(inside, 'categories'), 'level')] : []
  const value = same === 'item_category' ? json.textOf('level') : json.text(inside, same === 'item_id' ? 'id' : 'name')
  const several = daysOf(event, context, [itemsOf(context), ...levels])
    .where(rowTests(where, context))
    .where('person_days.items', 'is not', null)
    .where(inItem(tests, 'item', context))
    .where(value, 'is not', null)
  return [
    plain.select(KEY).select(column.as('same')),
    several.distinct().select(KEY).select(value.as('same')),
  ] as Days[]
}

/** Rows that lie in the stretch as a whole, with their number of events. */
function wholeRows(query: Days, { above, upTo }: Stretch) {
  return query
    .where('person_days.last_at', '>', above)
    .where('person_days.last_at', '<=', upTo)
    .where('person_days.first_at', '>', above)
    .select(sql<number>`${sql.ref('person_days.count')}`.as('n'))
}

/** Rows that an end of the stretch cuts, with the number of events inside. */
function cutRows(query: Days, { above, upTo }: Stretch, { eb, json }: SqlContext) {
  const first = sql.ref<number>('first_at')
  const isIn = (at: string) => sql`${sql.ref(at)} > ${sql.lit(above)} and ${sql.ref(at)} <= ${sql.lit(upTo)}`
  const between = json.countBetween(
    sql.ref<string | null>('times'),
    sql<number>`(${sql.lit(above)} - ${first})`,
    sql<number>`(${sql.lit(upTo)} - ${first})`,
  )
  const n = sql<number>`(case when ${isIn('person_days.first_at')} then 1 else 0 end
    + case when ${sql.ref('person_days.count')} > 1 and ${isIn('person_days.last_at')} then 1 else 0 end + ${between})`
  const cuts = (end: number) =>
    sql<SqlBool>`(${sql.ref('person_days.last_at')} > ${sql.lit(end)} and ${sql.ref('person_days.last_at')} < ${sql.lit(end + DAY_MS)} and ${sql.ref('person_days.first_at')} <= ${sql.lit(end)})`
  return query.where(eb.or(above === LONG_AGO ? [cuts(upTo)] : [cuts(above), cuts(upTo)])).select(n.as('n'))
}

/** Each event by its time, as `person_id` and `at`. */
export function eachEvent(event: EventValue, { above, upTo }: Stretch, context: SqlContext) {
  const { eb, json } = context
  const sources = matchingDays(event, context)
  const first = sources.map((days) => days.select(sql.ref<number>('person_days.first_at').as('at')))
  const last = sources.map((days) => {
    return days.where('person_days.count', '>', 1).select(sql.ref<number>('person_days.last_at').as('at'))
  })
  const later = json.elements(sql.ref<string | null>('person_days.times'), 'later')
  const at = sql<number>`(${sql.ref('person_days.first_at')} + ${json.numberOf('later')})`
  const between = matchingDays(event, context, [later]).map((days) => {
    return days.where('person_days.times', 'is not', null).select(at.as('at'))
  })
  return eb
    .selectFrom(allOfThem([...first, ...last, ...between]).as('event'))
    .select(['event.person_id', 'event.at'])
    .where('event.at', '>', above)
    .where('event.at', '<=', upTo)
}
