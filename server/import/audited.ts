/** Leaves an audit row for an import, with its counts. */
import type { Kysely } from 'kysely'
import { writeAudit } from '../store/audit.ts'
import type { Database } from '../store/schema.ts'
import type { ImportOutcome } from './run.ts'

/**
 * Runs an import and notes what became of it, also if it was cut short: its first rows are written. `run` is given what
 * to call after each transaction.
 */
export async function auditedImport(
  { db, newId, now }: { db: Kysely<Database>; newId: () => string; now: () => number },
  { kind, actor }: { kind: 'contacts' | 'orders'; actor: string },
  run: (onProgress: (rows: number, outcome: ImportOutcome) => void) => Promise<ImportOutcome>,
): Promise<ImportOutcome> {
  let last: ImportOutcome = { created: 0, updated: 0, unchanged: 0, rejected: [], rejected_total: 0 }
  let complete = false
  try {
    last = await run((_, outcome) => {
      last = outcome
    })
    complete = true
    return last
  } finally {
    const { created, updated, unchanged, rejected_total } = last
    const detail = { created, updated, unchanged, rejected: rejected_total, ...(complete ? {} : { complete }) }
    await writeAudit(db, { id: newId(), at: now(), actor, action: `${kind}.write`, detail })
  }
}
