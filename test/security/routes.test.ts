/**
 * The inventory of routes: every route of the application, and every public endpoint, with who may call it. Each is called
 * with a key of each scope alone, without a key, with an unknown, a revoked and an expired key, in a session of each role,
 * and in a session from another origin. A route that is missing here fails the test.
 */
import { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AppDeps, createApp } from '../../server/app.ts'
import { ENDPOINTS } from '../../server/collect/receive.ts'
import { SETTINGS_ROUTES } from '../../server/collect/sdk-settings.ts'
import { ROLES, SCOPES } from '../../server/domain/roles.ts'
import { printedPassword } from '../support/requests.ts'
import { startServer, type TestServer } from '../support/server.ts'

/**
 * Who may call a route: anybody whom the host lets in; senders of events, with or without a key; callers of Segment's API, who
 * need one; SDKs with a site's write key, which no secret key replaces; the dashboard's own pages; users, but no keys; or whoever has one of the scopes, any scope if none is named.
 * `operator`: of keys, only those of administrators, and the code with which others are refused. `exports`: only roles that may
 * download lists.
 */
type Rule =
  | 'anybody'
  | 'events'
  | 'segment'
  | 'write key'
  | 'own pages'
  | 'users'
  | { scopes: string[]; operator?: string; exports?: true }

const PEOPLE: Rule = { scopes: ['people:read', 'contacts:read'] }
const ADMIN: Rule = { scopes: ['admin'] }
const SIGNED_IN: Rule = { scopes: [] }
const SESSIONS: Rule = { scopes: [], operator: 'missing_scope' }
const only = (scope: string): Rule => ({ scopes: [scope] })

const TABLE: Record<string, Rule> = {
  'GET /': 'anybody',
  'GET /healthz': 'anybody',
  'GET /readyz': 'anybody',
  'GET /metrics': 'anybody',
  'GET /tag.js': 'anybody',
  'GET /:file{tag\\.(?:debug|[A-Za-z0-9_-]{16}(?:-br|-gzip)?)\\.js}': 'anybody',
  'GET /l/:token': 'anybody',
  'HEAD /l/:token': 'anybody',
  'GET /v1/projects/:key/settings': 'write key',
  'GET /sourceConfig': 'write key',
  'GET /openapi.json': 'anybody',
  'GET /reference': 'anybody',
  'GET /dashboard': 'anybody',
  'GET /dashboard/*': 'anybody',

  'POST /api/v1/session': 'own pages',
  'DELETE /api/v1/session': 'own pages',
  'GET /api/v1/session': SIGNED_IN,
  'POST /api/v1/session/password': 'users',
  'GET /api/v1/sessions': SESSIONS,
  'DELETE /api/v1/sessions/:id': SESSIONS,

  'GET /api/v1/users': ADMIN,
  'POST /api/v1/users': ADMIN,
  'PUT /api/v1/users/:id': ADMIN,
  'DELETE /api/v1/users/:id': ADMIN,
  'GET /api/v1/sites': ADMIN,
  'POST /api/v1/sites': ADMIN,
  'GET /api/v1/sites/:id': ADMIN,
  'PATCH /api/v1/sites/:id': ADMIN,
  'DELETE /api/v1/sites/:id': ADMIN,
  'GET /api/v1/keys': ADMIN,
  'POST /api/v1/keys': ADMIN,
  'DELETE /api/v1/keys/:id': ADMIN,
  'GET /api/v1/audit': ADMIN,

  'GET /api/v1/contacts': PEOPLE,
  'POST /api/v1/contacts': only('contacts:write'),
  'GET /api/v1/contacts/:id': PEOPLE,
  'DELETE /api/v1/contacts/:id': only('contacts:write'),
  'GET /api/v1/contacts/:id/export': { scopes: ['people:read', 'contacts:read'], exports: true },
  'GET /api/v1/contacts/:id/timeline': PEOPLE,
  'GET /api/v1/visitors': PEOPLE,
  'GET /api/v1/visitors/:id': PEOPLE,
  'GET /api/v1/visitors/:id/timeline': PEOPLE,
  'GET /api/v1/consents': PEOPLE,
  'POST /api/v1/orders': only('orders:write'),
  'GET /api/v1/imports': { scopes: ['contacts:read', 'contacts:write', 'orders:write'] },
  'GET /api/v1/imports/:id': { scopes: ['contacts:read', 'contacts:write', 'orders:write'] },
  'POST /api/v1/imports/:id/undo': { scopes: ['contacts:write', 'orders:write'] },
  'GET /api/v1/attributes': { scopes: ['contacts:read', 'contacts:write'] },
  'PUT /api/v1/attributes/:name': only('contacts:write'),
  'POST /api/v1/identify': only('identify:write'),

  'GET /api/v1/links': PEOPLE,
  'GET /api/v1/links/:id': PEOPLE,
  'POST /api/v1/links/:id/void': only('links:write'),
  'POST /api/v1/links/:id/confirm': { scopes: ['links:write'], operator: 'operator_only' },
  'POST /api/v1/links/:id/clear': only('links:write'),
  'POST /api/v1/link-tokens': only('links:write'),
  'DELETE /api/v1/link-tokens': only('links:write'),

  'GET /api/v1/matches': only('matches:read'),
  'GET /api/v1/reports/overview': { scopes: ['people:read', 'segments:read'] },
  'GET /api/v1/reports/rfm': { scopes: ['people:read', 'segments:read'] },
  'GET /api/v1/reports/churn': { scopes: ['people:read', 'segments:read'] },
  'POST /api/v1/reports/scores': { scopes: ['segments:write'] },
  'GET /api/v1/reports/quality': { scopes: ['people:read', 'segments:read'] },
  'GET /api/v1/segments': only('segments:read'),
  'POST /api/v1/segments': only('segments:write'),
  'GET /api/v1/segments/:id': only('segments:read'),
  'PUT /api/v1/segments/:id': only('segments:write'),
  'DELETE /api/v1/segments/:id': only('segments:write'),
  'GET /api/v1/segments/:id/versions': only('segments:read'),
  'POST /api/v1/segments/:id/versions/:version/restore': only('segments:write'),
  'GET /api/v1/segments/:id/members': only('segments:read'),
  'GET /api/v1/segments/:id/changes': only('segments:read'),
  'GET /api/v1/segments/:id/sizes': only('segments:read'),
  'POST /api/v1/segments/overlap': only('segments:read'),
  'POST /api/v1/segments/preview': only('segments:read'),
  'GET /api/v1/segments/:id/explain': only('segments:read'),

  'POST /v1/events': 'events',
  ...Object.fromEntries(
    [...ENDPOINTS.keys()].filter((path) => path !== '/v1/events').map((path) => [`POST ${path}`, 'segment' as const]),
  ),
}

