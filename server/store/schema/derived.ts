/** Derived rows: all of them can be recomputed from the facts, which is what `rebuild` does. */

import type { LeftOut } from '../../domain/commerce/addresses.ts'
import type { CartState, CartStep, RecoveredBy } from '../../domain/commerce/cart-states.ts'
import type { CartItem, FoldedItem } from '../../domain/commerce/items.ts'
import type { Evidence } from '../../domain/event.ts'
import type { FoldedValue } from '../../domain/folded-attributes.ts'
import type { Grade, GradeSpan } from '../../domain/grade.ts'
import type { LinkState, Proof } from '../../domain/identity-link.ts'
import type { Strength } from '../../domain/identity-table.ts'
import type { ContactId, PersonId, VisitorId } from '../../domain/ids.ts'
import type { EndReason, Reason } from '../../domain/link-reasons.ts'
import type { MailFlag } from '../../domain/mail-permission.ts'
import type { MembershipReason } from '../../domain/membership.ts'
import type { RfmGroup } from '../../domain/scores/rfm-groups.ts'
import type { Flag, Json } from './columns.ts'

export type VisitorRow = {
  visitor_id: VisitorId
  site_id: string
  first_seen: number
  last_seen: number
  events: number
  identity: Flag
  marketing: Flag
  marketing_since: number | null
  shared: Flag
  linked: Flag
  /** Sends more events than any person does, so nothing else is derived for it. */
  overactive: Flag
  /** When the retention of its oldest event ends. */
  expire_at: number
}

export type EpochRow = {
  visitor_id: VisitorId
  n: number
  person_id: PersonId
  contact_id: ContactId | null
  from_at: number
  to_at: number | null
}

export type LinkRow = {
  visitor_id: VisitorId
  id: string
  contact_id: ContactId | null
  evidence: Evidence
  strength: Strength
  state: LinkState
  reason: Reason
  end_reason: EndReason | null
  at: number
  valid_from: number | null
  valid_to: number | null
  backfill_from: number | null
  expires_at: number | null
  proofs: Json<Proof[]>
  grades: Json<GradeSpan[]>
}

/** The part of a visitor that belongs to a person. */
export type VisitorPersonRow = {
  visitor_id: VisitorId
  person_id: PersonId
  first_at: number
  last_at: number
  events: number
}

/** A day (UTC, days since 1970) on which a visitor was active, with its withdrawals of identity or marketing that day. */
export type VisitorDayRow = {
  visitor_id: VisitorId
  day: number
  withdrawals: number
  /** Events beyond the bounds of `person_days`: counted there by their type alone, or not at all. */
  left_out: number
  /** Another one if anything of the day's `person_days` is. */
  digest: string | null
}

export type CartRow = {
  visitor_id: VisitorId
  id: string
  /** The shop's own id of the cart. */
  shop_cart_id: string | null
  person_id: PersonId
  site_id: string
  epoch: number
  state: CartState
  /** `XXX` if it is unknown. */
  currency: string
  /** Null if it is unknown. */
  value: number | null
  items: Json<CartItem[]>
  url: string | null
  created_at: number
  updated_at: number
  idle_at: number
  closed_at: number | null
  /** The id of the order that closed it. */
  closed_by: string | null
  /** What was in it and was bought, if it was recovered; null if that is unknown. */
  recovered_value: number | null
  step: CartStep
  checkout_at: number | null
  abandoned_at: number | null
  /** The contact whose address the cart carries, as somebody typed it into a form. The cart is not the contact's. */
  typed_contact_id: ContactId | null
  /** What its links and pictures led to outside the site's own hosts. */
  left_out: Json<LeftOut[]>
  /** The weakest of its events; null if it belongs to no contact. */
  grade: Grade | null
}

/**
 * A cart as the person's other places and channels leave it: one that is closed, or one that is folded over several places
 * (`joined`) and stands in for the carts of each. `recovered_by`: a mail's link, whose message it names, or nothing that
 * was sent.
 */
export type PersonCartRow = CartRow & {
  joined: Flag
  folded_items: Json<FoldedItem[]>
  recovered_by: RecoveredBy | null
  recovered_message: string | null
}

/**
 * What an order made of a cart, without a word of whose they were. It is recorded for ever: a figure of the past does not
 * change because somebody is deleted. `recovered_by` is null if the cart was not recovered.
 */
