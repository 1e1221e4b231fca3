/** What persons did, by day and by visit, as segments ask for it. Derived from their visitors and kept with them. */
import type { DayItem, PropValue } from '../../domain/event-details.ts'
import type { PersonId, VisitorId } from '../../domain/ids.ts'
import type { Json } from './columns.ts'

/**
 * What a visitor did on a day (UTC, days since 1970) as one of its persons: the events of one type that conditions cannot
 * tell apart. Texts are without case and accents.
 */
export type PersonDayRow = {
  person_id: PersonId
  visitor_id: VisitorId
  day: number
  type: string
  /** Tells the rows of one type and day apart. */
  n: number
  count: number
  first_at: number
  last_at: number
  /** If there are more than two: when the others were, in milliseconds after the first. */
  times: Json<number[]> | null
  site_id: string
  url: string | null
  title: string | null
  /** The page that led there, if it is not the shop's own. */
  referrer: string | null
  /** The piece, if the events name one only, with one category at most. */
  item_id: string | null
  item_name: string | null
  item_category: string | null
  /** The pieces otherwise; null if there are none. */
  items: Json<DayItem[]> | null
  /** In minor units of the currency. */
  value: number | null
  currency: string | null
  search_term: string | null
  /** Other properties: texts, numbers, booleans and lists of them. */
  props: Json<Record<string, PropValue>> | null
  /** The campaign that the visit named last before. */
  campaign: string | null
  source: string | null
  medium: string | null
}

/** A session of a visitor, as far as it belongs to one person. Texts are without case and accents. */
export type VisitRow = {
  person_id: PersonId
  visitor_id: VisitorId
  began_at: number
  ended_at: number
  pages: number
  engaged_ms: number
  /** The address of its first page. */
  landing: string | null
  /** The host that led there, if it is not the shop's own. */
  referrer: string | null
  /** The campaign that it named first. */
  campaign: string | null
  source: string | null
  medium: string | null
  /** The message whose link was followed. */
  message: string | null
  device: string | null
  browser: string | null
}

/** The tables of this family by name. */
export type BehaviourTables = {
  person_days: PersonDayRow
  visits: VisitRow
}
