/**
 * The visits of a visitor, by the rule of sessions: one for each session and person, with where it came from and how long
 * somebody was engaged. Each event also gets the campaign of its visit: the last one that the session named so far.
 */
import { type Campaign, campaignInUrl } from './campaign.ts'
import type { EventDetails } from './event-details.ts'
import { folded } from './folded.ts'
import type { PersonId } from './ids.ts'
import { itemAt } from './lookup.ts'
import type { EventPlace } from './person-days.ts'
import { numberSessions } from './sessions.ts'

/** An event as visits see it. */
export type VisitEvent = {
  id: string
  at: number
  type: string
  reset: boolean
  url: string | null
  title: string | null
  referrer: string | null
}

/** A visit. `landing` and `referrer` (a host) are those of its first page; texts are folded. */
export type Visit = Campaign & {
  personId: PersonId
  beganAt: number
  endedAt: number
  pages: number
  engagedMs: number
  landing: string | null
  referrer: string | null
  /** The message whose link led here. */
  message: string | null
}

/** What the fold of visits needs besides the events. */
export type VisitOptions = {
  /** The pause that ends a session on this device. */
  pauseMs: number
  /** The shop's own hosts, which refer nobody. */
  ownHosts: ReadonlySet<string>
  /** The messages of the mail links that were followed, by the event that told it. */
  messages: ReadonlyMap<string, string>
}

/** The visits, and the campaign of each event, null where its session has named none so far. */
export type Visits = { visits: Visit[]; campaignOf: (Campaign | null)[] }

/** A session that a script cuts into more than this in a day is no longer told apart. */
const MAX_A_DAY = 100
const DAY_MS = 24 * 3600_000

const MAX_MESSAGE = 200

/** Folds the events of a visitor, sorted by time, then id. `personOf[i]` and `details[i]` are those of event `i`. */
export function foldVisits(
  events: VisitEvent[],
  personOf: PersonId[],
  details: EventDetails[],
  { pauseMs, ownHosts, messages }: VisitOptions,
): Visits {
  const sessions = numberSessions(events, pauseMs)
  const campaignOf: (Campaign | null)[] = new Array(events.length)
  const visits: Visit[] = []
  const latest = new Map<PersonId, { visit: Visit; session: number }>()
  const perDay = new Map<number, number>()
  let campaign: Campaign | null = null
  for (const [i, event] of events.entries()) {
    const session = itemAt(sessions, i)
    if (session !== sessions[i - 1]) campaign = null
    const named = (event.url === null ? null : campaignInUrl(event.url)) ?? itemAt(details, i).campaign
    campaign = named ?? campaign
    campaignOf[i] = campaign
    const personId = itemAt(personOf, i)
    const last = latest.get(personId)
    const isSame = last?.session === session || last?.visit.beganAt === event.at
    let visit = last?.visit
    if (visit === undefined || (!isSame && countIn(perDay, event.at) <= MAX_A_DAY)) {
      visit = newVisit(personId, event.at)
      visits.push(visit)
    }
    latest.set(personId, { visit, session })
    visit.endedAt = event.at
    if (event.type === 'page' || event.type === 'page_view') visit.pages++
    visit.engagedMs += itemAt(details, i).engagedMs
    if (visit.landing === null && event.url !== null) {
      visit.landing = foldedPlace(event.url, MAX_URL)
      visit.referrer = referrerOf(event, ownHosts)
    }
    if (visit.campaign === null && visit.source === null && visit.medium === null && campaign !== null) {
      Object.assign(visit, campaign)
    }
    const message = messages.get(event.id)
    if (message !== undefined) visit.message ??= folded(message).slice(0, MAX_MESSAGE)
  }
  // Nobody is engaged for longer than a visit lasts, up to the pause that would have ended it.
  for (const visit of visits) visit.engagedMs = Math.min(visit.engagedMs, visit.endedAt - visit.beganAt + pauseMs)
  return { visits, campaignOf }
}

function countIn(perDay: Map<number, number>, at: number): number {
  const day = Math.floor(at / DAY_MS)
  const count = (perDay.get(day) ?? 0) + 1
  perDay.set(day, count)
  return count
}

function newVisit(personId: PersonId, at: number): Visit {
  return {
    ...{ personId, beganAt: at, endedAt: at, pages: 0, engagedMs: 0, landing: null, referrer: null, message: null },
    ...{ campaign: null, source: null, medium: null },
  }
}

/** The host that a page was reached from; null if it is the shop's own, or unknown. */
function referrerOf({ url, referrer }: VisitEvent, ownHosts: ReadonlySet<string>): string | null {
  const host = referrer === null ? null : hostOf(referrer)
  return host === null || ownHosts.has(host) || (url !== null && hostOf(url) === host) ? null : host
}

const MAX_URL = 300
const MAX_TITLE = 150
const MAX_REFERRER = 200

/** Where an event happened, as conditions compare it. */
export function placeOf(event: VisitEvent, ownHosts: ReadonlySet<string>): EventPlace {
  const { url, title, referrer } = event
  const isForeign = referrer !== null && referrerOf(event, ownHosts) !== null
  return {
    url: url === null ? null : foldedPlace(url, MAX_URL),
    title: title === null ? null : foldedPlace(title, MAX_TITLE),
    referrer: isForeign ? foldedPlace(referrer, MAX_REFERRER) : null,
  }
}

/** Folded places: those of a shop repeat. Full, it is emptied. */
const FOLDED = new Map<string, string>()
const MOST_FOLDED = 5000

function foldedPlace(text: string, most: number): string {
  const cut = text.slice(0, most)
  let known = FOLDED.get(cut)
  if (known === undefined) {
    known = folded(cut).slice(0, most)
    if (FOLDED.size >= MOST_FOLDED) FOLDED.clear()
    FOLDED.set(cut, known)
  }
  return known
}

const HOST = /^https?:\/\/(?:[^/?#@]{0,200}@)?([^/?#:]{1,253})/i

/** The host of an address, without `www.`. */
export function hostOf(url: string): string | null {
  const host = HOST.exec(url)?.[1]?.toLowerCase()
  return host === undefined ? null : host.startsWith('www.') ? host.slice(4) : host
}
