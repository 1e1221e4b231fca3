/**
 * Who reaches the dashboard, the API, the figures and the demo: this machine, and whoever asks under the dashboard's
 * host. Not a stranger who names this machine, and not the public through a proxy that passes on every path.
 */
import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startServer, type TestServer } from '../support/server.ts'

const PRIVATE = ['/dashboard/', '/api/v1/session', '/openapi.json', '/reference', '/demo', '/demo/mail', '/metrics']

type Finding = { state: string; what: string }
type Asked = { headers?: Record<string, string>; at?: string }

/** The status of a request under any `Host`, which fetch does not allow. */
function statusOf(port: number, path: string, { headers = {}, at = '127.0.0.1' }: Asked = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: at, port, path, headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode!))
    })
    sent.on('error', reject).end()
  })
}

/** Which private paths answer a request. `/metrics` without a key says 401 to strangers. */
async function opened(port: number, asked?: Asked): Promise<string[]> {
  const statuses = await Promise.all(PRIVATE.map((path) => statusOf(port, path, asked)))
  return PRIVATE.filter((path, at) => statuses[at] !== 404 && !(path === '/metrics' && statuses[at] === 401))
}

const ALL_BUT_METRICS = PRIVATE.filter((path) => path !== '/metrics')

let server: TestServer
let proxied: TestServer
beforeAll(async () => {
  const publicUrl = { PUBLIC_URL: 'https://collector.example/c' }
  const [one, two] = await Promise.all([
    startServer({ env: { ...publicUrl, HOST: '0.0.0.0' } }),
    startServer({ env: { ...publicUrl, ADMIN_URL: 'https://Admin.Example:8443', TRUST_PROXY: '1' } }),
  ])
  server = one
  proxied = two
})
afterAll(async () => {
  await server?.stop()
  await proxied?.stop()
})

describe('whoever names this machine', () => {
  const here = Object.values(networkInterfaces())
    .flat()
    .find((each) => each?.family === 'IPv4' && !each.internal)?.address

  test.each(['localhost', 'LocalHost.', '127.0.0.1:3000', '[::1]:9'])(
    'on this machine, as %s, reaches all',
    async (host) => expect(await opened(server.port, { headers: { host } })).toEqual(PRIVATE),
  )

  test.skipIf(here === undefined)(
    'from elsewhere reaches nothing (skipped on a machine without a network)',
    async () => {
      for (const host of ['localhost', 'LOCALHOST.', `127.0.0.1:${server.port}`, '[::1]']) {
        expect(await opened(server.port, { headers: { host }, at: here! })).toEqual([])
      }
      expect(await statusOf(server.port, '/healthz', { at: here! })).toBe(200)
    },
  )

  test.each<Record<string, string>>([
    { 'x-forwarded-for': '203.0.113.9' },
    { 'X-Forwarded-For': '127.0.0.1' },
    { 'x-forwarded-proto': 'https' },
    { 'x-real-ip': '203.0.113.9' },
    { forwarded: 'for=203.0.113.9' },
    { via: '1.1 proxy' },
  ])('through a proxy that says so reaches nothing: %j', async (headers) =>
    expect(await opened(server.port, { headers: { host: 'localhost', ...headers } })).toEqual([]),
  )

  test('through a proxy that speaks HTTP/1.0, as nginx does, reaches nothing', async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(server.port, '127.0.0.1', () =>
        socket.write(`GET /dashboard/ HTTP/1.0\r\nHost: 127.0.0.1:${server.port}\r\nConnection: close\r\n\r\n`),
      )
      let text = ''
      socket.on('data', (data) => (text += data)).on('end', () => resolve(text))
      socket.on('error', reject)
    })
    expect(answer).toMatch(/^HTTP\/1\.[01] 404 /)
  })

  test.each([
    ['203.0.113.9', []],
    // The first entry is what the stranger said.
    ['127.0.0.1, 203.0.113.9', []],
    ['127.0.0.1', PRIVATE],
  ])('through a trusted proxy is where that proxy says: %s', async (list, paths) =>
    expect(await opened(proxied.port, { headers: { host: 'localhost', 'x-forwarded-for': list } })).toEqual(paths),
  )

  test('through a trusted proxy that names nobody reaches nothing', async () =>
    expect(await opened(proxied.port, { headers: { host: 'localhost', 'x-forwarded-proto': 'https' } })).toEqual([]))
})

