/**
 * Preloaded by the tests (`node --import`): every query of the process and all its threads is looked at before it is
 * compiled. One that Citus would refuse fails, and is told on the standard error too, where no handling of errors hides
 * it and the server's stop finds it.
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
