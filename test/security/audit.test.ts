/**
 * The audit log: who changed keys, sites and users, backed up, read a person, exported or erased, by the API, the dashboard and
 * the command; listed in pages and files for administrators only, and changed by nobody.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newVisitor, printedPassword, problemOf } from '../support/requests.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

type Entry = { id: string; at: string; actor: string; action: string; detail: Record<string, unknown> }
type Page = { data: Entry[]; next: string | null; has_more: boolean }

const CLI = `cli:${userInfo().username}`
const visitor = newVisitor()
let server: TestServer
let admin: { id: string; key: string }
let cookie: string
const folder = mkdtempSync(join(tmpdir(), 'couture-keys-'))

const own = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' }
const asKey = (path: string, init: RequestInit = {}) =>
  fetch(`${server.url}/api/v1${path}`, {
    ...init,
    headers: { authorization: `Bearer ${admin.key}`, 'content-type': 'application/json', ...init.headers },
  })
const asUser = (path: string, init: RequestInit = {}) =>
  fetch(`${server.url}/api/v1${path}`, { ...init, headers: { ...own, cookie, ...init.headers } })
const audit = async (query = '') => (await (await asKey(`/audit${query}`)).json()) as Page
/** What a call or command leaves in the log, besides the reading of it. */
async function leftBy(act: () => Promise<unknown>): Promise<Pick<Entry, 'actor' | 'action' | 'detail'>[]> {
  const before = new Set((await audit()).data.map(({ id }) => id))
  await act()
  const rows = (await audit()).data.filter(({ id, action }) => !before.has(id) && action !== 'audit.read')
  return rows.map(({ actor, action, detail }) => ({ actor, action, detail }))
}
const good = async (response: Promise<Response>) => {
  const { status, url } = await response
  expect(`${status} ${url}`).toMatch(/^20[014]/)
}