export type CartClosingRow = {
  /** Of the order and of the visitor that reported it first. */
  order_hash: string
  /** Which of the carts that the order closed. */
  n: number
  site_id: string
  /** When the order closed the cart. */
  at: number
  abandoned_at: number | null
  currency: string
  recovered_by: RecoveredBy | null
  recovered_message: string | null
  /** Null if it was not recovered, or if nobody knows. */
  recovered_value: number | null
  /** The settings that decided, as `cart_idle_minutes/attribution_days`. Under other settings the row stays as it is. */
  rule: string
}

/** A purchase, or what was taken back of one (`refund`), and the person it belongs to. */
export type PurchaseRow = {
  visitor_id: VisitorId
  event_id: string
  person_id: PersonId
  order_id: string
  /** The shop's own id of the cart that was bought. */
  cart_id: string | null
  at: number
  /** Null if it is unknown. */
  total: number | null
  currency: string
  item_ids: Json<string[]>
  /** What was bought; empty for what was taken back. */
  items: Json<FoldedItem[]>
  /** 1: total and items were taken back; without both, the whole order was. */
  refund: Flag
}

/**
 * What is left of an order of a person after refunds, whichever channels report it. Orders that were taken back as a whole,
 * or that nobody has paid, and a till's credit notes have no row.
 */
export type PersonOrderRow = {
  person_id: PersonId
  order_id: string
  /** When it was first reported; the beginning of its day, if nobody says its time. */
  at: number
  /** In minor units. Null if it is unknown. */
  total: number | null
  /** `XXX` if it is unknown. */
  currency: string
  /** The channel as the shop names it, without case and accents; `web` for a purchase on the site. Null if it is unknown. */
  channel: string | null
  items: Json<FoldedItem[]>
}

/** The input of segments, one row per person. `edge_at` is when a membership may next change without a new event. */
export type PersonRow = {
  person_id: PersonId
  contact_id: ContactId | null
  first_seen: number
  last_seen: number
  visitors: number
  strength: 'verified' | 'confirmed' | null
  evidence: Json<Evidence[]>
  /** The best of its events; null if it is no match. */
  grade: Grade | null
  matched_at: number | null
  identity: Flag
  marketing: Flag
  marketing_since: number | null
  mail_consent: MailFlag | null
  mail_consent_since: number | null
  minor: Flag
  cart_visitor_id: VisitorId | null
  cart_id: string | null
  /** Whether the person's carts are folded over several places, and kept with it. */
  carts_joined: Flag
  cart_updated_at: number | null
  cart_idle_at: number | null
  /** `XXX` if it is unknown. */
  cart_currency: string | null
  cart_value: number | null
  cart_created_at: number | null
  cart_step: CartStep | null
  cart_items: Json<FoldedItem[]> | null
  /** The number of orders. */
  purchases: number
  first_order_at: number | null
  last_order_at: number | null
  /** What was paid in the main currency, the one of most orders. Null if no amount is known. */
  orders_total: number | null
  orders_currency: string | null
  /** The attributes of the contact by their folded names. */
  attributes: Json<Record<string, FoldedValue>> | null
  /** When the contact's attributes were set, without those in `attribute_times`. */
  attributes_at: number | null
  attribute_times: Json<Record<string, number>> | null
  /** Of an unlinked epoch: the contact who may be told of its cart, because it carries the contact's typed address. */
  typed_contact_id: ContactId | null
  edge_at: number | null
  bucket: number
}

/**
 * A member. `reason` is why the person entered at that time; everything else follows from the facts. `mailable`: whether the
 * person may be mailed, so that those who may are counted as they enter and leave.
 */
export type SegmentMemberRow = {
  segment_id: string
  person_id: PersonId
  entered_at: number
  reason: MembershipReason
  mailable: Flag
}

/**
 * A contact's scores when its person was derived last, if it has ever ordered. Days are numbers of days since 1970 in the
 * shop's zone. `order_days`: days with an order, ever; `orders` and `money` (in minor units) are those of the window. `since`:
 * since when the contact has had these scores. `counts_until`: when an order leaves the window, or the time of one to come.
 */
export type PersonScoreRow = {
  person_id: PersonId
  first_day: number
  last_day: number
  order_days: number
  orders: number
  money: number | null
  r: number | null
  f: number | null
  m: number | null
  rfm_group: RfmGroup | null
  since: number | null
  counts_until: number | null
}

/** The tables of this family by name. */
export type DerivedTables = {
  visitors: VisitorRow
  epochs: EpochRow
  links: LinkRow
  visitor_persons: VisitorPersonRow
  visitor_days: VisitorDayRow
  carts: CartRow
  person_carts: PersonCartRow
  cart_closings: CartClosingRow
  purchases: PurchaseRow
  persons: PersonRow
  person_orders: PersonOrderRow
  segment_members: SegmentMemberRow
  person_scores: PersonScoreRow
}
