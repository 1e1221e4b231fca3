/**
 * What a visitor's claims say before any link is made: which are refused and why, which contacts are corroborated, how
 * many people share the device. It always considers the whole evidence, later claims included, because what is learned
 * later corrects the past too.
 */

import type { Denial } from './consent.ts'
import { byTimeThenId, type Evidence } from './event.ts'
import type { Reason } from './link-reasons.ts'
import { itemAt, mustGet } from './lookup.ts'
import { TOKEN_STITCH_MS } from './token.ts'

const DAY_MS = 24 * 3600_000

/** How long a claim waits for its contact to be imported, counted from its receipt. */
const HOLD_MS: Record<Evidence, number> = {
  login_verified: 30 * DAY_MS,
  email_click: 30 * DAY_MS,
  login_claimed: DAY_MS,
  form_email: 30 * DAY_MS,
}

/** Two contacts with good evidence within this time make a device shared. */
const SHARED_WINDOW_MS = 30 * DAY_MS

/** From this many visitors on, a link token has been passed around and says nothing of who followed it. */
const PASSED_AROUND_FROM = 3

/** Whom a token was used by is known of this many visitors, the first ones. Those after them change nothing. */
export const COUNTED_USERS = PASSED_AROUND_FROM

/**
 * The contact that a claim's keyed identifier names. If the CRM merged that contact into another, `id` is the contact
 * that survives merging, and the flags are true if they hold for either.
 */
export type Holder =
  | { kind: 'contact'; id: string; importedAt: number; erased: boolean; minor: boolean; mailConsent: boolean }
  | { kind: 'unknown' }
  | { kind: 'ambiguous' }

/** A visitor's claim with what is known about its contact and its token. */
export type Claim = {
  id: string
  at: number
  receivedAt: number
  /** The time of the choice under which it was sent, where that is known. */
  consentAt?: number
  /** The request it came in. */
  request: string
  evidence: Evidence
  /** Sent by the shop's server, which does not know what the visitor allows. */
  byServer: boolean
  holder: Holder
  message: string | null
  issuedAt: number | null
  /** Whether another visitor used this claim's token before this one, by the time of receipt. */
  usedBefore: boolean
  /** How many visitors ever used the token, this one included; `COUNTED_USERS` stands for more. */
  users: number
  /**
   * Whether another contact has the address to which this contact's mails go: nobody can tell which of them clicked.
   */
  sharedAddress: boolean
  /** Whether the token was revoked before the claim was received. */
  revoked: boolean
  /** Whether more new visitors named the contact shortly before, by claims of this kind, than one person can have. */
  crowded: boolean
  /** An operator's last decision on it. */
  act: 'void' | 'confirm' | null
  /** For a form: the shop's cart or order that the address came with. */
  cart: string | null
  order: string | null
}

/** The outcome of a claim that makes no link. */
export type Refusal = { state: 'refused' | 'held' | 'void' | 'review'; reason: Reason }

/**
 * A claim that may make a link to an existing contact. `weight` is the evidence it counts as: a claim that an operator
 * confirmed counts as a signed login.
 */
export type GoodClaim = Claim & { contact: string; weight: Evidence }

/** The evidence on one visitor, weighed as a whole. */
export type WeighedEvidence = {
  good: Map<string, GoodClaim>
  refused: Map<string, Refusal>
  /** The contacts that are proven here, each with the claim that completes the proof. */
  corroborated: Map<string, GoodClaim>
  shared: boolean
  /** The most contacts that are corroborated here within 30 days of each other. */
  sharedBy: number
}

/**
 * Weighs a visitor's claims. `denial` is the last denial of `identity`; the other options are settings of the site. A
 * claim that an operator voided is ignored everywhere, as if it had never been made.
 */
export function weigh(claims: Claim[], denial: Denial | null, { sharedFrom }: { sharedFrom: number }): WeighedEvidence {
  const refused = new Map<string, Refusal>()
  const good = new Map<string, GoodClaim>()
  for (const claim of claims) {
    const refusal = refuse(claim, denial)
    if (refusal) refused.set(claim.id, refusal)
    else if (claim.holder.kind === 'contact') {
      good.set(claim.id, { ...claim, contact: claim.holder.id, weight: weightOf(claim) })
    }
  }
  for (const id of contradictions([...good.values()])) {
    good.delete(id)
    refused.set(id, { state: 'refused', reason: 'ambiguous' })
  }
  const corroborated = corroboratedContacts([...good.values()].filter((claim) => !isPassedAround(claim)))
  for (const [id, refusal] of unproven([...good.values()], corroborated)) {
    good.delete(id)
    refused.set(id, refusal)
  }
  const sharedBy = mostTogether([...good.values()], corroborated)
  return { good, refused, corroborated, shared: sharedBy >= sharedFrom, sharedBy }
}

/** Whether the claim is a click on a link that so many visitors followed that anybody may have it. */
function isPassedAround(claim: GoodClaim): boolean {
  return claim.weight === 'email_click' && claim.users >= PASSED_AROUND_FROM
}

/**
 * Clicks that need other evidence of their contact on this visitor and do not have it: those on a link that was passed
 * around, and those where another contact logged in at any time. People who share a browser open a mail on it and hand
 * it back, and a friend who opens a forwarded mail may well have an account.
 */
