/**
 * What every public door is given, and what it makes of it: entries, and the answer for when they are in the journal.
 * A door itself writes nothing.
 */
import type { Entry } from '../domain/event.ts'
import { Problem } from '../domain/problem.ts'
import type { Site } from '../domain/settings.ts'
import type { CallKind } from './segment-map.ts'

/** A public door: that of the tag, or one of Segment's by the kind of its calls. */
export type Endpoint = 'events' | 'batch' | CallKind

/** A request that was let in and read, as plain data: it goes to another thread. */
export type CollectRequest = {
  /** The client's address as the proxies in front tell it. */
  address: string | null
  receivedAt: number
  text: string
  /** The site that the request's address names, as those of Segment's callers may. */
  site: string | null
  authorization: string | undefined
  cookie: string | undefined
  origin: string | undefined
  fetchSite: string | undefined
  userAgent: string | undefined
}

/** A reply as plain data: JSON that nobody may keep, unless the headers say otherwise. */
export type Answer = { status: number; headers: Record<string, string>; body: string }

/** What a request comes to. It is answered when all its entries are on disk, never before; with none, at once. */
export type Checked = { entries: Entry[]; answer: Answer }

/**
 * A browser says where it comes from: that must be an origin of the site. Without an origin it must at least say that
 * it is of the same site, or be no browser at all.
 */
export function checkOrigin({ origin, fetchSite }: CollectRequest, site: Site): void {
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

/** What a sender is told when nothing can be taken now, and why: he repeats it all, and what was kept is known. */
export function journalUnavailable(why: string): Problem {
  return new Problem(503, 'journal_unavailable', `${why}; try again in 5 s`, { 'retry-after': '5' })
}
