/**
 * Transactions as the stages use them: writes that are tried again when they lost to another writer, and reads of one
 * moment. Errors are told apart here: those of a store that is away or busy pass, and are nobody's fault.
 */
import type { Kysely, Transaction } from 'kysely'
import type { Database } from '../schema.ts'

/** Deadlock and serialisation failure: the transaction was rolled back, and the same again may do. */
const LOST_TO_ANOTHER = /^40(P01|001)$/

/** So often it is tried, resting longer each time. */
const ATTEMPTS = 6
const REST_MS = 20

/** Runs `work` in a writing transaction; once more if it lost to another. So `work` may run several times. */
export async function transact<T>(db: Kysely<Database>, work: (trx: Transaction<Database>) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.transaction().execute(work)
    } catch (error) {
      if (attempt === ATTEMPTS || !LOST_TO_ANOTHER.test(codeOf(error))) throw error
      await new Promise((resolve) => setTimeout(resolve, REST_MS * 2 ** attempt * (0.5 + Math.random())))
    }
  }
}

/** Runs reads that all see the store as it was at one moment, and hold up no writer. */
export function snapshot<T>(db: Kysely<Database>, work: (trx: Transaction<Database>) => Promise<T>): Promise<T> {
  return db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(work)
}

/**
 * SQLite: a lock, a full disk. PostgreSQL: lost connections (08), read only or asleep for too long (25), not let in
 * (28, 3D, 42501), lost to another (40), out of resources (53), locks not to be had in time (55), shutdown and
 * cancellation (57), errors of the system (58, XX).
 */
const PASSING = [
  /^SQLITE_(BUSY|LOCKED|FULL|IOERR|READONLY|CANTOPEN|NOMEM)/,
  /^(08...|25...|28...|3D000|40...|42501|53...|55...|57...|58...|XX...)$/,
  /^E(CONNREFUSED|CONNRESET|PIPE|TIMEDOUT|NOTFOUND|AI_AGAIN|HOSTUNREACH|NETUNREACH|HOSTDOWN|NETDOWN)$/,
]

/** Whether it is the store that was away, busy or full: what was tried is right, and may be tried again as it is. */
export function isPassing(error: unknown): boolean {
  const code = codeOf(error)
  return PASSING.some((pattern) => pattern.test(code))
}

/**
 * Whether something cannot be done because of what it holds: it breaks a rule of the schema, or the code cannot read
 * it. Anything else that a store says is not the fault of what was tried.
 */
export function isPoison(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code !== 'string' || /^(SQLITE_(CONSTRAINT|MISMATCH|TOOBIG|RANGE)|2[23]...)/.test(code)
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code)
}
