/**
 * The demo shop: it closes when there is a site of a real shop, its customers never stand in the way of a real contact,
 * and whatever becomes of them the server starts.
 */
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

const CUSTOMERS = ['couture-demo-1', 'couture-demo-2', 'couture-demo-3']
const ADDRESS = 'jean-pierre.martin@aurele.example'

/** The status of a page of the demo under a `Host`, as from this machine or through a proxy that names a client. */
function demoAt(server: TestServer, host: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({ port: server.port, path: '/demo/login', headers: { host, ...headers } }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode!))
    })
    sent.on('error', reject).end()
  })
}

const statusOf = async (server: TestServer, contact: string) => (await server.api(`/api/v1/contacts/${contact}`)).status
const shopKeys = async (server: TestServer) =>
  (await server.query("select id from api_keys where id like 'demo-shop-%'")).length

/** Signs in at the demo shop and returns the token with which its next page would identify the customer. */
async function signIn(server: TestServer, customer: string): Promise<string | undefined> {
  const login = await fetch(`${server.url}/demo/login`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: server.url },
    body: `customer=${customer}`,
  })
  const cookies = login.headers.getSetCookie().map((each) => each.split(';')[0])
  const page = await fetch(`${server.url}/demo`, { headers: { cookie: cookies.join('; ') } })
  return /eyJ[\w-]+\.[\w-]+\.[\w-]+/.exec(await page.text())?.[0]
}

describe('a demo on its own', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer()
  })
  afterAll(() => server?.stop())

  test('an import cannot use the ids of its customers', async () => {
    const rows = [{ id: CUSTOMERS[0], email: 'a@shop.example' }, { id: 'b', merged_into: CUSTOMERS[0] }, { id: 'c' }]
    const { created, rejected } = await server.post('/api/v1/contacts', rows)
    expect(created).toBe(1)
    expect(rejected.map((each: { row: number; code: string }) => [each.row, each.code])).toEqual([
      [1, 'invalid_contact'],
      [2, 'invalid_contact'],
    ])
    expect(rejected[0].message).toContain('reserved for the demo')
  })

  test('the address of a customer is that of the real contact who has it', async () => {
    await server.post('/api/v1/contacts', [{ id: 'crm-1001', email: ADDRESS, updated_at: '2020-01-01T00:00:00Z' }])
    await sendAll(server, 'real-jean-pierre-1234', [event('identify', 0, { kind: 'login', email: ADDRESS })])
    await settled(server)
    const [link] = (await server.get('/api/v1/links?visitor=real-jean-pierre-1234')).data
    expect(link).toMatchObject({ contact: 'crm-1001' })
    expect(link.reason).not.toBe('ambiguous_identifier')
  })

  test('a start survives their erasure, and whatever keeps the shop from being opened', async () => {
    for (const id of CUSTOMERS)
      expect((await server.api(`/api/v1/contacts/${id}`, { method: 'DELETE' })).status).toBe(200)
    await server.change("create trigger no_key before insert on api_keys begin select raise(fail, 'no key today'); end")
    await server.stop({ wipe: false })
    // At the level `warn` the test would fail because of the warning.
    server = await startServer({ port: server.port, dataDir: server.dataDir, env: { LOG_LEVEL: 'error' } })
    await server.change('drop trigger no_key')
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
    for (const id of CUSTOMERS) expect(await statusOf(server, id)).toBe(404)
  })
})

describe('a demo beside a real site', () => {
  let server: TestServer
  let token: string | undefined
  beforeAll(async () => {
    server = await startServer()
    token = await signIn(server, CUSTOMERS[0]!)
    await sendAll(server, 'a-guest-of-the-demo-1', [event('identify', 0, { kind: 'login', token })])
    await settled(server)
  })
  afterAll(() => server?.stop())

  test('is open until then', async () => {
    expect(token).toBeDefined()
    expect((await server.get('/api/v1/contacts/couture-demo-1')).visitors).toHaveLength(1)
    expect(await demoAt(server, 'localhost')).toBe(200)
    expect(await shopKeys(server)).toBe(1)
  })

  test('closes for everybody, and its customers go with what they did', async () => {
    await server.cli('sites', 'create', '--id', 'shop', '--origin', 'https://shop.example')
    await until(async () => (await demoAt(server, 'localhost')) === 404, 'the demo to close')
    await until(async () => (await shopKeys(server)) === 0, 'the key to go')
    expect(await signIn(server, CUSTOMERS[0]!)).toBeUndefined()
    for (const id of CUSTOMERS) expect(await statusOf(server, id)).toBe(404)
    await settled(server)
    expect(await server.query("select 1 from events where visitor_id = 'a-guest-of-the-demo-1'")).toEqual([])
  })

  test('stays closed at the next start, which names the real site', async () => {
    await server.stop({ wipe: false })
    server = await startServer({ dataDir: server.dataDir, port: server.port })
    expect(await demoAt(server, 'localhost')).toBe(404)
    expect(server.output().stdout).not.toContain('/demo')
    expect(server.output().stdout).toContain('tag.js?site=shop"')
  })

  test('is open on this machine only with DEMO=true, and has its customers again', async () => {
    await server.stop({ wipe: false })
    const env = { DEMO: 'true', PUBLIC_URL: 'https://collector.example' }
    server = await startServer({ dataDir: server.dataDir, port: server.port, env })
    expect(await demoAt(server, 'localhost')).toBe(200)
    expect(await demoAt(server, 'collector.example')).toBe(404)
    expect(await demoAt(server, 'localhost', { 'x-forwarded-for': '203.0.113.9' })).toBe(404)
    expect(await statusOf(server, CUSTOMERS[0]!)).toBe(200)
  })
})
