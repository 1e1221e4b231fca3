/**
 * Signing in against a hostile sender: who guesses is slowed down by address and name, and keeps nobody else out; an answer
 * does not tell who the users are; a session can be ended, expires, and writes nothing for another site; its cookie is for
 * the dashboard's host alone; and no password is kept anywhere in plain text. Passwords cost less here than in production
 * (`test/support/quick-passwords.ts`), except where their cost or the time of an answer is the question.
 */

import { scryptSync } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { filesHolding, printedPassword, problemOf } from '../support/requests.ts'
import { freePort, startServer, type TestServer } from '../support/server.ts'

const OWN = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }
/** The dashboard's host, under which a proxy passes requests on. */
const HOST = 'couture.example'
const BEHIND_PROXY = { TRUST_PROXY: '1', ADMIN_URL: `http://${HOST}` }
const MARIES = 'a bracelet of white gold'
const DAY = 24 * 3600_000

let server: TestServer
let owners: string
beforeAll(async () => {
  server = await startServer({ env: BEHIND_PROXY })
  owners = printedPassword(server)
  await server.post('/api/v1/users', { name: 'Marie', role: 'marketer', password: MARIES })
})
afterAll(() => server?.stop())

let hosts = 0
/** An address from which nobody has tried yet. */
const newAddress = () => `198.51.100.${++hosts}`

type Sent = { name?: string; password: string; at?: string }

/** Signs in from an address, which a proxy states. Fetch does not allow the `Host` that this needs. */
function signIn({ name, password, at = newAddress() }: Sent, { port } = server): Promise<Response> {
  const headers = { ...OWN, host: HOST, 'x-forwarded-for': at }
  const to = { host: '127.0.0.1', port, path: '/api/v1/session', method: 'POST', headers }
  return new Promise((resolve, reject) => {
    const sent = request(to, (response) => {
      const body: Buffer[] = []
      response.on('data', (data: Buffer) => body.push(data))
      response.on('end', () => {
        const status = response.statusCode!
        const pairs = Object.entries(response.headers).flatMap(([key, value]) =>
          [value ?? []].flat().map((each): [string, string] => [key, each]),
        )
        resolve(new Response(status === 204 ? null : Buffer.concat(body), { status, headers: pairs }))
      })
    })
    sent.on('error', reject)
    sent.end(JSON.stringify({ name, password }))
  })
}

/** The same from this machine. */
function signInHere(to: TestServer, password: string): Promise<Response> {
  return fetch(`${to.url}/api/v1/session`, { method: 'POST', headers: OWN, body: JSON.stringify({ password }) })
}

/** The cookie of a new session. */
async function cookieOf(sent: Sent): Promise<string> {
  const response = await signIn(sent)
  expect(response.status).toBe(204)
  return response.headers.get('set-cookie')!.split(';')[0]!
}

/** A call with a session from the dashboard's own page, or from elsewhere. */
function call(cookie: string, path: string, init: RequestInit = {}, to = server): Promise<Response> {
  const { headers, ...rest } = init
  return fetch(`${to.url}/api/v1${path}`, { ...rest, headers: { ...OWN, cookie, ...headers } })
}

const isOpen = async (cookie: string) => (await call(cookie, '/session')).status === 200

