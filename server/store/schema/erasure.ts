/** What is kept of erased contacts and withdrawn visitors so that they cannot come back: keyed hashes and times. */

import type { ConsentSource } from '../../../tag/wire.ts'
import type { ContactId } from '../../domain/ids.ts'
import type { Flag, Json } from './columns.ts'

/** Keyed hashes of what was withdrawn or erased and must not come back; for a contact, those of its id and its address. */
export type TombstoneRow = { hash: string; kind: 'visitor' | 'contact' | 'address'; at: number }

/** A withdrawal, kept as proof without the visitor's id, with where the choice was made and the policy's name or version. */
export type WithdrawalRow = {
  visitor_hash: string
  site_id: string
  consent_id: string
  at: number
  source: ConsentSource | null
  policy: string | null
}

/**
 * A whole visitor, or what it did from `from` to `to`; with `only`, nothing but the claims that it made then, with `keys`
 * only those that name one of these keyed identifiers. `visitor` is the keyed hash of its id.
 */
export type ErasedSpan = { visitor: string; from: number | null; to: number | null; only?: 'claims'; keys?: string[] }

/** What journals have to remove, by visitor. */
export type ErasureRow = { id: string; at: number; spans: Json<ErasedSpan[]> }

/** When an erased contact used a device that others use too, ends included. `visitor_hash` is the keyed hash of its id. */
export type ErasedSpanRow = { visitor_hash: string; from_at: number; to_at: number; erased_at: number }

/**
 * A user whose consent a shop's server has ended, by the keyed hash of an identifier, up to `at`. `analytics` is 0 if everything
 * ends, 1 if only identity does. `waits` is 1 until what the user had is gone, and again when an older claim lands later.
 */
export type EndedUserRow = {
  key_hash: string
  site_id: string
  consent_id: string
  analytics: Flag
  at: number
  waits: Flag
}

/** A journal that has removed what an erasure names. */
export type ForgottenRow = { journal_id: string; erasure_id: string; at: number }

/** The erasure notice of a contact that readers of the feed know: the only place that keeps its id, for 30 days. */
export type FarewellRow = { contact_id: ContactId; at: number }

/** The tables of this family by name. */
export type ErasureTables = {
  tombstones: TombstoneRow
  withdrawals: WithdrawalRow
  erasures: ErasureRow
  erased_spans: ErasedSpanRow
  forgotten: ForgottenRow
  ended_users: EndedUserRow
  farewells: FarewellRow
}
