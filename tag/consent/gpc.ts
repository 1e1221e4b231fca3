/**
 * Global Privacy Control, the browser's standing "do not sell or share". It refuses `marketing` and `identity` unless an
 * explicit choice on this site grants them that is later than the signal, and so more specific. The signal is reported with
 * each choice (`gpc: true`) as proof of what was known. A call of the shop (`manual`) is taken for such a choice; a
 * platform's may be from before the signal was switched on.
 */
import type { WireConsent } from '../wire.ts'

declare global {
  interface Navigator {
    globalPrivacyControl?: boolean
  }
}

/** True if the browser sends the signal. It may change while the page is open. */
export function gpcSignal(): boolean {
  return navigator.globalPrivacyControl === true
}

/** The purposes that the signal refuses. `isOlder`: the choice may be older than the signal. */
type Refusable = { identity?: boolean; marketing?: boolean; isOlder?: boolean }

/** A choice that may be older than the signal grants only what was granted under it before. `last` is the choice that stood. */
export function withSignal<Choice extends Refusable>(choice: Choice, last: WireConsent | null): Choice {
  if (!choice.isOlder) return choice
  const stood = (purpose: 'identity' | 'marketing') => !!choice[purpose] && !!last?.gpc && last[purpose]
  return { ...choice, identity: stood('identity'), marketing: stood('marketing') }
}
