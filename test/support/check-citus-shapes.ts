/**
 * Preloaded by the tests (`node --import`): every query of the process and all its threads is checked when it is
 * compiled. A query that Citus would refuse fails and is also printed to standard error, where no error handling hides
 * it and the stop of the server detects it. The shape of a query is in its text, so each text is checked once.
 * `SHAPES=any` checks none: a copy reads whole tables.
 */
import { writeSync } from 'node:fs'
import { DefaultQueryExecutor } from 'kysely'
import { checkShape } from './citus-shapes.ts'

/** Texts that have passed; most queries are one of a few hundred. */
const passed = new Set<string>()
const MOST = 5000

const { compileQuery } = DefaultQueryExecutor.prototype
const checking: typeof compileQuery = function (this: DefaultQueryExecutor, node, queryId) {
  const compiled = compileQuery.call(this, node, queryId)
  if (passed.has(compiled.sql)) return compiled
  try {
    checkShape(node)
  } catch (error) {
    writeSync(2, `${error instanceof Error ? error.stack : error}\n`)
    throw error
  }
  if (passed.size < MOST) passed.add(compiled.sql)
  return compiled
}
if (process.env.SHAPES !== 'any') DefaultQueryExecutor.prototype.compileQuery = checking
