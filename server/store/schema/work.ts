/** The processes' work queues and coordination: dirty marks, failures, locks and leases. */
import type { PersonId } from '../../domain/ids.ts'

/** Dirty marks. A mark is removed only if its generation has not changed while it was processed. */
export type DirtyRow = { key: string; bucket: number; generation: number }

/** A visitor, person or contact (`key`) whose derivation throws. Deleted once it succeeds. */
export type DeriveFailureRow = { key: string; stage: DeriveStage; error: string; attempts: number; at: number }
export type DeriveStage = 'visitor' | 'person' | 'contact'

/** Locks. A lock is held by the transaction that has updated its row, until that transaction ends. */
export type LockRow = { name: string; taken: number }

/** Which process may derive a share of the keys, or publish. `fence` grows with each owner; times are the database's. */
export type LeaseRow = { name: string; owner: string; fence: number; expires_at: number }

/** The deriving processes, and when each was last seen. */
export type ProcessRow = { id: string; seen_at: number }

/**
 * How far a bucket's persons have been evaluated by a segment's version: up to `after`, or all of them if it is null. Only
 * the sum of `judged` over the buckets is meaningful; `total` is the number of persons at the start.
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
