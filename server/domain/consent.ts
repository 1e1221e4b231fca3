/**
 * A visitor's choices over time. The latest choice counts; a denial of `identity` is a floor: nothing of before it is
 * ever linked again. Equal times are ordered by the choice's id, so that the outcome does not depend on arrival.
 */
import { byTimeThenId } from './event.ts'

/** One choice. */
export type Choice = { id: string; at: number; analytics: boolean; identity: boolean; marketing: boolean }

/** What a visitor allows now, and since when each of it has been so without interruption. */
export type ConsentState = {
  identity: boolean
  marketing: boolean
  marketingSince: number | null
  /** The time of the last denial of `identity`, or null: links never reach behind it. */
  identityFloor: number | null
  withdrawals: { at: number; purpose: 'identity' | 'marketing' }[]
}

/** Folds a visitor's choices. */
export function foldConsents(choices: Choice[]): ConsentState {
  const sorted = [...choices].sort(byTimeThenId)
  const state: ConsentState = {
    identity: false,
    marketing: false,
    marketingSince: null,
    identityFloor: null,
    withdrawals: [],
  }
  for (const choice of sorted) {
    if (state.identity && !choice.identity) state.withdrawals.push({ at: choice.at, purpose: 'identity' })
    if (state.marketing && !choice.marketing) state.withdrawals.push({ at: choice.at, purpose: 'marketing' })
    if (!choice.identity) state.identityFloor = choice.at
    if (choice.marketing !== state.marketing || state.marketingSince === null) state.marketingSince = choice.at
    state.identity = choice.identity
    state.marketing = choice.marketing
  }
  return state
}