describe('under a name', () => {
  const far = { 'x-forwarded-for': '203.0.113.9' }

  test.each(['admin.example', 'ADMIN.example', 'admin.example.', 'admin.example:8443', 'admin.example.:443'])(
    'ADMIN_URL is the same host as %s',
    async (host) => expect(await opened(proxied.port, { headers: { host, ...far } })).toEqual(ALL_BUT_METRICS),
  )
  test.each(['collector.example', 'admin.example.evil.example', 'admin.example..', ''])(
    'another host reaches nothing: "%s"',
    async (host) => expect(await opened(proxied.port, { headers: { host, ...far } })).toEqual([]),
  )

  test('PUBLIC_URL’s host is private until it is a shop’s, however that is written', async () => {
    const names = ['collector.example', 'Collector.Example.', 'collector.example:8080']
    for (const host of names) expect(await opened(server.port, { headers: { host } })).toEqual(ALL_BUT_METRICS)
    await server.cli('sites', 'create', '--id', 'shop', '--origin', 'https://collector.example:8443')
    for (const host of names) {
      await expect.poll(() => opened(server.port, { headers: { host } })).toEqual([])
    }
  })
})

describe('a proxy that names the client', () => {
  const asked = async (target: TestServer) => {
    await fetch(`${target.url}/v1/events`, { method: 'POST', body: '{', headers: { 'x-forwarded-for': '203.0.113.9' } })
    const run = target.cli<Finding[]>('doctor')
    const findings = await run.catch((error: { stdout: string }) => JSON.parse(error.stdout) as Finding[])
    return findings.find(({ what }) => what.includes('TRUST_PROXY'))
  }

  test('to a server that trusts none is what the doctor complains of', async () => {
    const before = await server.cli<Finding[]>('doctor')
    expect(before.filter(({ what }) => what.includes('TRUST_PROXY'))).toEqual([])
    const found = await asked(server)
    expect(found?.state).toBe('wrong')
    expect(found?.what).toContain('set TRUST_PROXY to the number of proxies')
  })

  test('to a server that trusts it is as it should be', async () => expect(await asked(proxied)).toBeUndefined())
})

describe('a proxy that passes on everything below /c/', () => {
  let open: Server
  let closed: Server
  let url: (proxy: Server) => string

  /** A proxy as `location /c/ { proxy_pass http://127.0.0.1:PORT/; }` makes one. */
  async function startProxy(headersOf: (headers: IncomingHttpHeaders) => IncomingHttpHeaders): Promise<Server> {
    const proxy = createServer((message, response) => {
      const path = (message.url ?? '').replace(/^\/c\//, '/')
      const to = {
        host: '127.0.0.1',
        port: server.port,
        path,
        method: message.method,
        headers: headersOf(message.headers),
      }
      message.pipe(
        request(to, (answer) => {
          response.writeHead(answer.statusCode!, answer.headers)
          answer.pipe(response)
        }),
      )
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    return proxy
  }
  beforeAll(async () => {
    url = (proxy) => `http://localhost:${(proxy.address() as { port: number }).port}/c/tag.js`
    const own = () => ({ host: `127.0.0.1:${server.port}` })
    open = await startProxy(own)
    closed = await startProxy(({ host }) => ({ ...own(), 'x-forwarded-host': host! }))
  })
  afterAll(() => {
    open.close()
    closed.close()
  })

  const examine = async (proxy: Server): Promise<Finding[]> => {
    const run = server.cli<Finding[]>('doctor', url(proxy))
    return run.catch((error: { stdout: string }) => JSON.parse(error.stdout) as Finding[])
  }

  test('and says that it forwards publishes nothing, which the doctor confirms', async () => {
    const said = (await examine(closed)).map(({ what }) => what).join('\n')
    expect(said).toContain('serves nothing private')
    expect(said).not.toContain('PUBLIC')
  })

  test('and does not say so is what the doctor complains of', async () => {
    const found = (await examine(open)).find(({ what }) => what.startsWith('PRIVATE ROUTES ARE PUBLIC'))
    expect(found?.state).toBe('wrong')
    for (const path of ['dashboard/', 'metrics', 'openapi.json']) {
      expect(found?.what).toContain(url(open).replace('tag.js', path))
    }
  })
})