/** What the roles may do, said once more, so that a change is noticed. */
const OF_ROLE: Record<string, string[]> = {
  owner: [...SCOPES],
  marketer: [
    ...['contacts:read', 'contacts:write', 'orders:write', 'people:read', 'segments:read', 'segments:write'],
    ...['matches:read', 'links:write'],
  ],
  reader: ['people:read', 'segments:read'],
}

/** A caller: what it sends, and what it is. */
type Caller = {
  headers: Record<string, string>
  key?: string[] | 'unknown' | 'expired'
  role?: string
  isOwn?: boolean
}

const REFUSALS = new Set([
  ...['unknown_key', 'expired_key', 'not_signed_in', 'missing_scope', 'operator_only', 'cross_site', 'no_user'],
  'no_exports',
])

/** The code with which a caller is refused; `in` if the route goes on to look at what is asked. */
function expected(rule: Rule, method: string, { key, role, isOwn }: Caller): string {
  if (rule === 'anybody') return 'in'
  if (rule === 'write key') return 'unknown_key'
  if (rule === 'own pages') return isOwn ? 'in' : 'cross_site'
  if (typeof key === 'string') return `${key}_key`
  const mayWith = (scopes: string[], held: string[]) =>
    scopes.length === 0 || held.includes('admin') || scopes.some((scope) => held.includes(scope))
  if (rule === 'events' || rule === 'segment') {
    if (key === undefined) return rule === 'events' ? 'in' : 'unknown_key'
    return key.includes('events:write') ? 'in' : 'missing_scope'
  }
  if (key !== undefined) {
    if (rule === 'users') return 'no_user'
    if (!mayWith(rule.scopes, key)) return 'missing_scope'
    return rule.operator !== undefined && !key.includes('admin') ? rule.operator : 'in'
  }
  if (role === undefined) return 'not_signed_in'
  if (!isOwn && method !== 'GET') return 'cross_site'
  if (rule === 'users') return 'in'
  if (!mayWith(rule.scopes, OF_ROLE[role]!)) return 'missing_scope'
  return rule.exports && role === 'reader' ? 'no_exports' : 'in'
}

let server: TestServer
const callers = new Map<string, Caller>()
const own = { 'sec-fetch-site': 'same-origin' }
const json = { 'content-type': 'application/json' }
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

