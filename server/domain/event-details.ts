/**
 * What conditions can ask of one event besides its type and time: its pieces, value, search and campaign, and the seconds
 * that somebody spent on the page. Texts are folded and bounded. The events of a shop repeat, so what was read is kept.
 */
import { type Campaign, campaignInProps } from './campaign.ts'
import { fieldsOf, firstOf, firstText } from './commerce/fields.ts'
import { REFUND_TYPES } from './commerce/order.ts'
import { readCommerce } from './commerce/read.ts'
import { STANDARD_TYPES } from './event.ts'
import { folded } from './folded.ts'
import { toMinor, UNKNOWN_CURRENCY } from './money.ts'

/** A piece that an event names. */
export type DayItem = { id: string; name: string | null; categories: string[] }

/** What was read of an event. `value` is in minor units. `key` is alike for events of which conditions see no difference. */
export type EventDetails = {
  key: string
  items: readonly DayItem[]
  value: number | null
  currency: string | null
  term: string | null
  /** Its other properties; null if there are none. */
  props: Readonly<Record<string, PropValue>> | null
  campaign: Campaign | null
  engagedMs: number
}

/** A property that conditions can ask for. */
export type PropValue = Scalar | Scalar[]
type Scalar = string | number | boolean

/** The details of an event without properties. */
export const NO_DETAILS: EventDetails = {
  ...{ key: '', items: [], value: null, currency: null, term: null, props: null, campaign: null, engagedMs: 0 },
}

const MAX_ID = 200
const MAX_NAME = 200
const MAX_CATEGORY = 100
const MAX_TERM = 200

/** Nobody spends longer with one page without a new signal. */
const MAX_ENGAGED_MS = 3600_000

const KEPT = new Map<string, EventDetails>()
const MOST_KEPT = 4000
const MAX_KEPT_LENGTH = 1000

/** Reads the details of an event by the JSON of its properties. `home` is the site's own currency, null if it has none. */
export function detailsOf(type: string, json: string, home: string | null): EventDetails {
  if (json.length > MAX_KEPT_LENGTH) return read(type, json, home)
  const key = `${type} ${home} ${json}`
  const known = KEPT.get(key)
  if (known !== undefined) return known
  const details = read(type, json, home)
  if (KEPT.size >= MOST_KEPT) KEPT.clear()
  KEPT.set(key, details)
  return details
}

function read(type: string, json: string, home: string | null): EventDetails {
  const props = JSON.parse(json) as Record<string, unknown>
  const reading = readCommerce(REFUND_TYPES.has(type) ? 'refund' : type, piecesIn(type, props), home)
  const items = itemsOf(reading.lines)
  const currency = reading.currency ?? (reading.value === null ? null : (home ?? UNKNOWN_CURRENCY))
  const value = reading.value === null || currency === null ? null : toMinor(reading.value, currency)
  const own = fieldsOf(props)
  const term = short(firstText(own, TERMS), MAX_TERM)
  const details = { items, value, currency, term, props: otherProps(props) }
  const isPlain = items.length === 0 && value === null && currency === null && term === null && details.props === null
  return {
    ...details,
    key: isPlain ? '' : JSON.stringify(details),
    campaign: campaignInProps(type, props),
    engagedMs: engagedIn(type, own),
  }
}

/** The properties in which pieces are looked for: the bare `id` of a shop's own event is that of anything. */
function piecesIn(type: string, props: Record<string, unknown>): Record<string, unknown> {
  if (STANDARD_TYPES.has(type) || !('id' in props)) return props
  const { id: _, ...others } = props
  return others
}

const TERMS = ['searchterm', 'searchquery', 'searchstring', 'query', 'keyword']

/** What is kept of the other properties of an event. */
const MAX_PROPS = 20
const MAX_NAME_OF_PROP = 64
const MAX_TEXT = 100
const MAX_LIST = 10

/** Properties with columns of their own, and those that differ from one signal to the next. */
const OWN: ReadonlySet<string> = new Set([
  ...['items', 'products', 'ecommerce', 'value', 'currency', 'search_term'],
  ...['engagement_time_msec', 'engaged_ms', 'engaged_seconds', 'seconds'],
])

function otherProps(props: Record<string, unknown>): Record<string, PropValue> | null {
  const kept: [string, PropValue][] = []
  for (const [name, value] of Object.entries(props)) {
    if (kept.length === MAX_PROPS) break
    if (OWN.has(name) || name.length > MAX_NAME_OF_PROP) continue
    const own = Array.isArray(value) ? value.slice(0, MAX_LIST).flatMap(scalarOf) : scalarOf(value)[0]
    if (own !== undefined && (!Array.isArray(own) || own.length > 0)) kept.push([name, own])
  }
  return kept.length === 0 ? null : Object.fromEntries(kept)
}

function scalarOf(value: unknown): [] | [Scalar] {
  if (typeof value === 'string') return [folded(value.slice(0, MAX_TEXT)).slice(0, MAX_TEXT)]
  return typeof value === 'number' || typeof value === 'boolean' ? [value] : []
}

function itemsOf(lines: { id: string; name: string | null; categories: string[] }[]): DayItem[] {
  const items = new Map<string, DayItem>()
  for (const line of lines) {
    const id = short(line.id, MAX_ID)
    if (id === null) continue
    const known = items.get(id) ?? { id, name: null, categories: [] }
    known.name ??= short(line.name, MAX_NAME)
    for (const category of line.categories.flatMap(levelsOf)) {
      if (!known.categories.includes(category)) known.categories.push(category)
    }
    items.set(id, known)
  }
  return [...items.values()]
}

/** A category, and the levels of one that is written as a path, such as `Rings > Gold` or Universal Analytics' `Rings/Gold`. */
function levelsOf(category: string): string[] {
  const whole = short(category, MAX_CATEGORY)
  if (whole === null) return []
  const levels = whole.split(/[>/]/, 6).flatMap((level) => level.trim() || [])
  return levels.length < 2 ? [whole] : [whole, ...levels]
}

function short(text: string | null, most: number): string | null {
  return text === null ? null : folded(text).trim().slice(0, most) || null
}

const ENGAGEMENTS: ReadonlySet<string> = new Set(['engagement', 'user_engagement'])
const IN_MS = ['engagementtimemsec', 'engagementtimems', 'engagedms', 'engagedtimems']
const IN_SECONDS = ['engagedseconds', 'engagementseconds', 'engagedtime', 'seconds']

/** How long somebody was engaged since the last signal, as the tag's `engagement`, GA4's `user_engagement` or a server says. */
function engagedIn(type: string, own: ReadonlyMap<string, unknown>): number {
  const ms = amountOf(firstOf(own, IN_MS))
  if (ms !== null) return Math.min(MAX_ENGAGED_MS, Math.round(ms))
  const seconds = ENGAGEMENTS.has(type) ? amountOf(firstOf(own, IN_SECONDS)) : null
  return seconds === null ? 0 : Math.min(MAX_ENGAGED_MS, Math.round(seconds * 1000))
}

/** A number, or a short text that is one. Null for anything else, and for what is negative. */
function amountOf(value: unknown): number | null {
  const number = typeof value === 'string' && value.length <= 20 && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && number >= 0 && number < Number.MAX_SAFE_INTEGER ? number : null
}
