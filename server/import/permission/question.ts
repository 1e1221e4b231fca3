/**
 * What a heading asks about the permission to mail. A heading grants only if all its words are known: any other word may
 * forbid, or speak of something else. A refusal counts whatever other words stand beside it. A permission for another
 * purpose or channel, and a count, say nothing about mail. Pure; the words are in `words.ts`.
 */
import { wordsOf } from './heading-words.ts'
import {
  ABOUT,
  ALLOW,
  CHANGE,
  CHANNELS,
  CONSENT,
  COUNTS,
  END_STEMS,
  FULFILLED,
  LAW,
  MAIL,
  NEWS,
  NOT,
  OFFERS,
  OTHERS_MAIL,
  PROCESSING,
  PROMO,
  PURPOSES,
  REACH,
  REFUSAL_STEMS,
  SENDERS_OWN,
  SMALL,
  STATUS,
  SUBSCRIPTION,
  TIME,
  WANT,
} from './words.ts'

/**
 * How the cells below a heading are read.
 *
 * - `grants`: a yes allows mail, a no forbids it.
 * - `forbids`: whatever is not a plain no forbids mail.
 * - `status`: the state of a subscription in words.
 * - `state`: the state of anything; only words of refusal count.
 * - `no_only`: a no forbids mail, a yes allows nothing.
 * - `doubt`: a no may concern something else, so it leaves the permission unclear; a yes allows nothing.
 * - `unread`: what yes and no mean is not known, so that any value leaves the permission unclear.
 */
export type Asks = 'grants' | 'forbids' | 'status' | 'state' | 'no_only' | 'doubt' | 'unread'

/** The question of a heading. `time`: its cells say when. `unknown`: the words that keep it from granting. */
export type Question = { asks: Asks; time: 'at' | 'change' | null; unknown: string[] }

/** Longer headings are cut off, and what was cut off may deny the beginning. */
const MAX_HEADING = 1000

const set = (...lists: string[][]) => new Set(lists.flat())
const KNOWN = set(
  SMALL,
  NEWS,
  MAIL,
  PROMO,
  OFFERS,
  CONSENT,
  ALLOW,
  WANT,
  FULFILLED,
  SUBSCRIPTION,
  STATUS,
  TIME,
  CHANGE,
  NOT,
  REACH,
)
const ELSEWHERE = set(CHANNELS, PURPOSES, COUNTS, ABOUT, LAW)
const SETS = {
  news: set(NEWS),
  mail: set(MAIL),
  promo: set(PROMO),
  offers: set(OFFERS),
  consent: set(CONSENT),
  allow: set(ALLOW),
  want: set(WANT),
  subscription: set(SUBSCRIPTION),
  status: set(STATUS),
  time: set(TIME),
  change: set(CHANGE),
  not: set(NOT),
  reach: set(REACH),
  channel: set(CHANNELS),
  purpose: set(PURPOSES),
  partner: set(OTHERS_MAIL),
  processing: set(PROCESSING),
  law: set(LAW),
  count: set(COUNTS),
  about: set(ABOUT),
  sendersOwn: set(SENDERS_OWN),
  small: set(SMALL),
}

const LISTS = new Set(['list', 'lists', 'liste', 'listes', 'lista', 'listas'])

/** Words that a stem would take for a refusal. */
const NO_REFUSALS = new Set([
  'blocks',
  'banner',
  'terms',
  'terme',
  'termes',
  'terminal',
  'excel',
  'exceptional',
  'expiry',
])

const startsOne = (word: string, stems: readonly string[]) =>
  !NO_REFUSALS.has(word) && stems.some((stem) => (stem.length <= 4 ? word === stem : word.startsWith(stem)))

const isKnown = (word: string) =>
  KNOWN.has(word) || ELSEWHERE.has(word) || startsOne(word, REFUSAL_STEMS) || startsOne(word, END_STEMS)

/** The question that a heading asks; null if it does not ask about mail. */
export function questionOf(heading: string): Question | null {
  if (heading.length >= MAX_HEADING) return null
  // Its name in PrestaShop's tables, where it means the offers of partners.
  if (heading.trim() === 'optin') return null
  const { words, oddLegend } = wordsOf(heading, isKnown)
  const has = (name: keyof typeof SETS) => words.some((word) => SETS[name].has(word))
  const time = has('change') ? 'change' : words.length > 1 && has('time') ? 'at' : null
  const unknown = words.filter((word) => !KNOWN.has(word) && !/^\d+$/.test(word))
  const asks = askedBy(words, has, unknown)
  if (asks === null) return null
  if (oddLegend && asks !== 'state') return { asks: 'unread', time: null, unknown: [] }
  return { asks, time, unknown: asks === 'forbids' ? [] : unknown }
}

function askedBy(words: string[], has: (name: keyof typeof SETS) => boolean, unknown: string[]): Asks | null {
  const aboutMail = has('news') || has('mail') || has('promo')
  const permits =
    has('consent') ||
    has('news') ||
    ((has('mail') || has('promo')) && (has('allow') || has('want'))) ||
    (has('mail') && has('subscription')) ||
    (has('offers') && has('want')) ||
    (has('promo') && has('reach')) ||
    (has('law') && has('allow')) ||
    (has('mail') && has('promo'))
  const refuses = words.some((word) => startsOne(word, REFUSAL_STEMS))
  const ends = words.some((word) => startsOne(word, END_STEMS)) && (aboutMail || permits || has('subscription'))
  const denies = has('not') && words.length > 1 && (permits || aboutMail || has('reach') || has('want'))
  // A bounce that may pass says nothing about the person.
  if (words.includes('softbounce') || (refuses && words.includes('soft'))) return null
  if (refuses || ends || denies) {
    if (has('sendersOwn') || (words.includes('id') && words.length === 2)) return null
    if (has('partner') && !(has('news') && refuses)) return null
    if (has('channel') && !has('news') && !has('mail')) return null
    if (!aboutMail && words.some((word) => SETS.purpose.has(word) && !SETS.processing.has(word))) return null
    // "Not unsubscribed" may be read either way.
    if (isRefusalDenied(words)) return 'unread'
    return 'forbids'
  }
  if (has('status')) {
    if (has('purpose') || (has('channel') && !aboutMail)) return null
    // The state of each list.
    if (has('count')) return aboutMail || has('subscription') || words.some((word) => LISTS.has(word)) ? 'state' : null
    if (aboutMail || has('consent') || has('subscription')) return unknown.length === 0 ? 'status' : 'state'
    return unknown.length === 0 || isOnlyState(words) ? 'state' : null
  }
  if (!permits || has('purpose') || has('count')) return null
  if (has('channel')) return has('news') || has('mail') ? 'no_only' : null
  // The source, the text or the day of a request of a permission: only words of refusal count there.
  if (has('about')) return 'state'
  if (unknown.length === 0) return 'grants'
  return aboutMail || has('law') ? 'no_only' : 'doubt'
}

/** Whether a negation stands before a word that refuses. */
function isRefusalDenied(words: string[]): boolean {
  return words.some((word, i) => {
    const next = words.slice(i + 1).find((each) => !SETS.small.has(each))
    return SETS.not.has(word) && next !== undefined && (startsOne(next, REFUSAL_STEMS) || startsOne(next, END_STEMS))
  })
}

/** Whether a heading is about the state of a contact, not of an order or a payment. */
function isOnlyState(words: string[]): boolean {
  return words.every((word) => SETS.status.has(word) || KNOWN.has(word) || word === 'lead')
}
