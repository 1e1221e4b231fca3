/**
 * Spans of time: when a condition held, holds, and will hold unless something new happens. They are half-open, sorted and
 * never touch, so that each instant lies in one span or in none, and the logic of conditions is the logic of sets.
 */

/** What begins or ends a span: an event, the passage of time, a link, or an import from the CRM. */
export type Cause = 'event' | 'time' | 'link' | 'import'

/** From `from`, and until just before `to`, in milliseconds; infinite where there is no beginning or no end. */
export type Span = { from: number; to: number; began: Cause; ended: Cause }

/** Spans in order; none overlaps or touches another. */
export type Spans = readonly Span[]

/** Never. */
export const NEVER: Spans = []

/** At all times. */
export const ALWAYS: Spans = [{ from: -Infinity, to: Infinity, began: 'event', ended: 'event' }]

/** From a time on. */
export function since(from: number, began: Cause): Spans {
  return [{ from, to: Infinity, began, ended: 'time' }]
}

/** The spans in order, joined where they overlap or touch. Empty ones are left out. */
export function spansOf(any: Span[]): Spans {
  const sorted = any.filter(({ from, to }) => from < to).sort((a, b) => a.from - b.from)
  const joined: Span[] = []
  for (const span of sorted) {
    const last = joined.at(-1)
    if (last === undefined || span.from > last.to) joined.push({ ...span })
    else if (span.to > last.to) {
      last.to = span.to
      last.ended = span.ended
    }
  }
  return joined
}

/** When at least one of the conditions holds. */
export function anyOf(lists: Spans[]): Spans {
  const [only] = lists
  return lists.length === 1 && only ? only : spansOf(lists.flat())
}

/** When a condition does not hold. */
export function notIn(spans: Spans): Spans {
  const gaps: Span[] = []
  let from = -Infinity
  let began: Cause = 'event'
  for (const span of spans) {
    if (span.from > from) gaps.push({ from, to: span.from, began, ended: span.began })
    from = span.to
    began = span.ended
  }
  if (from < Infinity) gaps.push({ from, to: Infinity, began, ended: 'event' })
  return gaps
}

/** When all conditions hold. */
export function allOf(lists: Spans[]): Spans {
  const [first = ALWAYS, ...others] = lists
  return others.reduce(both, first)
}

function both(a: Spans, b: Spans): Spans {
  const common: Span[] = []
  let i = 0
  let j = 0
  for (let left = a[0], right = b[0]; left && right; left = a[i], right = b[j]) {
    const begin = left.from >= right.from ? left : right
    const end = left.to <= right.to ? left : right
    if (begin.from < end.to) common.push({ from: begin.from, to: end.to, began: begin.began, ended: end.ended })
    if (left.to <= right.to) i++
    else j++
  }
  return common
}

/** The span that holds a time, or null. */
export function spanAt(spans: Spans, at: number): Span | null {
  return spans.find(({ from, to }) => from <= at && at < to) ?? null
}

/** The last span that has ended by a time, or null. */
export function lastBefore(spans: Spans, at: number): Span | null {
  return spans.findLast(({ to }) => to <= at) ?? null
}

/** The next time after `at` at which the condition begins or ceases to hold by itself, or null. */
export function nextChange(spans: Spans, at: number): number | null {
  for (const { from, to } of spans) {
    if (from > at) return from
    if (to > at) return to === Infinity ? null : to
  }
  return null
}
