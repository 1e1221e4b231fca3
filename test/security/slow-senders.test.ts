/**
 * Senders who hold on to what they were given: connections that never finish a request, more of them than the process
 * may have files, one network under many IPv6 addresses, and user agents as long as headers may be.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Listening, listen } from '../../server/listen.ts'
import { batch, event } from '../support/sender.ts'
import { freePort, serverArguments, until } from '../support/server.ts'

/** A connection on which `text` was sent, what was answered, and whether it is closed. */
async function begin(port: number, text: string, from = '127.0.0.1') {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from })
  const state = { socket, answer: '', closed: false }
  socket.on('data', (data) => (state.answer += data))
  socket.on('error', () => {})
  socket.on('close', () => (state.closed = true))
  await once(socket, 'connect')
  socket.write(text)
  return state
}

const head = (path: string, ...headers: string[]) =>
  ['POST ', path, ' HTTP/1.1\r\nHost: localhost', ...headers.map((each) => `\r\n${each}`)].join('')
const upload = (path: string) => `${head(path, 'Content-Length: 100')}\r\n\r\nbegun`

describe('a socket with little patience', () => {
  const refused: string[] = []
  const limits = {
    ...{ headersMs: 300, bodyMs: 300, idleMs: 600, connections: 5, perSender: 2 },
    senderOf: (address: string) => (address.endsWith('127.0.0.1') ? null : address),
    onRefused: (limit: string) => refused.push(limit),
  }
  let port: number
  let listening: Listening
  beforeAll(async () => {
    port = await freePort()
    // The public endpoint reads a body to its end, and so does the application.
    listening = await listen(
      (message, response) => {
        if (message.url !== '/v1/events') return false
        message.resume().on('end', () => response.end('read'))
        message.on('error', () => {})
        return true
      },
      async (request) => new Response(await request.text().catch(() => 'cut')),
      { port, host: '127.0.0.1' },
      limits,
    )
  })
  afterAll(() => listening.close(0))

  test.each([
    ['says nothing', ''],
    ['sends half of its headers', head('/v1/events', 'Content-Type: text')],
    ['sends half of a body to a public endpoint', upload('/v1/events')],
    ['sends half of a private upload and stops', upload('/api/v1/contacts')],
  ])('cuts off who %s', async (_, text) => {
    const sender = await begin(port, text)
    await until(() => sender.closed, 'the connection to be cut', 3000)
    expect(sender.answer).not.toContain('200 OK')
  })

  test('cuts off who sends a byte of a public body at a time, but not an upload that goes on', async () => {
    const [slow, going] = [await begin(port, upload('/v1/events')), await begin(port, upload('/api/v1/contacts'))]
    for (let sent = 0; sent < 95; sent += 19) {
      await sleep(250)
      if (!slow.closed) slow.socket.write('.')
      going.socket.write('.'.repeat(19))
    }
    await until(() => going.answer.includes('200 OK'), 'the answer')
    expect(slow.closed).toBe(true)
    expect(going.closed).toBe(false)
    going.socket.destroy()
  })

  test('takes no more connections than it may hold, and others once there is room', async () => {
    const held = await Promise.all(Array.from({ length: 5 }, () => begin(port, 'GET')))
    const tooMuch = await begin(port, 'GET')
    await until(() => tooMuch.closed, 'the sixth to be refused', 250)
    for (const { socket } of held) socket.destroy()
    await until(async () => (await fetch(`http://127.0.0.1:${port}/`).catch(() => null))?.ok, 'an answer')
    expect(refused).toEqual(['connections'])
  })

  test.skipIf(process.platform !== 'linux')(
    'lets no sender hold more than a share of them (skipped where loopback is one address)',
    async () => {
      refused.length = 0
      const [first, second] = await Promise.all([begin(port, 'GET', '127.0.0.2'), begin(port, 'GET', '127.0.0.2')])
      const third = await begin(port, 'GET', '127.0.0.2')
      await until(() => third.closed, 'the third to be refused', 250)
      const other = await begin(port, 'GET', '127.0.0.3')
      first.socket.destroy()
      await until(() => first.closed, 'the first to end')
      const again = await begin(port, 'GET', '127.0.0.2')
      await sleep(50)
      expect([second.closed, other.closed, again.closed]).toEqual([false, false, false])
      expect(refused).toEqual(['address_connections'])
      for (const { socket } of [second, other, again]) socket.destroy()
    },
  )
})

describe.skipIf(process.platform === 'win32')('a server with few files', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'couture-few-'))
  let server: ChildProcess
  let port: number
  let url: string
  let [stdout, stderr] = ['', '']
  beforeAll(async () => {
    port = await freePort()
    url = `http://127.0.0.1:${port}`
    const { command, args, options } = serverArguments({ dataDir, port, env: { TRUST_PROXY: '1' } })
    server = spawn('sh', ['-c', 'ulimit -n 256; exec "$0" "$@"', command, ...args], options)
    server.stdout!.on('data', (data) => (stdout += data))
    server.stderr!.on('data', (data) => (stderr += data))
    await until(() => stdout.includes('couture.q') || server.exitCode !== null, 'the start')
  })
  afterAll(async () => {
    const ended = once(server, 'exit')
    server.kill('SIGTERM')
    if (server.exitCode === null) await ended
    rmSync(dataDir, { recursive: true, force: true })
  })

  const send = (from: string, body: string, agent = 'Mozilla/5.0') =>
    fetch(`${url}/v1/events`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'text/plain', 'x-forwarded-for': from, 'user-agent': agent },
    })
  let visitors = 0
  const good = () =>
    JSON.stringify(batch([event('page_view')], { candidate: `a-patient-visitor-${1000 + visitors++}` }))

  test('survives more half requests than it has files', async () => {
    const sockets: Socket[] = []
    for (let i = 0; i < 600; i++) {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      socket.on('connect', () => socket.write(i % 2 === 0 ? head('/v1/events', 'Content-Ty') : upload('/v1/events')))
      sockets.push(socket)
    }
    await until(() => sockets.every(({ connecting }) => !connecting), 'the connections')
    // The store and the journal open files of their own meanwhile.
    await sleep(1000)
    expect(server.exitCode).toBeNull()
    for (const socket of sockets) socket.destroy()
    await until(async () => (await send('203.0.113.9', good()).catch(() => null))?.status === 202, 'an answer')
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    expect(server.exitCode).toBeNull()
    expect(stderr).toBe('')
  })

  test('counts a network of IPv6 as one sender', async () => {
    const statuses = new Set<number>()
    for (let round = 1; round <= 200 && !statuses.has(429); round++) {
      const network = round % 2 === 0 ? '2001:db8:1:2' : '2001:0DB8:1:2'
      const many = Array.from({ length: 50 }, (_, i) => send(`${network}:${round}::${i.toString(16)}`, '{'))
      for (const { status } of await Promise.all(many)) statuses.add(status)
    }
    expect(statuses).toEqual(new Set([400, 429]))
    expect((await send('2001:db8:1:3::9', good())).status).toBe(202)
    expect((await send('::ffff:203.0.113.10', good())).status).toBe(202)
  })

  test('looks at the first 512 characters of a user agent', async () => {
    const accepted = async (agent: string) => (await (await send('203.0.113.11', good(), agent)).json()).accepted
    const chrome =
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36'
    expect(await accepted(`${chrome} Googlebot/2.1`)).toBe(0)
    expect(await accepted(`${chrome} ${'x'.repeat(8000)} Googlebot/2.1`)).toBe(1)
  })
})
