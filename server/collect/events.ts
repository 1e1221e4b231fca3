/**
 * `POST /v1/events`: checks a request against the wire contract, stamps it, and answers 202 once it is on disk.
 *
 * This route applies no rule of the business, reads no contact and needs no database. It either refuses the request
 * with a reason or hands on what is left of it. It must never answer 2xx before the journal has said "on disk", and
 * no reply tells whether a contact exists.
 */
import { isbot } from 'isbot'
import { LIMITS, type RejectCode, type WireReply } from '../../tag/wire.ts'
import { type Entry, eventType, type StampedConsent, type StampedEvent } from '../domain/event.ts'
import type { Site } from '../domain/settings.ts'
import { Problem } from '../http/problem.ts'
import { type Journal, JournalUnavailable } from '../journal/group-commit.ts'
import { readBody } from './body.ts'
import { type ClaimDeps, claimOf } from './claim.ts'
import type { Configuration } from './configuration.ts'
import { type CookieMac, cookieName, expireCookie, readCookie, writeCookie } from './cookie.ts'
import type { RateLimit } from './limits.ts'
import { envelopeSchema, eventSchema, firstProblem, isTooDeep, TOO_DEEP } from './schema.ts'
import { cleanTexts, correctedTime, truncateAddress } from './stamp.ts'
import { withoutAddresses } from './without-addresses.ts'

/** What the route works with. */
export type EventsDeps = ClaimDeps & {
  configuration: Configuration
  journal: Journal
  hashKey: (key: string) => string
  cookieMac: CookieMac
  /** Browsers reach the collector over https. */
  secure: boolean
  limit: RateLimit
  now: () => number
  newId: () => string
  /** Counts what is not stored. */
  count: (what: 'accepted' | 'duplicate' | 'bot' | RejectCode, n: number) => void
}

type Envelope = ReturnType<typeof envelopeSchema.parse>

/** One request: the web's, and the address of the client as the proxies in front tell it. */
export type Incoming = { request: Request; address: string | null }

/** Answers one request. Throws `Problem` for what is refused as a whole. */
export async function collectEvents({ request, address }: Incoming, deps: EventsDeps): Promise<Response> {
  const receivedAt = deps.now()
  const wait = deps.limit(address, receivedAt)
  if (wait !== null) {
    throw new Problem(429, 'too_many_requests', `try again in ${wait} s`, { 'retry-after': String(wait) })
  }
  const keyed = await checkKey(request, deps)
  const envelope = await parse(request, keyed)
  const site = await deps.configuration.freshSite(envelope.site)
  if (!site)
    throw new Problem(401, 'unknown_site', `site must be the id of a site of this collector (got "${envelope.site}")`)
  checkOrigin(request, site)
  if (!keyed && envelope.sent_at === undefined) {
    throw new Problem(400, 'invalid_request', 'sent_at must be given (only a request with a key may leave it out)')
  }
  const userAgent = request.headers.get('user-agent')
  if (!keyed && isbot(userAgent)) {
    deps.count('bot', envelope.events.length)
    return reply({ visitor: null, accepted: 0, duplicate: 0, rejected: [] }, null)
  }

  const name = cookieName(site, deps.secure)
  const cookie = readCookie(request.headers.get('cookie') ?? undefined, name, site, deps.cookieMac, receivedAt)
  const known = envelope.visitor ?? cookie?.visitor ?? null
  const withdrawal = !envelope.consent.analytics
  const stamped = await stampEvents(envelope, { site, receivedAt, keyed, known: known !== null }, deps)
  const { events, rejected, duplicate } = stamped
  for (const { code } of rejected) deps.count(code, 1)
  deps.count('duplicate', duplicate)
  if (events.length === 0) return reply({ visitor: withdrawal ? null : known, accepted: 0, duplicate, rejected }, null)

  const visitor = known ?? envelope.candidate ?? deps.newId()
  const ip = truncateAddress(address)
  const entry: Entry = {
    request: deps.newId(),
    site: site.id,
    visitor,
    received_at: receivedAt,
    ...(ip === null ? {} : { ip }),
    // A server's own user agent says nothing of the visitor's browser.
    ...(keyed || userAgent === null ? {} : { user_agent: userAgent.slice(0, 512) }),
    keyed,
    consent: stampConsent(envelope, events, receivedAt),
    events,
  }
  try {
    await deps.journal.append(JSON.stringify(entry), events.length)
  } catch (error) {
    if (!(error instanceof JournalUnavailable)) throw error
    throw new Problem(503, 'journal_unavailable', `${error.message}; try again in 5 s`, { 'retry-after': '5' })
  }
  deps.count('accepted', events.length)
  const setCookie = withdrawal
    ? expireCookie(name, deps.secure)
    : writeCookie(visitor, cookie, name, deps.secure, site, deps.cookieMac, receivedAt)
  return reply({ visitor: withdrawal ? null : visitor, accepted: events.length, duplicate, rejected }, setCookie)
}

function reply(body: WireReply, setCookie: string | null): Response {
  return new Response(JSON.stringify(body), {
    status: 202,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      ...(setCookie === null ? {} : { 'set-cookie': setCookie }),
    },
  })
}

