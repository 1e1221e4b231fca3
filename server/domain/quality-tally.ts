/**
 * Adds up problems and arrivals in memory, so that each second one row is written for each kind of problem and not one for
 * each event. What anybody can invent cannot make it grow: past a number of names an event counts as `other`.
 */
import { STANDARD_TYPES } from './event.ts'
import { type ArrivalCount, type Door, type Noticed, type QualityCount, SLOT_MS } from './quality.ts'

/** The name of all events past the limit. */
export const OTHER = 'other'

/** How many names of its own a site may have. The names of GA4 and the tag do not count. */
export const MAX_NAMES = 50

const DAY_MS = 24 * 3600_000

/** What was counted since it was taken last. */
export type Tallied = { problems: QualityCount[]; arrivals: ArrivalCount[] }

/** The counters. */
export type QualityTally = {
  note(noticed: Noticed): void
  /** Counts events that arrived, and those of them that had no consent to analytics. */
  arrived(site: string, door: Door, at: number, events: number, withoutConsent: number): void
  /** Adds what was counted elsewhere. */
  add(other: Tallied): void
  /** Returns the counts and begins anew; null if there are none. */
  take(): Tallied | null
}

/** Creates the counters. */
export function createQualityTally(): QualityTally {
  let problems = new Map<string, QualityCount>()
  let arrivals = new Map<string, ArrivalCount>()
  let names = new Map<string, Set<string>>()

  const nameOf = (site: string, event: string) => {
    if (STANDARD_TYPES.has(event)) return event
    const own = names.get(site) ?? new Set()
    names.set(site, own)
    if (own.size >= MAX_NAMES && !own.has(event)) return OTHER
    own.add(event)
    return event
  }
  const addProblem = (row: QualityCount) => {
    const event = nameOf(row.site_id, row.event)
    const key = `${row.day} ${row.door} ${row.problem} ${row.site_id} ${event}`
    const known = problems.get(key)
    if (known === undefined) problems.set(key, { ...row, event })
    else addTo(known, row)
  }
  const addArrivals = (row: ArrivalCount) => {
    const key = `${row.slot} ${row.door} ${row.site_id}`
    const known = arrivals.get(key)
    if (known === undefined) {
      arrivals.set(key, { ...row })
      return
    }
    known.events += row.events
    known.without_consent += row.without_consent
  }

  return {
    note: ({ site, door, event, problem, at, example, of }) =>
      addProblem({
        ...{ site_id: site, day: Math.floor(at / DAY_MS), event, door, problem, count: 1, first_at: at, last_at: at },
        ...{ example, example_at: example === null ? null : at, example_of: example === null ? null : of },
      }),
    arrived: (site, door, at, events, without) =>
      addArrivals({
        ...{ site_id: site, door, slot: at - (at % SLOT_MS), events, without_consent: without },
      }),
    add(other) {
      other.problems.forEach(addProblem)
      other.arrivals.forEach(addArrivals)
    },
    take() {
      if (problems.size === 0 && arrivals.size === 0) return null
      const taken = { problems: [...problems.values()], arrivals: [...arrivals.values()] }
      problems = new Map()
      arrivals = new Map()
      names = new Map()
      return taken
    },
  }
}

function addTo(known: QualityCount, row: QualityCount): void {
  known.count += row.count
  known.first_at = Math.min(known.first_at, row.first_at)
  known.last_at = Math.max(known.last_at, row.last_at)
  if (row.example_at !== null && row.example_at >= (known.example_at ?? 0)) {
    known.example = row.example
    known.example_at = row.example_at
    known.example_of = row.example_of
  }
}
