/** Files do not grow without bound: deleted space is released, and the log is truncated even with an open reader. */
import { statSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { amount } from '../support/long.ts'
import { filesHolding } from '../support/requests.ts'
import { batch, consent, event, send, settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

const DAY = 24 * 3600_000
const MIB = 1024 ** 2
/** Those of each sender, and what the store has at least then. */
const VISITORS = amount(20, 40)
const LEAST = amount(16, 32) * MIB

let server: TestServer
afterAll(() => server?.stop())

const size = (name: string) => statSync(`${server.dataDir}/${name}`, { throwIfNoEntry: false })?.size ?? 0

test('the store after retention and the journal after a day shrink, and contain no deleted data', async () => {
  server = await startServer()
  const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'events:write')
  const at = new Date(Date.now() - 700 * DAY).toISOString()
  // Unique texts on every page give the store some size.
  const text = (i: number) => `filler-${i}-`.repeat(400)
  let sent = 0
  const sendMany = async (lane: number) => {
    for (let i = 0; i < VISITORS; i++) {
      const visitor = `visitor-${lane}-${i}-sizes-aaaaaaaa`
      const events = Array.from({ length: 60 }, () => ({ ...event('view', 0, { text: text(sent++) }), at }))
      const response = await send(server, batch(events, { visitor, consent: consent({ at }) }), {
        authorization: `Bearer ${key}`,
      })
      expect(response.status).toBe(202)
      await response.json()
    }
  }
  await Promise.all([1, 2, 3, 4].map(sendMany))
  await settled(server, 60_000)
  const [store, journal] = ['couture.db', 'journal.db'].map((name) => size(name) + size(`${name}-wal`)) as [
    number,
    number,
  ]
  expect(store).toBeGreaterThan(LEAST)

  await server.stop({ wipe: false })
  server = await startServer({ dataDir: server.dataDir, clockMs: 100 * DAY })
  await until(() => size('couture.db') < store / 10, 'the store to release unused space', 60_000)
  await until(() => size('couture.db-wal') === 0, 'the log to be truncated')
  await until(
    async () => (await filesHolding(server, 'filler-')).every((name) => !name.startsWith('couture.db')),
    'what was derived from the events to go too',
  )
  await until(
    async () => {
      // The journal only learns how far it has landed when something lands.
      await send(server, batch([event('page')], { visitor: 'visitor-later-aaaaaaaaaa' }))
      return size('journal.db') < journal / 10
    },
    'the journal to release unused space',
    60_000,
  )
  await server.stop({ wipe: false })
  expect(await filesHolding(server, 'filler-')).toEqual([])
  console.log(
    `couture.db ${(store / MIB).toFixed(1)} → ${(size('couture.db') / MIB).toFixed(1)} MiB, ` +
      `journal.db ${(journal / MIB).toFixed(1)} → ${(size('journal.db') / MIB).toFixed(1)} MiB`,
  )
}, 180_000)
