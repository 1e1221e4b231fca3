/**
 * Brings what senders write in their own way into the form of the wire contract, before it is checked: times of any form,
 * texts that are too long, and null for what is not there. Only the form changes, and what cannot be read stays as it is, so
 * that the check can say what it must be. Works on parsed JSON, which nobody else holds yet.
 */
import { LIMITS } from '../../tag/wire.ts'
import { readTime } from '../domain/time.ts'

type Fields = Record<string, unknown>

/** The texts that are cut to their length. Addresses keep more: most of a long one is a query that is removed anyway. */
const TEXTS = { url: LIMITS.eventBytes, referrer: LIMITS.eventBytes, title: 1024, type: 64 } as const

const CUT = ['url', 'referrer', 'title', 'type'] as const

/** The longest name of a policy. */
const MAX_POLICY = 200

/** Changes the parts of a batch apart from its events. Returns the length of the policy if it was cut, else null. */
export function tolerateBatch(body: unknown): number | null {
  if (!isFields(body)) return null
  withoutNull(body, ['visitor', 'candidate', 'sent_at'])
  asIso(body, 'sent_at')
  const { consent } = body
  if (!isFields(consent)) return null
  withoutNull(consent, ['policy', 'gpc', 'at'])
  asIso(consent, 'at')
  const length = typeof consent.policy === 'string' ? consent.policy.length : 0
  cut(consent, 'policy', MAX_POLICY)
  return length > MAX_POLICY ? length : null
}

/** Changes one event. Returns the texts that were cut with the lengths that they had; null if none was, as in most. */
export function tolerateEvent(event: unknown): [field: string, length: number][] | null {
  if (!isFields(event)) return null
  withoutNull(event, ['url', 'referrer', 'title', 'props'])
  asIso(event, 'at')
  if (typeof event.id === 'number') event.id = String(event.id)
  let cuts: [field: string, length: number][] | null = null
  for (const name of CUT) {
    const text = event[name]
    if (typeof text !== 'string' || text.length <= TEXTS[name]) continue
    cuts ??= []
    cuts.push([name, text.length])
    cut(event, name, TEXTS[name])
  }
  return cuts
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function withoutNull(fields: Fields, names: readonly string[]): void {
  for (const name of names) if (fields[name] === null) delete fields[name]
}

/** A time as the tag writes it needs no reading. */
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/

function asIso(fields: Fields, name: string): void {
  const given = fields[name]
  if (given === undefined || (typeof given === 'string' && given.length <= 24 && ISO.test(given))) return
  const ms = readTime(given)
  if (!Number.isNaN(ms)) fields[name] = new Date(ms).toISOString()
}

function cut(fields: Fields, name: string, length: number): void {
  const text = fields[name]
  // No half of a pair of surrogates at the end.
  if (typeof text === 'string' && text.length > length)
    fields[name] = text.slice(0, length).replace(/[\ud800-\udbff]$/, '')
}
