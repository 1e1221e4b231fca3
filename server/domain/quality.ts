/**
 * What a shop sends and nobody could read or keep: the kinds of problems, and how each is counted. A problem is counted by
 * site, event, door and day, never by visitor, with one short example of what was sent (docs/quality.md).
 */
import { COMMERCE_PROBLEMS } from './commerce/lines.ts'

/** The ways in: the tag, servers at `/v1/events` with a secret key, and Segment's API. */
export const DOORS = ['tag', 'api', 'segment'] as const

/** A way in. */
export type Door = (typeof DOORS)[number]

/** The ways in, in words. */
export const DOOR_NAMES: Record<Door, string> = {
  tag: 'the tag',
  api: 'servers with a key',
  segment: 'Segment’s API',
}

/** The kinds of problems. */
export const QUALITY_PROBLEMS = [
  ...(['no_consent', 'no_identity_consent', 'origin_not_allowed', 'visitor_unproven', 'visitor_missing'] as const),
  ...(['time_unreadable', 'time_shifted', 'too_old', 'in_future', 'id_too_long', 'id_unreadable'] as const),
  ...([
    'unknown_type',
    'invalid_event',
    'invalid_request',
    'event_too_large',
    'too_many_events',
    'text_cut',
    'url_unreadable',
  ] as const),
  ...(['blocked_identifier', 'invalid_token'] as const),
  ...COMMERCE_PROBLEMS,
] as const

/** A kind of problem. */
export type QualityProblem = (typeof QUALITY_PROBLEMS)[number]

/** One thing that was sent and could not be read, when it was received. */
export type Noticed = {
  site: string
  door: Door
  event: string
  problem: QualityProblem
  at: number
  example: string | null
  /** The keyed hash of the visitor whose event the example is from: it goes when the visitor does. */
  of: string | null
}

/** The problems of one kind on one day. */
export type QualityCount = {
  site_id: string
  day: number
  event: string
  door: Door
  problem: QualityProblem
  count: number
  first_at: number
  last_at: number
  example: string | null
  example_at: number | null
  example_of: string | null
}

/** How many events came in a few minutes, and how many of them without consent to analytics. */
export type ArrivalCount = { site_id: string; door: Door; slot: number; events: number; without_consent: number }

/** The length of a slot of arrivals. */
export const SLOT_MS = 5 * 60_000

/** The time over which a lack of consent is judged. */
export const JUDGED_MS = 3600_000

/** Fewer events without consent than this say nothing. */
const A_FEW = 3

/** What arrived in the last hour through one door of a site. */
export type Arrived = { site: string; door: Door; events: number; without_consent: number }

/** Whether consent is missing: most events came without it, and more than a few did. */
export function lacksConsent({
  events,
  without_consent: without,
}: Pick<Arrived, 'events' | 'without_consent'>): boolean {
  return without >= A_FEW && without * 2 > events
}

/** That consent is missing, as a sentence. */
export function consentSentence({
  events,
  without_consent: without,
}: Pick<Arrived, 'events' | 'without_consent'>): string {
  return `${without} of ${events} events of the last hour had no consent`
}

/** The longest example. */
export const MAX_EXAMPLE = 200

/** Of a longer text only its length is told. */
const MAX_READ = 1000

/** What may open or name something: long runs of letters and digits. */
const TOKEN = /[A-Za-z0-9._+/=~-]{12,}/g

/** Nine digits or more in a row, with what people write between the digits of a number. */
const NUMBER = /\d(?:[ .()/-]{0,2}\d){8,}/g

/** A day, and maybe a time of it. */
const DATE = /^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}[T ]?[\d:.,Z+ -]{0,30}$/

/**
 * A short excerpt of a value of which addresses and telephone numbers were taken out before: without what looks like a
 * token, a card or an account. Null if there is nothing to show.
 */
export function excerptOf(value: unknown): string | null {
  const text = textIn(value)?.trim() ?? ''
  if (text === '') return null
  if (text.length > MAX_READ) return `a text of ${text.length} characters`
  const masked = DATE.test(text)
    ? text
    : text.replace(TOKEN, (run) => (/\d/.test(run) || run.length >= 20 ? '[token]' : run)).replace(NUMBER, '[number]')
  return masked.length > MAX_EXAMPLE ? `${masked.slice(0, MAX_EXAMPLE - 1).toWellFormed()}…` : masked
}

function textIn(value: unknown): string | null {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (value === null) return 'null'
  if (typeof value !== 'object') return null
  // Of a list or an object only its form: which names it has, and what kind of value each holds.
  if (Array.isArray(value)) return `a list of ${value.length}`
  const names = Object.entries(value)
    .slice(0, 20)
    .map(
      ([name, each]) => `${name.slice(0, 40)}: ${Array.isArray(each) ? 'list' : each === null ? 'null' : typeof each}`,
    )
  return `{${names.join(', ')}}`
}
