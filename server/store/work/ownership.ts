/**
 * Who may derive what. A key is worked on by one process at a time: whoever wants to, claims first, reads, and holds
 * his claim in the transaction that writes. A claim that was lost in between lets nothing be written.
 */
import type { Transaction } from 'kysely'
import type { Database } from '../schema.ts'

/** What a process may work on, as it was when it was claimed. */
export type WorkClaim = {
  /** The buckets of keys; null for all. */
  buckets: readonly number[] | null
  /** Keeps others out until the transaction ends. Must be its first statement. Throws `LostClaim`. */
  hold(trx: Transaction<Database>): Promise<void>
}

/** Gives claims: on keys of visitors and persons, and on the feed. Null: there is nothing that it may work on. */
export type Ownership = { keys(): WorkClaim | null; feed(): WorkClaim | null }

/** Another process has taken over what this one has worked on. Nothing was written; the other does the work. */
export class LostClaim extends Error {
  /** Of the store's kind: what was tried is not at fault (`isPoison`). */
  readonly code = 'LOST_CLAIM'
}

const everything: WorkClaim = { buckets: null, hold: async () => {} }

/** For a store with one process that derives. */
export const ownsEverything: Ownership = { keys: () => everything, feed: () => everything }
