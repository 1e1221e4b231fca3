/**
 * Preloaded by a benchmark (`node --import`): each commit of the journal takes `FLUSH_MS` longer, as on a disk that is
 * slower to flush, so that the product itself needs no switch for it. Threads of the process inherit it.
 */
import BetterSqlite3 from 'better-sqlite3'

const flushMs = Number(process.env.FLUSH_MS ?? 0)
const statements = Object.getPrototypeOf(new BetterSqlite3(':memory:').prepare('select 1')) as BetterSqlite3.Statement
const run = statements.run
const nobody = new Int32Array(new SharedArrayBuffer(4))

statements.run = function (this: BetterSqlite3.Statement, ...values: unknown[]) {
  const result = run.apply(this, values)
  if (this.source.startsWith('insert into entries')) Atomics.wait(nobody, 0, 0, flushMs)
  return result
}
