/**
 * What the visitor allowed, and whether that is a new choice. The rest of the tag asks here first.
 *
 * Each purpose is granted (`true`), denied (`false`) or unknown (`undefined`), and unknown means no. Callers must never
 * touch storage or the network unless `allows('analytics')` is true; the gate itself reads storage only inside a call
 * that grants it, or while a grant stands.
 *
 * A refusal is reported to the collector only if this page granted consent before. Whether the browser granted it last
 * week cannot be known without reading storage, which a refusal forbids, and the cookie is not readable. It does not
 * need to be known: every page states consent again, so a returning visitor's page begins with the grant (a banner
 * reports the stored choice on load) and a change of mind follows it as a withdrawal. One case remains: a banner that
 * asks again because its terms changed, and is refused. Then nothing more is sent, the cookie is no longer renewed, and
 * what was collected under the earlier consent ends with its retention.
 */

import type { ConsentSource, WireConsent } from '../wire.ts'
import { gpcSignal } from './gpc.ts'

/** A complete choice as a source reads it; omitted purposes are unknown. */
export type Choice = { analytics: boolean; identity?: boolean; marketing?: boolean; policy?: string }

/** What a choice means for the rest of the tag. */
export type ConsentChange =
  /** `isNew`: must be reported, as proof of consent. `known`: this browser granted consent on an earlier page. */
  | { kind: 'granted'; consent: WireConsent; isNew: boolean; known: boolean }
  /** `consent` is present if the choice withdraws a grant of this page; it must then be reported. */
  | { kind: 'denied'; consent?: WireConsent }

/** What the gate needs from outside. `storage` holds the standing choice, so that one choice keeps one id. */
export type GateDeps = {
  storage: { get<T>(key: 'consent'): T | null; set(key: 'consent', value: WireConsent): void }
  newId: () => string
  time: () => string
  changed: (change: ConsentChange) => void
}

/** Two choices are the same if these match. Compared as text, because an undefined policy does not survive JSON. */
const meaning = (consent: WireConsent) => `${[consent.identity, consent.marketing, consent.policy]}`

/** Creates the gate, with everything unknown. */
export function createGate({ storage, newId, time, changed }: GateDeps) {
  let choice: Choice | undefined
  /** Set while analytics is granted. */
  let consent: WireConsent | undefined
  /** Whether another tab ended the grant that stood here: then its next one holds here, too. */
  let follows = false

  return {
    /** The state of a purpose. Nothing is allowed without `analytics`. */
    allows(purpose: 'analytics' | 'identity'): boolean | undefined {
      return choice?.analytics && choice[purpose]
    },

    /** Takes a choice. Repeating the same one, on this page or the next, keeps its id and time. */
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
      follows = false
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

    /**
     * Another tab made a new choice, which holds here too, or withdrew consent (null), which stops this page too until
     * consent is granted again, here or there.
     */
    follow(stored: WireConsent | null): void {
      if (consent ? stored?.id === consent.id : !follows || !stored) return
      follows = !stored
      consent = stored || undefined
      choice = stored || { analytics: false }
      changed(consent ? { kind: 'granted', consent, isNew: false, known: true } : { kind: 'denied' })
    },

    /**
     * The page was frozen and is shown again. If another page changed the choice meanwhile, it may have withdrawn and
     * granted again, and the visitor id of this page may be retired; so this page stays silent until consent is stated.
     */
    resume(): void {
      const stored = consent && storage.get<WireConsent>('consent')
      this.follow(stored && stored.id === consent?.id ? stored : null)
      follows = false
    },
  }
}
