/**
 * Transactions for all stages: writes that are retried when they lose to another writer, and reads from one snapshot.
 * Errors are classified here: those of an unavailable or busy store are transient and not caused by the data.
 */
import type { Kysely, Transaction } from 'kysely'
import type { Database } from '../schema.ts'

/** Deadlock and serialization failure: the transaction was rolled back, and a retry may succeed. */
const LOST_TO_ANOTHER = /^40(P01|001)$/

/** The number of attempts, and the base of the exponential backoff between them. */
const ATTEMPTS = 6
const BACKOFF_MS = 20

/** Runs `work` in a write transaction, and again if it loses to another one, so `work` may run several times. */
export async function transact<T>(db: Kysely<Database>, work: (trx: Transaction<Database>) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.transaction().execute(work)
    } catch (error) {
      if (attempt === ATTEMPTS || !LOST_TO_ANOTHER.test(codeOf(error))) throw error
      await new Promise((resolve) => setTimeout(resolve, BACKOFF_MS * 2 ** attempt * (0.5 + Math.random())))
    }
  }
}

/** Runs reads that all see the same snapshot of the store and block no writer. */
export function snapshot<T>(db: Kysely<Database>, work: (trx: Transaction<Database>) => Promise<T>): Promise<T> {
  return db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(work)
}

/**
 * SQLite: a lock, a full disk. PostgreSQL: lost connections (08), read-only or idle for too long (25), access denied (28,
 * 3D, 42501), lost to another transaction (40), out of resources (53), lock timeouts (55), shutdown and cancellation (57),
 * system errors (58, XX).
 */
const PASSING = [
  /^SQLITE_(BUSY|LOCKED|FULL|IOERR|READONLY|CANTOPEN|NOMEM)/,
  /^(08...|25...|28...|3D000|40...|42501|53...|55...|57...|58...|XX...)$/,
  /^E(CONNREFUSED|CONNRESET|PIPE|TIMEDOUT|NOTFOUND|AI_AGAIN|HOSTUNREACH|NETUNREACH|HOSTDOWN|NETDOWN)$/,
]

/** Whether the store was unavailable, busy or full: the operation itself is fine and can be retried unchanged. */
export function isPassing(error: unknown): boolean {
  const code = codeOf(error)
  return PASSING.some((pattern) => pattern.test(code))
}

/**
 * Whether an operation fails because of its data: it violates the schema, or the code cannot process it. Any other store
 * error is not the fault of the data.
 */
export function isPoison(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code !== 'string' || /^(SQLITE_(CONSTRAINT|MISMATCH|TOOBIG|RANGE)|2[23]...)/.test(code)
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code)
}
