/**
 * Runs an import: rows in short transactions with a rest between them, so that collectors and readers are not held
 * up; good rows are kept, bad ones are told with their line and reason. Of rejections the first thousand are held.
 */
import type { SourceRow } from './source.ts'

/** A row that was not taken. `row` is the line where it begins (1 is the first line); in an array its position. */
export type Rejected = { row: number; code: string; message: string }

/** A row that its check let pass, or what is wrong with it. */
export type Checked<T> = { item: T } | { code: string; message: string }

/** What became of the rows. */
export type ImportCounts = { created: number; updated: number; unchanged: number }

/** The outcome of an import. `rejected` holds the first of `rejected_total`. */
export type ImportOutcome = ImportCounts & { rejected: Rejected[]; rejected_total: number }

/** A row to be written. */
export type ItemRow<T> = { row: number; item: T }

/** What became of a batch; `rejected` are those that only the store could refuse. */
export type Written = ImportCounts & { rejected: Rejected[] }

/** What an import is run with. */
export type ImportRun<T> = {
  rows: AsyncIterable<SourceRow[]>
  check: (value: unknown) => Checked<T>
  /** Writes a batch in one transaction. */
  write: (batch: ItemRow<T>[]) => Promise<Written>
  /** The milliseconds since some moment, for the rest between transactions. */
  clock: () => number
  /** Is told how far it is. */
  onProgress?: (rows: number, outcome: ImportOutcome) => void
  /** Is told of every rejection, those beyond the first thousand too. */
  onRejected?: (rejected: Rejected) => void
}

const BATCH_ROWS = 500
const MAX_REJECTED = 1000

/**
 * After a transaction the store is left to others for this share of the time it took: they look for it every 100 ms,
 * and whoever writes without a pause is always there first.
 */
const REST_SHARE = 0.2
const MAX_REST_MS = 50

/** Runs an import to its end. */
export async function runImport<T>(run: ImportRun<T>): Promise<ImportOutcome> {
  const outcome: ImportOutcome = { created: 0, updated: 0, unchanged: 0, rejected: [], rejected_total: 0 }
  let batch: ItemRow<T>[] = []
  let seen = 0
  const refuse = (rejected: Rejected) => {
    outcome.rejected_total++
    if (outcome.rejected.length < MAX_REJECTED) outcome.rejected.push(rejected)
    run.onRejected?.(rejected)
  }
  const flush = async () => {
    const began = run.clock()
    const written = await run.write(batch)
    batch = []
    outcome.created += written.created
    outcome.updated += written.updated
    outcome.unchanged += written.unchanged
    for (const each of written.rejected) refuse(each)
    run.onProgress?.(seen, outcome)
    await rest(Math.min(MAX_REST_MS, (run.clock() - began) * REST_SHARE))
  }
  for await (const rows of run.rows) {
    for (const row of rows) {
      seen++
      const checked = 'code' in row ? row : run.check(row.value)
      if ('item' in checked) batch.push({ row: row.line, item: checked.item })
      else refuse({ row: row.line, code: checked.code, message: checked.message })
      // Always as many: a statement of another length would be prepared anew.
      if (batch.length === BATCH_ROWS) await flush()
    }
    run.onProgress?.(seen, outcome)
  }
  if (batch.length > 0) await flush()
  // What only the store refuses is told after what was refused before it.
  outcome.rejected.sort((a, b) => a.row - b.row)
  return outcome
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
