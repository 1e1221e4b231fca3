/**
 * `POST /v1/events`: checks a request against the wire contract and stamps it.
 *
 * This route applies no business rule, reads no contact and needs no database, except to tell the refusal of a new
 * browser, of which nothing may be kept, from the withdrawal of one whose cookie is gone. It either refuses the request with a
 * reason or passes on the valid part. No reply reveals whether a contact exists.
 */
import { LIMITS, type RejectCode, type WireReply } from '../../tag/wire.ts'
import type { Entry, StampedConsent, StampedEvent } from '../domain/event.ts'
import { parseJson } from '../domain/nul.ts'
import { firstProblem, Problem } from '../domain/problem.ts'
import type { Site } from '../domain/settings.ts'
import { type Answer, type Checked, type CollectRequest, checkOrigin } from './accept.ts'
import { isBot } from './bot.ts'
import { type Envelope, stampEvents } from './check-events.ts'
import type { ClaimDeps } from './claim.ts'
import type { Directory } from './configuration.ts'
import { type CookieMac, cookieName, expireCookie, readCookie, writeCookie } from './cookie.ts'
import type { Growth } from './growth.ts'
import { beginNotices, fieldsIn, type NoticeDeps, type Notices } from './notices.ts'
import { cleanText, type PersonalKind } from './personal-data.ts'
import { envelopeSchema } from './schema.ts'
import type { Sequence } from './sequence.ts'
import { cleanAgent, correctedTime, truncateAddress } from './stamp.ts'
import { tolerateBatch } from './tolerance.ts'
import { type HashVisitor, provenVisitors } from './visitor.ts'
import { isEnvelope } from './wire-check.ts'

/** What the route needs. */
export type EventsDeps = ClaimDeps &
  NoticeDeps & {
    configuration: Directory
    hashKey: (key: string) => string
    /** Notes that a key was used. */
    keyUsed: (id: string) => void
    cookieMac: CookieMac
    hashVisitor: HashVisitor
    /** Whether anything of a visitor was accepted, or whether it has withdrawn. Asks the store, if it can be asked. */
    isKnown: (visitor: string) => Promise<boolean>
    /** Browsers reach the collector over https. */
    secure: boolean
    newId: () => string
    growth: Growth
    sequence: Sequence
    /** Counts events that are not stored, and what is taken out of those that are. */
    count: (what: 'duplicate' | 'bot' | RejectCode | PersonalKind, n: number) => void
  }

/** No site's id is longer. */
const MAX_SITE = 64

/** Checks one request. Throws a `Problem` for a request that is refused as a whole. */
export async function collectEvents(delivery: CollectRequest, deps: EventsDeps): Promise<Checked> {
  const keyed = delivery.authorization !== undefined
  const body = parse(delivery.text)
  const { site: id, consent, events } = fieldsIn(body)
  const site = typeof id === 'string' && id.length <= MAX_SITE ? await deps.configuration.freshSite(id) : undefined
  const notices = beginNotices({ site: site?.id ?? '', door: keyed ? 'api' : 'tag', at: delivery.receivedAt }, deps)
  try {
    const envelope = envelopeOf(body, keyed, notices)
    if (!site)
      throw new Problem(401, 'unknown_site', `site must be the id of a site of this collector (got "${envelope.site}")`)
    return await collect(delivery, { site, keyed, envelope, notices }, deps)
  } catch (error) {
    if (site && Array.isArray(events)) {
      const types = events.map((event) => fieldsIn(event).type)
      if ((consent ?? null) === null && error instanceof Problem && error.code === 'invalid_request') {
        // Refused for its form, but what is wrong is that nobody was asked.
        for (const type of types) notices.note('no_consent', type, null, false)
        notices.end(null)
        deps.quality.arrived(site.id, keyed ? 'api' : 'tag', delivery.receivedAt, types.length, types.length)
      } else notices.refused(error, types, fieldsIn(consent).analytics === true)
    }
    throw error
  }
}

/** What is known of a request before it is checked. */
type Asked = { site: Site; keyed: boolean; envelope: Envelope; notices: Notices }

