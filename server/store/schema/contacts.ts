/** What the shop knows: its contacts, and orders of all channels. */

import type { ContactId, VisitorId } from '../../domain/ids.ts'
import type { OrderSource } from '../../domain/order.ts'
import type { Flag, Json } from './columns.ts'

/** A contact; `field_times` says when each field that is not of `updated_at` was set. */
export type ContactRow = {
  contact_id: ContactId
  email: string | null
  email_sha256: string | null
  phone: string | null
  mail_consent: Flag | null
  mail_consent_at: number | null
  minor: Flag
  merged_into: ContactId | null
  attributes: Json<Record<string, unknown>>
  updated_at: number
  field_times: Json<Record<string, number>>
  imported_at: number
  erased_at: number | null
}

/** Second key of contacts: keyed hashes of id, address and link reference. Two holders make a key ambiguous. */
export type ContactKeyRow = { key_hash: string; contact_id: ContactId }

export type OrderRow = {
  order_id: string
  source: OrderSource
  /** Empty where no visitor told of it. Part of the key: nobody's order stands in the way of another's. */
  visitor_id: VisitorId
  event_id: string | null
  contact_id: ContactId | null
  at: number
  received_at: number
  total: number
  currency: string
  items: Json<{ item_id: string }[]>
  channel: string | null
}

/** The tables of this family by name. */
export type ContactsTables = {
  contacts: ContactRow
  contact_keys: ContactKeyRow
  orders: OrderRow
}
