/** The events that a condition rests on, for people who ask why: the latest of each kind. */
import type { Fact, Language, SpanContext } from '../nodes/node.ts'
import { matching } from './event-times.ts'
import { type EventValue, rangeOf } from './event-value.ts'
import { didWords } from './event-words.ts'

const MOST = 5

/** Facts about the events, newest first. */
export function eventFacts(event: EventValue, context: SpanContext & { language: Language }): Fact[] {
  const { facts, language, zone } = context
  const range = event.between === undefined ? null : rangeOf(event.between, zone)
  const found = matching(event, facts.get('days'), context).flatMap((day) => {
    const times = range === null ? day.times : day.times.filter((at) => at >= range.from && at < range.to)
    const at = times.at(-1)
    if (at === undefined) return []
    const [item] = day.items
    const what = item?.name ?? item?.id ?? day.search_term ?? day.title ?? day.url
    const often = times.length === 1 ? '' : `, ${times.length} ×`
    const did = didWords({ type: day.type }, language)
    return [{ kind: 'event', at, id: null, text: `${did}${what == null ? '' : `: ${what}`}${often}` }]
  })
  return found.sort((a, b) => b.at - a.at).slice(0, MOST)
}
