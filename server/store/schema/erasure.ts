/** What is kept of those who are gone, so that they stay gone: keyed hashes and times. */

import type { ContactId } from '../../domain/ids.ts'
import type { Json } from './columns.ts'

/** Keyed hashes of what was withdrawn or erased and must not come back; of a contact his id and his address. */
export type TombstoneRow = { hash: string; kind: 'visitor' | 'contact' | 'address'; at: number }

/** A withdrawal, kept as proof without the visitor's id. */
export type WithdrawalRow = { visitor_hash: string; site_id: string; consent_id: string; at: number }

/** All of a visitor, or what it did from `from` to `to`. `visitor` is the keyed hash that keeps it out. */
export type ErasedSpan = { visitor: string; from: number | null; to: number | null }

/** What journals have to forget, and of which visitors. */
export type ErasureRow = { id: string; at: number; spans: Json<ErasedSpan[]> }

/** When somebody who was erased had a device that others use too; ends included. `visitor_hash` is the keyed hash. */
export type ErasedSpanRow = { visitor_hash: string; from_at: number; to_at: number; erased_at: number }

/** A journal that has forgotten what an erasure names. */
export type ForgottenRow = { journal_id: string; erasure_id: string; at: number }

/** A contact who was erased and whom readers of the feed know: the one place that holds his id, for 30 days. */
export type FarewellRow = { contact_id: ContactId; at: number }

/** The tables of this family by name. */
export type ErasureTables = {
  tombstones: TombstoneRow
  withdrawals: WithdrawalRow
  erasures: ErasureRow
  erased_spans: ErasedSpanRow
  forgotten: ForgottenRow
  farewells: FarewellRow
}
