/** What the shop knows: its contacts, and orders of all channels. */
import type { Flag } from './columns.ts'

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

/** The tables of this family by name. */
export type ContactsTables = {
  contacts: ContactRow
  contact_keys: ContactKeyRow
  orders: OrderRow
}
