/**
 * Which process may derive which keys. Only one process works on a key at a time: it claims the key, reads, and verifies
 * the claim in the transaction that writes. If the claim was lost in between, nothing is written.
 */
import type { Transaction } from 'kysely'
import type { Database } from '../schema.ts'

/** What a process may work on, as of the moment it was claimed. */
export type WorkClaim = {
  /** The buckets of keys; null means all. */
  buckets: readonly number[] | null
  /** Keeps other processes out until the transaction ends. Must be its first statement. Throws `LostClaim`. */
  hold(trx: Transaction<Database>): Promise<void>
}

/** Hands out claims on the keys of visitors and persons, and on the feed; null if the process owns nothing there. */
export type Ownership = { keys(): WorkClaim | null; feed(): WorkClaim | null }

/** Another process has taken over the claim. Nothing was written; the other process does the work. */
export class LostClaim extends Error {
  /** A store error, not a fault of the data (`isPoison`). */
  readonly code = 'LOST_CLAIM'
}

const everything: WorkClaim = { buckets: null, hold: async () => {} }

/** For a store with a single deriving process. */
export const ownsEverything: Ownership = { keys: () => everything, feed: () => everything }
