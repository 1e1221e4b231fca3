/** What a claim becomes: the row of a link or refusal, its strength, and the cell of the table that decides it. */
import type { Evidence } from './event.ts'
import type { GradeSpan } from './grade.ts'
import type { Claim, GoodClaim } from './identity-evidence.ts'
import { ANOTHER, type Cell, SAME, type State, type Strength } from './identity-table.ts'
import type { EndReason, Reason } from './link-reasons.ts'

/**
 * What can become of a claim. `open` and `closed` are links that stand; `void` was an error and gives nothing; `held`
 * waits for its contact to be imported, `review` for an operator.
 */
export const LINK_STATES = ['open', 'closed', 'void', 'refused', 'held', 'review'] as const

/** What became of a claim. */
export type LinkState = (typeof LINK_STATES)[number]

/** A claim that speaks for a link, and the cell of the decision table that it fell under. */
export type Proof = { id: string; at: number; evidence: Evidence; reason: Reason }

/** What an operator can say of a claim: that it was an error, that it is right, or neither any more. */
export const ACTS = ['void', 'confirm', 'clear'] as const

/** What an operator says of a claim. */
export type Act = (typeof ACTS)[number]

/**
 * What a claim became. `proofs` are all claims about the contact while it was open, starting with the one that made it.
 */
export type IdentityLink = {
  /** The id of the claim that made it. */
  id: string
  contact: string | null
  evidence: Evidence
  strength: Strength
  state: LinkState
  /** Why it was made, refused or held: the reason of a cell of the decision table, or of a refusal of the evidence. */
  reason: Reason
  /** Why it ended or was found to be wrong. */
  endReason: EndReason | null
  at: number
  validFrom: number | null
  validTo: number | null
  backfillFrom: number | null
  expiresAt: number | null
  proofs: Proof[]
  /** How sure its events are the contact's, in order of time; none if it owns nothing. */
  grades: GradeSpan[]
}

/** The row that every claim gets, but for what became of it. */
export function newLink(claim: Claim, contact: string | null): Omit<IdentityLink, 'state' | 'reason'> {
  return {
    id: claim.id,
    contact,
    evidence: claim.evidence,
    strength: STRENGTHS[claim.evidence],
    endReason: null,
    at: claim.at,
    validFrom: null,
    validTo: null,
    backfillFrom: null,
    expiresAt: null,
    proofs: [],
    grades: [],
  }
}

const STRENGTHS: Record<Evidence, Strength> = {
  login_verified: 'verified',
  email_click: 'confirmed',
  login_claimed: 'claimed',
  form_email: 'typed',
}

/** The strength of the link that a claim makes. An unsigned login counts as a click if the site trusts it. */
export function strengthOf({ weight }: GoodClaim, policy: { trustUnsigned: boolean }): Strength {
  return weight === 'login_claimed' && policy.trustUnsigned ? 'confirmed' : STRENGTHS[weight]
}

/**
 * The table's cell. With `trust_unsigned_login` an unsigned login acts like a click, but never overrides a signed one.
 */
export function cellFor(claim: GoodClaim, state: State, same: boolean, policy: { trustUnsigned: boolean }): Cell {
  const row = same && state !== 'none' ? SAME[state] : ANOTHER[state]
  if (claim.act === 'confirm') return { ...row.login_verified, reason: 'confirmed_by_operator' }
  const trusted = claim.weight === 'login_claimed' && policy.trustUnsigned && state !== 'verified'
  if (trusted) return { ...row.email_click, reason: 'trusted_unsigned_login' }
  return row[claim.weight]
}

/** Ends a link that stood until then. */
export function closeLink(link: IdentityLink, at: number, endReason: EndReason): void {
  link.state = 'closed'
  link.validTo = at
  link.endReason = endReason
}

/** The link was an error: it gives its contact nothing, now or in the past. */
export function makeVoid(link: IdentityLink, endReason: EndReason): void {
  link.state = 'void'
  link.endReason = endReason
  link.validTo = link.validFrom
  link.backfillFrom = null
  link.expiresAt = null
}

/** Whether a link makes a match: it is strong enough and was not found to be wrong. */
export function countsAsMatch(link: IdentityLink): boolean {
  const strong = link.strength === 'verified' || link.strength === 'confirmed'
  return strong && (link.state === 'open' || link.state === 'closed')
}
