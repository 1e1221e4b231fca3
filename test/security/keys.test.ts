/**
 * API keys: created with a name, an expiry and scopes by the API and the command, shown once and stored as a hash; listed with
 * their last use; refused after their expiry and revocation at every door that takes a key.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { filesHolding, newVisitor, problemOf } from '../support/requests.ts'
import { batch, event, send } from '../support/sender.ts'
import { couture, startServer, type TestServer } from '../support/server.ts'

type Listed = {
  id: string
  name: string | null
  scopes: string[]
  created_at: string
  expires_at: string | null
  last_used_at: string | null
}
type Made = Listed & { key: string }

const DAY = 24 * 3600_000
let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server?.stop())

const ask = (path: string, key: string, init: RequestInit = {}) =>
  fetch(server.url + path, { ...init, headers: { authorization: `Bearer ${key}`, ...init.headers } })
const create = (body: object) => server.post<Made>('/api/v1/keys', body)
const listed = async () => (await server.get<{ data: Listed[] }>('/api/v1/keys')).data
const one = async (id: string) => (await listed()).find((key) => key.id === id)

/** Every door that takes a key, with how it asks and what a good key gets. */
const DOORS: [string, (key: string) => Promise<Response>, number][] = [
  ['the private API', (key) => ask('/api/v1/matches', key), 200],
  [
    'POST /v1/events',
    (key) => send(server, batch([event('page')], { visitor: newVisitor() }), { authorization: `Bearer ${key}` }),
    202,
  ],
  [
    'Segment’s API, as Basic',
    (key) =>
      fetch(`${server.url}/v1/track`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}` },
        body: JSON.stringify({ anonymousId: 'a1', event: 'x', context: { site: 'demo' } }),
      }),
    200,
  ],
  [
    'Segment’s API, in the body',
    (key) =>
      fetch(`${server.url}/v1/track`, {
        method: 'POST',
        body: JSON.stringify({ writeKey: key, anonymousId: 'a1', event: 'x', context: { site: 'demo' } }),
      }),
    200,
  ],
  ['/metrics from elsewhere', (key) => ask('/metrics', key, { headers: { 'x-forwarded-for': '203.0.113.9' } }), 200],
]
const SCOPES = ['matches:read', 'events:write']

test('a key is shown once, by the API and the command, and only its hash is kept', async () => {
  const expires = new Date(Date.now() + 90 * DAY).toISOString()
  const made = await create({ name: 'Brevo', scopes: SCOPES, expires_at: expires })
  expect(made).toEqual({
    id: expect.stringMatching(/^key-/),
    key: expect.stringMatching(/^ck_\S{27}$/),
    name: 'Brevo',
    scopes: SCOPES,
    created_at: expect.stringMatching(/Z$/),
    expires_at: expires,
    last_used_at: null,
  })
  const { key: _, ...rest } = made
  expect(await one(made.id)).toEqual(rest)
  const byCommand = await server.cli<Made>('keys', 'create', '--scopes', 'admin', '--name', 'CI', '--expires', '30d')
  expect(byCommand).toEqual({
    ...{ id: expect.any(String), key: expect.any(String), scopes: ['admin'], name: 'CI' },
    expires_at: expect.stringMatching(/Z$/),
  })
  expect(Date.parse(byCommand.expires_at!)).toBeGreaterThan(Date.now() + 29 * DAY)
  const { stdout } = await couture(['keys', 'list', '--json'], { ...process.env, DATA_DIR: server.dataDir })
  expect(JSON.parse(stdout)).toContainEqual(rest)
  for (const { key } of [made, byCommand]) {
    expect(stdout).not.toContain(key)
    expect(JSON.stringify(await listed())).not.toContain(key)
    expect(await filesHolding(server, key)).toEqual([])
  }
})

test.each<[string, object, RegExp]>([
  ['without a name', { scopes: ['admin'] }, /^name must be a string/],
  ['with an empty name', { name: '', scopes: ['admin'] }, /^a name must be 1 to 80 characters/],
  ['with a name of two lines', { name: 'a\nb', scopes: ['admin'] }, /^a name must be 1 to 80 characters/],
  ['with a long name', { name: 'a'.repeat(81), scopes: ['admin'] }, /^name must have at most 80 characters/],
  ['without a scope', { name: 'x', scopes: [] }, /^scopes must not be empty/],
  ['with an unknown scope', { name: 'x', scopes: ['root'] }, /^scopes.0 must be one of events:write/],
  ['that has expired', { name: 'x', scopes: ['admin'], expires_at: '2020-01-01T00:00:00Z' }, /in the future/],
  ['of a thousand years', { name: 'x', scopes: ['admin'], expires_at: '3020-01-01T00:00:00Z' }, /within 3660 days/],
])('a key %s is refused', async (_, body, detail) => {
  const before = await listed()
  const response = await server.api('/api/v1/keys', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect(response.status).toBe(400)
  expect((await problemOf(response)).detail).toMatch(detail)
  expect((await listed()).map((key) => key.id)).toEqual(before.map((key) => key.id))
})

test.each([
  ['--expires', 'tomorrow', /^--expires must be such as 2027-12-31/],
  ['--expires', '2020-01-01', /^a key must expire in the future/],
  ['--expires', '99999d', /within 3660 days/],
  ['--name', '', /^a name must be 1 to 80 characters/],
])('the command refuses %s "%s"', async (option, value, sentence) => {
  const env = { ...process.env, DATA_DIR: server.dataDir }
  const { code, stderr } = await couture(['keys', 'create', '--scopes', 'admin', option, value], env)
  expect(code).toBe(1)
  expect(stderr).toMatch(sentence)
})

describe.each(DOORS)('%s', (_, enter, good) => {
  test('takes a key until it is revoked', async () => {
    const { key, id } = await create({ name: 'to be revoked', scopes: SCOPES })
    expect((await enter(key)).status).toBe(good)
    expect(await (await server.api(`/api/v1/keys/${id}`, { method: 'DELETE' })).json()).toEqual({ id, revoked: true })
    await expect.poll(async () => (await enter(key)).status).toBe(401)
    expect((await problemOf(await enter(key))).code).toBe('unknown_key')
    expect((await server.api(`/api/v1/keys/${id}`, { method: 'DELETE' })).status).toBe(404)
  })

  test('refuses a key that has expired, and says so', async () => {
    const { key, id } = await create({ name: 'short', scopes: SCOPES })
    expect((await enter(key)).status).toBe(good)
    await server.change('update api_keys set expires_at = ? where id = ?', Date.now() - 1, id)
    await server.change(
      "update meta set value = cast(cast(value as integer) + 1 as text) where name = 'config_version'",
    )
    await expect.poll(async () => (await enter(key)).status).toBe(401)
    const problem = await problemOf(await enter(key))
    expect(problem.code).toBe('expired_key')
    expect(problem.detail).toMatch(/^the key "short" expired at 20\d\d-/)
  })

  test('notes the last use, without a write for each request', async () => {
    const { key, id } = await create({ name: 'used', scopes: SCOPES })
    const before = Date.now()
    await enter(key)
    await expect.poll(async () => (await one(id))?.last_used_at).not.toBeNull()
    const first = (await one(id))!.last_used_at!
    expect(Date.parse(first)).toBeGreaterThanOrEqual(before - 1)
    for (let i = 0; i < 5; i++) await enter(key)
    expect((await one(id))!.last_used_at).toBe(first)
  })
})

test('keys are for administrators', async () => {
  const { key } = await create({ name: 'reader', scopes: ['people:read', 'segments:read', 'links:write'] })
  for (const init of [{}, { method: 'POST', body: '{}' }]) {
    expect((await ask('/api/v1/keys', key, { ...init, headers: { 'content-type': 'application/json' } })).status).toBe(
      403,
    )
  }
  expect((await ask('/api/v1/keys/key-x', key, { method: 'DELETE' })).status).toBe(403)
  expect((await fetch(`${server.url}/api/v1/keys`)).status).toBe(401)
})

test('the command revokes a key, under its former name too', async () => {
  for (const name of ['revoke', 'delete']) {
    const { key, id } = await create({ name, scopes: SCOPES })
    expect(await server.cli('keys', name, id)).toMatchObject({ id, revoked: true, deleted: true })
    await expect.poll(async () => (await ask('/api/v1/matches', key)).status).toBe(401)
  }
})
