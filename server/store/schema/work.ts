/** What processes note for themselves and each other: marks of what is to be derived, failures, locks, leases. */
import type { PersonId } from '../../domain/ids.ts'

/** Dirty marks. A mark is removed only if its generation did not move while it was worked on. */
export type DirtyRow = { key: string; bucket: number; generation: number }

/** A visitor, person or contact whose derivation throws; `key` names it. Gone once it succeeds. */
export type DeriveFailureRow = { key: string; stage: DeriveStage; error: string; attempts: number; at: number }
export type DeriveStage = 'visitor' | 'person' | 'contact'

/** Held by whoever has changed the row in a transaction that is still open. */
export type LockRow = { name: string; taken: number }

/** Who may derive a share of the keys, or publish. `fence` grows with each owner; times are the database's. */
export type LeaseRow = { name: string; owner: string; fence: number; expires_at: number }

/** The processes that derive, and when each was last seen. */
export type ProcessRow = { id: string; seen_at: number }

/**
 * How far the persons of a bucket were judged by a segment's version: all up to `after`, or all where it is null.
 * `judged` only means something summed over the buckets; `total` is how many persons there were at the beginning.
 */
export type SegmentJudgingRow = {
  segment_id: string
  bucket: number
  version: number
  after: PersonId | null
  judged: number
  total: number
}

/** The tables of this family by name. */
export type WorkTables = {
  dirty_visitors: DirtyRow
  dirty_persons: DirtyRow
  dirty_contacts: DirtyRow
  derive_failures: DeriveFailureRow
  segment_judging: SegmentJudgingRow
  locks: LockRow
  leases: LeaseRow
  processes: ProcessRow
}
