/** The check for query shapes that Citus refuses: cases that it must allow, and cases that it must find. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { ALLOWED } from '../support/citus-allowed.ts'
import { compiled } from '../support/citus-query.ts'
import { REFUSED } from '../support/citus-refused.ts'
import { checkShape } from '../support/citus-shapes.ts'

describe('the check of shapes', () => {
  test.each(ALLOWED)('allows %s', (_, query) => {
    expect(() => checkShape(compiled(query).query)).not.toThrow()
  })
  test.each(REFUSED)('refuses %s', (_, why, query) => {
    expect(() => checkShape(compiled(query).query)).toThrow(why)
  })
})

// The start of a server in miniature: a separate thread runs queries on a store.
const IN_A_THREAD = `
import { Worker } from 'node:worker_threads'
const code = \`
  import { Kysely, SqliteDialect } from 'kysely'
  import BetterSqlite3 from 'better-sqlite3'
  import { parentPort } from 'node:worker_threads'
  const db = new Kysely({ dialect: new SqliteDialect({ database: new BetterSqlite3(':memory:') }) })
  const query = db.selectFrom('leases').selectAll().forUpdate()
  query.execute().catch((error) => parentPort.postMessage(error.message))\`
const worker = new Worker(code, { eval: true })
worker.on('message', (said) => console.log(said))`

test('it runs in every thread of a server under test, and reports its findings to the test', async () => {
  const preload = new URL('../support/check-citus-shapes.ts', import.meta.url).pathname
  const args = ['--import', preload, '--input-type=module', '--eval', IN_A_THREAD]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args)
  expect(stdout).toContain('Citus would refuse this query: it locks rows by reading them')
  expect(stderr).toContain('Citus would refuse this query: it locks rows by reading them')
})
