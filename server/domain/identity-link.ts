/** What a claim becomes: the row of a link or refusal, how strong it is, and the cell of the table that decides it. */
import type { Evidence } from './event.ts'
import type { Claim, GoodClaim } from './identity-evidence.ts'
import { ANOTHER, type Cell, SAME, type State, type Strength } from './identity-table.ts'

/** What a claim became. `proofs` are all claims about the contact while it was open, the one that made it first. */
export type Link = {
  /** The id of the claim that made it. */
  id: string
  contact: string | null
  evidence: Evidence
  strength: Strength
  state: 'open' | 'closed' | 'void' | 'refused' | 'held' | 'review'
  /** Why it was made, refused or held: a cell of the decision table, or a refusal of the evidence. */
  reason: string
  /** Why it ended or was found to be wrong. */
  endReason: string | null
  at: number
  validFrom: number | null
  validTo: number | null
  backfillFrom: number | null
  expiresAt: number | null
  proofs: { id: string; at: number; evidence: Evidence; reason: string }[]
}

/** The row that every claim gets; what it became is filled in by whoever decides. */
export function newLink(claim: Claim, contact: string | null): Link {
  return {
    id: claim.id,
    contact,
    evidence: claim.evidence,
    strength: STRENGTHS[claim.evidence],
    state: 'held',
    reason: '',
    endReason: null,
    at: claim.at,
    validFrom: null,
    validTo: null,
    backfillFrom: null,
    expiresAt: null,
    proofs: [],
  }
}

const STRENGTHS: Record<Evidence, Strength> = {
  login_verified: 'verified',
  email_click: 'confirmed',
  login_claimed: 'claimed',
  form_email: 'typed',
}

/** How strong a claim makes a link: what it counts as, and an unsigned login as a click where the site trusts it. */
export function strengthOf({ weight }: GoodClaim, policy: { trustUnsigned: boolean }): Strength {
  return weight === 'login_claimed' && policy.trustUnsigned ? 'confirmed' : STRENGTHS[weight]
}

/** The table's cell. With `trust_unsigned_login` an unsigned login acts as a click does, but never over a signed one. */
export function cellFor(claim: GoodClaim, state: State, same: boolean, policy: { trustUnsigned: boolean }): Cell {
  const row = same && state !== 'none' ? SAME[state] : ANOTHER[state]
  if (claim.act === 'confirm') return { ...row.login_verified, reason: 'confirmed_by_operator' }
  const trusted = claim.weight === 'login_claimed' && policy.trustUnsigned && state !== 'verified'
  if (trusted) return { ...row.email_click, reason: 'trusted_unsigned_login' }
  if (claim.evidence === 'form_email' && claim.weight !== 'form_email') {
    return { ...row[claim.weight], reason: 'typed_address_trusted' }
  }
  return row[claim.weight]
}

/** The link was an error: it gives its contact nothing, and never did. */
export function makeVoid(link: Link, endReason: string): void {
  Object.assign(link, { state: 'void', endReason, validTo: link.validFrom, backfillFrom: null, expiresAt: null })
}

/** Whether a link gives its contact anything: it is strong enough and was not found to be wrong. */
export function countsAsMatch(link: Link): boolean {
  const strong = link.strength === 'verified' || link.strength === 'confirmed'
  return strong && (link.state === 'open' || link.state === 'closed')
}
