/**
 * How the tests use a Citus cluster of several nodes. Citus itself is not needed: two PostgreSQL servers stand in for
 * its nodes, which is enough to test how databases are created, emptied and dropped on each of them.
 */
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPostgresStore } from '../../server/store/engine/postgres.ts'
import { migrate } from '../../server/store/migrate.ts'
import { administer, createOnAll, dropOnAll, type Node, readWorkers, urlOn } from '../support/nodes.ts'
import { emptyStore } from '../support/place.ts'
import { type Cluster, startCluster } from '../support/postgres.ts'

let clusters: Cluster[]
beforeAll(async () => {
  clusters = await Promise.all([startCluster(), startCluster()])
})
afterAll(() => Promise.all(clusters.map((cluster) => cluster.stop())))

test.each([
  [undefined, []],
  ['', []],
  ['10.0.0.2:5432', [{ host: '10.0.0.2', port: 5432 }]],
  [
    'one.test:5432, two.test:5433',
    [
      { host: 'one.test', port: 5432 },
      { host: 'two.test', port: 5433 },
    ],
  ],
  ['[::1]:5432', [{ host: '[::1]', port: 5432 }]],
])('CITUS_WORKERS=%s names the workers', (text, workers) => {
  expect(readWorkers(text)).toEqual(workers)
})

test.each(['one.test', 'one.test:', 'one.test:0', 'one.test:65536', 'postgres://one.test:5432', 'a:1,,b:2'])(
  'CITUS_WORKERS=%s is refused with a one-sentence message',
  (text) => {
    expect(() => readWorkers(text)).toThrow(/^CITUS_WORKERS must be host:port, separated by commas \(got ".*"\)$/)
  },
)

test('a database is created and dropped on every node, and emptying it leaves foreign tables and views alone', async () => {
  const [first, second] = clusters.map(({ url }) => url) as [string, string]
  const { hostname, port } = new URL(second)
  const workers: Node[] = [{ host: hostname, port: Number(port) }]
  const has = async (url: string) =>
    (await administer(url, "select 1 from pg_database where datname = 'spread'")).length === 1

  const url = await createOnAll(first, 'spread', workers)
  expect([url, urlOn(url, 'spread', workers[0])]).toEqual([urlOn(first, 'spread'), urlOn(second, 'spread')])
  expect([await has(first), await has(second)]).toEqual([true, true])

  const db = createPostgresStore(url, { connections: 1, name: 'test', statementTimeoutMs: null })
  await migrate(db)
  // Like Citus: a separate catalog, and a view of it next to the store's tables.
  await sql`create schema citus`.execute(db)
  await sql`create table citus.catalog as select 'kept' as word`.execute(db)
  await sql`create view citus_tables as select word from citus.catalog`.execute(db)
  await sql`insert into tombstones (hash, kind, at) values ('gone', 'visitor', 1)`.execute(db)
  await emptyStore(db)
  const rows = await sql`select (select count(*)::int from tombstones) as tombstones, word from citus_tables`.execute(
    db,
  )
  expect(rows.rows).toEqual([{ tombstones: 0, word: 'kept' }])
  await db.destroy()

  await dropOnAll(first, 'spread', workers)
  expect([await has(first), await has(second)]).toEqual([false, false])
})
