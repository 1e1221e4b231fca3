/**
 * Carries events to the collector: each at least once, under one id, in order, one request at a time.
 *
 * The queue is a list of batches, oldest first. The last one is `live`: it takes new events and is sent under the
 * standing consent. Before it there may be batches of an earlier page whose reply was never seen, and the notice of a
 * withdrawal. An event leaves its batch on a 2xx, or when the collector refuses it for good (then it is counted), never
 * just because it was sent. Without consent there is no live batch, and nothing here touches storage.
 */
import { byteLength, isoTime, randomText } from './envelope.ts'
import { guard } from './guard.ts'
import { quickJson } from './json.ts'
import type { Lose } from './losses.ts'
import type { Batch, TagStorage } from './storage.ts'
import type { Outcome, Post } from './transport.ts'
import { createUnsent } from './unsent.ts'
import {
  CANDIDATE_PATTERN,
  EVENT_BYTES,
  KEEPALIVE_BYTES,
  TAG_BYTES,
  TAG_EVENTS,
  type WireConsent,
  type WireEvent,
} from './wire.ts'

/** Events of this period share one request. */
const GATHER_MS = 500
/** A view that has no title yet waits longer for it. */
const UNTITLED_MS = 1500
/** Sent at once: the next page's prices, the order's attribution or the proof of consent depend on them. */
const URGENT = /^(identify|purchase|consent)$/
/** Limit while the collector is unreachable; beyond it the oldest events are dropped and counted. */
const MAX_QUEUED = 500
const BACKOFF_MS = 1000
const MAX_BACKOFF_MS = 300_000

/** What the queue needs from outside. `onVisitor` is called once, when a reply names the visitor. */
export type QueueDeps = {
  site: string
  post: Post
  storage: TagStorage
  now: () => number
  random: () => number
  onVisitor: (visitor: string) => void
  lose: Lose
}

