/**
 * The guard of contacts: no contact gets a sixth new browser in one day. It counts claims, never links, by the time of
 * receipt, so that a late claim cannot be dated out of it.
 */

const DAY_MS = 24 * 3600_000

/** From this many new visitors within the period, claims wait for review. */
const LIMITS = [
  { visitors: 6, withinMs: DAY_MS },
  { visitors: 21, withinMs: 90 * DAY_MS },
]

/** With fewer visitors than this no limit is reached. */
const FEWEST = Math.min(...LIMITS.map(({ visitors }) => visitors))

/** When a visitor first named the contact. */
type Naming = { visitor_id: string; received_at: number }

/**
 * Whether a visitor is one too many for a contact. `namings` lists all visitors that named the contact, once for each
 * of its identifiers. Visitors that came at the same moment are counted in the order of their ids.
 */
export function isCrowded(visitorId: string, namings: Naming[]): boolean {
  if (namings.length < FEWEST) return false
  const first = new Map<string, number>()
  for (const { visitor_id, received_at } of namings) {
    first.set(visitor_id, Math.min(received_at, first.get(visitor_id) ?? Number.POSITIVE_INFINITY))
  }
  const own = first.get(visitorId)
  if (own === undefined) return false
  return LIMITS.some(({ visitors, withinMs }) => {
    let before = 0
    for (const [other, at] of first) {
      if (at > own - withinMs && (at < own || (at === own && other <= visitorId))) before++
    }
    return before >= visitors
  })
}
