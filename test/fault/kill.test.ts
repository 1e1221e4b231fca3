/**
 * Invariant "2xx = durable": a server that is killed while it takes events has every event that it acknowledged, once,
 * when it is started again; and a sender that repeats what was not acknowledged, as the tag does, makes nothing double.
 */
import BetterSqlite3 from 'better-sqlite3'
import { afterAll, expect, test } from 'vitest'
import type { WireEvent } from '../../tag/wire.ts'
import { batch, event, send, settled } from '../support/sender.ts'
import { freePort, startServer, type TestServer } from '../support/server.ts'

const ROUNDS = 6
const SENDERS = 16

let server: TestServer
afterAll(() => server?.stop())

type Batch = { visitor: string; events: WireEvent[] }

/** Sends batches one after the other until the server is gone. Notes what was acknowledged, and what was not. */
async function sendUntilGone(visitor: string, acknowledged: Batch[], open: Batch[]): Promise<void> {
  for (let i = 0; ; i++) {
    const events = [event('page'), event('view_item', 0, { items: [{ item_id: `item-${i % 7}` }] }), event('page')]
    const sent = { visitor, events }
    try {
      const response = await send(server, batch(events, { visitor }))
      const reply = (await response.json()) as { accepted: number }
      if (response.status !== 202 || reply.accepted !== 3) throw new Error(`unexpected ${response.status}`)
      acknowledged.push(sent)
    } catch (error) {
      open.push(sent)
      // The connection was cut by the kill; any other failure is one of the server's own.
      if (error instanceof TypeError || (error as { name?: string }).name === 'SyntaxError') return
      throw error
    }
  }
}

test(`killed ${ROUNDS} times under load, it keeps every acknowledged event once`, async () => {
  const port = await freePort()
  server = await startServer({ port })
  const { dataDir } = server
  const acknowledged: Batch[] = []
  const open: Batch[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const senders = Array.from({ length: SENDERS }, (_, i) =>
      sendUntilGone(`visitor-${round}-${i}-aaaaaaaaaaaa`, acknowledged, open),
    )
    await new Promise((resolve) => setTimeout(resolve, 200 + Math.random() * 800))
    await server.kill()
    await Promise.all(senders)
    server = await startServer({ port, dataDir })
  }
  await settled(server)
  const store = new BetterSqlite3(`${dataDir}/couture.db`, { readonly: true })
  const stored = () =>
    new Map(
      (
        store.prepare('select visitor_id, id, count(*) as n from events group by visitor_id, id').all() as {
          visitor_id: string
          id: string
          n: number
        }[]
      ).map((row) => [`${row.visitor_id} ${row.id}`, row.n]),
    )
  const keys = (batches: Batch[]) => batches.flatMap((each) => each.events.map((own) => `${each.visitor} ${own.id}`))

  const afterKills = stored()
  const lost = keys(acknowledged).filter((key) => afterKills.get(key) !== 1)
  const known = new Set([...keys(acknowledged), ...keys(open)])
  const invented = [...afterKills.keys()].filter((key) => !known.has(key))
  console.log(`acknowledged ${keys(acknowledged).length} events, stored ${afterKills.size}, lost ${lost.length}`)
  expect(acknowledged.length).toBeGreaterThan(ROUNDS * SENDERS)
  expect(lost).toEqual([])
  expect(invented).toEqual([])

  for (const { visitor, events } of open) {
    expect((await send(server, batch(events, { visitor }))).status).toBe(202)
  }
  await settled(server)
  const afterRetries = stored()
  expect([...afterRetries.values()].every((n) => n === 1)).toBe(true)
  expect(new Set(afterRetries.keys())).toEqual(known)
  store.close()
}, 120_000)
