/**
 * Reads one call of Segment's API: its kind, id, time and visitor, and the user it names. An unreadable call refuses
 * only itself, with a reason.
 *
 * A call's id is its `messageId`. A call without one gets a keyed hash of its content, so that a repeat is not a second
 * event. Its visitor is that of its anonymous id (visitor.ts). A server that knows only a user gets one visitor per user,
 * named by a keyed hash. Calls of verified callers, of other secret keys and those that anybody can send belong to three
 * visitors; otherwise anybody with the public write key could add to a customer's own events.
 */
import { LIMITS, type RejectCode } from '../../tag/wire.ts'
import { isTooDeep } from '../domain/depth.ts'
import { isBlockedIdentifier, looksLikeEmail, normaliseEmail } from '../domain/identifier.ts'
import { USER_VISITOR } from '../domain/ids.ts'
import { readTime } from '../domain/time.ts'
import { cleanText } from './personal-data.ts'
import { plainAnonymousId, plainUserId } from './plain-id.ts'
import { TOO_DEEP } from './schema.ts'
import type { SegmentCaller } from './segment-auth.ts'
import type { CallKind } from './segment-map.ts'
import { correctedTime } from './stamp.ts'
import { anonymousVisitor, type HashVisitor } from './visitor.ts'

/** The user whom a call names, as the props of a login. */
export type Named = { kind: 'login'; contact_id: string } | { kind: 'login'; email: string }

/** What is read of a call's `context`, of which a batch may hold one for all its calls. */
export type CallContext = {
  page?: unknown
  campaign?: unknown
  /** Segment's way to state consent, and RudderStack's. */
  consent?: unknown
  consentManagement?: unknown
  ip?: unknown
  userAgent?: unknown
}

/** A readable call. */
export type ReadCall = {
  kind: CallKind
  id: string
  at: number
  visitor: string
  /** The user's is its only id. */
  ofUser: boolean
  user: Named | null
  context: CallContext
  fields: Record<string, unknown>
}

/** Why a call is refused. */
export type Refusal = { code: RejectCode; message: string }

/** What a request says about all its calls. */
export type CallSetting = {
  caller: SegmentCaller
  receivedAt: number
  /** The kind from the path, or null in a batch. Calls of kind `merge` are left out: nobody is merged by an SDK. */
  kind: CallKind | 'merge' | null
  context: CallContext
  sentAt: unknown
  tokenHash: (text: string) => string
  hashVisitor: HashVisitor
  /** The truncated address that the request came from. */
  network: string | null
}

const KINDS: readonly string[] = ['track', 'page', 'screen', 'identify', 'group', 'alias'] satisfies CallKind[]

/** Ids of other forms, and those that hold an address, are replaced with their keyed hash. */
const MESSAGE_ID = /^[\x21-\x3f\x41-\x7e]{1,100}$/

/** Reads one call. */
export function readCall(raw: unknown, setting: CallSetting): ReadCall | Refusal {
  const invalid = (message: string): Refusal => ({ code: 'invalid_event', message })
  if (!isRecord(raw)) return invalid('a call must be an object')
  if (isTooDeep(raw)) return invalid(TOO_DEEP)
  if (Buffer.byteLength(JSON.stringify(raw)) > LIMITS.eventBytes) {
    return { code: 'event_too_large', message: `a call must have at most ${LIMITS.eventBytes} bytes` }
  }
  const kind = setting.kind ?? raw.type
  if (typeof kind !== 'string' || !KINDS.includes(kind)) return invalid(`type must be one of ${KINDS.join(', ')}`)
  const at = timeOf(raw, setting)
  if (typeof at !== 'number') return at
  const users = namesOf(raw, kind as CallKind)
  const user = users.find((each) => !isBlockedIdentifier('email' in each ? each.email : each.contact_id)) ?? null
  if (kind === 'identify' && user === null && users.length > 0) {
    return { code: 'blocked_identifier', message: 'userId must be the identifier of one person' }
  }
  const visitor = visitorOf(raw, kind as CallKind, user, setting)
  if ('code' in visitor) return visitor
  const context = readContext(raw.context, setting.context)
  return { kind: kind as CallKind, id: idOf(raw, setting), at, ...visitor, user, context, fields: raw }
}

/** A call's context, with the fields of its batch's context where it has none of its own. */
export function readContext(context: unknown, ofBatch: CallContext): CallContext {
  const own = isRecord(context) ? context : {}
  const field = (name: keyof CallContext) => (Object.hasOwn(own, name) ? own[name] : ofBatch[name])
  return {
    page: field('page'),
    campaign: field('campaign'),
    consent: field('consent'),
    consentManagement: field('consentManagement'),
    ip: field('ip'),
    userAgent: field('userAgent'),
  }
}

