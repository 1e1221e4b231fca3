/**
 * Segment's HTTP API: `POST /v1/batch` and its single calls, so that users of an SDK only need to change the host.
 *
 * SDKs retry a request on 429, 5xx and a broken connection, and drop it on any other 4xx. So a 4xx is reserved for what
 * can never succeed: a body that is unreadable or too large, or an invalid key. A call that may not be kept is skipped
 * and counted, and the reply is 200 for the others; a header says how many calls were skipped and why.
 *
 * A call that names a user is a login of its visitor: a claim, or proof if a secret key allows it (`identify:write`).
 * None of its traits are kept. Without `identity` consent the claim is dropped, and so are calls that only name a user.
 */
import { LIMITS, type RejectCode } from '../../tag/wire.ts'
import type { EndedUser, StampedEvent } from '../domain/event.ts'
import { parseJson } from '../domain/nul.ts'
import { Problem } from '../domain/problem.ts'
import { type Checked, type CollectRequest, checkOrigin, type Endpoint } from './accept.ts'
import { AGENT_LENGTH, isBot } from './bot.ts'
import { claimOf } from './claim.ts'
import type { EventsDeps } from './events.ts'
import { beginNotices } from './notices.ts'
import { type PersonalKind, withoutPersonal } from './personal-data.ts'
import { callerOf, type SegmentCaller } from './segment-auth.ts'
import { type CallSetting, type ReadCall, type Refusal, readCall, readContext, visitorsOfUser } from './segment-call.ts'
import { createConsentReader, type Purposes } from './segment-consent.ts'
import { entriesOf, type Kept } from './segment-entries.ts'
import { type MappedEvent, mapCall } from './segment-map.ts'
import { beginCallNotices, nameOfCall } from './segment-notices.ts'
import { cleanAgent, cleanTexts, truncateAddress } from './stamp.ts'

/** A visitor's browser as described by a call or its request. */
type Browser = { ip: string | null; userAgent: string | null }

/** Checks one request. `kind` comes from its path. Throws a `Problem` for a request that is refused as a whole. */
export async function collectSegment(
  delivery: CollectRequest,
  kind: Exclude<Endpoint, 'events'>,
  deps: EventsDeps,
): Promise<Checked> {
  const { receivedAt } = delivery
  const body = parse(delivery.text)
  const calls = callsOf(body, kind)
  const caller = await callerOf(delivery, body, calls, deps)
  const door = beginNotices({ site: caller.site.id, door: 'segment', at: receivedAt }, deps)
  try {
    checkOrigin(delivery, caller.site)
  } catch (error) {
    door.refused(error, calls.map(nameOfCall), false)
    throw error
  }
  const source = { site: caller.site.id, address: delivery.address, now: receivedAt }
  if (!caller.keyed) deps.growth.admit(source, { events: calls.length, bytes: delivery.text.length })
  const setting: CallSetting = {
    caller,
    receivedAt,
    kind: kind === 'batch' || Array.isArray(body.batch) ? null : kind,
    context: readContext(calls[0] === body ? undefined : body.context, {}),
    sentAt: body.sentAt,
    tokenHash: deps.tokenHash,
    hashVisitor: deps.hashVisitor,
    network: truncateAddress(delivery.address),
  }
  const from = senderOf(delivery, caller)
  const consentOf = createConsentReader(caller.site, caller.keyed)
  const kept = new Map<string, Kept>()
  const skipped = new Map<RejectCode | 'bot' | 'duplicate', number>()
  const notices = beginCallNotices({ door, setting, consentOf }, deps)
  for (const raw of calls) {
    const result = await keep(raw, from, setting, consentOf, deps)
    notices.note(raw, result)
    const key = 'code' in result ? '' : `${result.visitor} ${result.event.id}`
    if ('code' in result) skipped.set(result.code, (skipped.get(result.code) ?? 0) + 1)
    else if (kept.has(key)) skipped.set('duplicate', (skipped.get('duplicate') ?? 0) + 1)
    else {
      result.event.at = deps.sequence(result.visitor, delivery, result.event)
      kept.set(key, result)
    }
  }
  if (!caller.keyed) {
    // A withdrawal adds nothing.
    const adding = [...kept.values()].filter(({ consent }) => consent.analytics)
    deps.growth.admitNew(
      source,
      new Set(adding.map(({ visitor }) => visitor)),
      adding.map(({ event }) => event),
    )
  }
  for (const [what, n] of skipped) deps.count(what, n)
  notices.end()
  const skippedText = [...skipped].map((each) => each.join('=')).join(', ')
  return {
    entries: entriesOf([...kept.values()], caller, receivedAt, deps.newId),
    answer: {
      status: 200,
      headers: skippedText === '' ? {} : { 'couture-left-out': skippedText },
      body: '{"success":true}',
    },
  }
}

/** Parses a body regardless of its type: SDKs send JSON under several types, and browsers under `text/plain`. */
function parse(text: string): Record<string, unknown> {
  let json: unknown
  try {
    json = parseJson(text)
  } catch {
    throw new Problem(400, 'invalid_json', 'the body must be JSON')
  }
  if (!isRecord(json)) throw new Problem(400, 'invalid_request', 'the body must be an object')
  return json
}

function callsOf(body: Record<string, unknown>, kind: Exclude<Endpoint, 'events'>): unknown[] {
  if (Array.isArray(body.batch)) {
    const { events: most } = LIMITS.segment
    if (body.batch.length <= most) return body.batch
    throw new Problem(413, 'too_many_events', `batch must hold at most ${most} calls; send them in parts`)
  }
  if (kind === 'batch') throw new Problem(400, 'invalid_request', 'batch must be a list of calls')
  return [body]
}

