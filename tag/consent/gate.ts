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

import type { Draft } from '../draft.ts'
import type { ConsentSource, WireConsent, WireEvent } from '../wire.ts'
import { gpcSignal, withSignal } from './gpc.ts'

/** A complete choice as a source reads it; omitted purposes are unknown. `isOlder`: it may be older than the browser's signal. */
export type Choice = { analytics: boolean; identity?: boolean; marketing?: boolean; policy?: string; isOlder?: boolean }

/** A choice as the visitor made it, with the event that is its proof. */
export type Chosen = { event: Draft; choice: Choice; source: ConsentSource }

/** What a choice means for the rest of the tag. An event is its proof, and must then be reported. */
export type ConsentChange =
  /** `proof` of a new choice. `known`: this browser granted consent on an earlier page. */
  | { kind: 'granted'; consent: WireConsent; known: boolean; proof?: WireEvent }
  /** `notice` if the choice withdraws a grant of this page. */
  | { kind: 'denied'; notice?: { consent: WireConsent; event: WireEvent } }

/** What the gate needs from outside. `storage` holds the standing choice, so that one choice keeps one id. */
type GateDeps = {
  storage: { get<T>(key: 'consent'): T | null; set(key: 'consent', value: WireConsent): void }
  changed: (change: ConsentChange) => void
}

/** A choice on the wire. It has the id and the time of its event. */
const toWire = ({ choice, source, event }: Chosen): WireConsent => ({
  id: event.id!,
  analytics: choice.analytics,
  identity: !!choice.identity,
  marketing: !!choice.marketing,
  source,
  policy: choice.policy,
  gpc: gpcSignal() || undefined,
  at: event.at,
})

/** Two choices are the same if these match. Compared as text, because an undefined policy does not survive JSON. */
const meaning = (consent: WireConsent) => `${[consent.identity, consent.marketing, consent.policy]}`

/** Creates the gate, with everything unknown. */
export function createGate({ storage, changed }: GateDeps) {
  let choice: Choice | undefined
  /** Set while analytics is granted. */
  let consent: WireConsent | undefined
  /** Whether another tab ended the grant that stood here: then its next one holds here, too. */
  let follows = false

  /**
   * Another tab made a new choice, which holds here too, or withdrew consent (null), which stops this page too until
   * consent is granted again, here or there.
   */
  function follow(stored: WireConsent | null): void {
    if (consent ? stored?.id === consent.id : !follows || !stored) return
    follows = !stored
    consent = stored || undefined
    choice = stored || { analytics: false }
    changed(consent ? { kind: 'granted', consent, known: true } : { kind: 'denied' })
  }

  return {
    /** The state of a purpose. Nothing is allowed without `analytics`. */
    allows(purpose: 'analytics' | 'identity'): boolean | undefined {
      return choice?.analytics && choice[purpose]
    },

    /** Takes a choice. Repeating the same one, on this page or the next, keeps its id and time. */
    choose(chosen: Chosen): void {
      const before = consent
      const last = chosen.choice.analytics ? storage.get<WireConsent>('consent') : null
      choice = withSignal(chosen.choice, last)
      const made = toWire({ ...chosen, choice })
      const proof = chosen.event as WireEvent
      consent = undefined
      follows = false
      if (!choice.analytics) {
        changed({ kind: 'denied', notice: before && { consent: made, event: proof } })
        return
      }
      const isNew = !last || meaning(last) !== meaning(made)
      consent = isNew ? made : { ...made, id: last.id, at: last.at }
      if (isNew) storage.set('consent', consent)
      changed({ kind: 'granted', consent, known: !!last, proof: isNew ? proof : undefined })
    },

    /** No choice stands any more: nothing is collected until the next, and a refusal is still a withdrawal. */
    pause(): void {
      choice = undefined
    },

    follow,

    /**
     * The page was frozen and is shown again. If another page changed the choice meanwhile, it may have withdrawn and
     * granted again, and the visitor id of this page may be retired; so this page stays silent until consent is stated.
     */
    resume(): void {
      const stored = consent && storage.get<WireConsent>('consent')
      follow(stored && stored.id === consent?.id ? stored : null)
      follows = false
    },
  }
}