function idOf(raw: Record<string, unknown>, { sentAt, tokenHash }: CallSetting): string {
  const messageId = typeof raw.messageId === 'number' ? String(raw.messageId) : raw.messageId
  if (typeof messageId === 'string' && messageId.trim() !== '') {
    const keeps = MESSAGE_ID.test(messageId) && cleanText(messageId, () => {}) === messageId
    return keeps ? messageId : `h.${tokenHash(`segment message ${messageId}`)}`
  }
  // Fields that change from one attempt to the next are ignored, unless nothing else gives the time.
  const { sentAt: ownSentAt, receivedAt: _r, _metadata: _m, writeKey: _w, ...said } = raw
  const time = said.timestamp ?? said.originalTimestamp ?? sentAt ?? ownSentAt
  return `h.${tokenHash(`segment call ${readTime(time)} ${JSON.stringify(said)}`)}`
}

/**
 * The call's time by the collector's clock: `receivedAt - (sentAt - timestamp)` if the sender's clock is off by more
 * than a minute. If `timestamp` differs from `originalTimestamp`, it has been corrected already.
 */
function timeOf(raw: Record<string, unknown>, setting: CallSetting): number | Refusal {
  const { caller, receivedAt } = setting
  const { timestamp, originalTimestamp } = raw
  const given = timestamp ?? originalTimestamp
  const said = given === undefined || given === null ? null : readTime(given)
  if (said !== null && Number.isNaN(said)) {
    return { code: 'invalid_event', message: 'timestamp must be a time such as 2026-03-01T09:30:00.000Z' }
  }
  const at = said === null ? receivedAt : correctedTime(said, sendersClock(raw, setting), receivedAt)
  if (!caller.keyed && at < receivedAt - LIMITS.maxAgeMs) {
    return { code: 'too_old', message: 'timestamp must be within the last 7 days (with a secret key it may be older)' }
  }
  if (at > receivedAt + LIMITS.maxAheadMs) {
    return { code: 'in_future', message: 'timestamp must not be more than a minute ahead' }
  }
  return at
}

/** The time by the sender's clock at which a call was sent; null if nobody says, or its time is corrected already. */
export function sendersClock(raw: Record<string, unknown>, { sentAt }: Pick<CallSetting, 'sentAt'>): number | null {
  const { timestamp, originalTimestamp } = raw
  const isCorrected = (timestamp ?? null) !== null && (originalTimestamp ?? timestamp) !== timestamp
  const sent = readTime(sentAt ?? raw.sentAt)
  return isCorrected || Number.isNaN(sent) ? null : sent
}

/** The users whom a call names, the better identifier first. Traits name a user in `identify` only. */
function namesOf(raw: Record<string, unknown>, kind: CallKind): Named[] {
  const names: Named[] = []
  const userId = idText(raw.userId, plainUserId)
  if (userId !== null) {
    names.push(
      looksLikeEmail(userId) ? { kind: 'login', email: normaliseEmail(userId) } : { kind: 'login', contact_id: userId },
    )
  }
  // RudderStack's SDKs have the traits in the context.
  const places = kind === 'identify' ? [raw.traits, isRecord(raw.context) ? raw.context.traits : null] : []
  const emails = places.map((traits) => (isRecord(traits) ? idText(traits.email, plainUserId) : null))
  const email = emails.find((each) => each !== null)
  if (email !== undefined) names.push({ kind: 'login', email })
  return names
}

function visitorOf(
  raw: Record<string, unknown>,
  kind: CallKind,
  user: Named | null,
  { caller, tokenHash, hashVisitor }: CallSetting,
): { visitor: string; ofUser: boolean } | Refusal {
  // An alias without an anonymous id means the browser of its previous id; the ids of two users are never merged.
  const previousId = kind === 'alias' ? idText(raw.previousId, plainAnonymousId) : null
  const anonymousId = idText(raw.anonymousId, plainAnonymousId) ?? previousId
  if (anonymousId !== null) {
    if (isBlockedIdentifier(anonymousId)) {
      return { code: 'blocked_identifier', message: 'anonymousId must be the id of one visitor' }
    }
    return { visitor: anonymousVisitor(caller.site.id, anonymousId, caller.keyed, hashVisitor), ofUser: false }
  }
  if (user === null) {
    if (idText(raw.userId, plainUserId) === null)
      return { code: 'invalid_event', message: 'a call must have an anonymousId or a userId' }
    return { code: 'blocked_identifier', message: 'userId must be the identifier of one person' }
  }
  const [verified, claimed, open] = visitorsOfUser(user, caller.site.id, tokenHash)
  return { visitor: caller.verified ? verified : caller.keyed ? claimed : open, ofUser: true }
}

/** The visitors that stand for a user where no browser is known: of verified callers, of other secret keys, and of anybody. */
export function visitorsOfUser(
  user: Named,
  site: string,
  tokenHash: (text: string) => string,
): [verified: string, claimed: string, open: string] {
  const who = 'email' in user ? `email ${normaliseEmail(user.email)}` : `contact ${user.contact_id}`
  const visitor = (whose: string) => `${USER_VISITOR}${tokenHash(`segment user ${site} ${whose} ${who}`)}`
  return [visitor('verified'), visitor('claimed'), visitor('public')]
}

/** An id as plain text; null if there is none. A number that JSON has rounded could be the id of somebody else. */
function idText(value: unknown, plain: (text: string) => string): string | null {
  if (typeof value === 'number') return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? String(value) : null
  if (typeof value !== 'string') return null
  return plain(value) || null
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