beforeAll(async () => {
  server = await startServer()
  admin = await server.cli('keys', 'create', '--scopes', 'admin', '--name', 'Ops')
  const body = JSON.stringify({ name: 'owner', password: printedPassword(server) })
  const signIn = await fetch(`${server.url}/api/v1/session`, { method: 'POST', headers: own, body })
  cookie = signIn.headers.get('set-cookie')!.split(';')[0]!
  await good(asKey('/contacts', { method: 'POST', body: JSON.stringify([{ id: 'crm-7', email: 'jp@example.com' }]) }))
  await sendAll(server, visitor, [event('identify', 0, { kind: 'login', contact_id: 'crm-7' })])
  await settled(server)
})
afterAll(async () => {
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe('what leaves a row, with who did it', () => {
  const hash = expect.stringMatching(/^[\w-]{22}$/)

  test('keys, by the API and the command', async () => {
    const made = { name: 'Brevo', scopes: ['matches:read'], expires_at: null }
    const [create] = await leftBy(() => good(asKey('/keys', { method: 'POST', body: JSON.stringify(made) })))
    expect(create).toEqual({
      actor: `key:${admin.id}`,
      action: 'key.create',
      detail: { key: expect.any(String), ...made },
    })
    const { key } = create!.detail
    expect(await leftBy(() => server.cli('keys', 'revoke', String(key)))).toEqual([
      { actor: CLI, action: 'key.revoke', detail: { key, name: 'Brevo', scopes: ['matches:read'] } },
    ])
  })

  test('sites, of whose settings only the names are told', async () => {
    const origins = ['https://shop.example']
    const create = () => server.cli('sites', 'create', '--id', 'shop', '--origin', ...origins)
    expect(await leftBy(create)).toEqual([{ actor: CLI, action: 'sites.create', detail: { site: 'shop' } }])
    const change = () => server.cli('sites', 'set', 'shop', 'session_minutes=45', 'identity_secret=new')
    const changed = ['session_minutes', 'identity_secret']
    expect(await leftBy(change)).toEqual([{ actor: CLI, action: 'sites.set', detail: { site: 'shop', changed } }])
  })

  test('users, by name', async () => {
    const body = JSON.stringify({ name: 'Marie', role: 'reader', password: 'a long password of Marie' })
    expect(await leftBy(() => good(asUser('/users', { method: 'POST', body })))).toEqual([
      { actor: 'owner', action: 'user.add', detail: { user: 'Marie', role: 'reader' } },
    ])
    expect(await leftBy(() => server.cli('users', 'remove', 'Marie'))).toMatchObject([
      { actor: CLI, action: 'user.remove' },
    ])
  })

  test('backups', async () => {
    const file = join(folder, 'backup')
    expect(await leftBy(() => server.cli('backup', file))).toEqual([
      { actor: CLI, action: 'backup', detail: { file, bytes: expect.any(Number) } },
    ])
  })

  test.each([
    ['/contacts/crm-7', 'contact.read', { contact: hash }],
    ['/contacts/crm-7/timeline', 'timeline.read', { contact: hash }],
    [`/visitors/${visitor}`, 'visitor.read', { visitor: hash }],
    [`/visitors/${visitor}/timeline`, 'timeline.read', { visitor: hash }],
    ['/links?contact=crm-7', 'links.read', { contact: hash }],
    ['/visitors?state=shared', 'visitors.read', { state: 'shared' }],
  ])('reading a person: %s, once while a user has it open', async (path, action, detail) => {
    const actor = `key:${admin.id}`
    expect(await leftBy(() => good(asKey(path)))).toEqual([{ actor, action, detail }])
    expect(await leftBy(() => good(asUser(path)))).toEqual([{ actor: 'owner', action, detail }])
    expect(await leftBy(() => good(asUser(path)))).toEqual([])
    expect(await leftBy(() => good(asKey(path)))).toHaveLength(1)
  })

  test('somebody unknown is not read', async () => {
    expect(await leftBy(() => asKey('/contacts/crm-8'))).toEqual([])
    expect(await leftBy(() => asKey('/visitors/nobody'))).toEqual([])
  })

  test.each([
    ['/segments/cart_abandoned/members?format=csv', 'segment.read'],
    ['/segments/cart_abandoned/changes?format=csv', 'segment.read'],
    ['/matches?format=ndjson', 'matches.read'],
  ])('exports: %s', async (path, action) => {
    expect(await leftBy(() => good(asKey(path)))).toMatchObject([{ actor: `key:${admin.id}`, action }])
  })

  test('a search of the log, without what only a customer is called', async () => {
    const asked = 'jp@example.com'
    await good(asKey(`/audit?actor=${asked}&action=${asked}`))
    await server.cli('audit', '--actor', asked, '--action', asked)
    await good(asKey('/audit?actor=owner&action=session.open'))
    const [, known, ...others] = await audit('?action=audit.read').then(({ data }) => data.map(({ detail }) => detail))
    expect(known).toMatchObject({ actor: 'owner', action: 'session.open' })
    expect(others.slice(0, 2)).toEqual([
      expect.objectContaining({ actor: null, action: null }),
      expect.objectContaining({ actor: null, action: null }),
    ])
    expect(JSON.stringify(await server.query('select * from audit'))).not.toContain(asked)
  })

  test('traces and erasures, with keyed hashes', async () => {
    expect(await leftBy(() => server.cli('trace', 'crm-7'))).toMatchObject([
      { actor: CLI, action: 'trace.read', detail: { contact: hash } },
    ])
    await good(asKey('/contacts', { method: 'POST', body: JSON.stringify([{ id: 'crm-9', email: 'b@example.com' }]) }))
    expect(await leftBy(() => good(asKey('/contacts/crm-9', { method: 'DELETE' })))).toMatchObject([
      { actor: `key:${admin.id}`, action: 'contacts.erase', detail: { contact: hash } },
    ])
    expect(JSON.stringify(await server.query('select * from audit'))).not.toMatch(/crm-9|example\.com"/)
  })
})

describe('the list', () => {
  test('is read newest first, in pages', async () => {
    const all = (await audit('?to=2100-01-01')).data
    expect(all.length).toBeGreaterThan(20)
    expect(all.map(({ at }) => at)).toEqual(
      all
        .map(({ at }) => at)
        .sort()
        .reverse(),
    )
    const seen: Entry[] = []
    for (let after = ''; ; ) {
      const page: Page = await audit(`?limit=7&to=${all[0]!.at}${after}`)
      expect(page.data.length).toBeLessThanOrEqual(7)
      seen.push(...page.data)
      if (!page.has_more) break
      after = `&after=${page.next}`
    }
    expect(seen).toEqual(all.filter(({ at }) => at < all[0]!.at))
  })

  test.each<[string, (entry: Entry) => boolean]>([
    ['action=key.create', (entry) => entry.action === 'key.create'],
    [`actor=${CLI}`, (entry) => entry.actor === CLI],
    ['actor=owner&action=contact.read', (entry) => entry.actor === 'owner' && entry.action === 'contact.read'],
    ['contact=crm-7', (entry) => 'contact' in entry.detail || entry.action === 'audit.read'],
    [`visitor=${visitor}`, (entry) => 'visitor' in entry.detail || entry.action === 'audit.read'],
    [`from=${new Date().toISOString().slice(0, 10)}`, () => true],
  ])('can be narrowed: %s', async (query, holds) => {
    const { data } = await audit(`?${query}`)
    expect(data.length).toBeGreaterThan(0)
    expect(data.filter((entry) => !holds(entry))).toEqual([])
  })

  test.each(['to=2020-01-01', 'from=2100-01-01', 'actor=nobody', 'action=nothing'])(
    'holds nothing else: %s',
    async (query) => expect((await audit(`?${query}`)).data).toEqual([]),
  )

  test('is a file too', async () => {
    const csv = parse(await (await asKey('/audit?format=csv&action=key.create')).text(), { columns: true })
    expect(csv).toEqual(
      (await audit('?action=key.create')).data.map(({ detail, ...entry }) => ({
        ...entry,
        detail: JSON.stringify(detail),
      })),
    )
    const ndjson = (await (await asKey('/audit?format=ndjson&action=sites.create')).text()).trimEnd().split('\n')
    expect(ndjson.map((line) => JSON.parse(line))).toEqual((await audit('?action=sites.create')).data)
  })

  test('is printed by the command, and its reading is a row as well', async () => {
    const [newest, ...rest] = await server.cli<Entry[]>(
      'audit',
      '--action',
      'key.create',
      '--from',
      '2020-01-01',
      '--limit',
      '2',
    )
    expect([newest, ...rest]).toEqual((await audit('?action=key.create&limit=2')).data)
    expect((await audit(`?action=audit.read&actor=${CLI}`)).data.length).toBeGreaterThan(0)
    await expect(server.cli('audit', '--from', 'yesterday')).rejects.toMatchObject({ code: 1 })
  })

  test.each([
    ['from=yesterday', /^from must be a day or time/],
    ['format=xlsx', /^format must be json, ndjson or csv/],
    ['contact=a&visitor=b', /at most one of contact and visitor/],
  ])('refuses %s', async (query, detail) => {
    const response = await asKey(`/audit?${query}`)
    expect(response.status).toBe(400)
    expect((await problemOf(response)).detail).toMatch(detail)
  })
})

test('nobody changes a row: no other method is a route', async () => {
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    expect((await asKey('/audit', { method, body: '{}' })).status).toBe(404)
    expect((await asKey(`/audit/${(await audit()).data[0]!.id}`, { method, body: '{}' })).status).toBe(404)
  }
})

test('a restore keeps what was audited since the backup, and is a row itself', async () => {
  await server.stop({ wipe: false })
  const rows = () => server.query<{ id: string; actor: string; action: string }>('select id, actor, action from audit')
  const before = await rows()
  await server.cli('restore', join(folder, 'backup'))
  const after = await rows()
  const kept = new Set(after.map(({ id }) => id))
  expect(before.filter(({ id }) => !kept.has(id))).toEqual([])
  const added = after.filter(({ id }) => !before.some((row) => row.id === id))
  expect(added.map(({ actor, action }) => [actor, action])).toEqual([[CLI, 'restore']])
})
