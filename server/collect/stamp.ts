/**
 * Stamping: what the collector adds to a request and removes from it before anything is kept. Times are corrected to
 * the collector's clock, addresses are truncated, and query parameters are removed except those the site keeps.
 */
import { LIMITS, type WireEvent } from '../../tag/wire.ts'
import { cleanText, HEADLINE, type OnRemoved, PLACE } from './personal-data.ts'
import { createUnchanged, type Unchanged } from './unchanged.ts'

/** The time of an event by the collector's clock: shifted by the sender's error if that is over a minute. */
export function correctedTime(at: number, sentAt: number | null, receivedAt: number): number {
  if (sentAt === null) return at
  const skew = receivedAt - sentAt
  return Math.abs(skew) <= LIMITS.clockSkewMs ? at : at + skew
}

/** An IPv6 address with the name of its zone is shorter. */
const MAX_ADDRESS = 80

/** /24 of IPv4, /48 of IPv6, null for anything else. An IPv4 address in IPv6 form counts as IPv4. */
export function truncateAddress(address: string | null): string | null {
  if (!address || address.length > MAX_ADDRESS) return null
  const v4 = /^(?:::ffff:)?(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.\d{1,3}$/i.exec(address)
  if (v4) return `${v4[1]}.${v4[2]}.${v4[3]}.0`
  if (!address.includes(':')) return null
  const groups = groupsOf(address).slice(0, 3)
  return groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group)) ? `${groups.join(':').toLowerCase()}::` : null
}

/** The sender that an address stands for: an IPv4 address, or the /64 of IPv6, of which a sender has a whole one. */
export function senderAddress(address: string): string {
  // Longer texts are no addresses; they are not kept at length.
  const text = address.slice(0, 64)
  if (!text.includes(':') || /^::ffff:[\d.]+$/i.test(text)) return text
  const groups = groupsOf(text).slice(0, 4)
  return groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')
}

/** The groups of an IPv6 address, with those that `::` leaves out. */
function groupsOf(address: string): string[] {
  const [zoneless = ''] = address.split('%', 1)
  const [head = '', tail] = zoneless.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)
  return [...left, ...Array<string>(zeros).fill('0'), ...right]
}

/**
 * A page address that can be cut as text: no user or password before the host, and no host or path that would be
 * written differently. Most are plain; parsing an address and putting it together costs ten times as much.
 */
const PLAIN_URL = /^(https?:\/\/[A-Za-z0-9.:-]+(?:$|\/[A-Za-z0-9._~/-]*))(?:\?([A-Za-z0-9._~=&%+:/-]*))?$/

/** A query name that reads the same when decoded. */
const PLAIN_NAME = /^[A-Za-z0-9._-]*$/

/** The page that a router keeps in the fragment (`#/rings/12?size=52`, `#!/rings`), and its query. No value is a page. */
const ROUTE = /^(#!?\/[^?&#=]*)(?:[?&]([^#]*))?/

/**
 * A page's address without user and password, and with only the query names that the site keeps. Of a fragment only the
 * page of a router stays, with its query cut likewise.
 */
export function cleanUrl(text: string, kept: string[]): string | undefined {
  const cut = text.indexOf('#')
  if (cut < 0) return cleanPage(text, kept)
  const page = cleanPage(text.slice(0, cut), kept)
  const route = page === undefined ? null : ROUTE.exec(text.slice(cut))
  if (route === null) return page
  const [, place, query = ''] = route
  const clean = cleanQuery(query, kept) ?? onlyKept(new URLSearchParams(query), kept) ?? query
  return URL.parse(`${page}${place}${clean === '' ? '' : `?${clean}`}`)?.href
}

function cleanPage(text: string, kept: string[]): string | undefined {
  const plain = PLAIN_URL.exec(text)
  if (plain !== null) {
    const query = plain[2] ? cleanQuery(plain[2], kept) : ''
    if (query !== null) return query === '' ? plain[1] : `${plain[1]}?${query}`
  }
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol)) return undefined
  url.username = ''
  url.password = ''
  const clean = onlyKept(url.searchParams, kept)
  if (clean !== null) url.search = clean
  return url.href
}

/** What the site keeps of a query; null if it is all. At once: an address is written anew after each change. */
function onlyKept(query: URLSearchParams, kept: string[]): string | null {
  const pairs = [...query]
  const clean = pairs.filter(([name]) => keeps(kept, name))
  return clean.length < pairs.length ? new URLSearchParams(clean).toString() : null
}

/** The part of a query that the site keeps. Null if a name must be decoded first. */
function cleanQuery(query: string, kept: string[]): string | null {
  let clean = ''
  for (const part of query.split('&')) {
    const cut = part.indexOf('=')
    const name = cut < 0 ? part : part.slice(0, cut)
    if (!PLAIN_NAME.test(name)) return null
    if (part !== '' && keeps(kept, name)) clean += clean === '' ? part : `&${part}`
  }
  return clean
}

function keeps(kept: string[], name: string): boolean {
  return kept.some((rule) => (rule.endsWith('*') ? name.startsWith(rule.slice(0, -1)) : name === rule))
}

/** The event's texts as they may be kept: page addresses cut, and without what names a person. */
export function cleanTexts(
  { url, referrer, title }: Pick<WireEvent, 'url' | 'referrer' | 'title'>,
  kept: string[],
  onRemoved: OnRemoved,
): { url?: string; referrer?: string; title?: string } {
  const known = knownPlaces(kept)
  return {
    url: url === undefined ? undefined : cleanPlace(url, kept, known, onRemoved),
    referrer: referrer === undefined ? undefined : cleanPlace(referrer, kept, known, onRemoved),
    title: title === undefined ? undefined : cleanText(title, onRemoved, HEADLINE),
  }
}

/** The addresses that stay as they are, by what a site keeps of queries: a list of its own for each of its versions. */
const places = new WeakMap<string[], Unchanged>()

function knownPlaces(kept: string[]): Unchanged {
  let known = places.get(kept)
  if (known === undefined) {
    known = createUnchanged()
    places.set(kept, known)
  }
  return known
}

/** The length of an address that is kept. Most of a longer one is its query. */
export const MAX_URL = 4096

function cleanPlace(text: string, kept: string[], known: Unchanged, onRemoved: OnRemoved): string | undefined {
  if (known.has(text)) return text
  const clean = cleanUrl(cleanPath(text, onRemoved), kept)?.slice(0, MAX_URL)
  if (clean === text) known.add(text)
  return clean
}

/** The host, before which a user and a password may stand. */
const HOST_PART = /^https?:\/\/[^/?#]{0,2048}/i

/** A page's address without what names a person behind its host. Before it is cut: `&#64;` must not pass for a fragment. */
function cleanPath(text: string, onRemoved: OnRemoved): string {
  const [host = ''] = HOST_PART.exec(text) ?? []
  return host + cleanText(text.slice(host.length), onRemoved, PLACE)
}

const agents = createUnchanged()

/** A user agent without what names a person. */
export function cleanAgent(userAgent: string, onRemoved: OnRemoved): string {
  if (agents.has(userAgent)) return userAgent
  const clean = cleanText(userAgent, onRemoved)
  if (clean === userAgent) agents.add(userAgent)
  return clean
}
