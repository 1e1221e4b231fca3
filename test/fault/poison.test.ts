/**
 * A journal entry that cannot be landed blocks nothing: it becomes a dead letter with its error, the other entries
 * of the same group are landed, and later ones are landed too.
 */
import BetterSqlite3 from 'better-sqlite3'
import { afterAll, expect, test } from 'vitest'
import { batch, event, send, sendAll, settled } from '../support/sender.ts'
import { freePort, startServer, type TestServer } from '../support/server.ts'

let server: TestServer
// The server logs the entries that it set aside.
afterAll(() => server?.stop().catch(() => {}))

/** An entry in the form that the collector writes. */
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

test('an invalid entry becomes a dead letter, and everything around it is landed', async () => {
  const port = await freePort()
  server = await startServer({ port })
  const { dataDir } = server
  await sendAll(server, 'before-aaaaaaaaaaaaaaaaa', [event('page')])
  // Nothing is kept of a visitor that has withdrawn everything, whether it can be landed or not.
  const gone = 'gone-aaaaaaaaaaaaaaaaaaa'
  const nothing = { id: 'no', analytics: false, identity: false, marketing: false, source: 'manual' } as const
  await sendAll(server, gone, [event('page')])
  await settled(server)
  await send(server, batch([event('consent')], { visitor: gone, consent: nothing }))
  await settled(server)
  await server.stop({ wipe: false })

  const journal = new BetterSqlite3(`${dataDir}/journal.db`)
  const insert = journal.prepare('insert into entries (at, events, bytes, body) values (?, ?, ?, ?)')
  const add = (body: string) => insert.run(Date.now(), 2, body.length, body)
  add(JSON.stringify([entry('beside-aaaaaaaaaaaaaaaaa'), entry('poison-aaaaaaaaaaaaaaaaa', { events: [{ id: 'x' }] })]))
  add(JSON.stringify([entry(gone, { consent: undefined })]))
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

type Letter = { id: string; kind: string; error: string; attempts: number; site: string | null; what: string | null }
type Replay = { landed: number; derived: number; failed: number }
const letters = () => server.cli<Letter[]>('dead-letters')

/** Runs a command that must fail, and returns its output. */
const failing = async (...args: string[]) =>
  (await server.cli(...args).then(
    () => expect.unreachable('the command succeeded'),
    (error) => error,
  )) as { code: number; stdout: string; stderr: string }

/** Changes the store while the server runs, as if a fault had been fixed. */
function change(sql: string, ...values: unknown[]): void {
  const store = new BetterSqlite3(`${server.dataDir}/couture.db`)
  store.prepare(sql).run(...values)
  store.close()
}

test('dead letters are listed without personal data, shown with the invalid field, and retried', async () => {
  const listed = await letters()
  expect(listed).toMatchObject([
    {
      kind: 'land',
      site: 'demo',
      attempts: 1,
      error: 'events.0.type must be a text that is not empty (it is missing)',
    },
    { kind: 'land', site: null, attempts: 1, error: expect.stringMatching(/^the entry must be a JSON object/) },
  ])
  expect(JSON.stringify(listed)).not.toContain('poison-aaaa')
  const [wrong, damaged] = listed as [Letter, Letter]
  const shown = await server.cli<{ entry_content: { visitor: string } }>('dead-letters', 'show', wrong.id)
  expect(shown.entry_content.visitor).toBe('poison-aaaaaaaaaaaaaaaaa')

  const again = await failing('dead-letters', 'replay', '--all')
  expect(again.code).toBe(1)
  expect(JSON.parse(again.stdout)).toMatchObject({ landed: 0, failed: 2 })
  expect((await letters()).map((letter) => letter.attempts)).toEqual([2, 2])

  change('update dead_letters set body = replace(body, \'{"id":"x"}\', \'{"id":"x","type":"page","at":1}\')')
  expect(await server.cli('dead-letters', 'replay', wrong.id)).toMatchObject({ landed: 1, failed: 0 })
  await settled(server)
  expect((await server.get('/api/v1/visitors/poison-aaaaaaaaaaaaaaaaa/timeline')).data).toHaveLength(1)
  expect((await failing('dead-letters', 'replay', wrong.id)).stderr).toMatch(/^there is no dead letter/)
  expect(await server.cli('dead-letters', 'drop', damaged.id)).toEqual({ id: damaged.id, dropped: true })
  expect(await letters()).toEqual([])
})

test('a dead letter of a visitor that has withdrawn since is not landed', async () => {
  const visitor = 'leaving-aaaaaaaaaaaaaaaa'
  await sendAll(server, visitor, [event('page')])
  await settled(server)
  const body = JSON.stringify(entry(visitor))
  const insert =
    'insert into dead_letters (journal_id, entry_id, part, error, body, at, visitor_id) values (?, ?, 0, ?, ?, ?, ?)'
  change(insert, 'a-journal', 1, 'it was so', body, Date.now(), visitor)
  const refused = { consent: { id: 'no', analytics: false, identity: false, marketing: false, source: 'manual' } }
  await send(server, batch([event('consent')], { visitor, ...refused } as never))
  await settled(server)
  expect(await letters()).toEqual([])

  // A dead letter restored from elsewhere.
  change(insert, 'a-journal', 2, 'it was so', body, Date.now(), visitor)
  await server.cli('dead-letters', 'replay', '--all')
  await settled(server)
  const store = new BetterSqlite3(`${server.dataDir}/couture.db`, { readonly: true })
  expect(store.prepare('select * from events where visitor_id = ?').all(visitor)).toEqual([])
  expect(store.prepare('select * from dead_letters').all()).toEqual([])
  store.close()
})

test('a visitor that cannot be derived blocks nothing, becomes a dead letter, and is retried on its next event or on request', async () => {
  const [ill, well] = ['ill-visitor-aaaaaaaaaaaa', 'well-visitor-aaaaaaaaaaa']
  const item = { currency: 'EUR', items: [{ item_id: 'ring', price: 9 }] }
  await sendAll(server, ill, [event('add_to_cart', 0, item)])
  await settled(server)
  change("update events set props = 'not JSON' where visitor_id = ?", ill)
  await sendAll(server, ill, [event('page')])
  await sendAll(server, well, [event('page')])
  await settled(server)
  expect((await server.get(`/api/v1/visitors/${well}/timeline`)).data).toHaveLength(1)
  const [letter] = (await letters()) as [Letter]
  expect(letter).toMatchObject({ kind: 'derive', what: 'visitor', attempts: 1, error: expect.stringMatching(/JSON/) })
  expect(JSON.stringify(letter)).not.toContain(ill)
  expect(await server.cli('dead-letters', 'show', letter.id)).toMatchObject({ entry_content: { visitor: ill } })
  expect(await (await fetch(`${server.url}/metrics`)).text()).toMatch(/^couture_dead_letters\{kind="derive"\} 1$/m)

  await sendAll(server, ill, [event('page')])
  await settled(server)
  expect(await letters()).toMatchObject([{ id: letter.id, attempts: 2 }])
  expect((await failing('dead-letters', 'replay', letter.id)).code).toBe(1)
  change('update events set props = ? where visitor_id = ? and props is not null', JSON.stringify(item), ill)
  expect(await server.cli<Replay>('dead-letters', 'replay', '--all')).toMatchObject({ derived: 1, failed: 0 })
  expect(await letters()).toEqual([])
  const visitor = await server.get(`/api/v1/visitors/${ill}/timeline`)
  expect(visitor.data).toHaveLength(3)
})
