/** A backup made under load is complete, and together with the folder's journal restores everything acknowledged. */
import { copyFileSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { batch, event, send, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

type Restored = { aside: string; withdrawn: number; missing_entries: number }

let server: TestServer
const away = mkdtempSync(join(tmpdir(), 'couture-backup-'))
const file = join(away, 'couture.backup')
const acknowledged: string[] = []
const leaving = 'visitor-leaving-aaaaaaaa'

/** The ids of events in a store. */
function eventsOf(path: string): string[] {
  const store = new BetterSqlite3(path, { readonly: true })
  try {
    return store.prepare('select id from events order by id').pluck().all() as string[]
  } finally {
    store.close()
  }
}

const failing = (...args: string[]) =>
  server.cli(...args).then(
    () => '',
    (error: { stderr: string; code: number }) => `${error.code}: ${error.stderr.trim()}`,
  )

beforeAll(async () => {
  server = await startServer()
})
afterAll(async () => {
  await server.stop()
  rmSync(away, { recursive: true, force: true })
})

test('a backup under load is one complete file readable only by its owner', async () => {
  await sendAll(server, leaving, [event('page')])
  const done = new AbortController()
  const senders = Array.from({ length: 8 }, async (_, i) => {
    while (!done.signal.aborted) {
      const own = event('page')
      await sendAll(server, `visitor-${i}-backed-up-aaaaaa`, [own])
      acknowledged.push(own.id)
    }
  })
  const storedEvents = async () => (await server.query<{ n: number }>('select count(*) as n from events'))[0]!.n
  await until(async () => (await storedEvents()) > 50, 'some events to be stored')
  expect(await server.cli('backup', file)).toMatchObject({ file, bytes: statSync(file).size })
  const backedUp = acknowledged.length
  await until(() => acknowledged.length > backedUp + 50, 'more to be accepted')
  done.abort()
  await Promise.all(senders)
  await settled(server)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readdirSync(away)).toEqual(['couture.backup'])
  const inside = eventsOf(file)
  expect(inside.length).toBeGreaterThan(10)
  expect(inside.length).toBeLessThan(acknowledged.length)
})

test('an impossible backup or restore is refused with one sentence and changes nothing', async () => {
  expect(await failing('backup', file)).toMatch(/^1: .*already exists; remove it/)
  expect(await failing('backup', join(away, 'nowhere', 'x'))).toMatch(/^1: there is no folder/)
  expect(await failing('restore', join(away, 'nothing'))).toMatch(/^1: there is no file/)
  expect(await failing('restore', file)).toMatch(/^1: DATA_DIR .* is in use by process \d+/)
  expect(readdirSync(away)).toEqual(['couture.backup'])
})

test('after a restore into its folder the journal supplies later events, and a withdrawn visitor stays deleted', async () => {
  const choice = { id: 'no', analytics: false, identity: false, marketing: false, source: 'manual' } as const
  await send(server, batch([event('consent')], { visitor: leaving, consent: choice }))
  await settled(server)
  await server.stop({ wipe: false })
  const damaged = join(away, 'damaged')
  writeFileSync(damaged, 'this is not a database, but it is long enough to look like one '.repeat(100))
  const before = eventsOf(join(server.dataDir, 'couture.db'))
  expect(await failing('restore', damaged)).toMatch(/^1: /)
  expect(eventsOf(join(server.dataDir, 'couture.db'))).toEqual(before)

  const restored = await server.cli<Restored>('restore', file)
  expect(restored).toMatchObject({ withdrawn: 1, missing_entries: 0 })
  expect(eventsOf(restored.aside)).toEqual(before)
  server = await startServer({ dataDir: server.dataDir })
  await settled(server)
  const stored = new Set(eventsOf(join(server.dataDir, 'couture.db')))
  expect(acknowledged.filter((id) => !stored.has(id))).toEqual([])
  expect((await server.api(`/api/v1/visitors/${leaving}/timeline`)).status).toBe(404)
})

test('a restore into a new folder gives the state of the backup', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'couture-test-'))
  copyFileSync(join(server.dataDir, 'secret'), join(folder, 'secret'))
  const other = await startServer({ dataDir: folder })
  await other.stop({ wipe: false })
  expect(await other.cli<Restored>('restore', file)).toMatchObject({ withdrawn: 0, missing_entries: 0 })
  const again = await startServer({ dataDir: folder })
  expect(eventsOf(join(folder, 'couture.db'))).toEqual(eventsOf(file))
  // The journal that supplied the rest is missing here, so its entries after the backup may be lost.
  await expect.poll(() => again.output().stderr).toMatch(/journal\.db is new to the store, which knows 1 other/)
  await again.kill()
  rmSync(folder, { recursive: true })
})
