/**
 * Copies a whole store from SQLite to PostgreSQL, table by table: facts, derived rows, marks of pending work and what the
 * feed has published. Derived rows could be derived again, but events carry their persons and the feed compares with what
 * it has published. With all of it copied, the target continues with the next event as the source would have.
 *
 * A pass beside a running server reads each page at a different moment, and the next pass corrects that. Only the last
 * pass, of a single snapshot, must be exact.
 */

import { type Kysely, sql, type Transaction } from 'kysely'
import { itemAt } from '../domain/lookup.ts'
import { snapshot, transact } from '../store/engine/transact.ts'
import type { Database } from '../store/schema.ts'
import {
  type CopyProgress,
  type CopyState,
  changeCopyState,
  clearPasses,
  type Passes,
  readPasses,
  readPlaces,
  writePasses,
  writePlace,
} from './notes.ts'
import { countRows, type Different, tablesOf, walkTable } from './table.ts'

/** Both stores, the state under which the target may be written, and a callback for the progress. */
export type Copy = {
  source: Kysely<Database>
  target: Kysely<Database>
  state: CopyState
  /** `done`: rows walked in the pass so far. `total` is approximate. */
  onProgress: (table: string, done: number, total: number) => void
}

/** A digest of texts. */
export type Digest = { update(text: string): unknown; digest(encoding: 'hex'): string }

/** The comparison of a table: its rows, the digest of each side and whether they are equal. */
export type Compared = { table: string; rows: number; source: string; target: string; equal: boolean }

/**
 * A pass: `skipped` rows were walked by an interrupted run and are not read again, `read` rows were read by this run, and
 * `written` rows were written by both.
 */
export type Pass = { pass: number; skipped: number; read: number; written: number }

/** Passes end when one writes at most this many rows, because another would gain little, or after `MAX_PASSES`. */
const FEW_CHANGES = 2000
const MAX_PASSES = 6

/**
 * Copies while the source is in use: all tables, then repeatedly what has changed meanwhile, until few rows change. A run
 * resumes the pass in which an earlier one was interrupted. Returns the passes of this run.
 */
export async function copyBeside(copy: Copy): Promise<Pass[]> {
  const passes: Pass[] = []
  let noted = (await readPasses(copy.target)) ?? (await beginPasses(copy))
  for (;;) {
    const { written, total } = noted
    const pass = await walkAll(copy, written.length + 1, total)
    passes.push(pass)
    const before = written.at(-1)
    if (before !== undefined && (pass.written <= FEW_CHANGES || pass.written > before / 2 || pass.pass >= MAX_PASSES)) {
      await guarded(copy, clearPasses)
      return passes
    }
    noted = { written: [...written, pass.written], total: pass.skipped + pass.read }
    await note(copy, noted)
  }
}

async function beginPasses(copy: Copy): Promise<Passes> {
  const first = { written: [], total: await countAll(copy.source) }
  await note(copy, first)
  return first
}

function note(copy: Copy, passes: Passes): Promise<void> {
  return guarded(copy, (trx) => writePasses(trx, passes))
}

async function walkAll(copy: Copy, number: number, total: number): Promise<Pass> {
  const { source, target } = copy
  const places = await readPlaces(target)
  const pass: Pass = { pass: number, skipped: 0, read: 0, written: 0 }
  for (const place of places.values()) {
    pass.skipped += place.read
    pass.written += place.written
  }
  // The journals' cursors are left to the last pass, because they are valid only together with everything that has landed.
  for (const table of (await tablesOf(source)).filter(({ copied }) => copied !== 'last')) {
    let place: CopyProgress = places.get(table.name) ?? { after: null, done: false, read: 0, written: 0 }
    if (place.done) continue
    await walkTable({
      source,
      target,
      table,
      after: place.after,
      write: async ({ at, rows, written }, change) => {
        const next = { after: at, done: at === null, read: place.read + rows, written: place.written + written }
        await guarded(copy, async (trx) => {
          await change?.(trx)
          await writePlace(trx, table.name, next)
        })
        place = next
      },
      onRange: (rows, written) => {
        pass.read += rows.source.length
        pass.written += written
        copy.onProgress(table.name, pass.skipped + pass.read, total)
      },
    })
  }
  return pass
}

/** Makes the target equal to a snapshot of the source, and compares all rows by digests. */
export async function copyExactly(
  copy: Copy,
  newDigest: () => Digest,
): Promise<{ tables: Compared[]; different: Different | null; written: number }> {
  let writtenRows = 0
  let different: Different | null = null
  const compared = await snapshot(copy.source, async (source) => {
    const total = await countAll(source)
    let done = 0
    const results: Compared[] = []
    for (const table of await tablesOf(source)) {
      const [here, there] = [newDigest(), newDigest()]
      let rows = 0
      const found = await walkTable({
        source,
        target: copy.target,
        table,
        after: null,
        write: async (_, change) => {
          if (change !== null) await guarded(copy, change)
        },
        onRange: (texts, written) => {
          writtenRows += written
          rows += texts.source.length
          for (const text of texts.source) here.update(`${text}\n`)
          for (const text of texts.target) there.update(`${text}\n`)
          done += texts.source.length
          copy.onProgress(table.name, done, total)
        },
      })
      different ??= found
      const digests = { source: here.digest('hex'), target: there.digest('hex') }
      results.push({ table: table.name, rows, ...digests, equal: digests.source === digests.target })
    }
    return results
  })
  return { tables: compared, different, written: writtenRows }
}

/** A number that changes when another connection, of any process, writes to the SQLite store. */
export async function dataVersion(source: Kysely<Database>): Promise<number> {
  const { rows } = await sql<{ data_version: number }>`pragma data_version`.execute(source)
  return itemAt(rows, 0).data_version
}

async function countAll(source: Kysely<Database>): Promise<number> {
  let total = 0
  for (const table of await tablesOf(source)) total += await countRows(source, table)
  return total
}

/** Runs `change` in a transaction that locks the target's state, so that a run or server that took over is not overwritten. */
function guarded(copy: Copy, change: (trx: Transaction<Database>) => Promise<void>): Promise<void> {
  return transact(copy.target, async (trx) => {
    await changeCopyState(trx, copy.state, copy.state)
    await change(trx)
  })
}
