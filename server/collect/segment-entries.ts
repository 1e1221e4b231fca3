/** The journal entries of a request of Segment's API: what its calls become once they have been read and may be kept. */
import { byTimeThenId, type EndedUser, type Entry, type StampedEvent } from '../domain/event.ts'
import type { SegmentCaller } from './segment-auth.ts'
import type { Purposes } from './segment-consent.ts'

/** A call that is kept, with its visitor and what is known about the browser. */
export type Kept = {
  visitor: string
  event: StampedEvent
  consent: Purposes
  ip: string | null
  userAgent: string | null
  /** The call is a server's word that a user's consent ends. */
  ends: EndedUser | null
}

/**
 * The entries of a request, in order of time. Each holds what a visitor did under one consent and in one browser.
 * Logins at different times go into different entries, because a batch is many requests in one and its logins must not
 * be weighed against each other.
 */
export function entriesOf(kept: Kept[], caller: SegmentCaller, receivedAt: number, newId: () => string): Entry[] {
  const entries: Entry[] = []
  const open = new Map<string, { entry: Entry; under: string; claimAt: number | null }>()
  for (const { visitor, event, consent, ip, userAgent, ends } of kept.sort((a, b) => byTimeThenId(a.event, b.event))) {
    const { source, ...purposes } = consent
    const allowed = Object.values(purposes).map(Number).join('')
    if (ends !== null) {
      entries.push({
        ...{ request: newId(), site: caller.site.id, visitor: ends.visitors[0] ?? visitor, received_at: receivedAt },
        ...{ keyed: true, segment: true, events: [], ends },
        consent: { id: `segment-${allowed}`, ...purposes, source, at: ends.at },
      })
      open.delete(visitor)
      // What stands for the user is ended with it; a browser that is named beside it ends by its own choice.
      if (ends.visitors.includes(visitor)) continue
    }
    const under = JSON.stringify([consent, ip, userAgent])
    const last = open.get(visitor)
    const claimAt = event.claim === undefined ? (last?.claimAt ?? null) : event.at
    if (last?.under === under && (last.claimAt ?? claimAt) === claimAt) {
      last.entry.events.push(event)
      last.claimAt = claimAt
      continue
    }
    const entry: Entry = {
      request: newId(),
      site: caller.site.id,
      visitor,
      received_at: receivedAt,
      ...(ip === null ? {} : { ip }),
      ...(userAgent === null ? {} : { user_agent: userAgent }),
      keyed: caller.keyed,
      segment: true,
      // Segment sends no choice, only its state with each call: the call is the time at which it is known to stand.
      consent: { id: `segment-${allowed}`, ...purposes, source, at: Math.min(event.at, receivedAt) },
      events: [event],
    }
    entries.push(entry)
    open.set(visitor, { entry, under, claimAt: event.claim === undefined ? null : event.at })
  }
  return entries
}
