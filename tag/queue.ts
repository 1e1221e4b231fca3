/**
 * Carries events to the collector: each at least once, under one id, in order, one request at a time.
 *
 * The queue is a list of batches, oldest first. The last one is `live`: it takes new events and goes under the consent
 * that stands. Before it may come batches of an earlier page whose reply was never seen, and the word of a withdrawal.
 * An event leaves its batch on a 2xx, or when the collector refuses it for good (then it is counted), never on
 * sending. Without consent there is no live batch, and then nothing here touches storage.
 */
import { byteLength, isoTime, randomText } from './envelope.ts'
import { guard } from './guard.ts'
import type { Lose } from './losses.ts'
import type { TagStorage } from './storage.ts'
import type { Outcome, Post } from './transport.ts'
import { type Batch, createUnsent } from './unsent.ts'
import {
  CANDIDATE_PATTERN,
  EVENT_BYTES,
  KEEPALIVE_BYTES,
  TAG_BYTES,
  TAG_EVENTS,
  type WireConsent,
  type WireEvent,
} from './wire.ts'

/** Gathers what happens together into one request. */
const GATHER_MS = 500
/** Somebody waits for these: the next page's prices, the order's attribution, the proof of consent. */
const URGENT = /^(identify|purchase|consent)$/
/** While the collector is away; beyond it the oldest are dropped and counted. */
const MAX_QUEUED = 500
const BACKOFF_MS = 1000
const MAX_BACKOFF_MS = 300_000

/** What the queue needs from outside. `onVisitor` is told once, when a reply names the visitor. */
export type QueueDeps = {
  site: string
  post: Post
  storage: TagStorage
  now: () => number
  random: () => number
  onVisitor: (visitor: string) => void
  lose: Lose
}

/** Creates the queue, closed: `open` it on a grant. */
export function createQueue({ site, post, storage, now, random, onVisitor, lose }: QueueDeps) {
  const unsent = createUnsent({ storage, lose })
  let batches: Batch[] = []
  let live: Batch | undefined
  /** The collector may know this browser: only then is a withdrawal told. */
  let known = false
  /** Requests under way. Those with `keepalive` name their events and count against the browser's allowance. */
  const underway = new Set<{ events: WireEvent[]; bytes: number }>()
  let maxEvents: number = TAG_EVENTS
  let failures = 0
  /** The timer of a gathering flush, and the one after a failure, before which nothing is sent. */
  let timer: ReturnType<typeof setTimeout> | undefined
  let pause: typeof timer

  const serialise = (batch: Batch, events: WireEvent[]) =>
    JSON.stringify({ site, ...batch, sent_at: isoTime(now()), events })

  /** The first events, as many as one request may hold: halved until they fit, like after a 413. */
  function cut(batch: Batch, events: WireEvent[], room: number): WireEvent[] {
    let first = events.slice(0, maxEvents)
    while (first.length && byteLength(serialise(batch, first)) > room) first = first.slice(0, first.length >> 1)
    return first
  }

  const flush = guard(() => {
    clearTimeout(timer)
    timer = undefined
    const batch = batches.find((each) => each.events.length)
    if (!batch || underway.size || pause) return
    const events = cut(batch, batch.events, TAG_BYTES)
    // What another script put into storage may fit no request; the collector's 413 then takes it out of the way.
    send(batch, events.length ? events : batch.events.slice(0, 1), false)
  })

  /** Sends what is not yet on its way with `keepalive`, as far as the browser's allowance for it goes. */
  function hurry() {
    for (const batch of batches) {
      for (;;) {
        let room: number = KEEPALIVE_BYTES
        let waiting = batch.events
        for (const request of underway) {
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
    underway.add(request)
    known = true
    const outcome = await post(body, keepalive)
    underway.delete(request)
    guard(settle)(candidate, events, outcome)
    // What has begun to be gathered meanwhile is gathered to its end.
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

  /** A reply names the visitor that a candidate became: everything under that candidate goes under the name. */
  function learn(candidate: string, visitor: string | null) {
    // Another tab may hold a newer one by now, after a withdrawal.
    if (live && storage.get('candidate') === candidate) storage.remove('candidate')
    if (!visitor) return
    for (const batch of batches) {
      if (batch.candidate !== candidate) continue
      batch.visitor = visitor
      delete batch.candidate
      if (batch === live) onVisitor(visitor)
    }
  }

  /** A batch never claims a purpose that was withdrawn since, and holds no claim of identity without it. */
  function narrow(batch: Batch, consent: WireConsent) {
    const { identity, marketing } = batch.consent
    if ((identity && !consent.identity) || (marketing && !consent.marketing)) batch.consent = consent
    if (!batch.consent.identity) batch.events = batch.events.filter((event) => event.type !== 'identify')
  }

  return {
    /**
     * Analytics is granted, or the choice changed while it stands. `wasKnown` says that this browser had granted
     * before. A fresh start takes the candidate that another tab may be using, and what an earlier page left unsent.
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
        // What is stored without a choice that stands was written by a tab that had not yet heard of a withdrawal.
        if (!known) storage.remove('unsent')
        batches.push(...unsent.load(), live)
      }
      for (const batch of batches) if (batch.consent.analytics) narrow(batch, consent)
      setTimeout(flush)
    },

    /** Takes an event of the visitor who consented. Does nothing without consent. */
    add(event: WireEvent): void {
      if (!live) return
      if (byteLength(JSON.stringify(event)) > EVENT_BYTES) {
        lose('too_large', 1, event)
        return
      }
      if (live.events.push(event) > MAX_QUEUED) lose('overflow', 1, live.events.shift())
      if (URGENT.test(event.type)) setTimeout(flush)
      else if (!timer) timer = setTimeout(flush, GATHER_MS)
    },

    /**
     * Analytics is withdrawn: in this tick every event and everything stored is gone, and the collector is told under
     * the visitor that then is forgotten. While the very first request is under way the visitor has no name yet; the
     * word then follows its reply. A later grant queues behind the word, for its reply expires the cookie. Without
     * `word` it was withdrawn on another page, which has told the collector and emptied the storage.
     */
    close(word?: { consent: WireConsent; event: WireEvent }): void {
      if (!live) return
      batches = batches.filter((batch) => !batch.consent.analytics)
      if (word && known) batches.push({ ...live, consent: word.consent, events: [word.event] })
      if (word) storage.remove('candidate', 'consent', 'unsent')
      const named = live.visitor || !underway.size
      live = undefined
      clearTimeout(pause)
      clearTimeout(timer)
      pause = timer = undefined
      if (named) hurry()
    },

    /** The page may end at any moment: what is unacknowledged is stored, and sent unless the collector asked to wait. */
    leave(): void {
      if (live?.events.length) unsent.keep(live)
      if (!pause) hurry()
    },

    /** The visitor's id where it is known, which is never without consent. */
    visitor: (): string | undefined => live?.visitor,
  }
}
