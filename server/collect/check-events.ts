/**
 * Checks the events of a request one by one: each is kept with its time corrected and without what names a person, or
 * refused with a reason.
 */
import { LIMITS, type RejectCode, type WireReply } from '../../tag/wire.ts'
import { meantBy } from '../domain/commerce/dialect.ts'
import { isTooDeep } from '../domain/depth.ts'
import type { StampedEvent } from '../domain/event.ts'
import { firstProblem } from '../domain/problem.ts'
import type { QualityProblem } from '../domain/quality.ts'
import { type ClaimContext, type ClaimDeps, claimOf } from './claim.ts'
import { clockError, fieldsIn, formProblem, type Notices, schemeOf } from './notices.ts'
import { cleanText, type PersonalKind, withoutPersonal } from './personal-data.ts'
import { type envelopeSchema, eventSchema, TOO_DEEP } from './schema.ts'
import { type Placed, timeAfter } from './sequence.ts'
import { cleanTexts, correctedTime, MAX_URL } from './stamp.ts'
import { tolerateEvent } from './tolerance.ts'
import { isEvent, isPlainEvent } from './wire-check.ts'

/** The body of a request, with events of any form. */
export type Envelope = ReturnType<typeof envelopeSchema.parse>

/** Checks the events of a request one by one, and stamps those that are kept. */
export async function stampEvents(
  envelope: Envelope,
  context: Omit<ClaimContext, 'at'> & { known: boolean; large: boolean },
  deps: ClaimDeps,
  onRemoved: (kind: PersonalKind) => void,
  notices: Notices,
): Promise<{ events: StampedEvent[]; rejected: WireReply['rejected']; duplicate: number }> {
  const { site, receivedAt, keyed, ip } = context
  const sentAt = envelope.sent_at === undefined ? null : Date.parse(envelope.sent_at)
  const events: StampedEvent[] = []
  const rejected: WireReply['rejected'] = []
  const seen = new Set<string>()
  let last: Placed | null = null
  let duplicate = 0
  let index = -1
  const { analytics } = envelope.consent
  const noteUrl = (given: string, kept: string | undefined, type: string) => {
    if (kept === undefined) notices.note('url_unreadable', type, schemeOf(given), analytics)
    else if (kept.length === MAX_URL) notices.cut('url', given.length, type)
  }
  const clock = clockError(sentAt, receivedAt)
  const reject = (code: RejectCode, message: string, problem?: [kind: QualityProblem, example: unknown]) => {
    rejected.push({ index, code, message })
    const [kind, example] = problem ?? [code, null]
    notices.note(kind, fieldsIn(envelope.events[index]).type, example ?? message, analytics)
  }
  for (const raw of envelope.events) {
    index++
    if (isTooDeep(raw)) {
      reject('invalid_event', TOO_DEEP)
      continue
    }
    let cuts: ReturnType<typeof tolerateEvent> = null
    if (!isPlainEvent(raw)) {
      cuts = tolerateEvent(raw)
      if (!isEvent(raw)) {
        // biome-ignore lint/style/noNonNullAssertion: the schema refuses whatever its compiled check refuses
        reject('invalid_event', firstProblem(eventSchema.safeParse(raw).error!), formProblem(raw))
        continue
      }
    }
    const event = raw
    if (cleanText(event.id, ignore) !== event.id) {
      reject('invalid_event', 'id must not hold what names a person', ['id_unreadable', null])
      continue
    }
    const refusal = refuse(event, raw, envelope, context)
    if (refusal) {
      reject(...refusal, refusal[0] === 'no_consent' && analytics ? ['no_identity_consent', null] : undefined)
      continue
    }
    const corrected = correctedTime(Date.parse(event.at), sentAt, receivedAt)
    const at = timeAfter(last, corrected, event.id)
    // A withdrawal counts however late it arrives.
    if (!keyed && event.type !== 'consent' && at < receivedAt - LIMITS.maxAgeMs) {
      reject('too_old', 'at must be within the last 7 days (a request with a key may be older)', ['too_old', event.at])
      continue
    }
    if (at > receivedAt + LIMITS.maxAheadMs) {
      reject('in_future', 'at must not be more than a minute ahead', ['in_future', event.at])
      continue
    }
    if (seen.has(event.id)) {
      duplicate++
      continue
    }
    const texts = cleanTexts(event, site.settings.kept_query, onRemoved)
    const { url, referrer, title } = texts
    const meant = meantBy(event.type, event.props)
    const stamped: StampedEvent = { id: event.id, type: meant.type, at, url, referrer, title }
    if (event.type === 'identify') {
      const result = await claimOf(event.props, { site, at, receivedAt, keyed, ip }, deps)
      if ('code' in result) {
        reject(result.code, result.message)
        continue
      }
      stamped.claim = result.claim
      stamped.props = { kind: event.props?.kind }
    } else if (meant.props !== undefined) stamped.props = meant.props
    if (event.url !== undefined && event.url !== '') noteUrl(event.url, url, event.type)
    if (clock !== null) notices.note('time_shifted', event.type, clock, analytics)
    if (cuts !== null) for (const [field, length] of cuts) notices.cut(field, length, event.type)
    seen.add(event.id)
    last = { corrected, at, id: event.id }
    events.push(withoutPersonal(stamped, onRemoved))
  }
  return { events, rejected, duplicate }
}

const ignore = () => {}

/** Why an event must be refused, for the request's consent or for its own size. */
function refuse(
  event: { type: string },
  raw: unknown,
  { consent }: Envelope,
  { known, large }: { known: boolean; large: boolean },
): [RejectCode, string] | null {
  if (!consent.analytics && !(event.type === 'consent' && known)) {
    return ['no_consent', 'consent.analytics must be true for anything to be stored']
  }
  if (event.type === 'identify' && !consent.identity) {
    return ['no_consent', 'consent.identity must be true for a claim to be stored']
  }
  if (large && Buffer.byteLength(JSON.stringify(raw)) > LIMITS.eventBytes) {
    return ['event_too_large', `an event must have at most ${LIMITS.eventBytes} bytes`]
  }
  return null
}