describe('who guesses', () => {
  test('is refused after some wrong passwords, and keeps nobody out who comes from elsewhere', async () => {
    const at = newAddress()
    const guesses = await Promise.all(
      Array.from({ length: 14 }, (_, i) => signIn({ name: `user-${i}`, password: 'guess', at })),
    )
    const statuses = guesses.map(({ status }) => status).sort()
    expect(statuses).toEqual([...Array(10).fill(401), ...Array(4).fill(429)])
    const refused = await signIn({ password: owners, at })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await problemOf(refused)).toMatchObject({ status: 429, code: 'too_many_attempts' })
    expect((await signIn({ password: owners })).status).toBe(204)
    expect((await signIn({ name: 'marie', password: MARIES })).status).toBe(204)
  })

  test('may not change between the addresses of one IPv6 network', async () => {
    const status = async (at: string) => (await signIn({ name: `user-${at}`, password: 'x', at })).status
    const own = await Promise.all(Array.from({ length: 12 }, (_, i) => status(`2001:db8:1:2::${i + 1}`)))
    expect(own.filter((each) => each === 429)).toHaveLength(2)
    expect(await status('2001:db8:2:2::1')).toBe(401)
  })

  test('a right password does not count, however often', async () => {
    const at = newAddress()
    for (let i = 0; i < 11; i++) expect((await signIn({ name: 'Marie', password: MARIES, at })).status).toBe(204)
  })

  test('waits longer for each answer about one name, and others do not', async () => {
    for (let i = 0; i < 7; i++) await signIn({ name: 'slowed', password: 'x' })
    const timed = async (name: string) => {
      const began = performance.now()
      await signIn({ name, password: 'x' })
      return performance.now() - began
    }
    const slowedMs = await timed('slowed')
    expect(slowedMs).toBeGreaterThan(1000)
    expect(await timed('not-slowed')).toBeLessThan(slowedMs)
  })
})

describe('an answer does not tell who the users are', () => {
  test('by its text, status and headers', async () => {
    const told = await Promise.all(
      [{ name: 'marie' }, { name: 'nobody' }, {}, { name: "'; drop table users; --" }, { name: '\u{0}' }].map(
        async (given) => {
          const response = await signIn({ ...given, password: 'not this one' })
          const headers = [...response.headers].filter(([name]) => name !== 'date')
          return JSON.stringify([response.status, headers, await response.json()])
        },
      ),
    )
    expect(new Set(told).size).toBe(1)
    expect(told[0]).toContain('"there is no user with this name and this password"')
  })

  test('by its time, at the cost of production', async () => {
    const full = await startServer({ env: { ...BEHIND_PROXY, PASSWORDS: 'full' } })
    const timesOf = async (name: string) => {
      const times: number[] = []
      for (let i = 0; i < 3; i++) {
        const began = performance.now()
        await signIn({ name, password: 'not this one' }, full)
        times.push(performance.now() - began)
      }
      return Math.min(...times)
    }
    await full.post('/api/v1/users', { name: 'generated', role: 'reader' })
    await full.post('/api/v1/users', { name: 'Marie', role: 'marketer', password: MARIES })
    const [known, chosen, unknown] = [await timesOf('generated'), await timesOf('MARIE'), await timesOf('untimed')]
    expect(Math.max(known, chosen, unknown) / Math.min(known, chosen, unknown)).toBeLessThan(3)

    expect((await signIn({ name: 'marie', password: MARIES }, full)).status).toBe(204)
    const [row] = await full.query<{ password: string }>('select password from users where id = ?', 'marie')
    const [, n, r, p, salt = '', hash] = row!.password.split('$')
    expect([n, r, p]).toEqual(['16384', '8', '5'])
    const real = scryptSync(MARIES, Buffer.from(salt, 'base64url'), 32, { N: 2 ** 14, r: 8, p: 5 })
    expect(hash).toBe(real.toString('base64url'))
    await full.stop()
  })

  test('unless it is the first one, alone, whom the sign-in page names', async () => {
    const only = await startServer()
    const told = async () => ((await (await call('', '/session', {}, only)).json()) as { only_user?: string }).only_user
    expect(await told()).toBe('owner')
    await only.cli('users', 'add', 'Marie', '--role', 'owner')
    expect(await told()).toBeUndefined()
    // Her name is nobody's business.
    await only.cli('users', 'remove', 'owner')
    expect(await told()).toBeUndefined()
    await only.stop()
  })
})

