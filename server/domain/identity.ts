/**
 * How a visitor becomes a known contact: the fold of a visitor's moments and claims into links and epochs.
 * A pure function of its arguments: never of the clock, of the order of arrival or of other links. It is run again over
 * everything when anything is learned, so that a late claim or import corrects the past. The rules are in docs/identity-rules.md.
 */

import type { Denial } from './consent.ts'
import { tailsOfErased } from './erased-tail.ts'
import { gradeLinks } from './grade-links.ts'
import { type Claim, type GoodClaim, weigh } from './identity-evidence.ts'
import { cellFor, closeLink, type IdentityLink, makeVoid, newLink, type Proof, strengthOf } from './identity-link.ts'
import type { State, Strength } from './identity-table.ts'
import type { EndReason, Reason } from './link-reasons.ts'
import { itemAt, mustGet } from './lookup.ts'
import { firstOfSession, numberSessions, pauseOn } from './sessions.ts'
import { type OpenEpoch, type OpenLink, type Stretch, toStretches } from './stretches.ts'
import type { TypedAddress } from './typed-carts.ts'

/** One event of the visitor, as identity sees it. */
export type Moment = { id: string; at: number; reset: boolean }

/** The site's policy, with durations in milliseconds. */
export type Policy = {
  sessionMs: number
  backstitchMs: number
  /** For how long after a signed login, and after a click, it identifies the browser. */
  loginMs: number
  clickMs: number
  firstClick: 'session' | 'window'
  trustUnsigned: boolean
  sharedFrom: number
  formConfirms: boolean
}

/** The result of a visitor's fold: every link and refusal, the stretches without gaps, and how many contacts share it. */
export type Linked = {
  links: IdentityLink[]
  stretches: Stretch[]
  typed: TypedAddress[]
  /** Moments of voided claims, which belong to nobody. */
  voided: ReadonlySet<string>
  shared: boolean
  sharedBy: number
}

/**
 * Folds the moments of one visitor, sorted by time, then id, and its claims, whose ids are among the moments' ids. The
 * moments of voided claims are skipped, so that nothing depends on them.
 */
export function linkVisitor(moments: Moment[], claims: Claim[], denial: Denial | null, policy: Policy): Linked {
  const voided = new Set(claims.filter((claim) => claim.act === 'void').map((claim) => claim.id))
  if (voided.size === 0) return { ...fold(moments, claims, denial, policy), voided }
  const kept = moments.flatMap((moment, i) => (voided.has(moment.id) ? [] : [i]))
  const linked = fold(
    kept.map((i) => itemAt(moments, i)),
    claims,
    denial,
    policy,
  )
  const stretches = linked.stretches.map((stretch, n) => ({
    ...stretch,
    from: n === 0 ? 0 : itemAt(kept, stretch.from),
    to: kept[stretch.to] ?? moments.length,
  }))
  // All moments belonged to voided claims.
  if (stretches.length === 0)
    stretches.push({ from: 0, to: moments.length, link: null, boundary: true, withOpenCart: false })
  return {
    ...linked,
    voided,
    stretches,
    typed: linked.typed.map((each) => ({ ...each, index: itemAt(kept, each.index) })),
  }
}

