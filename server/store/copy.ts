/**
 * Copies a whole store from SQLite to PostgreSQL, table by table, all that is kept: facts, what is derived of them, marks
 * of what is to be derived, and what readers were told. Derived rows could be made again, but events carry their persons
 * and the feed compares with what it told: copied, the target goes on with the next event as the source would have done.
 *
 * A pass beside a running server sees each page at another moment; the next pass mends that. Only the last one, of one
 * moment, has to be exact.
 */
import { type Kysely, sql } from 'kysely'
import { type CopyState, changeCopyState, clearPlaces, readPlaces, writePlace } from './copy-notes.ts'
import { countRows, type Different, type Key, type Table, tablesOf, walkTable } from './copy-table.ts'
import type { Database } from './schema.ts'
import { snapshot, transact } from './transact.ts'

/** Both stores, the state under which the target may be written, and who is told how far it is. */
export type Copy = {
  source: Kysely<Database>
  target: Kysely<Database>
  state: CopyState
  /** Rows that were looked at, of as many as there were at the beginning of the pass. */
  onProgress: (table: string, done: number, total: number) => void
}

/** Texts in, a digest out. */
export type Digest = { update(text: string): unknown; digest(encoding: 'hex'): string }

/** A table on both sides: its rows and whether they are the same. */
export type Compared = { table: string; rows: number; source: string; target: string; equal: boolean }

/** Below so many changes a pass is as good as the next one would be; and there are no more than so many. */
const FEW_CHANGES = 2000
const MAX_PASSES = 6

/**
 * Copies while the source is written to, and goes on where it was interrupted: all tables, then again what has changed
 * meanwhile, until that is little. Returns how many rows each pass wrote.
 */
export async function copyBeside(copy: Copy): Promise<number[]> {
  const passes: number[] = []
  for (;;) {
    const written = await pass(copy)
    const before = passes.at(-1) ?? null
    passes.push(written)
    await guarded(copy, (trx) => clearPlaces(trx))
    if (before !== null && (written <= FEW_CHANGES || written > before / 2 || passes.length >= MAX_PASSES))
      return passes
  }
}

async function pass(copy: Copy): Promise<number> {
  const { source, target } = copy
  const places = await readPlaces(target)
  const { tables, tell } = await begin(copy, source)
  let all = 0
  // How far journals have landed means something only with all that was landed.
  for (const table of tables.filter(({ name }) => name !== 'cursors')) {
    const place = places.get(table.name) ?? { after: null, done: false }
    if (place.done) continue
    const note = (after: Key | null, done: boolean, change: (db: Kysely<Database>) => Promise<void>) =>
      guarded(copy, async (trx) => {
        await change(trx)
        await writePlace(trx, table.name, { after, done })
      })
    await walkTable({
      source,
      target,
      table,
      after: place.after,
      write: (after, change) => note(after, after === null, change),
      onStretch: (rows, written) => {
        all += written
        tell(table, rows.source.length)
      },
    })
    await note(null, true, async () => {})
  }
  return all
}

/** Makes the target what the source is at one moment, and compares all rows by their digests. */
export async function copyExactly(
  copy: Copy,
  newDigest: () => Digest,
): Promise<{ tables: Compared[]; different: Different | null; written: number }> {
  let all = 0
  let different: Different | null = null
  const compared = await snapshot(copy.source, async (source) => {
    const { tables, tell } = await begin(copy, source)
    const results: Compared[] = []
    for (const table of tables) {
      const [here, there] = [newDigest(), newDigest()]
      let rows = 0
      const found = await walkTable({
        source,
        target: copy.target,
        table,
        after: null,
        write: (_, change) => guarded(copy, change),
        onStretch: (texts, written) => {
          all += written
          rows += texts.source.length
          for (const text of texts.source) here.update(`${text}\n`)
          for (const text of texts.target) there.update(`${text}\n`)
          tell(table, texts.source.length)
        },
      })
      different ??= found
      const digests = { source: here.digest('hex'), target: there.digest('hex') }
      results.push({ table: table.name, rows, ...digests, equal: digests.source === digests.target })
    }
    return results
  })
  return { tables: compared, different, written: all }
}

/** Moves when another connection, of this process or not, has written to the SQLite store. */
export async function dataVersion(source: Kysely<Database>): Promise<number> {
  const { rows } = await sql<{ data_version: number }>`pragma data_version`.execute(source)
  return rows[0]!.data_version
}

async function begin(copy: Copy, source: Kysely<Database>) {
  const tables = await tablesOf(source)
  let total = 0
  for (const table of tables) total += await countRows(source, table)
  let done = 0
  const tell = (table: Table, rows: number) => {
    done += rows
    copy.onProgress(table.name, done, total)
  }
  return { tables, tell }
}

/** In a transaction that holds the target's state, so that nobody is overwritten who has taken over. */
function guarded(copy: Copy, change: (trx: Parameters<typeof clearPlaces>[0]) => Promise<void>): Promise<void> {
  return transact(copy.target, async (trx) => {
    await changeCopyState(trx, copy.state, copy.state)
    await change(trx)
  })
}