beforeAll(async () => {
  server = await startServer()
  const create = (scopes: string[]) =>
    server.post<{ id: string; key: string }>('/api/v1/keys', { name: 'route', scopes })
  for (const scope of SCOPES) callers.set(scope, { headers: bearer((await create([scope])).key), key: [scope] })
  const [revoked, expired] = [await create(['admin']), await create(['admin'])]
  await server.api(`/api/v1/keys/${revoked.id}`, { method: 'DELETE' })
  await server.change('update api_keys set expires_at = 1 where id = ?', expired.id)
  // A further change of keys, so that the server reads them again.
  await create(['admin'])
  callers.set('nobody', { headers: {} })
  callers.set('an unknown key', { headers: bearer('ck_unknown'), key: 'unknown' })
  callers.set('a revoked key', { headers: bearer(revoked.key), key: 'unknown' })
  callers.set('an expired key', { headers: bearer(expired.key), key: 'expired' })
  const password = 'a long password for every role'
  for (const role of ['marketer', 'reader']) await server.post('/api/v1/users', { name: `a ${role}`, role, password })
  const signIns = { owner: printedPassword(server), 'a marketer': password, 'a reader': password }
  for (const [name, secret] of Object.entries(signIns)) {
    const body = JSON.stringify({ name, password: secret })
    const response = await fetch(`${server.url}/api/v1/session`, { method: 'POST', headers: { ...own, ...json }, body })
    expect(response.status).toBe(204)
    const cookie = response.headers.get('set-cookie')!.split(';')[0]!
    const role = name.replace('a ', '')
    callers.set(`a session of ${name}`, { headers: { cookie, ...own }, role, isOwn: true })
    callers.set(`a session of ${name}, from another origin`, {
      headers: { cookie, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
      role,
    })
  }
})
afterAll(() => server?.stop())

/** A link's id that can be read, of a link that does not exist. */
const LINK = Buffer.from(JSON.stringify(['nobody', 'nothing'])).toString('base64url')

/** Bodies that are read before the caller is known; all others are empty objects. */
const BODIES: Record<string, object> = {
  'POST /api/v1/session': { name: 'nobody', password: 'wrong' },
  'POST /api/v1/session/password': { current: 'wrong', password: 'another long password' },
}
const CALL = { type: 'track', anonymousId: 'a1', event: 'x', userId: 'u1', previousId: 'a0', groupId: 'g', name: 'x' }

/** Calls a route with what changes nothing. */
async function outcome(route: string, { headers }: Caller): Promise<string> {
  const [method, pattern] = route.split(' ') as [string, string]
  const path = pattern
    .replace(/^\/:file\{.*$/, '/tag.0123456789abcdef.js')
    .replace(':key', headers.authorization?.split(' ')[1] ?? 'none')
    .replace(':id', pattern.includes('/links/') ? LINK : 'none')
    .replace(':token', 'none')
    .replace('*', '')
  const isSegment = TABLE[route] === 'segment'
  const body = isSegment ? { ...CALL, batch: [CALL], context: { site: 'demo' } } : (BODIES[route] ?? {})
  const { cookie, ...others } = headers
  // Signing out would end the session for the routes that follow.
  const sent = route === 'DELETE /api/v1/session' || cookie === undefined ? others : { ...others, cookie }
  const response = await fetch(server.url + path, {
    method,
    redirect: 'manual',
    headers: { ...json, ...sent },
    ...(method === 'GET' || method === 'HEAD' ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  expect(response.status, `${route}: ${text}`).toBeLessThan(500)
  const refused = TABLE[route] === 'write key' ? [401, 404] : [401, 403]
  const code =
    refused.includes(response.status) && text.startsWith('{') ? (JSON.parse(text) as { code: string }).code : ''
  return REFUSALS.has(code) ? code : 'in'
}

test('the table names every route of the application, and no other', () => {
  const app = createApp({ http: {}, demo: new Hono() } as unknown as AppDeps)
  const routes = app.routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path}`)
  const doors = [
    ...[...ENDPOINTS.keys()].map((path) => `POST ${path}`),
    ...Object.values(SETTINGS_ROUTES).map((path) => `GET ${path}`),
  ]
  expect([...new Set([...routes, ...doors])].sort()).toEqual(Object.keys(TABLE).sort())
})

test('the roles include what they did', () => {
  const scopes = Object.entries(ROLES).map(([role, each]) => [role, [...each.scopes]])
  expect(Object.fromEntries(scopes)).toEqual({ ...OF_ROLE, owner: ['admin'] })
})

describe.each(Object.keys(TABLE))('%s', (route) => {
  test('lets in who may call it, and refuses everybody else', async () => {
    const method = route.split(' ')[0]!
    const all = [...callers]
    const asked = await Promise.all(all.map(([, caller]) => outcome(route, caller)))
    const wanted = all.map(([name, caller]) => [name, expected(TABLE[route]!, method, caller)])
    expect(Object.fromEntries(all.map(([name], i) => [name, asked[i]]))).toEqual(Object.fromEntries(wanted))
  })
})
