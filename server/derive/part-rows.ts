/** The rows that a visitor leaves with each of its persons: what it did by day, and its visits. */
import { detailsOf, type EventDetails, NO_DETAILS } from '../domain/event-details.ts'
import { folded } from '../domain/folded.ts'
import type { PersonId, VisitorId } from '../domain/ids.ts'
import { itemAt } from '../domain/lookup.ts'
import { type Day, type DayGroup, groupDays } from '../domain/person-days.ts'
import type { Site } from '../domain/settings.ts'
import { foldVisits, hostOf, placeOf, type Visit } from '../domain/visits.ts'
import type { PartDay } from '../store/part-rows.ts'
import type { PersonDayRow, VisitRow } from '../store/schema/behaviour.ts'
import { encodeJson } from '../store/schema/columns.ts'
import type { LoadedEvent, VisitorFacts } from '../store/visitor-facts.ts'

/** The rows of a visitor, and what its days are besides. */
export type VisitorParts = { days: PartDay[]; visits: VisitRow[]; told: Map<number, Pick<Day, 'leftOut' | 'digest'>> }

/** Derives a visitor's rows. `personOf[i]` is the person of event `i`; `pauseMs` ends a session. */
export function partsOfVisitor(
  { visitorId, events, claims, device }: VisitorFacts,
  personOf: PersonId[],
  site: Site,
  pauseMs: number,
): VisitorParts {
  const home = site.settings.currency || null
  const details = events.map((event) => detailsOfEvent(event, home))
  const messages = new Map(
    claims.flatMap(({ id, evidence, message, act }) => {
      return evidence === 'email_click' && message !== null && act !== 'void' ? [[id, message] as const] : []
    }),
  )
  const ownHosts = ownHostsOf(site)
  const { visits, campaignOf } = foldVisits(events, personOf, details, { pauseMs, ownHosts, messages })
  const days = groupDays(
    events,
    personOf,
    events.map((event, i) => ({
      place: placeOf(event, ownHosts),
      details: itemAt(details, i),
      campaign: campaignOf[i] ?? null,
    })),
  )
  const own = {
    device: device === null ? null : folded(device.device),
    browser: device === null || device.browser === null ? null : folded(device.browser),
  }
  return {
    days: days.map(({ day, digest, groups }) => ({
      ...{ visitor_id: visitorId, day, digest },
      persons: new Set(groups.map((group) => group.personId)),
      rows: () => groups.map((group) => dayRow(visitorId, group)),
    })),
    visits: visits.map((visit) => visitRow(visitorId, visit, own)),
    told: new Map(days.map((day) => [day.day, day])),
  }
}

function detailsOfEvent({ type, json }: LoadedEvent, home: string | null): EventDetails {
  return json === null ? NO_DETAILS : detailsOf(type, json, home)
}

const hosts = new WeakMap<string[], ReadonlySet<string>>()

function ownHostsOf({ origins }: Site): ReadonlySet<string> {
  const own = hosts.get(origins) ?? new Set(origins.flatMap((origin) => hostOf(origin) ?? []))
  hosts.set(origins, own)
  return own
}

function dayRow(visitorId: VisitorId, { times, place, details, campaign, ...group }: DayGroup): PersonDayRow {
  const { items, value, currency, term, props } = details
  const [first = 0, ...later] = times
  const last = later.pop()
  const [item] = items
  const isPlain = item !== undefined && items.length === 1 && item.categories.length < 2
  return {
    person_id: group.personId,
    visitor_id: visitorId,
    day: group.day,
    type: group.type,
    n: group.n,
    count: times.length,
    first_at: first,
    last_at: last ?? first,
    times: later.length === 0 ? null : encodeJson(later.map((at) => at - first)),
    site_id: group.siteId,
    ...place,
    item_id: isPlain ? item.id : null,
    item_name: isPlain ? item.name : null,
    item_category: isPlain ? (item.categories[0] ?? null) : null,
    items: isPlain || item === undefined ? null : encodeJson([...items]),
    value,
    currency,
    search_term: term,
    props: props === null ? null : encodeJson({ ...props }),
    ...(campaign ?? { campaign: null, source: null, medium: null }),
  }
}

function visitRow(visitorId: VisitorId, visit: Visit, device: Pick<VisitRow, 'device' | 'browser'>): VisitRow {
  return {
    person_id: visit.personId,
    visitor_id: visitorId,
    began_at: visit.beganAt,
    ended_at: visit.endedAt,
    pages: visit.pages,
    engaged_ms: visit.engagedMs,
    landing: visit.landing,
    referrer: visit.referrer,
    campaign: visit.campaign,
    source: visit.source,
    medium: visit.medium,
    message: visit.message,
    ...device,
  }
}
