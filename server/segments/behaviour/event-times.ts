/** When events that a condition describes happened, by the facts of one person. */
import { type Cause, type Span, type Spans, spansOf } from '../../domain/spans.ts'
import { minorTest } from '../amounts.ts'
import { durationMs } from '../duration.ts'
import type { DayFact } from '../facts/days.ts'
import type { Locale } from '../nodes/node.ts'
import { passes, type Scalar, type Test } from '../test-value.ts'
import {
  currencyOf,
  type EventValue,
  type Field,
  ITEM_FIELDS,
  PROPS,
  rangeOf,
  typesOf,
  type Where,
} from './event-value.ts'

type ItemField = (typeof ITEM_FIELDS)[number]
type Item = { id: string | null; name: string | null; categories: string[] }

const NO_ITEM: Item = { id: null, name: null, categories: [] }

const isItemField = (name: string): name is ItemField => (ITEM_FIELDS as readonly string[]).includes(name)

/** The groups of a person's events that a condition describes. */
export function matching(event: EventValue, days: readonly DayFact[], locale: Locale): DayFact[] {
  const types = new Set(typesOf(event))
  return days.filter((day) => types.has(day.type) && itemsThatMatch(event.where ?? {}, day, locale).length > 0)
}

/** The pieces of events that pass all tests of pieces, if the events pass all others. One piece stands for none. */
function itemsThatMatch(where: Where, day: DayFact, locale: Locale): Item[] {
  const tests = Object.entries(where)
  const holds = tests.every(([name, test]) => isItemField(name) || passesField(name, test, day, where, locale))
  if (!holds) return []
  const items: Item[] = day.items.length === 0 ? [NO_ITEM] : day.items
  return items.filter((item) => tests.every(([name, test]) => !isItemField(name) || passes(test, ofItem(item, name))))
}

function ofItem({ id, name, categories }: Item, field: ItemField): string[] {
  if (field === 'item_category') return categories
  const value = field === 'item_id' ? id : name
  return value === null ? [] : [value]
}

function passesField(name: string, test: Test, day: DayFact, where: Where, locale: Locale): boolean {
  if (name.startsWith(PROPS)) return passes(test, propOf(day, name.slice(PROPS.length)))
  if (name !== 'value') return passes(test, valuesOf(name as Field, day))
  const currency = currencyOf(where, locale)
  return passes(minorTest(test, currency), day.value !== null && day.currency === currency ? [day.value] : [])
}

function propOf({ props }: DayFact, name: string): Scalar[] {
  const value = Object.hasOwn(props, name) ? props[name] : undefined
  if (value === undefined) return []
  return Array.isArray(value) ? value.filter((each) => typeof each !== 'boolean') : [value]
}

function valuesOf(field: Field, day: DayFact): string[] {
  const value =
    field === 'site' ? day.site_id : field === 'value' ? null : isItemField(field) ? null : (day[field] ?? null)
  return value === null ? [] : [value]
}

/** The times of events, sorted: all of them, or those of each value that they have in common. */
export function timesOf(
  event: EventValue & { same?: Field },
  days: readonly DayFact[],
  locale: Locale,
): [times: number[], ...others: number[][]] {
  const range = event.between === undefined ? null : rangeOf(event.between, locale.zone)
  const among = (found: DayFact[]) => {
    const all = found.flatMap((day) => day.times)
    const within = range === null ? all : all.filter((at) => at >= range.from && at < range.to)
    return within.sort((a, b) => a - b)
  }
  const found = matching(event, days, locale)
  const { same } = event
  if (same === undefined) return [among(found)]
  const byValue = new Map<string, DayFact[]>()
  for (const day of found) {
    for (const value of new Set(sameValues(same, event.where ?? {}, day, locale))) {
      const own = byValue.get(value) ?? []
      byValue.set(value, own)
      own.push(day)
    }
  }
  const [first = [], ...others] = [...byValue.values()].map(among)
  return [first, ...others]
}

function sameValues(same: Field, where: Where, day: DayFact, locale: Locale): string[] {
  if (!isItemField(same)) return valuesOf(same, day)
  return itemsThatMatch(where, day, locale).flatMap((item) => ofItem(item, same))
}

/**
 * When a number of events fits: `holds` is asked for the number of those so far, which count for `within` (null: for
 * good) after each. `times` are sorted.
 */
export function spansOfCount(times: number[], within: string | undefined, holds: (n: number) => boolean): Spans {
  const lasts = within === undefined ? null : durationMs(within)
  const spans: Span[] = []
  let open: { from: number; began: Cause } | null = holds(0) ? { from: -Infinity, began: 'event' } : null
  let [come, gone] = [0, 0]
  while (come < times.length || (lasts !== null && gone < times.length)) {
    const nextCome = times[come] ?? Infinity
    const nextGone = lasts === null ? Infinity : (times[gone] ?? Infinity) + lasts
    const at = Math.min(nextCome, nextGone)
    while (times[come] === at) come++
    while (lasts !== null && gone < come && (times[gone] ?? Infinity) + lasts === at) gone++
    const cause: Cause = nextCome === at ? 'event' : 'time'
    const now = holds(come - gone)
    if (now && open === null) open = { from: at, began: cause }
    else if (!now && open !== null) {
      spans.push({ ...open, to: at, ended: cause })
      open = null
    }
  }
  if (open !== null) spans.push({ ...open, to: Infinity, ended: 'time' })
  return spansOf(spans)
}
