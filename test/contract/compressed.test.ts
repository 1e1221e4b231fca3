/**
 * The tag and the dashboard on the wire: compressed as the request asks, with an ETag for each encoding, and how many bytes
 * that are. And the printed address, which leads people to the dashboard.
 */
import { createHash } from 'node:crypto'
import { type IncomingHttpHeaders, request } from 'node:http'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bestEncoding } from '../../server/ops/precompressed.ts'
import { startServer, type TestServer } from '../support/server.ts'

const HTML = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'

let server: TestServer
let behind: TestServer
beforeAll(async () => {
  const env = { PUBLIC_URL: 'https://shop.example/c', ADMIN_URL: 'https://couture.example/team' }
  ;[server, behind] = await Promise.all([startServer(), startServer({ env })])
})
afterAll(async () => {
  await server?.stop()
  await behind?.stop()
})

type Reply = { status: number; headers: IncomingHttpHeaders; body: Buffer }

/** A request as it is on the wire: `fetch` would choose encodings, and unpack them. */
function ask(path: string, headers: Record<string, string> = {}, { method = 'GET', to = server } = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: to.port, path, headers, method }, async (reply) => {
      const parts: Buffer[] = []
      for await (const part of reply) parts.push(part as Buffer)
      resolve({ status: reply.statusCode!, headers: reply.headers, body: Buffer.concat(parts) })
    })
    sent.on('error', reject).end()
  })
}

const unpack = ({ headers, body }: Reply): string => {
  const encoding = headers['content-encoding']
  return (encoding === 'br' ? brotliDecompressSync(body) : encoding === 'gzip' ? gunzipSync(body) : body).toString()
}

test.each<[string | undefined, string | null]>([
  [undefined, null],
  ['', null],
  ['gzip', 'gzip'],
  ['gzip, deflate, br, zstd', 'br'],
  ['br', 'br'],
  ['BR', 'br'],
  ['x-gzip', 'gzip'],
  ['*', 'br'],
  ['gzip;q=1.0, br;q=0.5', 'gzip'],
  ['br;q=0.8, gzip;q=0.8', 'br'],
  ['gzip;q=0', null],
  ['br;q=0, *', 'gzip'],
  ['br;q=0, gzip;q=0, *;q=1', null],
  ['*;q=0', null],
  ['identity', null],
  ['identity, gzip;q=0.5', null],
  ['identity;q=0.5, gzip', 'gzip'],
  ['identity;q=0, gzip;q=0.1', 'gzip'],
  ['gzip ; q=0.2 , br ; q=0.1', 'gzip'],
  ['gzip;q=2, br;q=no', null],
  ['deflate, zstd', null],
  [`${'x,'.repeat(100_000)}br`, null],
])('Accept-Encoding %s is answered with %s', (accepted, encoding) => {
  expect(bestEncoding(accepted)).toBe(encoding)
})

const PATHS = ['/tag.js?site=demo', '/dashboard/', '/dashboard/main.js', '/dashboard/main.css']

describe.each(PATHS)('%s', (path) => {
  test('is the same in every encoding, and each has its own ETag', async () => {
    const plain = await ask(path)
    expect(plain.headers['content-encoding']).toBeUndefined()
    const etags = new Set([plain.headers.etag])
    for (const encoding of ['br', 'gzip']) {
      const reply = await ask(path, { 'accept-encoding': encoding })
      expect(reply).toMatchObject({ status: 200, headers: { 'content-encoding': encoding, vary: 'Accept-Encoding' } })
      expect(unpack(reply)).toBe(plain.body.toString())
      expect(reply.headers['content-length']).toBe(String(reply.body.length))
      expect(reply.headers['content-type']).toBe(plain.headers['content-type'])
      etags.add(reply.headers.etag)
      const { etag } = reply.headers as { etag: string }
      for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const again = await ask(path, { 'accept-encoding': encoding, 'if-none-match': known })
        expect(again).toMatchObject({ status: 304, headers: { etag, vary: 'Accept-Encoding' } })
        expect(again.body).toHaveLength(0)
        expect(again.headers['cache-control']).toBe(reply.headers['cache-control'])
      }
      const other = await ask(path, { 'accept-encoding': encoding, 'if-none-match': plain.headers.etag! })
      expect(other.status).toBe(200)
      const head = await ask(path, { 'accept-encoding': encoding }, { method: 'HEAD' })
      expect(head).toMatchObject({ status: 200, headers: { etag, 'content-length': String(reply.body.length) } })
      expect(head.body).toHaveLength(0)
    }
    expect(etags.size).toBe(3)
    expect(plain.headers.vary).toBe('Accept-Encoding')
  })
})

