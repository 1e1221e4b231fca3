/**
 * What the visitor allowed, and whether it is a new choice. Everything else in the tag asks here first.
 *
 * Each purpose is granted (`true`), denied (`false`) or unknown (`undefined`), and unknown is no. Callers must never
 * touch storage or the network unless `allows('analytics')` is true; the gate itself reads storage only inside a call
 * that grants it, or while a grant stands.
 *
 * A refusal is told to the collector only if this page granted before. Whether the browser had granted last week
 * cannot be known before a grant without reading storage, which a refusal forbids, and the cookie is not readable. It
 * need not be known: consent is stated anew on every page, so a returning visitor's page begins with the grant (a
 * banner reports the stored choice at load) and the change of mind follows it as a withdrawal. The one case left is a
 * banner that asks again because its terms changed and is refused: then nothing is sent from here on, the cookie is
 * never renewed, and what was collected under the earlier consent ends with its retention.
 */

import type { ConsentSource, WireConsent } from '../wire.ts'
import { gpcSignal } from './gpc.ts'

/** A whole choice as a source reads it; what is left out is unknown. */
export type Choice = { analytics: boolean; identity?: boolean; marketing?: boolean; policy?: string }

/** What a choice means for the rest of the tag. */
export type ConsentChange =
  /** `isNew`: to be told, it is the proof. `known`: this browser had granted on an earlier page. */
  | { kind: 'granted'; consent: WireConsent; isNew: boolean; known: boolean }
  /** `consent` is there where a grant of this page was withdrawn by it: then it is to be told. */
  | { kind: 'denied'; consent?: WireConsent }

/** What the gate needs from outside; `storage` holds the choice that stands, so that one choice keeps one id. */
export type GateDeps = {
  storage: { get<T>(key: 'consent'): T | null; set(key: 'consent', value: WireConsent): void }
  newId: () => string
  time: () => string
  changed: (change: ConsentChange) => void
}

/** Two choices are one if these are equal. An absent policy is no property once it went through JSON. */
const meaning = (consent: WireConsent) => `${[consent.identity, consent.marketing, consent.policy]}`

/** Creates the gate, with everything unknown. */
export function createGate({ storage, newId, time, changed }: GateDeps) {
  let choice: Choice | undefined
  /** While analytics is granted. */
  let consent: WireConsent | undefined

  return {
    /** The state of a purpose; without `analytics` there is none to ask about. */
    allows(purpose: 'analytics' | 'identity'): boolean | undefined {
      return choice?.analytics && choice[purpose]
    },

    /** Takes a choice. The same one again, on this page or the next, is not a new one and keeps its id and time. */
    choose(next: Choice, source: ConsentSource): void {
      const before = consent
      const made: WireConsent = {
        id: newId(),
        analytics: next.analytics,
        identity: !!next.identity,
        marketing: !!next.marketing,
        source,
        policy: next.policy,
        gpc: gpcSignal() || undefined,
        at: time(),
      }
      choice = next
      consent = undefined
      if (!next.analytics) {
        changed({ kind: 'denied', consent: before && made })
        return
      }
      const last = storage.get<WireConsent>('consent')
      const isNew = !last || meaning(last) !== meaning(made)
      consent = isNew ? made : { ...made, id: last.id, at: last.at }
      if (isNew) storage.set('consent', consent)
      changed({ kind: 'granted', consent, isNew, known: !!last })
    },

    /** Another tab made a new choice, which holds for this one too, or withdrew (null): then this page stops as well. */
    follow(stored: WireConsent | null): void {
      if (!consent || stored?.id === consent.id) return
      consent = stored || undefined
      choice = stored || { analytics: false }
      changed(consent ? { kind: 'granted', consent, isNew: false, known: true } : { kind: 'denied' })
    },

    /**
     * The page was frozen and is shown again. If another page changed the choice meanwhile, it may have withdrawn and
     * granted anew, and the visitor this page knows may be retired; so this page stays silent until it is told again.
     */
    resume(): void {
      const stored = consent && storage.get<WireConsent>('consent')
      this.follow(stored && stored.id === consent?.id ? stored : null)
    },
  }
}
