/**
 * Anniversaries: the days on which a date returns each year, in a time zone. One of 29 February returns on the 28th in years
 * without it.
 */
import { dayNumberIn, dayStartIn } from './zone.ts'

const DAY_MS = 24 * 3600_000

/** Nothing is further away than a year. */
const MOST_DAYS = 366

/** Where and when it is. */
type Present = { zone: string; now: number }

/** The month and day of a date that begins like `1984-03-17`, as `03-17`. Null if it is none. */
function monthAndDay(date: string): string | null {
  const text = date.slice(5, 10)
  const isDay = date[4] === '-' && /^\d\d-\d\d$/.test(text)
  // A year with a 29 February tells which days there are.
  return isDay && dayText(Date.parse(`2000-${text}T00:00:00Z`) / DAY_MS) === text ? text : null
}

/** The month and day of a day, given in days since 1970. */
function dayText(day: number): string | null {
  return Number.isFinite(day) ? new Date(day * DAY_MS).toISOString().slice(5, 10) : null
}

/** The day in a year on which an anniversary falls, in days since 1970. */
function dayIn(year: number, anniversary: string): number {
  const [month = 1, day = 1] = anniversary.split('-').map(Number)
  const at = Date.UTC(year, month - 1, day) / DAY_MS
  return dayText(at) === anniversary ? at : Date.UTC(year, 1, 28) / DAY_MS
}

/**
 * When an anniversary of a date is at most so far away: from that long before its day begins until the day is over. Those of
 * the years around `now` are listed, which is enough for what holds now, since when and until when.
 */
export function anniversarySpans(
  date: string,
  withinMs: number,
  { zone, now }: Present,
): { from: number; to: number }[] {
  const anniversary = monthAndDay(date)
  if (anniversary === null) return []
  const year = new Date(dayNumberIn(zone, now) * DAY_MS).getUTCFullYear()
  return [-1, 0, 1, 2].map((years) => {
    const day = dayIn(year + years, anniversary)
    return { from: dayStartIn(zone, day) - withinMs, to: dayStartIn(zone, day + 1) }
  })
}

/** The anniversaries that are at most so far away at `now`, as months and days such as `03-17`. */
export function anniversariesWithin(withinMs: number, { zone, now }: Present): string[] {
  const today = dayNumberIn(zone, now)
  const found = new Set<string>()
  for (let day = today; day < today + MOST_DAYS; day++) {
    if (day > today && dayStartIn(zone, day) - withinMs > now) break
    const text = dayText(day) ?? ''
    found.add(text)
    if (text === '02-28' && dayText(day + 1) === '03-01') found.add('02-29')
  }
  return [...found]
}