test('the files are as small on the wire as they were measured to be', async () => {
  const sizes = async (path: string) => {
    const of = async (encoding: string) => (await ask(path, { 'accept-encoding': encoding })).body.length
    return { br: await of('br'), gzip: await of('gzip') }
  }
  const tag = await sizes('/tag.js?site=demo')
  expect(tag.br).toBeLessThan(6300)
  expect(tag.gzip).toBeLessThan(7000)
  const dashboard = await sizes('/dashboard/main.js')
  expect(dashboard.br).toBeLessThan(50_000)
})

test('the immutable tag is the same whatever its encoding, so that one integrity hash fits all', async () => {
  const plain = await ask('/tag.js?site=demo')
  const hash = plain.headers.etag!.slice(1, -1)
  const integrity = (text: string) => createHash('sha384').update(text).digest('base64')
  for (const encoding of ['identity', 'gzip', 'br']) {
    const reply = await ask(`/tag.${hash}.js?site=demo`, { 'accept-encoding': encoding })
    expect(reply).toMatchObject({ status: 200, headers: { 'cache-control': 'public, max-age=31536000, immutable' } })
    expect(integrity(unpack(reply))).toBe(integrity(plain.body.toString()))
    // Whoever takes the hash from the ETag of an encoding finds it, too.
    const { etag } = (await ask('/tag.js?site=demo', { 'accept-encoding': encoding })).headers
    expect((await ask(`/tag.${etag!.slice(1, -1)}.js?site=demo`)).status).toBe(200)
  }
})

describe('the printed address', () => {
  test('leads a browser to the dashboard, and tells programs that there is nothing', async () => {
    expect(await ask('/', { accept: HTML })).toMatchObject({ status: 302, headers: { location: '/dashboard/' } })
    expect(await ask('/', { accept: HTML }, { method: 'HEAD' })).toMatchObject({ status: 302 })
    const page = await fetch(server.url, { headers: { accept: HTML } })
    expect(page.url).toBe(`${server.url}/dashboard/`)
    expect(await page.text()).toContain('<title>')
    for (const accept of ['', '*/*', 'application/json']) {
      const { status, headers: said } = await ask('/', { accept })
      expect([status, said['content-type']]).toEqual([404, 'application/problem+json'])
    }
  })

  test.each([
    ['the host of ADMIN_URL', 'couture.example', 302, 'https://couture.example/team/dashboard/'],
    ['this machine', 'localhost:3000', 302, '/dashboard/'],
    ['the shop’s host', 'shop.example', 404, undefined],
    ['a host that nobody named', 'other.example', 404, undefined],
  ])('under %s', async (_, host, status, location) => {
    const reply = await ask('/', { accept: HTML, host }, { to: behind })
    expect([reply.status, reply.headers.location]).toEqual([status, location])
    if (status === 404) expect(reply.body.toString()).not.toContain('dashboard')
  })

  test('never shows the dashboard under a shop’s host, whatever PUBLIC_URL is', async () => {
    await server.cli('sites', 'create', '--id', 'own', '--origin', 'https://own.example')
    const reply = await ask('/', { accept: HTML, host: 'own.example' })
    expect(reply.status).toBe(404)
  })
})
