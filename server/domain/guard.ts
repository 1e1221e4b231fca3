/**
 * The guard of contacts: no contact gets a sixth new browser in one day. It counts claims, never links, by the time of
 * receipt, so that a late claim cannot be dated out of it. Each kind of claim counts itself, so that claims which
 * anybody can make hold up nobody's clicks, and the visitors of one network count once.
 */
import type { Evidence } from './event.ts'

const DAY_MS = 24 * 3600_000

/** From this many new visitors within the period, claims wait for review. */
const LIMITS = [
  { visitors: 6, withinMs: DAY_MS },
  { visitors: 21, withinMs: 90 * DAY_MS },
]

/** With fewer namings than this no limit is reached. */
const FEWEST = Math.min(...LIMITS.map(({ visitors }) => visitors))

/** A naming further back than this does not count. */
export const GUARD_WINDOW_MS = Math.max(...LIMITS.map(({ withinMs }) => withinMs))

/**
 * How many namings the guard looks at, the newest first. It is more than the limits need, since visitors of one network
 * count once, and it bounds what a claim costs however many visitors named the contact before.
 */
export const GUARD_LOOKS_AT = 64

/**
 * The kinds of claims that the guard counts. Clicks and unsigned logins wait for review, and carts are not told to a
 * contact whose address is typed too often. A signed login needs no guard.
 */
export const GUARDED: readonly Evidence[] = ['email_click', 'login_claimed', 'form_email']

/** When a visitor first named a contact by one kind of claim; `network` is the hash of its network, if it is known. */
export type Naming = { visitor_id: string; received_at: number; network: string | null }

/** Orders namings by receipt. Those of one moment are ordered by the visitors' ids. */
export function byReceipt(
  a: { visitor_id: string; received_at: number },
  b: { visitor_id: string; received_at: number },
): number {
  return a.received_at - b.received_at || (a.visitor_id < b.visitor_id ? -1 : a.visitor_id > b.visitor_id ? 1 : 0)
}

/**
 * Whether a visitor is one too many for a contact. `namings` are those of the contact by claims of the same kind; it may
 * leave out all but the newest `GUARD_LOOKS_AT` up to `own`.
 */
export function isCrowded(own: { visitor_id: string; received_at: number }, namings: Naming[]): boolean {
  if (namings.length < FEWEST) return false
  const newest = namings
    .filter((naming) => byReceipt(naming, own) <= 0)
    .sort((a, b) => byReceipt(b, a))
    .slice(0, GUARD_LOOKS_AT)
  return LIMITS.some(({ visitors, withinMs }) => {
    const since = own.received_at - withinMs
    const counted = newest.filter(({ received_at }) => received_at > since)
    const units = counted.map(({ visitor_id, network }) => (network === null ? `v ${visitor_id}` : `n ${network}`))
    return new Set(units).size >= visitors
  })
}