function unproven(claims: GoodClaim[], corroborated: ReadonlyMap<string, GoodClaim>): [string, Refusal][] {
  const isLoggedInto = claims.some((claim) => claim.weight === 'login_verified')
  return claims.flatMap((claim): [string, Refusal][] => {
    if (claim.weight !== 'email_click' || corroborated.has(claim.contact)) return []
    if (isPassedAround(claim)) return [[claim.id, { state: 'refused', reason: 'forwarded' }]]
    return isLoggedInto ? [[claim.id, { state: 'review', reason: 'possible_duplicate' }]] : []
  })
}

function weightOf({ evidence, act }: Claim): Evidence {
  return act === 'confirm' ? 'login_verified' : evidence
}

/**
 * Whether a claim was made before the last denial or while it stood, by a page or server that did not know of it yet. A
 * page's claim may be a moment older than the grant under which it was sent.
 */
function isDenied(claim: Claim, denial: Denial | null): boolean {
  if (denial === null) return false
  const { at, until } = denial
  return isBefore(claim, at) || until === null || (claim.byServer && claim.at < until)
}

/** Whether a claim was made before a denial, or sent later by a page that knew only of an earlier choice. */
export function isBefore({ at, consentAt }: { at: number; consentAt?: number | null }, denialAt: number): boolean {
  return at <= denialAt || (consentAt ?? Number.POSITIVE_INFINITY) <= denialAt
}

function refuse(claim: Claim, denial: Denial | null): Refusal | null {
  const { holder } = claim
  if (claim.act === 'void') return { state: 'void', reason: 'voided_by_operator' }
  if (isDenied(claim, denial)) return { state: 'void', reason: 'identity_withdrawn' }
  if (holder.kind === 'ambiguous') return { state: 'refused', reason: 'ambiguous_identifier' }
  if (holder.kind === 'unknown') return { state: 'held', reason: 'not_in_crm' }
  if (holder.erased) return { state: 'refused', reason: 'erased' }
  if (holder.minor) return { state: 'refused', reason: 'minor' }
  // An operator's confirmation overrides the rules below.
  if (claim.act === 'confirm') return null
  if (holder.importedAt > claim.receivedAt + HOLD_MS[claim.evidence]) return { state: 'refused', reason: 'not_in_crm' }
  if (claim.evidence === 'login_verified' && claim.usedBefore) return { state: 'refused', reason: 'token_reused' }
  if (claim.evidence === 'email_click') {
    if (claim.revoked) return { state: 'refused', reason: 'token_revoked' }
    if (claim.issuedAt !== null && claim.at > claim.issuedAt + TOKEN_STITCH_MS) {
      return { state: 'refused', reason: 'token_expired' }
    }
  }
  const guarded = claim.evidence === 'email_click' || claim.evidence === 'login_claimed'
  return guarded && claim.crowded ? { state: 'review', reason: 'too_many_visitors' } : null
}

/** Equally strong claims of one request for different contacts: none of them can be believed. */
function contradictions(claims: GoodClaim[]): string[] {
  const groups = new Map<string, GoodClaim[]>()
  for (const claim of claims) {
    if (claim.act === 'confirm') continue
    const key = `${claim.request} ${claim.evidence}`
    groups.set(key, [...(groups.get(key) ?? []), claim])
  }
  return [...groups.values()]
    .filter((group) => new Set(group.map((claim) => claim.contact)).size > 1)
    .flatMap((group) => group.map((claim) => claim.id))
}

/**
 * Contacts with a signed login here, or with clicks from two different messages. Messages to an address that other
 * contacts share do not count, because all of them received them.
 */
function corroboratedContacts(claims: GoodClaim[]): Map<string, GoodClaim> {
  const messages = new Map<string, Set<string>>()
  const corroborated = new Map<string, GoodClaim>()
  for (const claim of claims.sort(byTimeThenId)) {
    if (corroborated.has(claim.contact)) continue
    if (claim.weight === 'login_verified') corroborated.set(claim.contact, claim)
    if (claim.weight === 'email_click' && claim.message !== null && !claim.sharedAddress) {
      const seen = messages.get(claim.contact) ?? new Set()
      messages.set(claim.contact, seen.add(claim.message))
      if (seen.size > 1) corroborated.set(claim.contact, claim)
    }
  }
  return corroborated
}

const STRONG = new Set<Evidence>(['login_verified', 'email_click'])

/** The most contacts that have signed or corroborated evidence within 30 days of each other. */
function mostTogether(claims: GoodClaim[], corroborated: ReadonlyMap<string, GoodClaim>): number {
  const strong = claims
    .filter((claim) => STRONG.has(claim.weight) && corroborated.has(claim.contact))
    .sort(byTimeThenId)
  let first = 0
  let most = 0
  const inWindow = new Map<string, number>()
  for (const claim of strong) {
    inWindow.set(claim.contact, (inWindow.get(claim.contact) ?? 0) + 1)
    while (itemAt(strong, first).at < claim.at - SHARED_WINDOW_MS) {
      const left = itemAt(strong, first++).contact
      const count = mustGet(inWindow, left) - 1
      if (count === 0) inWindow.delete(left)
      else inWindow.set(left, count)
    }
    most = Math.max(most, inWindow.size)
  }
  return most
}
