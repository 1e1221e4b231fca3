/** What the shop knows: its contacts, and the orders of all channels. */

import type { AttributeType } from '../../domain/attribute.ts'
import type { OrderItem } from '../../domain/commerce/items.ts'
import type { OrderSource, Standing } from '../../domain/commerce/order.ts'
import type { ContactId, VisitorId } from '../../domain/ids.ts'
import type { MailFlag } from '../../domain/mail-permission.ts'
import type { Flag, Json } from './columns.ts'

/** A contact. `field_times` holds the time of each field that was not set at `updated_at`. */
export type ContactRow = {
  contact_id: ContactId
  email: string | null
  email_sha256: string | null
  phone: string | null
  mail_consent: MailFlag | null
  mail_consent_at: number | null
  minor: Flag
  merged_into: ContactId | null
  attributes: Json<Record<string, unknown>>
  updated_at: number
  field_times: Json<Record<string, number>>
  imported_at: number
  erased_at: number | null
  /** The import of a file that wrote the row last; null if something else did. */
  import_id: string | null
}

/** Looks up contacts by keyed hashes of id, address and link reference. A key with two holders is ambiguous. */
export type ContactKeyRow = { key_hash: string; contact_id: ContactId }

export type OrderRow = {
  order_id: string
  source: OrderSource
  /** Empty if no visitor reported the order. Part of the key, so that visitors' reports do not overwrite each other. */
  visitor_id: VisitorId
  event_id: string | null
  contact_id: ContactId | null
  at: number
  received_at: number
  /** Null if it is unknown, as may be that of a visitor's purchase. */
  total: number | null
  /** `XXX` if it is unknown. */
  currency: string
  items: Json<OrderItem[]>
  channel: string | null
  /** The import of a file that wrote the row last; null if something else did. */
  import_id: string | null
  /** The end of the day of an order whose time is unknown. */
  until_at: number | null
  /** The status in the shop's words. */
  status: string | null
  standing: Standing
  /** What was taken back of a pushed order, in minor units. */
  refunds: Json<{ total: number | null; item_ids: string[] }[]>
  tax: number | null
}

/**
 * An attribute of contacts, under the spelling that came first. `set_by`: what decided its type. `import_id`: the last file
 * that brought values of it.
 */
export type AttributeRow = {
  name_key: string
  name: string
  type: AttributeType
  set_by: 'evidence' | 'operator'
  at: number
  import_id: string | null
}

/** How many rows of a file had which outcome. */
export type ImportCountsJson = { created: number; updated: number; unchanged: number; rejected: number }

/**
 * An import of a file. `beat_at` is when it last wrote: one that is `running` and has not done so for a while was cut
 * short. `report` holds how the columns were read and the first rejected rows, by line and reason and without values.
 */
export type ImportRow = {
  id: string
  kind: 'contacts' | 'orders'
  at: number
  beat_at: number
  state: 'running' | 'complete' | 'cut short'
  actor: string
  file: string | null
  counts: Json<ImportCountsJson>
  report: Json<Record<string, unknown>>
  /** When it was undone, by whom, and what became of its rows; null if it was not. */
  undone: Json<Record<string, unknown>> | null
}

/**
 * What a contact or an order was before an import changed it, for undoing the import. What it created has no row here.
 * `contact_id` is the contact that the row concerns.
 */
export type ImportChangeRow = {
  item_id: string
  import_id: string
  contact_id: ContactId | null
  at: number
  before: Json<Record<string, unknown>>
}

/** The tables of this family by name. */
export type ContactsTables = {
  contacts: ContactRow
  contact_keys: ContactKeyRow
  orders: OrderRow
  imports: ImportRow
  import_changes: ImportChangeRow
  attributes: AttributeRow
}
