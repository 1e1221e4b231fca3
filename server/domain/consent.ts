/**
 * A visitor's choices over time. The latest choice counts; a denial of `identity` is a floor: nothing of before it is
 * ever linked again, and nothing while it stands. Equal times are ordered by the choice's id, and of two words on one
 * choice the denial counts, so that the outcome does not depend on arrival.
 */
import { byTimeThenId } from './event.ts'

/** One choice. */
export type Choice = { id: string; at: number; analytics: boolean; identity: boolean; marketing: boolean }

/** A denial of `identity`: since when, and until which grant. It stands if `until` is null. */
export type Denial = { at: number; until: number | null }

/** What a visitor allows now, and since when each of it has been so without interruption. */
export type ConsentState = {
  identity: boolean
  marketing: boolean
  marketingSince: number | null
  /** The last denial of `identity`, if there was one: links never reach behind it. */
  denial: Denial | null
  withdrawals: { at: number; purpose: 'identity' | 'marketing' }[]
}

/** Folds a visitor's choices. */
export function foldConsents(choices: Choice[]): ConsentState {
  const sorted = [...choices].sort((a, b) => byTimeThenId(a, b) || grants(b) - grants(a))
  const state: ConsentState = {
    identity: false,
    marketing: false,
    marketingSince: null,
    denial: null,
    withdrawals: [],
  }
  for (const choice of sorted) {
    if (state.identity && !choice.identity) state.withdrawals.push({ at: choice.at, purpose: 'identity' })
    if (state.marketing && !choice.marketing) state.withdrawals.push({ at: choice.at, purpose: 'marketing' })
    if (!choice.identity) state.denial = { at: choice.at, until: null }
    else if (state.denial?.until === null) state.denial.until = choice.at
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
