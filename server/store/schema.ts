/**
 * The tables, for every engine. Facts are what was told and are never changed by a rule; derived tables can be made
 * again from them; told tables record what readers were told and are never made again.
 *
 * Each primary key contains the column that the table is distributed by. Times are integer milliseconds, flags are 0
 * or 1, money is minor units, JSON is text: the same on SQLite and PostgreSQL. The key parts come first in each type.
 */
import type {
  CartRow,
  DirtyRow,
  EpochRow,
  LinkRow,
  PersonRow,
  PurchaseRow,
  SegmentMemberRow,
  VisitorDayRow,
  VisitorPersonRow,
  VisitorRow,
} from './schema-derived.ts'

/** A truth value that every engine keeps alike. */
export type Flag = 0 | 1

// Configuration

export type SiteRow = {
  id: string
  origins: string
  write_key: string
  identity_secret: string
  link_secret: string
  settings: string
  created_at: number
}
export type ApiKeyRow = { id: string; hash: string; scopes: string; created_at: number }
/** Values by name: `config_version` counts every change of sites and keys. */
type MetaRow = { name: string; value: string }

// Facts

/** `person_id` is the one derived column: it is re-pointed when an epoch's owner changes. */
export type EventRow = {
  visitor_id: string
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
  props: string | null
  person_id: string | null
}
/** One row a choice and its state; when it was first and last seen to stand. */
export type ConsentRow = {
  visitor_id: string
  id: string
  analytics: Flag
  identity: Flag
  marketing: Flag
  site_id: string
  source: string
  policy: string | null
  gpc: Flag | null
  first_at: number
  last_at: number
}
export type ClaimRow = {
  visitor_id: string
  id: string
  site_id: string
  request_id: string
  at: number
  received_at: number
  evidence: string
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
/** Second key of claims: who used a token first, and next. */
export type TokenUseRow = { token_hash: string; visitor_id: string; at: number }
/** Second key of claims: which visitors named an identifier, and when it was first received. */
export type ClaimKeyRow = { key_hash: string; visitor_id: string; received_at: number }
/** What an operator said of a claim: that it was an error, that it is right, or neither again. The last word counts. */
export type LinkActRow = {
  visitor_id: string
  claim_id: string
  at: number
  act: 'void' | 'confirm' | 'clear'
  actor: string
}
/**
 * Link tokens that are evidence no more from `at` on. `value` is the token's keyed hash, `SITE MESSAGE`, or the keyed
 * hash by which a contact is found from his tokens.
 */
export type RevocationRow = { kind: 'token' | 'message' | 'contact'; value: string; at: number }
/** What is known of a visitor's browser, from its newest request. */
export type DeviceRow = {
  visitor_id: string
  site_id: string
  device: string
  browser: string | null
  os: string | null
  received_at: number
}
/** A contact; `field_times` says when each field that is not of `updated_at` was set. */
export type ContactRow = {
  contact_id: string
  email: string | null
  email_sha256: string | null
  phone: string | null
  mail_consent: Flag | null
  mail_consent_at: number | null
  minor: Flag
  merged_into: string | null
  attributes: string
  updated_at: number
  field_times: string
  imported_at: number
  erased_at: number | null
}
/** Second key of contacts: keyed hashes of id, address and link reference. Two holders make a key ambiguous. */
export type ContactKeyRow = { key_hash: string; contact_id: string }
export type OrderRow = {
  order_id: string
  source: string
  /** Empty where no visitor told of it. Part of the key: nobody's order stands in the way of another's. */
  visitor_id: string
  event_id: string | null
  contact_id: string | null
  at: number
  received_at: number
  total: number
  currency: string
  items: string
  channel: string | null
}
/** Keyed hashes of what was withdrawn or erased and must not come back; of a contact his id and his address. */
type TombstoneRow = { hash: string; kind: 'visitor' | 'contact' | 'address'; at: number }
/** What journals have to forget: `spans` says of which visitors (`ErasedSpan`). */
type ErasureRow = { id: string; at: number; spans: string }
/** When somebody who was erased had a device that others use too; ends included. `visitor_hash` is the keyed hash. */
type ErasedSpanRow = { visitor_hash: string; from_at: number; to_at: number; erased_at: number }
/** A journal that has forgotten what an erasure names. */
type ForgottenRow = { journal_id: string; erasure_id: string; at: number }
/** A contact who was erased and whom readers of the feed know: the one place that holds his id, for 30 days. */
type FarewellRow = { contact_id: string; at: number }
/** A withdrawal, kept as proof without the visitor's id. */
type WithdrawalRow = { visitor_hash: string; site_id: string; consent_id: string; at: number }
type CursorRow = { journal_id: string; position: number; opening: string }
type DeadLetterRow = {
  journal_id: string
  entry_id: number
  part: number
  error: string
  body: string
  at: number
  visitor_id: string | null
  attempts: number
}
/** A visitor, person or contact whose derivation throws; `key` names it. Gone once it succeeds. */
type DeriveFailureRow = { key: string; stage: DeriveStage; error: string; attempts: number; at: number }
export type DeriveStage = 'visitor' | 'person' | 'contact'
/** What retention leaves of a visitor that still comes: when it logged in and out, so that nothing is linked wrongly. */
type AgedMomentRow = { visitor_id: string; id: string; type: string; at: number }
/** A visitor of whom only the proofs of consent are left, and until when. */
type DepartedVisitorRow = { visitor_id: string; proof_until: number }
type AuditRow = { id: string; at: number; actor: string; action: string; detail: string }

// Definitions and told

type SegmentRow = { id: string; name: string; node: string; version: number; updated_at: number }
type FeedStateRow = { contact_id: string; digest: string; segments: string }
export type MatchChangeRow = {
  /** Assigned by the one publisher, without a gap. */
  seq: number
  contact_id: string
  change: string
  reason: string | null
  segments: string
  entered: string
  left_segments: string
  at: number
}

// Processes

/** Held by whoever has changed the row in a transaction that is still open. */
type LockRow = { name: string; taken: number }
/** Who may derive a share of the keys, or publish. `fence` grows with each owner; times are the database's. */
type LeaseRow = { name: string; owner: string; fence: number; expires_at: number }
/** The processes that derive, and when each was last seen. */
type ProcessRow = { id: string; seen_at: number }

/** All tables by name. */
export type Database = {
  sites: SiteRow
  api_keys: ApiKeyRow
  meta: MetaRow
  events: EventRow
  consents: ConsentRow
  claims: ClaimRow
  token_uses: TokenUseRow
  claim_keys: ClaimKeyRow
  devices: DeviceRow
  contacts: ContactRow
  contact_keys: ContactKeyRow
  orders: OrderRow
  tombstones: TombstoneRow
  erasures: ErasureRow
  erased_spans: ErasedSpanRow
  forgotten: ForgottenRow
  farewells: FarewellRow
  withdrawals: WithdrawalRow
  cursors: CursorRow
  dead_letters: DeadLetterRow
  derive_failures: DeriveFailureRow
  aged_moments: AgedMomentRow
  link_acts: LinkActRow
  revocations: RevocationRow
  departed_visitors: DepartedVisitorRow
  audit: AuditRow
  visitors: VisitorRow
  epochs: EpochRow
  links: LinkRow
  visitor_persons: VisitorPersonRow
  visitor_days: VisitorDayRow
  carts: CartRow
  purchases: PurchaseRow
  persons: PersonRow
  segment_members: SegmentMemberRow
  dirty_visitors: DirtyRow
  dirty_persons: DirtyRow
  dirty_contacts: DirtyRow
  segments: SegmentRow
  feed_state: FeedStateRow
  match_changes: MatchChangeRow
  locks: LockRow
  leases: LeaseRow
  processes: ProcessRow
}

/** What is derived of visitors. */
export const VISITOR_TABLES = [
  'visitors',
  'epochs',
  'links',
  'visitor_persons',
  'visitor_days',
  'carts',
  'purchases',
] as const satisfies (keyof Database)[]

/** Everything that a rebuild makes again. */
export const DERIVED_TABLES = [...VISITOR_TABLES, 'persons', 'segment_members'] as const satisfies (keyof Database)[]
