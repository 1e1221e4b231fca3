/**
 * How a visitor becomes a known contact: the fold of a visitor's moments and claims into links and epochs.
 *
 * A pure function. What it may depend on is in its arguments and nowhere else: never the clock, never the order of
 * arrival, never other links. It is run again over everything whenever anything about the visitor is learned, so a
 * late claim or a late import corrects the past. Rules and words are IDENTITY's in the design.
 */

import type { Claim } from './identity-evidence.ts'
import { type GoodClaim, weigh } from './identity-evidence.ts'
import { ANOTHER, type Cell, type LinkEvidence, SAME, type State, type Strength } from './identity-table.ts'

const DAY_MS = 24 * 3600_000

/** A link ends this long after the last proof. */
const PROOF_MS = 90 * DAY_MS

/** One event of the visitor, as far as identity looks at it. */
export type Moment = { id: string; at: number; reset: boolean }

/** The site's policy. Durations in milliseconds. */
export type Policy = {
  sessionMs: number
  backstitchMs: number
  firstClick: 'session' | 'window'
  trustUnsigned: boolean
  sharedFrom: number
}

/** What a claim became. `proofs` are all claims about the contact while it was open, the one that made it first. */
export type Link = {
  /** The id of the claim that made it. */
  id: string
  contact: string | null
  evidence: LinkEvidence
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
  proofs: { id: string; at: number; evidence: LinkEvidence; reason: string }[]
}

/** A stretch of moments, `from` inclusive to `to` exclusive, with its owner's link. */
export type Stretch = {
  from: number
  to: number
  link: Link | null
  /** It begins where an epoch begins, not where its owner's reach does. */
  boundary: boolean
  /** A first click: the cart that was open when the session began is the contact's too. */
  withOpenCart: boolean
}

type OpenLink = { link: Link; ownsFrom: number | null; withCart: boolean; limited: boolean; verifiedIn: number | null }
type Epoch = { from: number; to: number; open: OpenLink | null }

/**
 * Folds the moments of one visitor, sorted by time then id, and its claims, whose ids are among the moments' ids.
 * Returns every link and refusal, and the stretches from the first moment to the last without a gap.
 */
