/**
 * A page that is left after the grant and before the second stage arrived, as where a banner reloads the page. Its events
 * are sent by a beacon, whose reply nobody sees, and stored for the next page's queue: under the same ids, so that they
 * count once. What identifies somebody needs the second stage, and is left out.
 */
import type { Chosen } from './consent/gate.ts'
import type { Held } from './seam.ts'

/** Half of what a browser lets a page send as it ends: there may be other beacons. */
const MAX_TEXT = 30_000

/** Random characters for ids and secrets, 5 bits each. */
const randomText = (length: number) =>
  [...crypto.getRandomValues(new Uint8Array(length))].map((byte) => (byte & 31).toString(32)).join('')

/** Called under consent, and only until the second stage is here. `sent_at` is now. */
export function leaveEarly(endpoint: string, site: string, sent_at: string, chosen: Chosen, held: Held[]): void {
  const { choice, source, event } = chosen
  const events = [event, ...held.flatMap((each) => (each.given || each.typed ? [] : each.event))]
  for (const each of events) each.id ||= randomText(21)
  // Oldest first, but for the view of the page that the visitor came to.
  while (JSON.stringify(events).length > MAX_TEXT) events.splice(2, 1)
  const { isOlder, identity, marketing, ...rest } = choice
  const grants = { identity: !!identity && !isOlder, marketing: !!marketing && !isOlder }
  const consent = { ...rest, ...grants, source, id: event.id, at: event.at }
  let candidate = randomText(26)
  try {
    const area = localStorage
    area['couture.candidate'] ||= `"${candidate}"`
    candidate = JSON.parse(area['couture.candidate'])
    const stored = JSON.parse(area['couture.early'] || '[]')
    area['couture.early'] = JSON.stringify([...stored, { candidate, consent, events }])
  } catch {
    // Storage is blocked or full.
  }
  navigator.sendBeacon(endpoint, JSON.stringify({ site, candidate, consent, events, sent_at }))
}
