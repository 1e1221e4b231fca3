/**
 * A visitor's choices over time. The latest choice counts. A denial of `identity` is a floor: nothing before it is ever
 * linked again, and nothing is linked while it stands. Ties in time are ordered by the choice's id, and if one choice
 * was stated twice the denial counts, so that the result does not depend on the order of arrival.
 */
import { byTimeThenId } from './event.ts'

/** One choice. */
export type Choice = { id: string; at: number; analytics: boolean; identity: boolean; marketing: boolean }

/** A denial of `identity`, and the time of the grant that ended it; null while it stands. */
export type Denial = { at: number; until: number | null }

/** What a visitor allows now, and since when each purpose has been in its state without interruption. */
export type ConsentState = {
  identity: boolean
  marketing: boolean
  marketingSince: number | null
  /** The last denial of `identity`, if any: links never reach back beyond it. */
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
