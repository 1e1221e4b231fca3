/**
 * The steps that every public door takes: it slows down an address that sends too much, looks where a browser comes
 * from, and writes to the journal. A door answers 2xx only after `journalEntries` has resolved.
 */
import type { Entry } from '../domain/event.ts'
import type { Site } from '../domain/settings.ts'
import { Problem } from '../http/problem.ts'
import { type Journal, JournalUnavailable } from '../journal/group-commit.ts'
import type { RateLimit } from './limits.ts'

/** The headers that the doors read, as Node has them: `Headers` checks each name and value again when it is asked. */
type SentHeaders = Partial<
  Record<
    | 'authorization'
    | 'content-encoding'
    | 'content-length'
    | 'content-type'
    | 'cookie'
    | 'origin'
    | 'sec-fetch-site'
    | 'user-agent',
    string
  >
>

/** One request: its body and its headers, and the address of the client as the proxies in front tell it. */
export type Incoming = { request: Request; headers: SentHeaders; address: string | null }

/** A reply as plain data. A `Response` whose headers were looked at costs more than all checks of a small request. */
export type Answer = { status: number; headers: Record<string, string>; body: string }

/** 429 for an address that sends too much. */
export function checkRate(limit: RateLimit, address: string | null, now: number): void {
  const wait = limit(address, now)
  if (wait === null) return
  throw new Problem(429, 'too_many_requests', `try again in ${wait} s`, { 'retry-after': String(wait) })
}

/**
 * A browser says where it comes from: that must be an origin of the site. Without an origin it must at least say that
 * it is of the same site, or be no browser at all.
 */
export function checkOrigin(headers: SentHeaders, site: Site): void {
  const { origin, 'sec-fetch-site': fetchSite } = headers
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

/** Resolves when all entries are on disk. 503 if one is not: the sender repeats them all, and what was kept is known. */
export async function journalEntries(journal: Journal, entries: Entry[]): Promise<void> {
  try {
    const written = entries.map((entry) => journal.append(JSON.stringify(entry), entry.events.length))
    await (written.length === 1 ? written[0] : Promise.all(written))
  } catch (error) {
    if (!(error instanceof JournalUnavailable)) throw error
    throw new Problem(503, 'journal_unavailable', `${error.message}; try again in 5 s`, { 'retry-after': '5' })
  }
}