test.each([
  ['name', { name: 'n'.repeat(201), password: 'x' }],
  ['password', { name: 'owner', password: 'p'.repeat(201) }],
])('a %s of excessive length is refused before it is hashed', async (field, body) => {
  const response = await signIn(body)
  expect(await problemOf(response)).toMatchObject({ status: 400, detail: `${field} must have at most 200 characters` })
})

describe('a session', () => {
  test('ends at the server when its user signs out', async () => {
    const cookie = await cookieOf({ password: owners })
    expect(await isOpen(cookie)).toBe(true)
    expect((await call(cookie, '/session', { method: 'DELETE' })).status).toBe(204)
    expect(await isOpen(cookie)).toBe(false)
  })

  test('is listed, and can be ended by its user and by an owner, but by nobody else', async () => {
    const [marie, other, owner] = await Promise.all([
      cookieOf({ name: 'marie', password: MARIES, at: '203.0.113.77' }),
      cookieOf({ name: 'marie', password: MARIES }),
      cookieOf({ password: owners }),
    ])
    type Listed = { id: string; user: string; address: string; current: boolean }[]
    const list = async (cookie: string) => ((await (await call(cookie, '/sessions')).json()) as { data: Listed }).data
    const [own, all] = [await list(marie), await list(owner)]
    expect(new Set(own.map(({ user }) => user))).toEqual(new Set(['Marie']))
    expect(new Set(all.map(({ user }) => user))).toEqual(new Set(['Marie', 'owner']))
    const current = own.filter((session) => session.current)
    expect(current).toMatchObject([{ address: '203.0.113.0' }])
    const owners_ = all.find((session) => session.current)!
    expect((await call(marie, `/sessions/${owners_.id}`, { method: 'DELETE' })).status).toBe(404)
    expect(await isOpen(owner)).toBe(true)
    expect((await call(owner, `/sessions/${current[0]!.id}`, { method: 'DELETE' })).status).toBe(204)
    expect([await isOpen(marie), await isOpen(other)]).toEqual([false, true])
  })

  test('ends when the password or the role of its user changes', async () => {
    await server.post('/api/v1/users', { name: 'Paul', role: 'reader', password: MARIES })
    const sessions = () => cookieOf({ name: 'paul', password: MARIES })
    const change = async (body: object) => {
      const sent = { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
      expect((await server.api('/api/v1/users/paul', sent)).status).toBe(200)
    }
    const before = await sessions()
    await change({ email: 'paul@shop.example' })
    expect(await isOpen(before)).toBe(true)
    await change({ role: 'marketer' })
    expect(await isOpen(before)).toBe(false)
    const after = await sessions()
    await change({ password: MARIES })
    expect(await isOpen(after)).toBe(false)
  })

  test('stays when its user changes the own password, and the others of the user end', async () => {
    await server.post('/api/v1/users', { name: 'Rosa', role: 'reader', password: MARIES })
    const [here, elsewhere] = [
      await cookieOf({ name: 'rosa', password: MARIES }),
      await cookieOf({ name: 'rosa', password: MARIES }),
    ]
    const change = (body: object) => call(here, '/session/password', { method: 'POST', body: JSON.stringify(body) })
    expect((await change({ current: 'a wrong one', password: 'a ring of rose gold' })).status).toBe(401)
    expect((await change({ current: MARIES, password: 'too short' })).status).toBe(400)
    const changed = await change({ current: MARIES, password: 'a ring of rose gold' })
    expect(changed.status).toBe(204)
    expect([await isOpen(here), await isOpen(elsewhere)]).toEqual([false, false])
    expect(await isOpen(changed.headers.get('set-cookie')!.split(';')[0]!)).toBe(true)
    expect((await signIn({ name: 'rosa', password: MARIES })).status).toBe(401)
    expect((await signIn({ name: 'rosa', password: 'a ring of rose gold' })).status).toBe(204)
  })

  test('expires when it is not used, and at last although it is', async () => {
    const [unused, used] = [await cookieOf({ password: owners }), await cookieOf({ password: owners })]
    const ids = await server.query<{ token_hash: string }>(
      'select token_hash from sessions order by since desc, used_at',
    )
    expect(ids.length).toBeGreaterThan(1)
    const age = async (column: 'since' | 'used_at', days: number) =>
      server.change(`update sessions set ${column} = ${column} - ?`, days * DAY)
    await age('used_at', 2.9)
    expect(await isOpen(used)).toBe(true)
    await age('used_at', 0.2)
    expect([await isOpen(unused), await isOpen(used)]).toEqual([false, true])
    await age('since', 29.9)
    expect(await isOpen(used)).toBe(true)
    await age('since', 0.2)
    expect(await isOpen(used)).toBe(false)
  })

  const writes: [string, string][] = [
    ['POST', '/contacts'],
    ['POST', '/orders'],
    ['POST', '/segments'],
    ['PUT', '/users/marie'],
    ['DELETE', '/users/marie'],
    ['POST', '/users'],
    ['POST', '/session/password'],
    ['DELETE', '/session'],
    ['DELETE', '/sessions/session-1'],
    ['DELETE', '/contacts/somebody'],
  ]
  test.each(writes)('of another origin writes nothing: %s %s', async (method, path) => {
    const cookie = await cookieOf({ password: owners })
    const origins: Record<string, string>[] = [
      { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
      { 'sec-fetch-site': 'same-site', origin: server.url },
      { 'sec-fetch-site': 'none' },
      { 'sec-fetch-site': '', origin: 'null' },
    ]
    for (const headers of origins) {
      const response = await call(cookie, path, { method, headers, ...(method === 'DELETE' ? {} : { body: '[]' }) })
      expect(await problemOf(response)).toMatchObject({ status: 403, code: 'cross_site' })
    }
    expect(await isOpen(cookie)).toBe(true)
  })
})

describe('on https', () => {
  test('the cookie is for the dashboard’s host alone, and one under another name is none', async () => {
    const env = { PUBLIC_URL: 'https://shop.example/c', ADMIN_URL: 'https://couture.example' }
    const https = await startServer({ env })
    const response = await signInHere(https, printedPassword(https))
    const cookie = response.headers.get('set-cookie')!
    expect(cookie).toMatch(/^__Host-couture_session=[\w-]+; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Strict$/)
    const [own = ''] = cookie.split(';')
    expect((await call(own, '/session', {}, https)).status).toBe(200)
    expect((await call(own.replace('__Host-', ''), '/session', {}, https)).status).toBe(401)
    await https.stop()
  })
})

describe('passwords', () => {
  test('are nowhere in plain text, and neither they nor their hashes are in an answer', async () => {
    const token = (await cookieOf({ name: 'marie', password: MARIES })).split('=')[1]!
    for (const secret of [owners, MARIES, token]) expect(await filesHolding(server, secret)).toEqual([])
    const rows = await server.query<{ password: string }>('select password from users')
    for (const { password } of rows) expect(password).toMatch(/^scrypt\$\d+\$8\$\d\$[\w-]{22}\$[\w-]{43}$/)
    expect(new Set(rows.map(({ password }) => password.split('$')[4])).size).toBe(rows.length)
    const answers = await Promise.all(
      ['/api/v1/users', '/api/v1/sessions'].map(async (path) => JSON.stringify(await server.get(path))),
    )
    expect(answers.join('')).not.toMatch(/scrypt|hash|password|token/)
  })

  test('of an earlier installation stays the owner’s, and its file goes', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'couture-test-'))
    writeFileSync(join(dataDir, 'admin-password'), 'made by an earlier version\n')
    const upgraded = await startServer({ dataDir })
    expect(upgraded.output().stdout).toMatch(/^ {2}user +owner, with the one that the dashboard had until now$/m)
    expect((await signInHere(upgraded, 'made by an earlier version')).status).toBe(204)
    expect(readdirSync(dataDir)).not.toContain('admin-password')
    expect(statSync(join(dataDir, 'couture.db')).size).toBeGreaterThan(0)
    expect(await filesHolding(upgraded, 'made by an earlier version')).toEqual([])

    // A session that was ended since a backup does not come back with it.
    const opened = await signInHere(upgraded, 'made by an earlier version')
    const cookie = opened.headers.get('set-cookie')!.split(';')[0]!
    const { file } = await upgraded.cli<{ file: string }>('backup', join(dataDir, 'copy.db'))
    await call(cookie, '/session', { method: 'DELETE' }, upgraded)
    await upgraded.stop({ wipe: false })
    await upgraded.cli('restore', file)
    const restored = await startServer({ dataDir, port: upgraded.port })
    expect(restored.output().stdout).not.toMatch(/owner|password/i)
    expect((await call(cookie, '/session', {}, restored)).status).toBe(401)
    expect((await signInHere(restored, 'made by an earlier version')).status).toBe(204)
    await restored.stop()
  })

  test('ADMIN_PASSWORD is the first owner’s at a start, whenever it has changed', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'couture-test-'))
    const serve = async (password: string | null, work: (to: TestServer) => Promise<void>, port?: number) => {
      const env: Record<string, string> = password === null ? {} : { ADMIN_PASSWORD: password }
      const to = await startServer({ dataDir, port: port ?? (await freePort()), env })
      await work(to)
      await to.stop({ wipe: false })
    }
    const accepts = async (to: TestServer, password: string) => (await signInHere(to, password)).status === 204
    let cookie = ''
    await serve(null, async (to) => {
      const signedIn = await signInHere(to, printedPassword(to))
      cookie = signedIn.headers.get('set-cookie')!.split(';')[0]!
    })
    await serve('the first one given', async (to) => {
      expect((await call(cookie, '/session', {}, to)).status).toBe(401)
      expect(await accepts(to, 'the first one given')).toBe(true)
      expect(readFileSync(join(dataDir, 'couture.db')).includes('the first one given')).toBe(false)
      await to.cli('users', 'set-password', 'owner')
    })
    // It has not changed, so what was set since then stays.
    await serve('the first one given', async (to) => expect(await accepts(to, 'the first one given')).toBe(false))
    await serve('the second one given', async (to) => {
      expect(to.output().stdout).not.toMatch(/password/i)
      expect(await accepts(to, 'the second one given')).toBe(true)
    })
  })
})

