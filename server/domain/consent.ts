/**
 * A visitor's choices over time. The latest choice counts; a denial of `identity` is a floor: nothing of before it is
 * ever linked again. Equal times are ordered by the choice's id, and of two words on one choice the denial counts, so
 * that the outcome does not depend on arrival.
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
  const sorted = [...choices].sort((a, b) => byTimeThenId(a, b) || grants(b) - grants(a))
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

/** How much a choice allows, `identity` before `marketing`. */
function grants(choice: Choice): number {
  return Number(choice.identity) * 2 + Number(choice.marketing)
}
