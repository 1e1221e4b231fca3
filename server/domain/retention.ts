/**
 * How long events are kept. A month has the same length everywhere, so that "too old" and "until when" are inverse, and
 * an event is deleted neither early nor late.
 */
import type { SiteSettings } from './settings.ts'

const DAY_MS = 24 * 3600_000
const MONTH_MS = (365.25 / 12) * DAY_MS

/**
 * How long the proofs of consent are kept after a visitor's last event: the period of limitation for claims in court.
 */
export const PROOF_MS = 5 * 365.25 * DAY_MS

/** When an event of `at` becomes too old. */
export function expiryOf(at: number, settings: Pick<SiteSettings, 'retention_months'>): number {
  return at + settings.retention_months * MONTH_MS
}

/** At `now`, events of this time and earlier are too old. */
export function tooOldAt(now: number, settings: Pick<SiteSettings, 'retention_months'>): number {
  return now - settings.retention_months * MONTH_MS
}

/** What identity needs of an event as long as the visitor keeps coming: that it was a login or logout, and when. */
export function staysAsMoment(type: string): boolean {
  return type === 'identify' || type === 'reset'
}
