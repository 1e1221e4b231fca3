/**
 * Limits how much what anybody can send makes the store grow: events and bytes, new visitors, and new event names, by
 * address and by site. Requests with a secret key are not limited here, and those of this machine only in their names.
 *
 * A visitor or name is new if it was not seen for long. A visitor with a cookie is not new: the collector has made it.
 */
import { STANDARD_TYPES } from '../domain/event.ts'
import { createBuckets } from './limits.ts'
import { createSeen } from './seen.ts'
import { senderAddress } from './stamp.ts'

/** Where a request without a key comes from. */
type Source = { site: string; address: string | null; now: number }

/** The limits. Each call throws a 429 and takes nothing if a limit is reached. */
export type Growth = {
  /** Takes what a request holds. */
  admit(from: Source, request: { events: number; bytes: number }): void
  /** Takes what would be new in the store. */
  admitNew(from: Source, visitors: Iterable<string>, events: Iterable<{ type: string }>): void
}

/** Four bytes each: enough for the visitors of a large shop's day, and for more names than any site has. */
const SEEN_VISITORS = 2 ** 20
const SEEN_NAMES = 2 ** 16

/** Creates the limits. `isLoopback` recognises this machine's own addresses. */
export function createGrowth(isLoopback: (address: string) => boolean): Growth {
  const [addresses, sites] = [createBuckets('address'), createBuckets('site')]
  const [visitors, names] = [createSeen(SEEN_VISITORS), createSeen(SEEN_NAMES)]
  const senderOf = (address: string | null) => (address === null || isLoopback(address) ? null : senderAddress(address))

  return {
    admit({ site, address, now }, { events, bytes }) {
      const sender = senderOf(address)
      if (sender === null) return
      addresses.check(sender, now, 'events')
      sites.check(site, now, 'events', 'bytes')
      addresses.take(sender, 'events', events)
      sites.take(site, 'events', events)
      sites.take(site, 'bytes', bytes)
    },
    admitNew({ site, address, now }, ids, events) {
      const sender = senderOf(address)
      const newNames = new Set<string>()
      for (const { type } of events) {
        // The standard names are never held up by what others invent.
        if (!STANDARD_TYPES.has(type) && !names.has(`${site} ${type}`)) newNames.add(`${site} ${type}`)
      }
      const newVisitors = sender === null ? [] : [...ids].filter((id) => !visitors.has(`${site} ${id}`))
      if (newNames.size === 0 && newVisitors.length === 0) return
      const amounts = [
        ['names', newNames.size],
        ['visitors', newVisitors.length],
      ] as const
      const used = amounts.filter(([, n]) => n > 0)
      const what = used.map(([each]) => each)
      if (sender !== null) addresses.check(sender, now, ...what)
      sites.check(site, now, ...what)
      for (const [each, n] of used) {
        if (sender !== null) addresses.take(sender, each, n)
        sites.take(site, each, n)
      }
      for (const id of newVisitors) visitors.add(`${site} ${id}`)
      for (const name of newNames) names.add(name)
    },
  }
}
