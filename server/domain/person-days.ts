/**
 * What a visitor did on each day as each of its persons: events of one type that conditions cannot tell apart are one row
 * with their number and times. A script cannot make the rows of a day numerous: beyond a bound, its events are counted by
 * their type alone, and beyond another not at all but as left out.
 */
import type { Campaign } from './campaign.ts'
import { type EventDetails, NO_DETAILS } from './event-details.ts'
import { fingerprint } from './fingerprint.ts'
import type { PersonId } from './ids.ts'
import { itemAt } from './lookup.ts'

const DAY_MS = 24 * 3600_000

/** How many rows, and how many types, a visitor has at most on a day. */
const MAX_ROWS = 500
const MAX_TYPES = 100

/** The events of one row: `times` are sorted. `n` tells the rows of one type and day apart. */
export type DayGroup = {
  personId: PersonId
  day: number
  type: string
  n: number
  siteId: string
  place: EventPlace
  details: EventDetails
  campaign: Campaign | null
  times: number[]
}

/** An event as days see it. */
export type DayEvent = { at: number; type: string; siteId: string }

/** Where an event happened, folded. `referrer` is null if it is a page of the shop. */
export type EventPlace = { url: string | null; title: string | null; referrer: string | null }

/** What conditions can ask of an event besides its type, time and site. */
export type EventParts = { place: EventPlace; details: EventDetails; campaign: Campaign | null }

const NOWHERE: EventPlace = { url: null, title: null, referrer: null }
const NOTHING: EventParts = { place: NOWHERE, details: NO_DETAILS, campaign: null }

/**
 * One day. `leftOut`: how many events were counted without their details or not at all. `digest` is another if anything of the
 * groups is.
 */
export type Day = { day: number; groups: DayGroup[]; leftOut: number; digest: string }

/** Groups a visitor's events, sorted by time, then id. The other lists hold what belongs to event `i`. */
export function groupDays(events: DayEvent[], personOf: PersonId[], parts: EventParts[]): Day[] {
  const days: Day[] = []
  for (let from = 0, to = 0; from < events.length; from = to) {
    const day = dayOf(itemAt(events, from))
    while (to < events.length && dayOf(itemAt(events, to)) === day) to++
    days.push(groupDay(day, events, { from, to }, personOf, parts))
  }
  return days
}

const dayOf = ({ at }: DayEvent) => Math.floor(at / DAY_MS)

function groupDay(
  day: number,
  events: DayEvent[],
  { from, to }: { from: number; to: number },
  personOf: PersonId[],
  parts: EventParts[],
): Day {
  const known = new Map<string, DayGroup>()
  const numbers = new Map<string, number>()
  let leftOut = 0
  const add = (i: number, own: EventParts, most: number): boolean => {
    const { at, type, siteId } = itemAt(events, i)
    const personId = itemAt(personOf, i)
    const kind = `${personId}\n${type.length} ${type}`
    const key = `${kind}\n${siteId}\n${keyOf(own)}`
    let group = known.get(key)
    if (group === undefined) {
      const n = numbers.get(kind) ?? 0
      if (known.size >= most || (n === 0 && numbers.size >= MAX_TYPES)) return false
      numbers.set(kind, n + 1)
      group = { personId, day, type, n, siteId, ...own, times: [] }
      known.set(key, group)
    }
    group.times.push(at)
    return true
  }
  for (let i = from; i < to; i++) {
    if (add(i, itemAt(parts, i), MAX_ROWS)) continue
    leftOut++
    add(i, NOTHING, MAX_ROWS + MAX_TYPES)
  }
  let text = ''
  for (const [key, { times }] of known) text += `${key}\n${times}\n`
  return { day, groups: [...known.values()], leftOut, digest: fingerprint(text) }
}

function keyOf({ place: { url, title, referrer }, details, campaign }: EventParts): string {
  const came = campaign === null ? '' : `${campaign.campaign}\n${campaign.source}\n${campaign.medium}`
  return `${details.key}\n${url}\n${title}\n${referrer}\n${came}`
}
