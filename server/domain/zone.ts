/**
 * Time zones by their IANA names, and what a clock on a wall there means. A time that a change of clocks repeats is its
 * first occurrence; one that it skips is as much later.
 */

const NAME = /^(?:UTC|GMT|[A-Za-z_]{1,32}(?:\/[A-Za-z0-9_+-]{1,32}){1,2})$/
const DAY_MS = 24 * 3600_000
const QUARTER_MS = 15 * 60_000

/** Clocks by zone. */
const clocks = new Map<string, Intl.DateTimeFormat | null>()

/** Offsets by zone and day in UTC; null for a day within which it changes. Full, it is emptied. */
const ofDays = new Map<string, number | null>()

/** Offsets by zone and quarter of an hour, in which no zone changes its offset. Full, it is emptied. */
const offsets = new Map<string, number>()
const MOST_OFFSETS = 20_000

/** Whether this is the IANA name of a zone, such as `Europe/Paris`. */
export function isZone(name: string): boolean {
  return NAME.test(name) && clockOf(name) !== null
}

/** The instant of a local time in ISO 8601 without a zone, in milliseconds. Null if it is not one. */
export function instantIn(zone: string, local: string): number | null {
  const wall = Date.parse(`${local}Z`)
  return Number.isNaN(wall) ? null : instantOf(zone, wall)
}

/** The instant at which a clock there shows a time, given as if it were UTC. */
function instantOf(zone: string, wall: number): number {
  const [before, after] = [wall - offsetAt(zone, wall - DAY_MS), wall - offsetAt(zone, wall + DAY_MS)]
  const found = [before, after].find((instant) => instant + offsetAt(zone, instant) === wall)
  return found ?? before
}

/** The instants at which a day, such as `2026-03-29`, begins and at which its last millisecond does. Null if it is none. */
export function dayIn(zone: string, day: string): { from: number; to: number } | null {
  const from = instantIn(zone, `${day}T00:00:00`)
  if (from === null) return null
  const next = new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10)
  const to = instantIn(zone, `${next}T00:00:00`)
  return to === null ? null : { from, to: to - 1 }
}

/** The day of an instant there, in days since 1970. */
export function dayNumberIn(zone: string, instant: number): number {
  return Math.floor((instant + offsetAt(zone, instant)) / DAY_MS)
}

/** The instant at which a day there begins, given in days since 1970. */
export function dayStartIn(zone: string, day: number): number {
  return instantOf(zone, day * DAY_MS)
}

function offsetAt(zone: string, instant: number): number {
  const day = Math.floor(instant / DAY_MS)
  const key = `${zone} ${day}`
  let offset = ofDays.get(key)
  if (offset === undefined) {
    const begins = offsetOfQuarter(zone, day * DAY_MS)
    offset = begins === offsetOfQuarter(zone, (day + 1) * DAY_MS) ? begins : null
    if (ofDays.size >= MOST_OFFSETS) ofDays.clear()
    ofDays.set(key, offset)
  }
  return offset ?? offsetOfQuarter(zone, instant)
}

function offsetOfQuarter(zone: string, instant: number): number {
  const quarter = Math.floor(instant / QUARTER_MS)
  const key = `${zone} ${quarter}`
  const known = offsets.get(key)
  if (known !== undefined) return known
  if (offsets.size >= MOST_OFFSETS) offsets.clear()
  const offset = wallAt(zone, quarter * QUARTER_MS) - quarter * QUARTER_MS
  offsets.set(key, offset)
  return offset
}

/** What a clock there shows, as if it were UTC. */
function wallAt(zone: string, instant: number): number {
  const clock = clockOf(zone)
  if (clock === null) throw new Error(`"${zone}" is not a time zone`)
  const parts = new Map(clock.formatToParts(instant).map(({ type, value }) => [type, Number(value)]))
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'))
}

function clockOf(zone: string): Intl.DateTimeFormat | null {
  const known = clocks.get(zone)
  if (known !== undefined) return known
  let clock: Intl.DateTimeFormat | null
  try {
    clock = new Intl.DateTimeFormat('en', {
      ...{ timeZone: zone, calendar: 'iso8601', numberingSystem: 'latn', hourCycle: 'h23' },
      ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' },
    } as const)
  } catch {
    // Intl throws for a name that it does not know.
    clock = null
  }
  if (clocks.size < 1000) clocks.set(zone, clock)
  return clock
}
