/** What visitors did and consented to: facts, which no rule changes. */
import type { ConsentSource } from '../../../tag/wire.ts'
import type { Evidence } from '../../domain/event.ts'
import type { Act } from '../../domain/identity-link.ts'
import type { PersonId, VisitorId } from '../../domain/ids.ts'
import type { Flag, Json } from './columns.ts'

/** An event. `person_id` is the only derived column: it changes with the owner of the event's epoch. */
export type EventRow = {
  visitor_id: VisitorId
  id: string
  site_id: string
  type: string
  at: number
  received_at: number
  identity: Flag
  marketing: Flag
  url: string | null
  referrer: string | null
  title: string | null
  props: Json<Record<string, unknown>> | null
  person_id: PersonId | null
}

export type ClaimRow = {
  visitor_id: VisitorId
  id: string
  site_id: string
  request_id: string
  at: number
  received_at: number
  evidence: Evidence
  key_hash: string
  token_hash: string | null
  message: string | null
  issued_at: number | null
  kid: string | null
  iat: number | null
  exp: number | null
  /** For a form: the shop's cart or the order that carries the address. */
  cart_id: string | null
  order_id: string | null
  /** For a claim that the guard counts: a keyed hash of the truncated address that it came from. */
  network: string | null
  /** The time of the choice under which it was sent; null if a server sent it, which knows none. */
  consent_at: number | null
}

/**
 * One row per choice and state, with the times at which the choice was first and last seen. `page` is the page of the first
 * event that was sent under it, and `page_at` the time of that event.
 */
export type ConsentRow = {
  visitor_id: VisitorId
  id: string
  analytics: Flag
  identity: Flag
  marketing: Flag
  site_id: string
  source: ConsentSource
  policy: string | null
  gpc: Flag | null
  first_at: number
  last_at: number
  page: string | null
  page_at: number | null
}

/**
 * Looks up claims by token: which visitors used it, whether it is a login's or a mail link's, and when this was first received. A
 * voided claim is no use. The use of a login by a visitor that is gone stays under an empty id (`token-uses`).
 */
export type TokenUseRow = { token_hash: string; visitor_id: VisitorId; received_at: number; login: Flag }

/** Looks up claims by identifier: which visitors named it, by which kind of claim, and when this was first received. */
export type ClaimKeyRow = {
  key_hash: string
  visitor_id: VisitorId
  evidence: Evidence
  received_at: number
  /** The network that it came from then: a keyed hash, as in the claim. */
  network: string | null
}

/** What is known about a visitor's browser, from its latest request. */
export type DeviceRow = {
  visitor_id: VisitorId
  site_id: string
  device: string
  browser: string | null
  os: string | null
  received_at: number
}

/** Logins and logouts of an active visitor, kept after their events expire so that nothing is linked wrongly. */
export type AgedMomentRow = { visitor_id: VisitorId; id: string; type: string; at: number }

/** An operator's verdict on a claim: it was an error, it is right, or an earlier verdict is cleared. The latest counts. */
export type LinkActRow = {
  visitor_id: VisitorId
  claim_id: string
  at: number
  act: Act
  actor: string
}

/** A visitor of which only the proofs of consent are left, and until when they are kept. */
export type DepartedVisitorRow = { visitor_id: VisitorId; proof_until: number }

/** The tables of this family by name. */
export type VisitorsTables = {
  events: EventRow
  claims: ClaimRow
  consents: ConsentRow
  token_uses: TokenUseRow
  claim_keys: ClaimKeyRow
  devices: DeviceRow
  aged_moments: AgedMomentRow
  link_acts: LinkActRow
  departed_visitors: DepartedVisitorRow
}