/** An agent that describes a visitor: a browser's or a crawler's, not that of a library or an SDK. */
const VISITORS_AGENT = /^Mozilla\/|bot\b|crawl|spider|externalhit/i

/** Whether a visitor's agent is a crawler's. Apps and their SDKs name themselves in `context` as crawlers never do. */
function isCrawler(userAgent: string | null): boolean {
  return userAgent !== null && VISITORS_AGENT.test(userAgent) && isBot(userAgent)
}

/** What the request itself says about the browser: nothing if it comes from a server. */
function senderOf({ address, userAgent = '' }: CollectRequest, caller: SegmentCaller): Browser {
  if (caller.keyed || !VISITORS_AGENT.test(userAgent)) return { ip: null, userAgent: null }
  return { ip: truncateAddress(address), userAgent }
}

/** Makes the event of a call, or says why there is none. */
async function keep(
  raw: unknown,
  from: Browser,
  setting: CallSetting,
  consentOf: ReturnType<typeof createConsentReader>,
  deps: EventsDeps,
): Promise<Kept | Refusal | { code: 'bot' }> {
  const call = readCall(raw, setting)
  if ('code' in call) return call
  const { caller } = setting
  const browser = browserOf(call, from)
  if (!caller.keyed && isCrawler(browser.userAgent)) return { code: 'bot' }
  const mapped = mapCall(detailsOf(call))
  if (mapped === null) return { code: 'invalid_event', message: 'event must name what happened' }
  const consent = consentOf(call.context)
  const ends = await endedUser(call, mapped, consent, setting, deps)
  const refusal = ends === null ? refuse(call, mapped, consent) : null
  if (refusal) return refusal

  const onRemoved = (kind: PersonalKind) => deps.count(kind, 1)
  const event: StampedEvent = {
    id: call.id,
    type: mapped.type,
    at: call.at,
    ...cleanTexts(mapped, caller.site.settings.kept_query, onRemoved),
    ...(mapped.props === undefined ? {} : { props: mapped.props }),
  }
  // A logout concerns whoever leaves, so it makes no claim.
  if (call.user !== null && consent.identity && mapped.type !== 'reset' && mapped.type !== 'consent') {
    // Without a key anybody can state any address, so only the one that the request came from counts.
    const ip = caller.keyed ? browser.ip : setting.network
    const result = await claimOf(call.user, { ...caller, at: call.at, receivedAt: setting.receivedAt, ip }, deps)
    if ('claim' in result) event.claim = result.claim
    else if (call.kind === 'identify' || call.kind === 'alias') return result
  }
  const { ip, userAgent } = browser
  return {
    visitor: call.visitor,
    event: withoutPersonal(event, onRemoved),
    consent,
    ip,
    userAgent: userAgent === null ? null : cleanAgent(userAgent, onRemoved),
    ends,
  }
}

/**
 * The user whose consent ends by a call: a choice without `identity` or `analytics` that a server reports which may verify
 * logins. With the public write key nobody can end what another has.
 */
async function endedUser(
  call: ReadCall,
  mapped: MappedEvent,
  consent: Purposes,
  { caller, receivedAt }: CallSetting,
  deps: EventsDeps,
): Promise<EndedUser | null> {
  const isEnd = mapped.type === 'consent' && consent.source === 'cmp' && !(consent.analytics && consent.identity)
  if (!isEnd || !caller.verified || call.user === null) return null
  const result = await claimOf(call.user, { ...caller, at: call.at, receivedAt, ip: null }, deps)
  if ('code' in result) return null
  return {
    key: result.claim.key,
    at: Math.min(call.at, receivedAt),
    visitors: visitorsOfUser(call.user, caller.site.id, deps.tokenHash),
  }
}

/** Why a call may not be kept under its consent. */
function refuse(call: ReadCall, mapped: MappedEvent, consent: Purposes): Refusal | null {
  // A visitor's own refusal of everything is kept: it is a withdrawal. A missing choice is not one.
  const isWithdrawal = mapped.type === 'consent' && consent.source === 'cmp' && !call.ofUser
  if (!consent.analytics && !isWithdrawal) {
    return { code: 'no_consent', message: 'context.consent.categoryPreferences must allow analytics' }
  }
  if (!consent.identity && (call.ofUser || call.kind === 'identify' || call.kind === 'alias')) {
    return { code: 'no_consent', message: 'context.consent.categoryPreferences must allow identity for a login' }
  }
  return null
}

function browserOf({ context }: ReadCall, from: Browser): Browser {
  const { ip, userAgent } = context
  return {
    ip: typeof ip === 'string' ? truncateAddress(ip) : from.ip,
    userAgent: typeof userAgent === 'string' && userAgent !== '' ? userAgent.slice(0, AGENT_LENGTH) : from.userAgent,
  }
}

function detailsOf({ kind, fields, context }: ReadCall) {
  const text = (name: string) => {
    const value = fields[name]
    return typeof value === 'string' && value !== '' ? { [name]: value } : {}
  }
  return {
    kind,
    ...text('event'),
    ...text('name'),
    ...text('category'),
    ...text('groupId'),
    properties: isRecord(fields.properties) ? fields.properties : {},
    page: isRecord(context.page) ? context.page : {},
    campaign: context.campaign,
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
