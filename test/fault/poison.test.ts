/**
 * A journal entry that cannot be landed stops nobody: it becomes a dead letter with its error, what stands beside it
 * in the same group is landed, and what comes after is landed too.
 */
import BetterSqlite3 from 'better-sqlite3'
import { afterAll, expect, test } from 'vitest'
import { event, sendAll, settled } from '../support/sender.ts'
import { freePort, startServer, type TestServer } from '../support/server.ts'

let server: TestServer
afterAll(() => server?.stop())

/** An entry as the collector writes it. */
function entry(visitor: string, more: Record<string, unknown> = {}) {
  const at = Date.now()
  return {
    request: `request-${visitor}`,
    site: 'demo',
    visitor,
    received_at: at,
    keyed: false,
    consent: { id: 'c', analytics: true, identity: true, marketing: true, source: 'manual', at },
    events: [{ id: 'only', type: 'page', at }],
    ...more,
  }
}

test('poison in the journal becomes a dead letter, and everything around it is landed', async () => {
  const port = await freePort()
  server = await startServer({ port })
  const { dataDir } = server
  await sendAll(server, 'before-aaaaaaaaaaaaaaaaa', [event('page')])
  await settled(server)
  await server.stop({ wipe: false })

  const journal = new BetterSqlite3(`${dataDir}/journal.db`)
  const insert = journal.prepare('insert into entries (at, events, bytes, body) values (?, ?, ?, ?)')
  const add = (body: string) => insert.run(Date.now(), 2, body.length, body)
  add(JSON.stringify([entry('beside-aaaaaaaaaaaaaaaaa'), entry('poison-aaaaaaaaaaaaaaaaa', { events: [{ id: 'x' }] })]))
  add('this is not JSON')
  add(JSON.stringify([entry('behind-aaaaaaaaaaaaaaaaa')]))
  journal.close()

  server = await startServer({ port, dataDir })
  await sendAll(server, 'after-aaaaaaaaaaaaaaaaaa', [event('page')])
  await settled(server)
  const store = new BetterSqlite3(`${dataDir}/couture.db`, { readonly: true })
  const visitors = store.prepare('select visitor_id from visitors order by 1').pluck().all()
  const letters = store.prepare('select part, error, body from dead_letters order by entry_id').all()
  store.close()
  expect(visitors).toEqual([
    'after-aaaaaaaaaaaaaaaaaa',
    'before-aaaaaaaaaaaaaaaaa',
    'behind-aaaaaaaaaaaaaaaaa',
    'beside-aaaaaaaaaaaaaaaaa',
  ])
  expect(letters).toMatchObject([
    { part: 1, error: expect.stringMatching(/NOT NULL/), body: expect.stringContaining('poison') },
    { part: 0, error: expect.stringMatching(/./), body: expect.stringContaining('not JSON') },
  ])
})
