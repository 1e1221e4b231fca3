/**
 * What every public endpoint receives, and what it makes of it: journal entries, and the answer to send once they are
 * on disk. An endpoint itself writes nothing.
 */
import type { Entry } from '../domain/event.ts'
import { Problem } from '../domain/problem.ts'
import type { Site } from '../domain/settings.ts'
import type { CallKind } from './segment-map.ts'

/** A public endpoint: the tag's, or one of Segment's by the kind of its calls. RudderStack's `merge` is only answered. */
export type Endpoint = 'events' | 'batch' | 'merge' | CallKind

/** A request that was admitted and read, as plain data, because it crosses to another thread. */
export type CollectRequest = {
  /** The client's address as reported by the proxies in front. */
  address: string | null
  receivedAt: number
  text: string
  /** The site named in the query, as Segment's callers may do. */
  site: string | null
  /** The write key in the query, as RudderStack's beacons send it. */
  writeKey: string | null
  authorization: string | undefined
  cookie: string | undefined
  origin: string | undefined
  fetchSite: string | undefined
  userAgent: string | undefined
}

/** A reply as plain data: JSON that must not be cached, unless the headers say otherwise. */
export type Answer = { status: number; headers: Record<string, string>; body: string }

/** The result of a request. It is answered once all its entries are on disk, never before; with none, at once. */
export type Checked = { entries: Entry[]; answer: Answer }

/**
 * A browser's `Origin` must be one of the site's. Without an origin, the request must at least be same-site, or not
 * come from a browser.
 */
export function checkOrigin({ origin, fetchSite }: Pick<CollectRequest, 'origin' | 'fetchSite'>, site: Site): void {
  if (origin !== undefined && origin !== 'null') {
    if (site.origins.includes(origin)) return
    throw new Problem(403, 'origin_not_allowed', `Origin must be one of the site's origins (got "${origin}")`)
  }
  if (fetchSite === undefined || fetchSite === 'same-origin' || fetchSite === 'same-site') return
  throw new Problem(
    403,
    'origin_not_allowed',
    `a request without Origin must come from the same site (got "${fetchSite}")`,
  )
}

/** The 503 for a journal that cannot accept more. The sender repeats the whole request; what was kept is recognised. */
export function journalUnavailable(why: string): Problem {
  return new Problem(503, 'journal_unavailable', `${why}; try again in 5 s`, { 'retry-after': '5' })
}
