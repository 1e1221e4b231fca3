/**
 * Splits a timeline into days and visits as the reader sees them: a visit is one browser's events with pauses of less
 * than half an hour, listed under the day on which it began, in the reader's time zone. Two browsers used at the same
 * time are two visits.
 */
import type { TimelineEvent } from '../../api.ts'

/** One browser's events without a long pause, oldest first. */
export type Visit = { key: string; visitor: string; events: TimelineEvent[]; endsMs: number }

/** The visits that began on one day; `at` is the first moment of the first. */
export type Day = { key: string; at: string; visits: Visit[] }

const PAUSE_MS = 30 * 60_000

/** The days of a timeline that is sorted by time. */
export function daysOf(events: TimelineEvent[]): Day[] {
  const running = new Map<string, Visit>()
  const days: Day[] = []
  for (const event of events) {
    const ms = Date.parse(event.at)
    let visit = running.get(event.visitor)
    if (!visit || ms - visit.endsMs >= PAUSE_MS) {
      visit = { key: `${event.visitor} ${event.id}`, visitor: event.visitor, events: [], endsMs: ms }
      running.set(event.visitor, visit)
      dayFor(days, event.at).visits.push(visit)
    }
    visit.events.push(event)
    visit.endsMs = ms
  }
  return days
}

function dayFor(days: Day[], at: string): Day {
  const key = new Date(at).toDateString()
  const last = days.at(-1)
  if (last?.key === key) return last
  const day = { key, at, visits: [] }
  days.push(day)
  return day
}