function fold(moments: Moment[], claims: Claim[], denial: Denial | null, policy: Policy): Omit<Linked, 'voided'> {
  const evidence = weigh(claims, denial, policy)
  const sessions = numberSessions(moments, pauseOn(evidence, policy.sessionMs))
  const erasedTail = tailsOfErased(moments, evidence.good, policy.sessionMs)
  const typed: { claim: Claim; index: number; link: IdentityLink | null; contact: string | null }[] = []
  const links: IdentityLink[] = claims
    .filter((claim) => !evidence.good.has(claim.id))
    .map((claim) => ({
      ...newLink(claim, claim.holder.kind === 'contact' ? claim.holder.id : null),
      ...mustGet(evidence.refused, claim.id),
    }))

  const done: OpenEpoch[] = []
  let epoch: OpenEpoch = { from: 0, to: moments.length, open: null, typed: null, beside: [] }

  const openEpoch = (from: number) => {
    if (from > epoch.from) done.push({ ...epoch, to: from })
    epoch = { from, to: moments.length, open: null, typed: null, beside: [] }
  }
  const close = (at: number, endReason: EndReason) => {
    for (const link of [epoch.open?.link, epoch.typed, ...epoch.beside]) {
      if (link) closeLink(link, at, endReason)
    }
  }

  const reach = (claim: GoodClaim, strength: Strength, i: number, limited: boolean) => {
    const stitchesBack =
      strength === 'verified' || evidence.corroborated.has(claim.contact) || policy.firstClick === 'window'
    const sessionOnly = limited || !stitchesBack || (strength === 'verified' && isSignedOut(i))
    const bound = sessionOnly ? firstOfSession(sessions, i, epoch.from) : epoch.from
    let from = i
    while (from > bound && !erasedTail[from - 1] && itemAt(moments, from - 1).at >= claim.at - policy.backstitchMs)
      from--
    return { from, withCart: sessionOnly && !limited && !erasedTail[from - 1] }
  }

  /** Whether the session of moment `i` ends in a logout: the browser is left to others, who may have had it before. */
  const isSignedOut = (i: number) => {
    let last = i
    while (sessions[last + 1] === sessions[i]) last++
    return itemAt(moments, last).reset
  }

  const begin = (claim: GoodClaim, i: number, reason: Reason, contested = false) => {
    const strength = strengthOf(claim, policy)
    const link: IdentityLink = {
      ...newLink(claim, claim.contact),
      strength,
      state: 'open',
      reason,
      validFrom: claim.at,
    }
    epoch.open = { link, ownsFrom: null, withCart: false, limited: evidence.shared, contested, verifiedIn: null }
    links.push(link)
    link.proofs.push({ id: claim.id, at: claim.at, evidence: claim.evidence, reason })
    prove(epoch.open, claim, i)
  }

  /** A claim about the open link's contact: makes the link stronger, longer, and reach further back. */
  const prove = (open: OpenLink, claim: GoodClaim, i: number) => {
    const strength = strengthOf(claim, policy)
    if (strength === 'typed' && policy.formConfirms && open.link.expiresAt !== null)
      open.link.expiresAt = Math.max(open.link.expiresAt, claim.at + policy.clickMs)
    if (strength === 'claimed' || strength === 'typed') return
    if (strength === 'verified') open.verifiedIn = itemAt(sessions, i)
    if (open.link.strength !== 'verified') open.link.strength = strength
    if (strength === 'verified') open.link.evidence = claim.evidence
    else if (open.link.evidence === 'login_claimed') open.link.evidence = claim.evidence
    if (open.ownsFrom === null) open.link.validFrom = claim.at
    // A forwarded token counts for its session only, and so does a click in a mail that two contacts read, or one click
    // where another contact is proven: people who share a browser open a mail on it and hand it back. Proof without
    // that doubt lifts the limit.
    const suspected = claim.weight === 'email_click' && (claim.usedBefore || claim.sharedAddress)
    const doubtful = (suspected || open.contested) && !evidence.corroborated.has(claim.contact)
    open.limited = evidence.shared || (doubtful && (open.ownsFrom === null || open.limited))
    const { from, withCart } = reach(claim, strength, i, open.limited)
    open.ownsFrom = Math.min(open.ownsFrom ?? from, from)
    open.withCart ||= withCart
    open.link.backfillFrom = itemAt(moments, open.ownsFrom).at
    const speaksUntil = claim.at + (strength === 'verified' ? policy.loginMs : policy.clickMs)
    open.link.expiresAt = Math.max(open.link.expiresAt ?? speaksUntil, speaksUntil)
  }

  const supersede = (claim: GoodClaim, i: number, reason: Reason & EndReason) => {
    const old = epoch.open
    if (old === null) {
      close(claim.at, reason)
      openEpoch(i)
      return begin(claim, i, reason)
    }
    const others = [...evidence.good.values()].filter(
      (other) => other.contact === old.link.contact && other.weight !== 'form_email',
    )
    const onlyThisSession = others.every(
      (other) => other.weight === 'email_click' && sessions[indexOf(other.id)] === sessions[i],
    )
    if (onlyThisSession) {
      // A forwarded mail: whoever clicked was never its recipient.
      makeVoid(old.link, 'forwarded_mail')
      const from = firstOfSession(sessions, i, epoch.from)
      epoch.open = null
      openEpoch(from)
    } else {
      const provenForwarded =
        strengthOf(claim, policy) === 'verified' &&
        old.link.strength === 'confirmed' &&
        old.link.proofs.some((proof) => mustGet(evidence.good, proof.id).users > 1)
      if (provenForwarded) {
        makeVoid(old.link, 'forwarded_token')
        epoch.open = null
      } else close(claim.at, reason)
      openEpoch(i)
    }
    const contested = !onlyThisSession && claim.weight === 'email_click' && old.link.strength !== 'claimed'
    begin(claim, i, reason, contested)
  }

  /** An address typed into a form: it says something of the cart it came with, and nothing of who the visitor is. */
  const type = (claim: GoodClaim, i: number, reason: Reason & EndReason) => {
    const link: IdentityLink = { ...newLink(claim, claim.contact), state: 'open', reason, validFrom: claim.at }
    link.proofs.push({ id: claim.id, at: claim.at, evidence: claim.evidence, reason })
    if (epoch.open) epoch.beside.push(link)
    else {
      if (epoch.typed) closeLink(epoch.typed, claim.at, reason)
      epoch.typed = link
    }
    links.push(link)
    address(claim, i, link)
  }

  /** Notes whom the cart may be told to: nobody whom too many named, or without that contact's own permission to be mailed. */
  const address = (claim: GoodClaim, i: number, link: IdentityLink | null) => {
    const mayBeMailed = claim.holder.kind === 'contact' && claim.holder.mailConsent
    const isOwner = epoch.open !== null && epoch.open.link === link && epoch.open.ownsFrom !== null
    typed.push({ claim, index: i, link, contact: mayBeMailed && !isOwner && !claim.crowded ? claim.contact : null })
  }

  const positions = new Map(moments.map((moment, i) => [moment.id, i]))
  const indexOf = (id: string) => positions.get(id) ?? -1

  for (let i = 0; i < moments.length; i++) {
    const moment = itemAt(moments, i)
    const open = epoch.open
    if (denial && moment.at > denial.at && i > 0 && itemAt(moments, i - 1).at <= denial.at) openEpoch(i)
    else if (open?.limited && sessions[i] !== sessions[i - 1]) {
      close(itemAt(moments, i - 1).at, 'session_over')
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
  // The last address typed for a cart decides, whether or not it names a contact.
  for (const claim of claims)
    if (claim.evidence === 'form_email' && !evidence.good.has(claim.id))
      typed.push({ claim, index: indexOf(claim.id), link: null, contact: null })
  const standing = typed
    .filter(({ link, index }) => link?.state !== 'void' && index >= 0)
    .sort((a, b) => a.index - b.index)
    .map(({ claim: { cart, order }, index, contact }): TypedAddress => ({ index, contact, cart, order }))
  const stretches = toStretches(done, moments.length)
  gradeLinks(stretches, { moments, sessions, evidence, indexOf, policy })
  return { links, stretches, typed: standing, shared: evidence.shared, sharedBy: evidence.sharedBy }

  function apply(claim: GoodClaim, i: number): void {
    const open = epoch.open
    const state = stateOf(epoch, itemAt(sessions, i))
    const current = open?.link ?? epoch.typed
    const same = current !== null && current.contact === claim.contact
    const cell = cellFor(claim, state, same, policy)
    const note: Proof = { id: claim.id, at: claim.at, evidence: claim.evidence, reason: cell.reason }
    switch (cell.action) {
      case 'link':
      case 'provisional':
        // Either the typed address is proven now, or it was somebody else's.
        if (epoch.typed && same) closeLink(epoch.typed, claim.at, 'proven')
        else if (epoch.typed) makeVoid(epoch.typed, cell.reason)
        epoch.typed = null
        begin(claim, i, cell.reason)
        return
      case 'cart':
        type(claim, i, cell.reason)
        return
      case 'raise':
        if (open === null) throw new Error('the decision table raises only links that are open')
        open.link.reason = cell.reason
        open.link.proofs.push(note)
        prove(open, claim, i)
        return
      case 'keep':
        current?.proofs.push(note)
        if (open) prove(open, claim, i)
        if (claim.weight === 'form_email') address(claim, i, current)
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
        links.push({ ...newLink(claim, claim.contact), state: 'refused', reason: cell.reason })
        return
      case 'review':
        links.push({ ...newLink(claim, claim.contact), state: 'review', reason: cell.reason })
        return
    }
  }
}

function stateOf({ open, typed }: OpenEpoch, session: number): State {
  if (!open) return typed ? 'typed' : 'none'
  if (open.link.strength !== 'verified') return open.link.strength
  return open.verifiedIn === session ? 'verified' : 'remembered'
}