export function linkVisitor(
  moments: Moment[],
  claims: Claim[],
  floor: number | null,
  policy: Policy,
): { links: Link[]; stretches: Stretch[]; shared: boolean } {
  const evidence = weigh(claims, floor, policy.sharedFrom)
  const sessions = numberSessions(moments, policy.sessionMs)
  const links: Link[] = claims
    .filter((claim) => !evidence.good.has(claim.id))
    .map((claim) => ({
      ...decision(claim, claim.holder.kind === 'contact' ? claim.holder.id : null),
      ...evidence.refused.get(claim.id)!,
    }))

  const done: Epoch[] = []
  let epoch: Epoch = { from: 0, to: moments.length, open: null }

  const openEpoch = (from: number) => {
    if (from > epoch.from) done.push({ ...epoch, to: from })
    epoch = { from, to: moments.length, open: null }
  }
  const close = (at: number, endReason: string) => {
    const link = epoch.open?.link
    if (link) Object.assign(link, { state: 'closed', validTo: at, endReason })
  }

  const reach = (claim: GoodClaim, strength: Strength, i: number, limited: boolean) => {
    const stitchesBack =
      strength === 'verified' || evidence.corroborated.has(claim.contact) || policy.firstClick === 'window'
    const sessionOnly = limited || !stitchesBack
    const bound = sessionOnly ? firstOfSession(sessions, i, epoch.from) : epoch.from
    let from = i
    while (from > bound && moments[from - 1]!.at >= claim.at - policy.backstitchMs) from--
    return { from, withCart: sessionOnly && !limited }
  }

  const begin = (claim: GoodClaim, i: number, reason: string) => {
    const strength = strengthOf(claim.evidence, policy)
    const link: Link = { ...decision(claim, claim.contact), strength, state: 'open', reason, validFrom: claim.at }
    epoch.open = { link, ownsFrom: null, withCart: false, limited: evidence.shared, verifiedIn: null }
    links.push(link)
    link.proofs.push({ id: claim.id, at: claim.at, evidence: claim.evidence, reason })
    prove(epoch.open, claim, i)
  }

  /** A claim about the open link's contact: makes it stronger, longer, and reach further back. */
  const prove = (open: OpenLink, claim: GoodClaim, i: number) => {
    const strength = strengthOf(claim.evidence, policy)
    if (strength === 'claimed') return
    if (strength === 'verified') open.verifiedIn = sessions[i]!
    if (open.link.strength !== 'verified') open.link.strength = strength
    if (strength === 'verified') open.link.evidence = claim.evidence
    else if (open.link.evidence === 'login_claimed') open.link.evidence = claim.evidence
    if (open.ownsFrom === null) open.link.validFrom = claim.at
    // A forwarded token is worth its session; proof without that doubt lifts the limit.
    const suspected = claim.evidence === 'email_click' && claim.usedBefore > 0
    const doubtful = suspected && !evidence.corroborated.has(claim.contact)
    open.limited = evidence.shared || (doubtful && (open.ownsFrom === null || open.limited))
    const { from, withCart } = reach(claim, strength, i, open.limited)
    open.ownsFrom = Math.min(open.ownsFrom ?? from, from)
    open.withCart ||= withCart
    open.link.backfillFrom = moments[open.ownsFrom]!.at
    open.link.expiresAt = claim.at + PROOF_MS
  }

  const supersede = (claim: GoodClaim, i: number, reason: string) => {
    const old = epoch.open!
    const others = [...evidence.good.values()].filter((other) => other.contact === old.link.contact)
    const onlyThisSession = others.every(
      (other) => other.evidence === 'email_click' && sessions[indexOf(other.id)] === sessions[i],
    )
    if (onlyThisSession) {
      // A forwarded mail: he who clicked was never the one it was sent to.
      makeVoid(old.link, 'forwarded_mail')
      const from = firstOfSession(sessions, i, epoch.from)
      epoch.open = null
      openEpoch(from)
    } else {
      const provenForwarded =
        strengthOf(claim.evidence, policy) === 'verified' &&
        old.link.strength === 'confirmed' &&
        old.link.proofs.some((proof) => evidence.good.get(proof.id)!.usedElsewhere)
      if (provenForwarded) {
        makeVoid(old.link, 'forwarded_token')
        epoch.open = null
      } else close(claim.at, reason)
      openEpoch(i)
    }
    begin(claim, i, reason)
  }

  const positions = new Map(moments.map((moment, i) => [moment.id, i]))
  const indexOf = (id: string) => positions.get(id) ?? -1

  for (let i = 0; i < moments.length; i++) {
    const moment = moments[i]!
    const open = epoch.open
    if (floor !== null && moment.at > floor && i > 0 && moments[i - 1]!.at <= floor) openEpoch(i)
    else if (open?.limited && sessions[i] !== sessions[i - 1]) {
      close(moments[i - 1]!.at, 'session_over')
      openEpoch(i)
    } else if (open?.link.expiresAt && moment.at > open.link.expiresAt) {
      close(open.link.expiresAt, 'proof_expired')
      openEpoch(i)
    }
    const claim = evidence.good.get(moment.id)
    if (claim) apply(claim, i)
    if (moment.reset) {
      close(moment.at, 'logout')
      openEpoch(i + 1)
    }
  }
  done.push(epoch)
  return { links, stretches: toStretches(done, moments.length), shared: evidence.shared }

  function apply(claim: GoodClaim, i: number): void {
    const open = epoch.open
    const state = stateOf(open, sessions[i]!)
    const same = open !== null && open.link.contact === claim.contact
    const cell = cellFor(claim, state, same, policy)
    const note = { id: claim.id, at: claim.at, evidence: claim.evidence, reason: cell.reason }
    switch (cell.action) {
      case 'link':
      case 'provisional':
        begin(claim, i, cell.reason)
        return
      case 'raise':
        Object.assign(open!.link, { reason: cell.reason })
        open!.link.proofs.push(note)
        prove(open!, claim, i)
        return
      case 'keep':
        open!.link.proofs.push(note)
        prove(open!, claim, i)
        return
      case 'supersede':
        supersede(claim, i, cell.reason)
        return
      case 'replace':
        close(claim.at, cell.reason)
        openEpoch(i)
        begin(claim, i, cell.reason)
        return
      case 'refuse':
        links.push({ ...decision(claim, claim.contact), state: 'refused', reason: cell.reason })
        return
      case 'review':
        links.push({ ...decision(claim, claim.contact), state: 'review', reason: cell.reason })
        return
    }
  }
}

