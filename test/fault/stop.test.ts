/** A server that is asked to stop exits in time: every request is answered, and everything acknowledged is stored. */

import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { afterEach, expect, test } from 'vitest'
import { batch, event, send, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

let server: TestServer
afterEach(() => server.stop().catch(() => {}))

const ended = () => new Promise<number | null>((resolve) => server.process.once('exit', (code) => resolve(code)))

test('stopping under load with open connections loses nothing acknowledged, does not hang, and exits with 0', async () => {
  server = await startServer()
  const idle = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const socket = connect(server.port, '127.0.0.1')
      socket.on('error', () => {})
      socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
      await new Promise((resolve) => socket.once('data', resolve))
      return socket
    }),
  )
  const cut = idle.map((socket) => new Promise((resolve) => socket.once('close', resolve)))
  const acknowledged: string[] = []
  let refused = 0
  const sendUntilGone = async (visitor: string) => {
    for (;;) {
      const own = event('page')
      try {
        const response = await send(server, batch([own], { visitor }))
        await response.json()
        expect(response.status).toBe(202)
        acknowledged.push(own.id)
      } catch (error) {
        // The socket is closed, as expected; any other error is thrown.
        if (!(error instanceof TypeError)) throw error
        refused++
        return
      }
    }
  }
  const senders = Array.from({ length: 16 }, (_, i) => sendUntilGone(`visitor-${i}-stopping-aaaaa`))
  await until(() => acknowledged.length > 200, 'some load')
  const began = performance.now()
  const exit = ended()
  server.process.kill('SIGTERM')
  expect(await exit).toBe(0)
  console.log(`ended ${Math.round(performance.now() - began)} ms after SIGTERM`)
  await Promise.all([...senders, ...cut])
  expect(refused).toBe(16)
  expect(server.output().stderr).toBe('')

  server = await startServer({ dataDir: server.dataDir })
  await settled(server)
  const store = new BetterSqlite3(`${server.dataDir}/couture.db`, { readonly: true })
  const stored = new Set(store.prepare('select id from events').pluck().all())
  store.close()
  expect(acknowledged.filter((id) => !stored.has(id))).toEqual([])
}, 60_000)

test('a connection that was opened in advance and has sent nothing is cut off, and holds nothing up', async () => {
  server = await startServer()
  const silent = connect(server.port, '127.0.0.1')
  await once(silent, 'connect')
  await (await fetch(`${server.url}/healthz`)).text()
  const gone = once(silent, 'close')
  const exit = ended()
  server.process.kill('SIGTERM')
  expect(await exit).toBe(0)
  await gone
  expect(server.output().stderr).toBe('')
}, 60_000)

/** A request whose body never ends. Resolves when the server signals that it waits for the rest. */
async function beginSlowRequest(): Promise<void> {
  const slow = connect(server.port, '127.0.0.1')
  slow.on('error', () => {})
  const headers = ['Host: localhost', 'Content-Type: text/plain', 'Content-Length: 1000', 'Expect: 100-continue']
  slow.write(`POST /v1/events HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n{`)
  const [answer] = await once(slow, 'data')
  expect(String(answer)).toMatch(/^HTTP\/1\.1 100 /)
}

test('a request that never ends is cut off in time and logged, and the exit code is not 0', async () => {
  server = await startServer()
  await beginSlowRequest()
  const exit = ended()
  server.process.kill('SIGTERM')
  expect(await exit).toBe(1)
  expect(server.output().stderr).toContain('requests that took too long')
}, 60_000)

test('a second signal stops the server at once', async () => {
  server = await startServer()
  await beginSlowRequest()
  const exit = ended()
  server.process.kill('SIGINT')
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(server.process.exitCode).toBe(null)
  server.process.kill('SIGINT')
  expect(await exit).toBe(1)
  expect(server.output().stderr).toBe('')
}, 60_000)

test.each([
  ['the collector thread', 'journal'],
  ['the pipeline thread', 'journalFile'],
])(
  'if %s dies, the process reports it and exits with 1, and the next one has everything acknowledged',
  async (name, data) => {
    const dieFile = join(tmpdir(), `couture-die-${process.pid}`)
    const preload = new URL('../support/dying-thread.ts', import.meta.url).pathname
    server = await startServer({ env: { NODE_OPTIONS: `--import ${preload}`, DIES_WITH: data, DIE_FILE: dieFile } })
    const own = Array.from({ length: 20 }, () => event('page'))
    const visitor = 'outlives-aaaaaaaaaaaaa'
    await sendAll(server, visitor, own)
    const exit = ended()
    writeFileSync(dieFile, '')
    const code = await exit
    rmSync(dieFile)
    expect([code, server.output().stderr]).toEqual([1, expect.stringContaining(`${name} has died`)])

    server = await startServer({ dataDir: server.dataDir })
    await settled(server)
    const rows = await server.query<{ id: string }>('select id from events where visitor_id = ?', visitor)
    expect(rows.map(({ id }) => id).sort()).toEqual(own.map(({ id }) => id).sort())
  },
  60_000,
)
