/**
 * Deleting a site, by command and by the API: its keys and secrets, its visitors and all they left are gone from the store,
 * the journals and the files; contacts and other sites stay; and nothing brings it back, neither latecomers nor a start
 * nor an older backup. And who may administer sites.
 */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Entry } from '../../server/domain/event.ts'
import { openJournal } from '../../server/journal/journal.ts'
import { filesHolding, type SiteView, signLogin } from '../support/requests.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let site: SiteView
let redirect: string
beforeAll(async () => {
  server = await startServer()
  await server.post('/api/v1/contacts', [{ id: 'anna', email: 'anna@shop.example', mail_consent: true }])
})
afterAll(() => server?.stop())

const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
  const response = await server.api(path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as any }
}
const keyed = async () => {
  const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'events:write')
  return { authorization: `Bearer ${key}` }
}

describe('sites over HTTP', () => {
  test('are made, shown, changed and listed in the form of the commands', async () => {
    const made = await call('POST', '/api/v1/sites', {
      id: 'shop',
      origins: ['https://shop.example'],
      settings: { cart_idle_minutes: 90 },
    })
    expect(made.status).toBe(201)
    site = made.body
    expect(site).toEqual(await server.cli('sites', 'show', 'shop'))
    expect(site.settings.cart_idle_minutes).toBe(90)
    const change = { settings: { retention_months: 12, kept_query: ['utm_*', 'size'] }, identity_secret: 'new' }
    const changed = await call('PATCH', '/api/v1/sites/shop', change)
    expect(changed.body).toMatchObject({ settings: { retention_months: 12, kept_query: ['utm_*', 'size'] } })
    expect(changed.body.identity_secret).not.toBe(site.identity_secret)
    site = changed.body
    expect(await server.get('/api/v1/sites/shop')).toEqual(site)
    const all = await server.get('/api/v1/sites')
    expect(all.data.map(({ id }: SiteView) => id)).toEqual(['demo', 'shop'])
  })

  test.each<[string, string, unknown, number, string]>([
    ['POST', '/api/v1/sites', { id: 'shop', origins: ['https://a.example'] }, 409, 'site_exists'],
    ['POST', '/api/v1/sites', { id: 'A b', origins: ['https://a.example'] }, 400, 'invalid_site'],
    ['POST', '/api/v1/sites', { id: 'b', origins: ['a.example'] }, 400, 'invalid_site'],
    ['POST', '/api/v1/sites', { id: 'b', origins: ['https://a.example'], settings: { no: 1 } }, 400, 'invalid_site'],
    ['PATCH', '/api/v1/sites/shop', { settings: { session_minutes: 'x' } }, 400, 'invalid_site'],
    // A file of this machine is for its operator only.
    ['PATCH', '/api/v1/sites/shop', { settings: { identity_public_key: '@/etc/hostname' } }, 400, 'invalid_site'],
    ['PATCH', '/api/v1/sites/none', { settings: {} }, 404, 'unknown_site'],
    ['GET', '/api/v1/sites/none', undefined, 404, 'unknown_site'],
    ['DELETE', '/api/v1/sites/none', undefined, 404, 'unknown_site'],
  ])('%s %s of %j is %i %s', async (method, path, body, status, code) =>
    expect(await call(method, path, body)).toMatchObject({ status, body: { code } }),
  )

  test('are for administrators only', async () => {
    const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'contacts:write,segments:write')
    const headers = { authorization: `Bearer ${key}` }
    for (const [method, path] of [
      ['GET', '/api/v1/sites'],
      ['POST', '/api/v1/sites'],
      ['GET', '/api/v1/sites/shop'],
      ['PATCH', '/api/v1/sites/shop'],
      ['DELETE', '/api/v1/sites/shop'],
    ] as const) {
      const body = method === 'GET' || method === 'DELETE' ? undefined : {}
      expect(await call(method, path, body, headers)).toMatchObject({ status: 403, body: { code: 'missing_scope' } })
    }
  })
})

