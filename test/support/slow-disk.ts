/**
 * Preloaded by a benchmark (`node --import`): each flush of the journal takes `FLUSH_MS` longer, as on a disk that is
 * slower to flush, so that the product itself needs no switch for it: one at each commit, and two where the log is
 * copied into the file. Threads of the process inherit it.
 */
import BetterSqlite3 from 'better-sqlite3'

const flushMs = Number(process.env.FLUSH_MS ?? 0)
const statements = Object.getPrototypeOf(new BetterSqlite3(':memory:').prepare('select 1')) as BetterSqlite3.Statement
const nobody = new Int32Array(new SharedArrayBuffer(4))
const FLUSHES: Record<string, number> = { COMMIT: 1, 'pragma wal_checkpoint(passive)': 2 }

for (const method of ['run', 'get'] as const) {
  const plain = statements[method]
  statements[method] = function (this: BetterSqlite3.Statement, ...values: unknown[]): never {
    const result = plain.apply(this, values)
    const flushes = FLUSHES[this.source] ?? 0
    if (flushes > 0 && this.database.name.endsWith('journal.db')) Atomics.wait(nobody, 0, 0, flushes * flushMs)
    return result as never
  }
}
