/** What visitors did and allowed: facts, which no rule changes. */
import type { ConsentSource } from '../../../tag/wire.ts'
import type { Evidence } from '../../domain/event.ts'
import type { Act } from '../../domain/identity-link.ts'
import type { PersonId, VisitorId } from '../../domain/ids.ts'
import type { Flag, Json } from './columns.ts'

/** `person_id` is the one derived column: it is re-pointed when an epoch's owner changes. */
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
  /** Of a form: the shop's cart or the order that carries the address. */
  cart_id: string | null
  order_id: string | null
}

/** One row a choice and its state; when it was first and last seen to stand. */
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
}

/** Second key of claims: who used a token first, and next. */
export type TokenUseRow = { token_hash: string; visitor_id: VisitorId; at: number }

/** Second key of claims: which visitors named an identifier, and when it was first received. */
export type ClaimKeyRow = { key_hash: string; visitor_id: VisitorId; received_at: number }

/** What is known of a visitor's browser, from its newest request. */
export type DeviceRow = {
  visitor_id: VisitorId
  site_id: string
  device: string
  browser: string | null
  os: string | null
  received_at: number
}

/** What retention leaves of a visitor that still comes: when it logged in and out, so that nothing is linked wrongly. */
export type AgedMomentRow = { visitor_id: VisitorId; id: string; type: string; at: number }

/** What an operator said of a claim: that it was an error, that it is right, or neither again. The last word counts. */
export type LinkActRow = {
  visitor_id: VisitorId
  claim_id: string
  at: number
  act: Act
  actor: string
}

/** A visitor of whom only the proofs of consent are left, and until when. */
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