/** Creates the queue, closed; call `open` on a grant. */
export function createQueue({ site, post, storage, now, random, onVisitor, lose }: QueueDeps) {
  const unsent = createUnsent({ storage, lose })
  let batches: Batch[] = []
  let live: Batch | undefined
  /** Whether the collector may know this browser: only then is a withdrawal reported. */
  let known = false
  /** Requests in flight. Those with `keepalive` list their events and count against the browser's allowance. */
  const inFlight = new Set<{ events: WireEvent[]; bytes: number }>()
  let maxEvents: number = TAG_EVENTS
  let failures = 0
  /** `timer` ends the gathering; `pause` follows a failure, and nothing is sent before it ends. */
  let timer: ReturnType<typeof setTimeout> | undefined
  let pause: typeof timer

  const serialise = (batch: Batch, events: WireEvent[]) =>
    quickJson({ site, ...batch, sent_at: isoTime(now()), events })

  /** As many of the first events as fit into one request: halved until they do, as after a 413. */
  function cut(batch: Batch, events: WireEvent[], room: number): WireEvent[] {
    let first = events.slice(0, maxEvents)
    while (first.length && byteLength(serialise(batch, first)) > room) first = first.slice(0, first.length >> 1)
    return first
  }

  const flush = guard(() => {
    clearTimeout(timer)
    timer = undefined
    const batch = batches.find((each) => each.events.length)
    if (!batch || inFlight.size || pause) return
    const events = cut(batch, batch.events, TAG_BYTES)
    // An event that another script put into storage may fit no request; the collector's 413 then removes it.
    send(batch, events.length ? events : batch.events.slice(0, 1), false)
  })

  /** Sends with `keepalive` whatever is not in flight that way yet, as far as the browser's allowance goes. */
  function hurry() {
    for (const batch of batches) {
      for (;;) {
        let room: number = KEEPALIVE_BYTES
        let waiting = batch.events
        for (const request of inFlight) {
          room -= request.bytes
          waiting = waiting.filter((event) => !request.events.includes(event))
        }
        const events = cut(batch, waiting, room)
        if (!events.length) break
        send(batch, events, true)
      }
    }
  }

  async function send(batch: Batch, events: WireEvent[], keepalive: boolean) {
    const { candidate } = batch
    const body = serialise(batch, events)
    const request = keepalive ? { events, bytes: byteLength(body) } : { events: [], bytes: 0 }
    inFlight.add(request)
    known = true
    const outcome = await post(body, keepalive)
    inFlight.delete(request)
    guard(settle)(candidate, events, outcome)
    // If the next events are being gathered, their own timer sends them.
    setTimeout(() => timer || flush())
  }

  function settle(candidate: string | undefined, events: WireEvent[], outcome: Outcome) {
    if (outcome.kind === 'retry') {
      const backoffMs = Math.min(BACKOFF_MS * 2 ** failures++ * (1 + random() / 2), MAX_BACKOFF_MS)
      clearTimeout(pause)
      pause = setTimeout(resume, outcome.afterMs === undefined ? backoffMs : outcome.afterMs)
      return
    }
    failures = 0
    if (outcome.kind === 'too_large') {
      maxEvents = Math.ceil(events.length / 2)
      if (events.length > 1) return
      lose('too_large', 1, events)
    } else if (outcome.kind === 'refused') lose('refused', events.length, outcome.status)
    else {
      maxEvents = TAG_EVENTS
      if (outcome.rejected.length) lose('rejected', outcome.rejected.length, outcome.rejected)
      if (candidate) learn(candidate, outcome.visitor)
    }
    for (const batch of batches) batch.events = batch.events.filter((event) => !events.includes(event))
    batches = batches.filter((batch) => batch === live || batch.events.length)
    if (live) unsent.forget(events)
  }

  function resume() {
    pause = undefined
    flush()
  }

  /** A reply names the visitor. Its batches keep the candidate: should the cookie be gone, it is their proof. */
  function learn(candidate: string, visitor: string | null) {
    // Another tab may have stored a newer candidate by now, after a withdrawal.
    if (live && storage.get('candidate') === candidate) storage.remove('candidate')
    if (!visitor) return
    for (const batch of batches) {
      if (batch.candidate !== candidate) continue
      batch.visitor = visitor
      if (batch === live) onVisitor(visitor)
    }
  }

  /** A batch never claims a purpose that was withdrawn since, nor carries identity claims without consent to them. */
  function narrow(batch: Batch, consent: WireConsent) {
    const { identity, marketing } = batch.consent
    if ((identity && !consent.identity) || (marketing && !consent.marketing)) batch.consent = consent
    if (!batch.consent.identity) batch.events = batch.events.filter((event) => event.type !== 'identify')
  }

  return {
    /**
     * Analytics is granted, or the choice changed while it stands. `wasKnown`: this browser granted consent before. A
     * fresh start takes the candidate that another tab may be using, and what an earlier page left unsent.
     */
    open(consent: WireConsent, wasKnown: boolean): void {
      if (live) live.consent = consent
      else {
        let candidate = storage.get<string>('candidate')
        if (!candidate || !CANDIDATE_PATTERN.test(candidate)) {
          candidate = randomText(22)
          storage.set('candidate', candidate)
        }
        known = wasKnown
        live = { candidate, consent, events: [] }
        // Events stored without a standing choice were written by a tab that had not yet heard of a withdrawal.
        if (!known) storage.remove('unsent')
        for (const batch of storage.get<Batch[]>('early') || []) unsent.keep(batch)
        storage.remove('early')
        batches.push(...unsent.load(), live)
        setTimeout(flush)
      }
      for (const batch of batches) if (batch.consent.analytics) narrow(batch, consent)
    },

    /** Takes an event of a visitor who consented. Does nothing without consent. */
    add(event: WireEvent): void {
      if (!live) return
      if (byteLength(quickJson(event)) > EVENT_BYTES) {
        lose('too_large', 1, event)
        return
      }
      if (live.events.push(event) > MAX_QUEUED) lose('overflow', 1, live.events.shift())
      if (URGENT.test(event.type)) setTimeout(flush)
      else if (!timer) timer = setTimeout(flush, event.type === 'page' && !event.title ? UNTITLED_MS : GATHER_MS)
    },

    /**
     * Analytics is withdrawn: this tick deletes every event and everything stored, and notifies the collector under the
     * visitor's id, which is then forgotten. While the very first request is in flight the visitor has no id yet; the
     * notice then follows its reply. A later grant queues behind the notice, because its reply expires the cookie.
     * Without `notice` another page withdrew: it has notified the collector and emptied the storage.
     */
    close(notice?: { consent: WireConsent; event: WireEvent }): void {
      if (!live) return
      batches = batches.filter((batch) => !batch.consent.analytics)
      if (notice && known) batches.push({ ...live, consent: notice.consent, events: [notice.event] })
      if (notice) storage.remove('candidate', 'consent', 'unsent', 'early')
      const named = live.visitor || !inFlight.size
      live = undefined
      clearTimeout(pause)
      clearTimeout(timer)
      pause = timer = undefined
      if (named) hurry()
    },

    /** The page may end at any moment: stores unacknowledged events, and sends them unless told to wait. */
    leave(): void {
      if (live?.events.length) unsent.keep(live)
      if (!pause) hurry()
    },

    /** The visitor's id if it is known, which it never is without consent. */
    visitor: (): string | undefined => live?.visitor,
  }
}