describe('a deleted site', () => {
  const visitors = Array.from({ length: 30 }, (_, i) => `shop-visitor-of-delete-${i}`)

  beforeAll(async () => {
    const headers = await keyed()
    const login = { kind: 'login', token: await signLogin(site.identity_secret, 'anna', { audience: 'shop' }) }
    const bought = event('purchase', 0, { transaction_id: 'order-of-shop', value: 5, currency: 'EUR' })
    await sendAll(server, visitors[0]!, [event('page'), bought, event('identify', 0, login)], { site: 'shop' }, headers)
    for (const visitor of visitors.slice(1)) await sendAll(server, visitor, [event('page')], { site: 'shop' }, headers)
    await sendAll(server, 'demo-visitor-of-delete', [event('page')], {}, headers)
    // A shop's server gives one visitor to two sites.
    await sendAll(server, 'visitor-of-two-sites-1', [event('page', 5, {}, { title: 'of demo' })], {}, headers)
    const there = [event('page', 0, {}, { title: 'of shop' })]
    await sendAll(server, 'visitor-of-two-sites-1', there, { site: 'shop' }, headers)
    await server.post('/api/v1/orders', [
      { order_id: 'till-1', contact_id: 'anna', at: '2026-01-01T00:00:00Z', total: 9, currency: 'EUR' },
    ])
    const mint = { site: 'shop', contacts: ['anna'], message: 'letter' }
    redirect = (await server.post('/api/v1/link-tokens', mint)).data[0].token
    await settled(server)
    expect((await server.get('/api/v1/contacts/anna')).visitors).toHaveLength(1)
    await server.change(
      "insert into dead_letters (journal_id, entry_id, part, error, body, at, visitor_id, attempts) values ('j', 1, 0, 'e', ?, ?, null, 1), ('j', 2, 0, 'e', ?, ?, null, 1)",
      ...['{"site":"shop","visitor":"letter-of-the-shop"}', Date.now()],
      // Of now: retention deletes older letters.
      ...['{"site":"demo","visitor":"letter-of-the-demo"}', Date.now()],
    )
  })

  test('is not deleted without a confirmation', async () => {
    const refused = (await server.cli('sites', 'delete', 'shop').catch((error) => error)) as {
      code: number
      stderr: string
    }
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(
      /^this deletes the site "shop", its keys and its 3\d visitors .* repeat it with --yes\n$/,
    )
    expect(await server.get('/api/v1/sites/shop')).toEqual(site)
  })

  test('goes with its visitors', async () => {
    const deleted = await server.cli<{ id: string; deleted: boolean; visitors: number }>(
      'sites',
      'delete',
      'shop',
      '--yes',
    )
    expect(deleted).toMatchObject({ id: 'shop', deleted: true })
    expect(deleted.visitors).toBeGreaterThanOrEqual(30)
    const [row] = await server.query("select actor, detail from audit where action = 'sites.delete'")
    expect(row).toEqual({
      actor: expect.stringMatching(/^cli:/),
      detail: JSON.stringify({ site: 'shop', visitors: deleted.visitors }),
    })
  })

  test('gets no answer from any public endpoint', async () => {
    expect((await call('GET', '/api/v1/sites/shop')).status).toBe(404)
    const page = (more: object) =>
      fetch(`${server.url}/v1/events`, {
        method: 'POST',
        headers: { 'content-type': 'text/plain' },
        body: JSON.stringify({ events: [event('page')], sent_at: new Date().toISOString(), ...more }),
      })
    const consent = { id: 'c', analytics: true, identity: true, marketing: true, source: 'manual' }
    // The collector learns of commands within half a second, and drops what it takes until then.
    const said = async () => (await page({ site: 'shop', candidate: 'x'.repeat(22), consent })).json()
    await expect.poll(said).toMatchObject({ status: 401, code: 'unknown_site' })
    const basic = `Basic ${Buffer.from(`${site.write_key}:`).toString('base64')}`
    const segment = { method: 'POST', headers: { authorization: basic }, body: '{"batch":[]}' }
    expect((await fetch(`${server.url}/v1/batch`, segment)).status).toBe(401)
    expect((await fetch(`${server.url}/tag.js?site=shop`)).status).toBe(404)
    expect((await fetch(`${server.url}/l/${redirect}`, { redirect: 'manual' })).status).toBe(400)
  })

  test('leaves nothing in the store, the journal and the files', async () => {
    await settled(server)
    for (const text of ['shop-visitor-of-delete', 'letter-of-the-shop', 'order-of-shop', 'of shop']) {
      await expect.poll(() => filesHolding(server, text)).toEqual([])
    }
    for (const secret of [site.write_key, site.identity_secret, site.link_secret]) {
      await expect.poll(() => filesHolding(server, secret)).toEqual([])
    }
  })

  test('leaves contacts, their orders and other sites as they were', async () => {
    const anna = await server.get('/api/v1/contacts/anna')
    expect(anna).toMatchObject({ id: 'anna', visitors: [] })
    expect(anna.orders.map((order: { order_id: string }) => order.order_id)).toEqual(['till-1'])
    expect((await server.get('/api/v1/visitors/demo-visitor-of-delete/timeline')).data).toHaveLength(1)
    const kept = (await server.get('/api/v1/visitors/visitor-of-two-sites-1/timeline')).data
    expect(kept.map((each: { site: string }) => each.site)).toEqual(['demo'])
    expect(await server.query("select body from dead_letters where journal_id = 'j'")).toHaveLength(1)
  })

  test('cannot be made again', async () => {
    const body = { id: 'shop', origins: ['https://shop.example'] }
    expect(await call('POST', '/api/v1/sites', body)).toMatchObject({ status: 409, body: { code: 'site_deleted' } })
  })
})