/** The number of each moment's session: gaps of `sessionMs` and resets begin a new one. */
function numberSessions(moments: Moment[], sessionMs: number): number[] {
  let session = 0
  return moments.map((moment, i) => {
    const before = moments[i - 1]
    if (before && (before.reset || moment.at - before.at >= sessionMs)) session++
    return session
  })
}

/** The first moment of the session of moment `i`, not before `bound`. */
function firstOfSession(sessions: number[], i: number, bound: number): number {
  let first = i
  while (first > bound && sessions[first - 1] === sessions[i]) first--
  return first
}

function strengthOf(evidence: LinkEvidence, policy: Policy): Strength {
  if (evidence === 'login_verified') return 'verified'
  return evidence === 'email_click' || policy.trustUnsigned ? 'confirmed' : 'claimed'
}

/** The table's cell. With `trust_unsigned_login` an unsigned login acts as a click does, but never over a signed one. */
function cellFor(claim: GoodClaim, state: State, same: boolean, policy: Policy): Cell {
  const row = same && state !== 'none' ? SAME[state] : ANOTHER[state]
  const trusted = claim.evidence === 'login_claimed' && policy.trustUnsigned && state !== 'verified'
  return trusted ? { ...row.email_click, reason: 'trusted_unsigned_login' } : row[claim.evidence]
}

function stateOf(open: OpenLink | null, session: number): State {
  if (!open) return 'none'
  if (open.link.strength !== 'verified') return open.link.strength
  return open.verifiedIn === session ? 'verified' : 'remembered'
}

function makeVoid(link: Link, endReason: string): void {
  Object.assign(link, { state: 'void', endReason, validTo: link.validFrom, backfillFrom: null, expiresAt: null })
}

/** The row that every claim gets. */
function decision(claim: Claim, contact: string | null): Link {
  return {
    id: claim.id,
    contact,
    evidence: claim.evidence,
    strength:
      claim.evidence === 'login_verified' ? 'verified' : claim.evidence === 'email_click' ? 'confirmed' : 'claimed',
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

/** Cuts each epoch where its owner's reach begins, and drops the links that own nothing. */
function toStretches(epochs: Epoch[], length: number): Stretch[] {
  const stretches: Stretch[] = []
  for (const { from, to, open } of epochs) {
    if (from >= to || from >= length) continue
    const owned = open && open.ownsFrom !== null && open.link.state !== 'void' ? open : null
    if (!owned) {
      stretches.push({ from, to, link: null, boundary: true, withOpenCart: false })
      continue
    }
    const ownsFrom = owned.ownsFrom!
    const cut = ownsFrom > from
    if (cut) stretches.push({ from, to: ownsFrom, link: null, boundary: true, withOpenCart: false })
    stretches.push({ from: ownsFrom, to, link: owned.link, boundary: !cut, withOpenCart: owned.withCart })
  }
  return stretches
}
