/** Users and their roles: what each may do, through the API and the commands, beside a running server. */
import { execFile } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROLE_NAMES, ROLES } from '../../server/domain/roles.ts'
import { PRELOADS } from '../support/process.ts'
import { problemOf } from '../support/requests.ts'
import { couture, startServer, type TestServer } from '../support/server.ts'

const OWN = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }
const PASSWORD = 'a bracelet of white gold'

type User = { id: string; name: string; email: string | null; role: string; signed_in_at: string | null }

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server?.stop())

const users = async () => (await server.get<{ data: User[] }>('/api/v1/users')).data

function send(method: string, path: string, body?: object): Promise<Response> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) }
  return server.api(`/api/v1/users${path}`, { method, headers: { 'content-type': 'application/json' }, ...sent })
}

async function signIn(name: string, password = PASSWORD): Promise<Response> {
  const body = JSON.stringify({ name, password })
  return fetch(`${server.url}/api/v1/session`, { method: 'POST', headers: OWN, body })
}

async function cookieOf(name: string, password = PASSWORD): Promise<string> {
  const response = await signIn(name, password)
  expect(response.status).toBe(204)
  return response.headers.get('set-cookie')!.split(';')[0]!
}

const call = (cookie: string, path: string, init: RequestInit = {}) =>
  fetch(`${server.url}/api/v1${path}`, { ...init, headers: { ...OWN, cookie } })

describe('the API', () => {
  test('adds, changes, lists and removes a user; names are compared without case', async () => {
    const added = await send('POST', '', {
      name: 'Marie',
      email: 'marie@shop.example',
      role: 'marketer',
      password: PASSWORD,
    })
    expect(added.status).toBe(201)
    expect(await added.json()).toEqual({
      ...{ id: 'marie', name: 'Marie', email: 'marie@shop.example', role: 'marketer' },
      ...{ created_at: expect.any(String), signed_in_at: null },
    })
    expect((await signIn('MARIE ')).status).toBe(204)
    expect((await users()).find(({ id }) => id === 'marie')?.signed_in_at).not.toBeNull()
    expect(await (await send('PUT', '/Marie', { role: 'reader', email: null })).json()).toMatchObject({
      ...{ id: 'marie', email: null, role: 'reader' },
    })
    expect((await send('DELETE', '/marie')).status).toBe(204)
    expect((await users()).map(({ id }) => id)).toEqual(['owner'])
    expect((await signIn('marie')).status).toBe(401)
    expect((await send('DELETE', '/marie')).status).toBe(404)
    expect((await send('PUT', '/marie', { role: 'reader' })).status).toBe(404)
  })

  test('generates a password if none is given, and shows it once', async () => {
    const made = (await (await send('POST', '', { name: 'Gen', role: 'reader' })).json()) as { password: string }
    expect(made.password).toMatch(/^[\w-]{20}$/)
    expect((await signIn('gen', made.password)).status).toBe(204)
    expect(JSON.stringify(await users())).not.toContain(made.password)
  })

  test.each<[string, object, number, RegExp]>([
    ['a short password', { password: 'nine long' }, 400, /^password must have at least 10 characters$/],
    ['a password of excessive length', { password: 'x'.repeat(201) }, 400, /^password must have at most 200 char/],
    [
      'the name as password',
      { name: 'Marie-Claire', password: 'marie-claire' },
      400,
      /^password must not be the user's name/,
    ],
    ['an unknown role', { role: 'admin' }, 400, /^role must be one of owner, marketer, reader/],
    ['no name', { name: '' }, 400, /^name must be 1 to 60 letters/],
    ['a name with markup', { name: '<b>x</b>' }, 400, /^name must be 1 to 60 letters/],
    ['a name like a key’s', { name: 'key:1' }, 400, /^name must be 1 to 60 letters/],
    ['a name that the audit uses', { name: 'Command' }, 400, /^name must not be one that the audit uses/],
    ['no address', { email: 'marie' }, 400, /^email must be an e-mail address$/],
    ['a name that is taken', { name: 'OWNER' }, 409, /^there is already a user "OWNER"$/],
    ['a hash', { hash: 'scrypt$1' }, 400, /hash/],
  ])('refuses %s', async (_, given, status, detail) => {
    const response = await send('POST', '', { name: 'Nina', role: 'reader', password: PASSWORD, ...given })
    const problem = await problemOf(response)
    expect(problem.status).toBe(status)
    expect(problem.detail).toMatch(detail)
  })

  test('keeps the last owner, also from several calls at a time', async () => {
    expect(await problemOf(await send('DELETE', '/owner'))).toMatchObject({ status: 409, code: 'last_owner' })
    expect(await problemOf(await send('PUT', '/owner', { role: 'reader' }))).toMatchObject({ code: 'last_owner' })
    await send('POST', '', { name: 'Second', role: 'owner', password: PASSWORD })
    const both = await Promise.all(['/owner', '/second'].map((path) => send('PUT', path, { role: 'marketer' })))
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
    const left = (await users()).filter(({ role }) => role === 'owner')
    expect(left).toHaveLength(1)
    for (const path of ['/owner', '/second']) await send('PUT', path, { role: 'owner' })
    expect((await send('DELETE', '/second')).status).toBe(204)
  })

  test('audits each change with the name of the user who made it', async () => {
    await send('POST', '', { name: 'Boss', role: 'owner', password: PASSWORD })
    const boss = await cookieOf('boss')
    await call(boss, '/users', {
      method: 'POST',
      body: JSON.stringify({ name: 'Temp', role: 'reader', password: PASSWORD }),
    })
    await call(boss, '/users/temp', { method: 'PUT', body: JSON.stringify({ role: 'marketer' }) })
    await call(boss, '/users/temp', { method: 'PUT', body: JSON.stringify({ password: 'another long one' }) })
    await call(boss, '/users/temp', { method: 'DELETE' })
    await send('DELETE', '/boss')
    const rows = await server.query<{ action: string; detail: string }>(
      "select action, detail from audit where actor = 'Boss' and action like 'user.%' order by at, id",
    )
    expect(rows.map(({ action }) => action).sort()).toEqual(['user.add', 'user.password', 'user.remove', 'user.role'])
    for (const { detail } of rows) expect(JSON.parse(detail)).toMatchObject({ user: 'Temp' })
  })
})