test('what a stopped collector accepted for a site does not bring it back, and a deleted demo stays away', async () => {
  await call('POST', '/api/v1/sites', { id: 'late', origins: ['https://late.example'] })
  const backup = join(mkdtempSync(join(tmpdir(), 'couture-sites-')), 'before.db')
  const hasBackups = server.databaseUrl === null
  if (hasBackups) await server.cli('backup', backup)
  expect(await call('DELETE', '/api/v1/sites/late')).toMatchObject({
    status: 200,
    body: { deleted: true, visitors: 0 },
  })
  expect(await call('DELETE', '/api/v1/sites/demo')).toMatchObject({ status: 200 })
  const [row] = await server.query("select actor from audit where action = 'sites.delete' and detail like '%late%'")
  expect(row!.actor).toMatch(/^key:/)
  await server.stop({ wipe: false })
  // A backup from before knows the sites.
  if (hasBackups) await server.cli('restore', backup)
  const journal = openJournal(join(server.dataDir, 'journal.db'), { maxBytes: 1e9, keepLandedMs: 1e9 })
  const entry: Entry = {
    ...{ request: 'r', site: 'late', visitor: 'a-latecomer-of-the-site', received_at: Date.now(), keyed: true },
    consent: { id: 'c', analytics: true, identity: true, marketing: true, source: 'manual', at: Date.now() },
    events: [{ id: 'late-event', type: 'page', at: Date.now() }],
  }
  journal.append([{ body: JSON.stringify([entry]), events: 1 }], 1)
  journal.close()
  server = await startServer({ dataDir: server.dataDir, port: server.port, env: server.storeEnv })
  await settled(server)
  expect((await server.get('/api/v1/sites')).data).toEqual([])
  await expect.poll(() => filesHolding(server, 'a-latecomer-of-the-site')).toEqual([])
  expect(server.output().stdout).toContain('tag.js?site=SITE"')
  await expect.poll(async () => (await fetch(`${server.url}/demo`)).status).toBe(404)
})
