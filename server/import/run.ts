/**
 * Runs an import: rows are written in short transactions with pauses between them, so that collectors and readers are
 * not blocked; valid rows are kept, invalid ones are reported with line and reason. The first thousand rejections are
 * kept in memory.
 */
import { MAX_LEVELS } from '../domain/depth.ts'
import type { Note } from './notes.ts'
import type { SourceRow } from './source-row.ts'

/** A rejected row. `row` is its first line (the file starts at line 1); in an array its position. */
export type Rejected = { row: number; code: string; message: string }

/** The message for rows that are nested too deep. */
export const TOO_DEEP = `the row must be nested at most ${MAX_LEVELS} levels deep`

/** A row that passed its check, or what is wrong with it. */
export type Checked<T> = { item: T } | { code: string; message: string }

/** The result by kind. */
export type ImportCounts = { created: number; updated: number; unchanged: number }

/** The outcome of an import. `rejected` holds the first of `rejected_total`; `notes` are there if there are any. */
export type ImportOutcome = ImportCounts & { rejected: Rejected[]; rejected_total: number; notes?: Note[] }

/** A row to be written. */
export type ItemRow<T> = { row: number; item: T }

/** The result of a batch; `rejected` holds rows that only the store could refuse. */
export type Written = ImportCounts & { rejected: Rejected[] }

/** What an import needs. */
export type ImportRun<T> = {
  rows: AsyncIterable<SourceRow[]>
  check: (value: unknown) => Checked<T>
  /** Writes a batch in one transaction. */
  write: (batch: ItemRow<T>[]) => Promise<Written>
  /** What was noticed, once all rows were read. */
  notes?: () => Note[]
  /** A clock in milliseconds, for the pauses between transactions. */
  clock: () => number
  /** Called with the progress. */
  onProgress?: (rows: number, outcome: ImportOutcome) => void
  /** Called for every rejection, including those beyond the first thousand. */
  onRejected?: (rejected: Rejected) => void
}

const BATCH_ROWS = 4000
const MAX_REJECTED = 1000

/**
 * After a transaction the store is left to others for this share of its duration: they try every 100 ms, and a writer
 * without pauses would always be first.
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
      // Always the same number: a statement of another length would be prepared again.
      if (batch.length === BATCH_ROWS) await flush()
    }
    run.onProgress?.(seen, outcome)
  }
  if (batch.length > 0) await flush()
  // Rejections by the store arrive later than those by the check.
  outcome.rejected.sort((a, b) => a.row - b.row)
  const notes = run.notes?.() ?? []
  if (notes.length > 0) outcome.notes = notes
  return outcome
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
