/** Notes what calls of Segment's API held that could not be read or kept, and how many had no consent. */
import { LIMITS, type RejectCode } from '../../tag/wire.ts'
import type { QualityProblem } from '../domain/quality.ts'
import { readTime } from '../domain/time.ts'
import { clockError, fieldsIn, type NoticeDeps, type Notices, schemeOf } from './notices.ts'
import { type CallSetting, type Refusal, readContext, sendersClock } from './segment-call.ts'
import type { createConsentReader } from './segment-consent.ts'
import { MAX_TITLE, MAX_TYPE } from './segment-map.ts'

type Setting = { door: Notices; setting: CallSetting; consentOf: ReturnType<typeof createConsentReader> }

/** What became of a call. */
type Outcome = Refusal | { code: 'bot' } | { visitor: string; event: { type: string; url?: string } }

/** Begins the notes of a request's calls. */
export function beginCallNotices({ door, setting, consentOf }: Setting, deps: NoticeDeps) {
  const { caller, receivedAt } = setting
  let judged = 0
  let without = 0
  return {
    /** Notes what is wrong with a call, if anything is. */
    note(raw: unknown, outcome: Outcome): void {
      if ('visitor' in outcome) {
        judged++
        const { visitor, event } = outcome
        const fields = fieldsIn(raw)
        for (const [name, length] of cutsOf(fields)) door.cut(name, length, event.type, visitor)
        const page = fieldsIn(fieldsIn(fields.context).page)
        const url = (event.type === 'page' ? fieldsIn(fields.properties).url : undefined) ?? page.url
        const isLost = event.url === undefined && typeof url === 'string' && url !== ''
        if (isLost && url.length <= LIMITS.eventBytes)
          door.note('url_unreadable', event.type, schemeOf(url), true, visitor)
        const clock = fields.timestamp === undefined ? null : clockError(sendersClock(fields, setting), receivedAt)
        if (clock !== null) door.note('time_shifted', event.type, clock, true, visitor)
        return
      }
      if (outcome.code === 'bot') return
      const { analytics } = consentOf(readContext(fieldsIn(raw).context, setting.context))
      if (outcome.code === 'no_consent') {
        judged++
        if (!analytics) without++
      }
      const [problem, example] = problemOf(outcome, raw, analytics)
      door.note(problem, nameOfCall(raw), example, analytics)
    },
    /** Hands the notes on. */
    end(): void {
      door.end(null)
      deps.quality.arrived(caller.site.id, 'segment', receivedAt, judged, without)
    },
  }
}

/** The name of a call's event, as far as it has one. */
export function nameOfCall(raw: unknown): unknown {
  const { type, event } = fieldsIn(raw)
  return typeof event === 'string' && event !== '' ? event : type === 'screen' ? 'page' : type
}

/** The texts of a call that were cut or left out for their length. */
function cutsOf({ event, context, properties }: Record<string, unknown>): [name: string, length: number][] {
  const page = fieldsIn(fieldsIn(context).page)
  const own = fieldsIn(properties)
  const texts: [string, unknown, number][] = [
    ['type', event, MAX_TYPE],
    ['title', own.title ?? page.title, MAX_TITLE],
    ['url', own.url ?? page.url, LIMITS.eventBytes],
    ['referrer', own.referrer ?? page.referrer, LIMITS.eventBytes],
  ]
  return texts.flatMap(([name, text, most]) =>
    typeof text === 'string' && text.length > most ? [[name, text.length] as [string, number]] : [],
  )
}

function problemOf({ code, message }: Refusal, raw: unknown, analytics: boolean): [QualityProblem, unknown] {
  const fields = fieldsIn(raw)
  if (code === 'no_consent') return [analytics ? 'no_identity_consent' : 'no_consent', null]
  const time = fields.timestamp ?? fields.originalTimestamp
  if (code === 'too_old' || code === 'in_future') return [code, time]
  if (code !== 'invalid_event') return [code satisfies RejectCode, message]
  if (message.startsWith('type ') || message.startsWith('event ')) return ['unknown_type', fields.type ?? null]
  if (time !== undefined && time !== null && Number.isNaN(readTime(time))) return ['time_unreadable', time]
  if (message.includes('anonymousId')) return ['visitor_missing', null]
  return ['invalid_event', message]
}
