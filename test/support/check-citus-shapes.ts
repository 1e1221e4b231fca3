/**
 * Preloaded by the tests (`node --import`): every query of the process and all its threads is checked before it is
 * compiled. A query that Citus would refuse fails and is also printed to standard error, where no error handling hides
 * it and the stop of the server detects it.
 */
import { writeSync } from 'node:fs'
import { DefaultQueryExecutor } from 'kysely'
import { checkShape } from './citus-shapes.ts'

const { transformQuery } = DefaultQueryExecutor.prototype
DefaultQueryExecutor.prototype.transformQuery = function (node, queryId) {
  try {
    checkShape(node)
  } catch (error) {
    writeSync(2, `${error instanceof Error ? error.stack : error}\n`)
    throw error
  }
  return transformQuery.call(this, node, queryId) as typeof node
}