describe('a role', () => {
  const calls: [string, string, object | undefined, string[]][] = [
    ['GET', '/session', undefined, ['owner', 'marketer', 'reader']],
    ['GET', '/sessions', undefined, ['owner', 'marketer', 'reader']],
    ['GET', '/reports/overview', undefined, ['owner', 'marketer', 'reader']],
    ['GET', '/contacts/role-1', undefined, ['owner', 'marketer', 'reader']],
    ['GET', '/links', undefined, ['owner', 'marketer', 'reader']],
    ['GET', '/segments', undefined, ['owner', 'marketer', 'reader']],
    ['GET', '/segments/cart_abandoned/members', undefined, ['owner', 'marketer', 'reader']],
    ['GET', '/segments/cart_abandoned/members?format=csv', undefined, ['owner', 'marketer']],
    ['GET', '/segments/cart_abandoned/members?format=ndjson', undefined, ['owner', 'marketer']],
    ['GET', '/contacts/role-1/export', undefined, ['owner', 'marketer']],
    ['GET', '/consents', undefined, ['owner', 'marketer', 'reader']],
    ['GET', '/consents?format=csv', undefined, ['owner', 'marketer']],
    ['GET', '/matches', undefined, ['owner', 'marketer']],
    ['GET', '/sites', undefined, ['owner']],
    ['GET', '/keys', undefined, ['owner']],
    ['POST', '/keys', {}, ['owner']],
    ['GET', '/audit', undefined, ['owner']],
    ['POST', '/contacts', [{ id: 'role-1' }], ['owner', 'marketer']],
    ['POST', '/orders', [], ['owner', 'marketer']],
    ['POST', '/link-tokens', { site: 'demo', contacts: [], message: 'm' }, ['owner', 'marketer']],
    ['PUT', '/segments/none', { name: 'x', node: { matched: true } }, ['owner', 'marketer']],
    ['POST', '/links/none/confirm', undefined, ['owner', 'marketer']],
    ['DELETE', '/contacts/none', undefined, ['owner', 'marketer']],
    ['POST', '/identify', { site: 'demo', visitor: 'v', contact_id: 'c' }, ['owner']],
    ['GET', '/users', undefined, ['owner']],
    ['POST', '/users', { name: 'X', role: 'owner' }, ['owner']],
    ['PUT', '/users/none', { role: 'owner' }, ['owner']],
    ['DELETE', '/users/none', undefined, ['owner']],
  ]

  beforeAll(async () => {
    await server.post('/api/v1/contacts', [{ id: 'role-1' }])
    for (const role of ROLE_NAMES) await server.post('/api/v1/users', { name: `A ${role}`, role, password: PASSWORD })
  })

  test.each(ROLE_NAMES)('%s may do exactly what the table says', async (role) => {
    const cookie = await cookieOf(`a ${role}`)
    const refused: string[] = []
    for (const [method, path, body] of calls) {
      const response = await call(cookie, path, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      if (response.status === 403) refused.push(`${method} ${path}`)
      expect(response.status).not.toBe(500)
    }
    expect(refused).toEqual(
      calls.filter(([, , , roles]) => !roles.includes(role)).map(([method, path]) => `${method} ${path}`),
    )
    const session = await (await call(cookie, '/session')).json()
    expect(session).toMatchObject({ user: { name: `A ${role}`, role }, ...ROLES[role] })
  })

  test('is what it is now, in sessions that are open', async () => {
    const cookie = await cookieOf('a reader')
    await server.cli('users', 'set-role', 'A reader', 'marketer')
    expect((await call(cookie, '/session')).status).toBe(401)
  })
})

describe('couture users', () => {
  const run = (...args: string[]) => couture(['users', ...args], { ...server.storeEnv, DATA_DIR: server.dataDir })

  test('works beside the running server: adds, lists, changes, signs out and removes', async () => {
    const added = await server.cli<User & { password: string }>('users', 'add', 'Léa', '--role', 'marketer')
    expect(added).toMatchObject({ id: 'léa', name: 'Léa', role: 'marketer', email: null })
    const first = await cookieOf('léa', added.password)
    expect(await server.cli('users', 'sessions', 'léa')).toMatchObject([{ user: 'Léa' }])
    expect(await server.cli('users', 'sign-out', 'Léa')).toEqual({ id: 'léa', ended: 1 })
    expect((await call(first, '/session')).status).toBe(401)
    const { password } = await server.cli<{ password: string }>('users', 'set-password', 'léa')
    expect((await signIn('léa', added.password)).status).toBe(401)
    const second = await cookieOf('léa', password)
    expect(await server.cli('users', 'set-role', 'léa', 'reader')).toMatchObject({ role: 'reader' })
    expect((await call(second, '/session')).status).toBe(401)
    const listed = await server.cli<User[]>('users', 'list')
    expect(listed.find(({ id }) => id === 'léa')).toMatchObject({ role: 'reader' })
    expect(JSON.stringify(listed)).not.toMatch(/scrypt|password/)
    expect(await server.cli('users', 'remove', 'Léa')).toEqual({ id: 'léa', removed: true })
    const text = await run('list')
    expect(text.stdout).toMatch(/^owner {2}owner {2}- {2}/m)
  })

  test.each<[string, string[], RegExp]>([
    [
      'an unknown role',
      ['add', 'X', '--role', 'boss'],
      /^a role must be one of owner, marketer, reader \(got "boss"\)\n$/,
    ],
    ['a name that is taken', ['add', 'Owner', '--role', 'reader'], /^there is already a user "Owner"\n$/],
    ['a bad name', ['add', 'a/b', '--role', 'reader'], /^name must be 1 to 60 letters.*\n$/],
    ['a bad address', ['add', 'X', '--role', 'reader', '--email', 'x'], /^email must be an e-mail address\n$/],
    ['an unknown user', ['set-password', 'nobody'], /^there is no user "nobody"; `couture users list` lists them\n$/],
    ['an unknown user to remove', ['remove', 'nobody'], /^there is no user "nobody"/],
    ['an unknown user’s sessions', ['sessions', 'nobody'], /^there is no user "nobody"/],
  ])('refuses %s with one sentence', async (_, args, message) => {
    const { code, stderr } = await run(...args)
    expect(stderr).toMatch(message)
    expect(code).toBe(1)
  })

  test('keeps the last owner', async () => {
    for (const { id, role } of await users()) if (role === 'owner' && id !== 'owner') await send('DELETE', `/${id}`)
    for (const args of [
      ['remove', 'owner'],
      ['set-role', 'owner', 'reader'],
    ]) {
      const { code, stderr } = await run(...args)
      expect(stderr).toMatch(/^owner is the last owner; make another user an owner first\n$/)
      expect(code).toBe(1)
    }
  })

  test('reads a password from standard input', async () => {
    await server.cli('users', 'add', 'Stdin', '--role', 'reader')
    const given = async (password: string) => {
      const env = { ...process.env, ...server.storeEnv, DATA_DIR: server.dataDir }
      const args = [...PRELOADS, 'server/couture.mjs', 'users', 'set-password', 'stdin', '--password-stdin', '--json']
      return new Promise<{ code: unknown; stderr: string; stdout: string }>((resolve) => {
        const child = execFile(process.execPath, args, { env }, (error, stdout, stderr) =>
          resolve({ code: error?.code ?? 0, stdout, stderr }),
        )
        child.stdin?.end(password)
      })
    }
    expect(await given('short\n')).toMatchObject({ code: 1, stderr: 'password must have at least 10 characters\n' })
    const { stdout } = await given('typed by an operator\n')
    expect(JSON.parse(stdout)).not.toHaveProperty('password')
    expect((await signIn('stdin', 'typed by an operator')).status).toBe(204)
  })
})