test('each attempt leaves an audit row, without the whole address and without an unknown name', async () => {
  const [bad, good] = ['203.0.112.5', '203.0.111.6']
  await signIn({ name: 'my-secret-in-the-wrong-field', password: 'x', at: bad })
  await signIn({ name: 'marie', password: 'x', at: bad })
  const cookie = await cookieOf({ name: 'marie', password: MARIES, at: good })
  await call(cookie, '/session', { method: 'DELETE' })
  const rows = await server.query<{ actor: string; action: string; detail: string }>(
    "select actor, action, detail from audit where action like 'session.%' order by at, id",
  )
  const seen = rows.map(({ actor, action, detail }) => ({ actor, action, ...JSON.parse(detail) }))
  expect(seen).toContainEqual({ actor: 'anonymous', action: 'session.refuse', user: null, network: '203.0.112.0' })
  expect(seen).toContainEqual({ actor: 'anonymous', action: 'session.refuse', user: 'Marie', network: '203.0.112.0' })
  const opened = seen.find(({ action, network }) => action === 'session.open' && network === '203.0.111.0')
  expect(opened).toMatchObject({ actor: 'Marie' })
  expect(seen).toContainEqual({ actor: 'Marie', action: 'session.close', session: opened.session })
  for (const text of ['my-secret', bad, good]) expect(await filesHolding(server, text)).toEqual([])
})