/** Whether the request carries a secret key; 401 or 403 if it carries one that does not do. */
async function checkKey(request: Request, deps: EventsDeps): Promise<boolean> {
  const header = request.headers.get('authorization')
  if (header === null) return false
  const token = /^Bearer (\S+)$/i.exec(header)?.[1]
  const key = token === undefined ? undefined : await deps.configuration.freshKey(deps.hashKey(token))
  if (!key) throw new Problem(401, 'unknown_key', 'Authorization must be "Bearer KEY" with a key of this collector')
  if (!key.scopes.includes('events:write')) {
    throw new Problem(403, 'missing_scope', 'the key must have the scope events:write')
  }
  return true
}

async function parse(request: Request, keyed: boolean): Promise<Envelope> {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'text/plain' && type !== 'application/json') {
    throw new Problem(
      415,
      'unsupported_media_type',
      `Content-Type must be text/plain or application/json (got "${type ?? ''}")`,
    )
  }
  const limits = keyed ? LIMITS.keyed : LIMITS.tag
  const text = await readBody(request, limits.bytes)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new Problem(400, 'invalid_json', 'the body must be JSON')
  }
  const parsed = envelopeSchema.safeParse(json)
  if (!parsed.success) throw new Problem(400, 'invalid_request', firstProblem(parsed.error))
  if (parsed.data.events.length > limits.events) {
    throw new Problem(413, 'too_many_events', `events must hold at most ${limits.events}; send them in parts`)
  }
  return parsed.data
}

/**
 * A browser says where it comes from: that must be an origin of the site. Without an origin it must at least say that
 * it is of the same site, or be no browser at all.
 */
function checkOrigin(request: Request, site: Site): void {
  const origin = request.headers.get('origin')
  if (origin !== null && origin !== 'null') {
    if (site.origins.includes(origin)) return
    throw new Problem(403, 'origin_not_allowed', `Origin must be one of the site's origins (got "${origin}")`)
  }
  const fetchSite = request.headers.get('sec-fetch-site')
  if (fetchSite === null || fetchSite === 'same-origin' || fetchSite === 'same-site') return
  throw new Problem(
    403,
    'origin_not_allowed',
    `a request without Origin must come from the same site (got "${fetchSite}")`,
  )
}

async function stampEvents(
  envelope: Envelope,
  context: { site: Site; receivedAt: number; keyed: boolean; known: boolean },
  deps: EventsDeps,
): Promise<{ events: StampedEvent[]; rejected: WireReply['rejected']; duplicate: number }> {
  const { site, receivedAt, keyed } = context
  const sentAt = envelope.sent_at === undefined ? null : Date.parse(envelope.sent_at)
  const events: StampedEvent[] = []
  const rejected: WireReply['rejected'] = []
  const seen = new Set<string>()
  let duplicate = 0
  for (const [index, raw] of envelope.events.entries()) {
    const reject = (code: RejectCode, message: string) => rejected.push({ index, code, message })
    if (isTooDeep(raw)) {
      reject('invalid_event', TOO_DEEP)
      continue
    }
    const parsed = eventSchema.safeParse(raw)
    if (!parsed.success) {
      reject('invalid_event', firstProblem(parsed.error))
      continue
    }
    const event = parsed.data
    const refusal = refuse(event, raw, envelope, context)
    if (refusal) {
      reject(...refusal)
      continue
    }
    const at = correctedTime(Date.parse(event.at), sentAt, receivedAt)
    // A withdrawal counts however late it comes.
    if (!keyed && event.type !== 'consent' && at < receivedAt - LIMITS.maxAgeMs) {
      reject('too_old', 'at must be within the last 7 days (a request with a key may be older)')
      continue
    }
    if (at > receivedAt + LIMITS.maxAheadMs) {
      reject('in_future', 'at must not be more than a minute ahead')
      continue
    }
    if (seen.has(event.id)) {
      duplicate++
      continue
    }
    const stamped: StampedEvent = {
      id: event.id,
      type: eventType(event.type),
      at,
      ...cleanTexts(event, site.settings.kept_query),
    }
    if (event.type === 'identify') {
      const result = await claimOf(event.props, { site, at, receivedAt, keyed }, deps)
      if ('code' in result) {
        reject(result.code, result.message)
        continue
      }
      stamped.claim = result.claim
      stamped.props = { kind: event.props?.kind }
    } else if (event.props !== undefined) stamped.props = event.props
    seen.add(event.id)
    events.push(withoutAddresses(stamped, (email) => deps.identifier('email', deps.sha256(email))))
  }
  return { events, rejected, duplicate }
}

/** Why an event may not be taken under the request's consent, or for its size. */
function refuse(
  event: { type: string },
  raw: unknown,
  { consent }: Envelope,
  { known }: { known: boolean },
): [RejectCode, string] | null {
  if (!consent.analytics && !(event.type === 'consent' && known)) {
    return ['no_consent', 'consent.analytics must be true for anything to be stored']
  }
  if (event.type === 'identify' && !consent.identity) {
    return ['no_consent', 'consent.identity must be true for a claim to be stored']
  }
  if (Buffer.byteLength(JSON.stringify(raw)) > LIMITS.eventBytes) {
    return ['event_too_large', `an event must have at most ${LIMITS.eventBytes} bytes`]
  }
  return null
}

/** The choice with its time: as it was said, else the time of the request's first event, never in the future. */
function stampConsent({ consent, sent_at }: Envelope, events: StampedEvent[], receivedAt: number): StampedConsent {
  const said =
    consent.at === undefined
      ? Math.min(...events.map((event) => event.at))
      : correctedTime(Date.parse(consent.at), sent_at === undefined ? null : Date.parse(sent_at), receivedAt)
  return { ...consent, at: Math.min(said, receivedAt) }
}
