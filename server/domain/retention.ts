/**
 * How long events are kept. A month has one length everywhere, so that "too old" and "until when" are each other's
 * inverse, and an event is deleted neither early nor late.
 */
import type { SiteSettings } from './settings.ts'

const DAY_MS = 24 * 3600_000
const MONTH_MS = (365.25 / 12) * DAY_MS

/** How long the proofs of consent stay after a visitor's last event: as long as somebody may go to law about them. */
export const PROOF_MS = 5 * 365.25 * DAY_MS

/** From when on an event of `at` is too old. */
export function expiryOf(at: number, settings: Pick<SiteSettings, 'retention_months'>): number {
  return at + settings.retention_months * MONTH_MS
}

/** Events of this time and before are too old at `now`. */
export function tooOldAt(now: number, settings: Pick<SiteSettings, 'retention_months'>): number {
  return now - settings.retention_months * MONTH_MS
}

/** What identity needs of an event for as long as the visitor comes: that it was a login or a logout, and when. */
export function staysAsMoment(type: string): boolean {
  return type === 'identify' || type === 'reset'
}