async function collect(delivery: CollectRequest, asked: Asked, deps: EventsDeps): Promise<Checked> {
  const { address, receivedAt, text } = delivery
  const { site, keyed, envelope, notices } = asked
  checkOrigin(delivery, site)
  if (!keyed && envelope.sent_at === undefined) {
    throw new Problem(400, 'invalid_request', 'sent_at is required (only a request with a key may omit it)')
  }
  const userAgent = delivery.userAgent ?? null
  if (!keyed && isBot(userAgent)) {
    deps.count('bot', envelope.events.length)
    return { entries: [], answer: reply({ visitor: null, accepted: 0, duplicate: 0, rejected: [] }, null) }
  }
  const from = { site: site.id, address, now: receivedAt }
  if (!keyed) deps.growth.admit(from, { events: envelope.events.length, bytes: text.length })

  const name = cookieName(site, deps.secure)
  const cookie = readCookie(delivery.cookie, name, site, deps.cookieMac, receivedAt)
  const proven = provenVisitors({ ...envelope, cookie, keyed }, deps.hashVisitor)
  const withdrawal = !envelope.consent.analytics
  // A candidate alone may be a new browser's, whose refusal must leave nothing.
  const mayBeNew = cookie === null && envelope.visitor === undefined
  const visitors = withdrawal && mayBeNew ? await knownOf(proven, deps.isKnown) : proven
  const ip = truncateAddress(address)
  const onRemoved = (kind: PersonalKind) => deps.count(kind, 1)
  // A server's own address says nothing about the visitor's network.
  const context = {
    site,
    receivedAt,
    keyed,
    ip: keyed ? null : ip,
    known: visitors.length > 0,
    large: mayBeLarge(text),
  }
  const stamped = await stampEvents(envelope, context, deps, onRemoved, notices)
  const { events, rejected, duplicate } = stamped
  for (const { code } of rejected) deps.count(code, 1)
  deps.count('duplicate', duplicate)
  const count = (visitor: string | null) => {
    const without = withdrawal ? envelope.events.length - events.length : 0
    deps.quality.arrived(site.id, keyed ? 'api' : 'tag', receivedAt, envelope.events.length, without)
    notices.end(visitor)
  }
  if (events.length === 0) {
    count(visitors[0] ?? null)
    return {
      entries: [],
      answer: reply({ visitor: withdrawal ? null : (visitors[0] ?? null), accepted: 0, duplicate, rejected }, null),
    }
  }

  const visitor = visitors[0] ?? deps.newId()
  if (!keyed && !withdrawal) deps.growth.admitNew(from, cookie?.visitor === visitor ? [] : [visitor], events)
  count(visitor)
  const entry: Omit<Entry, 'request'> = {
    site: site.id,
    visitor,
    received_at: receivedAt,
    ...(ip === null ? {} : { ip }),
    // A server's own user agent says nothing about the visitor's browser.
    ...(keyed || userAgent === null ? {} : { user_agent: cleanAgent(userAgent, onRemoved) }),
    keyed,
    consent: stampConsent(envelope, events, receivedAt, onRemoved),
    events,
  }
  const answer = { visitor: withdrawal ? null : visitor, accepted: events.length, duplicate, rejected }
  if (withdrawal) {
    const entries = visitors.map((each) => ({ request: deps.newId(), ...entry, visitor: each }))
    return { entries, answer: reply(answer, expireCookie(name, deps.secure)) }
  }
  // A cookie is proof: an id that only a key named gets none, and a valid one is not replaced by another visitor's.
  const isOwn = cookie === null ? !keyed || envelope.visitor === undefined : cookie.visitor === visitor
  const setCookie = isOwn ? writeCookie(visitor, cookie, name, deps.secure, site, deps.cookieMac, receivedAt) : null
  return { entries: [{ request: deps.newId(), ...entry }], answer: reply(answer, setCookie) }
}

async function knownOf(visitors: string[], isKnown: EventsDeps['isKnown']): Promise<string[]> {
  const known = await Promise.all(visitors.map(isKnown))
  return visitors.filter((_, i) => known[i])
}

function reply(body: WireReply, setCookie: string | null): Answer {
  return { status: 202, headers: setCookie === null ? {} : { 'set-cookie': setCookie }, body: JSON.stringify(body) }
}

function parse(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    throw new Problem(400, 'invalid_json', 'the body must be JSON')
  }
}

function envelopeOf(json: unknown, keyed: boolean, notices: Notices): Envelope {
  const policy = tolerateBatch(json)
  if (policy !== null) notices.cut('policy', policy, 'consent')
  // biome-ignore lint/style/noNonNullAssertion: the schema refuses whatever its compiled check refuses
  if (!isEnvelope(json)) throw new Problem(400, 'invalid_request', firstProblem(envelopeSchema.safeParse(json).error!))
  const { events: most } = keyed ? LIMITS.keyed : LIMITS.tag
  if (json.events.length > most) {
    throw new Problem(413, 'too_many_events', `events must hold at most ${most}; send them in parts`)
  }
  return json
}

/** Whether one of a body's events can be too large, so that most need no closer look. A character has up to three bytes. */
function mayBeLarge(text: string): boolean {
  return text.length * 3 > LIMITS.eventBytes
}

/** The choice with its time: as stated, else the time of the request's first event, and never in the future. */
function stampConsent(
  { consent, sent_at }: Envelope,
  events: StampedEvent[],
  receivedAt: number,
  onRemoved: (kind: PersonalKind) => void,
): StampedConsent {
  const said =
    consent.at === undefined
      ? Math.min(...events.map((event) => event.at))
      : correctedTime(Date.parse(consent.at), sent_at === undefined ? null : Date.parse(sent_at), receivedAt)
  const { analytics, identity, marketing, source, gpc } = consent
  const id = cleanText(consent.id, onRemoved)
  const policy = consent.policy === undefined ? undefined : cleanText(consent.policy, onRemoved)
  return { id, analytics, identity, marketing, source, policy, gpc, at: Math.min(said, receivedAt) }
}
