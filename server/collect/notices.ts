/**
 * Notes what a request held that could not be read or kept. It costs nothing where all is well: the notes are made where
 * an event is refused or changed. Nothing is told of a visitor without consent to analytics but that an event of that name
 * came, and a name of the shop's own not even that.
 */
import { LIMITS } from '../../tag/wire.ts'
import { eventType, STANDARD_TYPES } from '../domain/event.ts'
import { Problem } from '../domain/problem.ts'
import { type Door, excerptOf, type QualityProblem } from '../domain/quality.ts'
import { OTHER, type QualityTally } from '../domain/quality-tally.ts'
import { readTime } from '../domain/time.ts'
import { cleanText } from './personal-data.ts'

/** Where the notes go, and the keyed hash of a visitor. */
export type NoticeDeps = { quality: QualityTally; tombstone: (visitorId: string) => string }

/** The notes of one request. */
export type Notices = {
  /** Notes a problem of an event. `example` says what was sent. `isAllowed`: analytics is. `visitor`: whose it is. */
  note(problem: QualityProblem, event: unknown, example: unknown, isAllowed: boolean, visitor?: string): void
  /** Notes that a text was cut. */
  cut(field: string, length: number, event: unknown, visitor?: string): void
  /** Notes that the request was refused as a whole, if it was for what it holds; for each of its events. */
  refused(error: unknown, events: unknown[], isAllowed: boolean): void
  /** Hands the notes on. `visitor` is whose the others are, if it is known. */
  end(visitor: string | null): void
}

type Note = { problem: QualityProblem; event: string; example: string | null; visitor: string | undefined }

/** A request cannot make more notes than this; the limits of its events are lower. */
const MAX_NOTES = 5000

/** The refusals of a whole request that are about what it holds. */
const WHOLE: Record<string, QualityProblem> = {
  origin_not_allowed: 'origin_not_allowed',
  visitor_unproven: 'visitor_unproven',
  too_many_events: 'too_many_events',
  invalid_request: 'invalid_request',
}

/** Begins the notes of a request. */
export function beginNotices(from: { site: string; door: Door; at: number }, deps: NoticeDeps): Notices {
  const notes: Note[] = []
  const note: Notices['note'] = (problem, event, example, isAllowed, visitor) => {
    if (notes.length >= MAX_NOTES) return
    const name = nameOf(event)
    notes.push({
      problem,
      event: isAllowed || STANDARD_TYPES.has(name) ? name : OTHER,
      example: isAllowed && example !== null ? excerptOf(cleaned(example)) : null,
      visitor,
    })
  }
  const end: Notices['end'] = (others) => {
    for (const { problem, event, example, visitor = others } of notes) {
      const of = visitor === null || example === null ? null : deps.tombstone(visitor)
      deps.quality.note({ ...from, problem, event, example, of })
    }
    notes.length = 0
  }
  return {
    note,
    cut: (field, length, event, visitor) => note('text_cut', event, `${field} of ${length} characters`, true, visitor),
    refused(error, events, isAllowed) {
      const problem = error instanceof Problem && Object.hasOwn(WHOLE, error.code) ? WHOLE[error.code] : undefined
      if (problem === undefined) return
      // What was noted of single events was not kept either, and would count twice.
      notes.length = 0
      const example = problem === 'visitor_unproven' ? null : (error as Problem).message
      for (const event of events) note(problem, event, example, isAllowed)
      end(null)
    },
    end,
  }
}

/** The longest name of an event. */
const MAX_NAME = 64

/** The name under which an event counts. */
function nameOf(event: unknown): string {
  if (typeof event !== 'string' || event === '') return OTHER
  return cleanText(eventType(event).slice(0, MAX_NAME), () => {})
}

/** No more of a text is cleaned. */
const MAX_CLEANED = 1000

function cleaned(value: unknown): unknown {
  return typeof value === 'string' && value.length <= MAX_CLEANED ? cleanText(value, () => {}) : value
}

/** The fields of a value that may be anything. */
export function fieldsIn(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

/** The problem of an event that does not have the form of one, and what shows it. */
export function formProblem(raw: unknown): [QualityProblem, unknown] {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return ['invalid_event', raw]
  const { id, type, at } = fieldsIn(raw)
  if (typeof type !== 'string' || type === '') return ['unknown_type', type]
  if (typeof id === 'string' && id.length > MAX_NAME) return ['id_too_long', `an id of ${id.length} characters`]
  if (typeof id !== 'string' || !/^[\x21-\x3f\x41-\x7e]+$/.test(id)) return ['id_unreadable', id]
  if (Number.isNaN(readTime(at))) return ['time_unreadable', at]
  return ['invalid_event', null]
}

/** What a page's address that cannot be read begins with: the rest may name a person's folder. */
export function schemeOf(url: string): string {
  const [scheme] = /^[a-z][a-z0-9+.-]{0,20}:/i.exec(url) ?? []
  return scheme === undefined ? 'an address without http:// or https://' : `an address that begins with ${scheme}`
}

/** How far a sender's clock is off, as the example of a time that was shifted; null if it is right. */
export function clockError(sentAt: number | null, receivedAt: number): string | null {
  if (sentAt === null || Math.abs(receivedAt - sentAt) <= LIMITS.clockSkewMs) return null
  const seconds = Math.round((receivedAt - sentAt) / 1000)
  return `the sender's clock is ${Math.abs(seconds)} s ${seconds > 0 ? 'slow' : 'fast'}`
}
