/**
 * Covers what a shop must be able to answer: everything known about a contact in one file (JSON, or a ZIP of CSV files), the
 * ledger of choices as proof of consent, and the search for whoever asks. Each needs a key of the right scope, none holds
 * another person, and each leaves an audit row without an address.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newVisitor, type SiteView, signLogin } from '../support/requests.ts'
import { batch, consent, event, send, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

let server: TestServer
let secret: string
const visitor = newVisitor()
const other = newVisitor()

beforeAll(async () => {
  server = await startServer()
  secret = (await server.cli<SiteView>('sites', 'show', 'demo')).identity_secret
  await server.post('/api/v1/segments', { id: 'known_here', name: 'Known here', node: { matched: true } })
  await server.post('/api/v1/contacts', [
    {
      id: 'access-1',
      email: 'Anna.Access@mail.example',
      phone: '+33612345678',
      mail_consent: true,
      attributes: { first_name: 'Anna', last_name: 'Müller-Access', note: '=cmd' },
    },
    { id: 'access-2', email: 'ben.access@mail.example', attributes: { name: 'Ben Access' } },
    { id: 'access-3', email: 'old.anna@mail.example', merged_into: 'access-1' },
  ])
  const choice = consent({ id: 'choice-of-access', policy: 'cmp 4.2' })
  const page = { url: 'https://shop.example/first-page', title: 'First page' }
  const login = async (id: string) => event('identify', 1000, { kind: 'login', token: await signLogin(secret, id) })
  const cart = { currency: 'EUR', items: [{ item_id: 'ring-of-access', price: 5, quantity: 1 }] }
  const visit = [event('page', 5000, undefined, page), event('add_to_cart', 3000, cart), await login('access-1')]
  await sendAll(server, visitor, visit, { consent: choice })
  await sendAll(server, other, [event('page', 4000), await login('access-2')], {
    consent: consent({ id: 'choice-of-another' }),
  })
  const order = { order_id: 'order-of-access', contact_id: 'access-1', at: new Date().toISOString(), total: 5 }
  await server.post('/api/v1/orders', [{ ...order, currency: 'EUR', items: [] }])
  await settled(server)
  await server.get('/api/v1/matches')
})
afterAll(() => server.stop())

/** The files of an archive, read by its directory; Python reads it too, where there is one. */
function unzipped(bytes: Buffer): Record<string, string> {
  const files: Record<string, string> = {}
  const end = bytes.lastIndexOf(Buffer.from('PK\u0005\u0006'))
  let at = bytes.readUInt32LE(end + 16)
  for (let n = bytes.readUInt16LE(end + 10); n > 0; n--) {
    const [packed, nameLength, offset] = [
      bytes.readUInt32LE(at + 20),
      bytes.readUInt16LE(at + 28),
      bytes.readUInt32LE(at + 42),
    ]
    const name = bytes.subarray(at + 46, at + 46 + nameLength).toString()
    const data = offset + 30 + bytes.readUInt16LE(offset + 26)
    files[name] = inflateRawSync(bytes.subarray(data, data + packed)).toString()
    at += 46 + nameLength
  }
  return files
}

describe('an export of a contact', () => {
  test('as JSON holds everything known, and nothing of others', async () => {
    const response = await server.api('/api/v1/contacts/access-1/export')
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="contact.json"')
    const text = await response.text()
    const all = JSON.parse(text)
    expect(all.id).toBe('access-1')
    expect(all.records.map((row: any) => [row.id, row.email])).toEqual([
      ['access-1', 'Anna.Access@mail.example'],
      ['access-3', 'old.anna@mail.example'],
    ])
    expect(all.records[0]).toMatchObject({ phone: '+33612345678', attributes: { first_name: 'Anna' } })
    expect(all.visitors.map((row: any) => row.id)).toEqual([visitor])
    expect(all.links).toMatchObject([
      { visitor, strength: 'verified', why: expect.stringMatching(/./), proofs: [{ why: expect.stringMatching(/./) }] },
    ])
    expect(all.events.map((row: any) => row.type)).toEqual(['page', 'add_to_cart', 'identify'])
    expect(all.consents).toMatchObject([
      { id: 'choice-of-access', visitor, policy: 'cmp 4.2', page: 'https://shop.example/first-page' },
    ])
    expect(all.orders.map((row: any) => row.order_id)).toEqual(['order-of-access'])
    expect(all.carts[0].items[0].item_id).toBe('ring-of-access')
    expect(all.published[0]).toMatchObject({ change: 'matched', seq: expect.any(Number) })
    expect(all.readers[0]).toMatchObject({ action: 'matches.read', reads: expect.any(Number) })
    expect(all.segments).toEqual(expect.any(Array))
    expect(all.segment_history[0]).toMatchObject({ segment: 'known_here', change: 'entered', at: expect.any(String) })
    for (const foreign of [other, 'access-2', 'ben.access', 'choice-of-another']) expect(text).not.toContain(foreign)
  })

  test.each(['zip', 'csv'])('as %s is an archive of CSV files', async (format) => {
    const response = await server.api(`/api/v1/contacts/access-1/export?format=${format}`)
    expect(response.headers.get('content-type')).toBe('application/zip')
    const bytes = Buffer.from(await response.arrayBuffer())
    const files = unzipped(bytes)
    expect(Object.keys(files)).toEqual(
      [
        ...[
          'records',
          'visitors',
          'links',
          'consents',
          'events',
          'orders',
          'scores',
          'carts',
          'segments',
          'segment_history',
          'published',
          'readers',
        ],
      ].map((name) => `${name}.csv`),
    )
    expect(files['records.csv']).toContain('Anna.Access@mail.example')
    expect(files['events.csv']!.trim().split('\n')).toHaveLength(4)
    expect(files['links.csv']).toContain('verified')
    const folder = mkdtempSync(join(tmpdir(), 'couture-zip-'))
    try {
      writeFileSync(join(folder, 'contact.zip'), bytes)
      const listed = execFileSync('python3', ['-m', 'zipfile', '-t', join(folder, 'contact.zip')]).toString()
      expect(listed).toContain('Done testing')
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOENT') throw error
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  test('of an unknown or erased contact is 404', async () => {
    for (const id of ['nobody', encodeURIComponent('erased:x')]) {
      expect((await server.api(`/api/v1/contacts/${id}/export`)).status).toBe(404)
    }
  })

  test('of a contact with many events comes in parts', async () => {
    const many = newVisitor()
    await server.post('/api/v1/contacts', [{ id: 'access-many', email: 'many@mail.example' }])
    const login = event('identify', 100_000, {
      kind: 'login',
      token: await signLogin(secret, 'access-many', { seconds: Math.floor(Date.now() / 1000) - 100 }),
    })
    await sendAll(server, many, [login])
    for (let i = 0; i < 25; i++) {
      await sendAll(
        server,
        many,
        Array.from({ length: 50 }, (_, n) => event('page', 90_000 - i * 50 - n)),
      )
    }
    await settled(server)
    const all = (await (await server.api('/api/v1/contacts/access-many/export')).json()) as { events: unknown[] }
    expect(all.events).toHaveLength(1251)
  })
})

describe('the ledger of choices', () => {
  const ledger = (query: string) => server.get(`/api/v1/consents?${query}`)

  test('lists a visitor’s and a contact’s choices with their proof', async () => {
    const proof = {
      ...{ id: 'choice-of-access', visitor, site: 'demo', analytics: true, identity: true, marketing: true },
      ...{ source: 'manual', policy: 'cmp 4.2', page: 'https://shop.example/first-page' },
    }
    expect((await ledger(`visitor=${visitor}`)).data).toMatchObject([proof])
    expect((await ledger('contact=access-1')).data).toMatchObject([proof])
    expect((await server.api('/api/v1/consents?contact=nobody')).status).toBe(404)
    expect((await server.api('/api/v1/consents?contact=access-1&visitor=x')).status).toBe(400)
  })

  test('keeps a withdrawal without the visitor, found by whoever knows the id', async () => {
    const leaving = newVisitor()
    await sendAll(server, leaving, [event('page')], { consent: consent({ id: 'choice-before-leaving' }) })
    await settled(server)
    const no = { analytics: false, identity: false, marketing: false }
    const last = consent({ id: 'choice-to-leave', policy: 'cmp 4.3', ...no })
    await send(server, batch([event('consent')], { visitor: leaving, consent: last }))
    await settled(server)
    const row = { id: 'choice-to-leave', visitor: null, site: 'demo', source: 'manual', policy: 'cmp 4.3', ...no }
    await until(async () => (await ledger(`visitor=${leaving}`)).data.length === 1, 'only the withdrawal to be left')
    expect((await ledger(`visitor=${leaving}`)).data).toMatchObject([row])
    const all = await ledger('limit=1000')
    expect(all.data.filter((each: any) => each.id === 'choice-to-leave')).toMatchObject([row])
    expect(JSON.stringify(all)).not.toContain(leaving)
  })

  test('is paged in the order of time, bounded by times, and the same as a file', async () => {
    const ids: string[] = []
    for (let after = ''; ; ) {
      const page = await ledger(`limit=1${after}`)
      ids.push(...page.data.map((each: any) => each.id))
      if (!page.has_more) break
      after = `&after=${page.next}`
    }
    const whole = (await ledger('')).data
    expect(ids).toEqual(whole.map((each: any) => each.id))
    const times = whole.map((each: any) => Date.parse(each.at))
    expect(times).toEqual([...times].sort((a, b) => a - b))
    const [first, second] = [whole[0].at, whole.find((each: any) => each.at !== whole[0].at).at]
    const before = (await ledger(`from=${first}&to=${second}`)).data
    expect(before.map((each: any) => each.at)).toEqual(before.map(() => first))
    const ndjson = await (await server.api('/api/v1/consents?format=ndjson')).text()
    expect(
      ndjson
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(whole)
    const csv = await (await server.api('/api/v1/consents?format=csv')).text()
    expect(csv.split('\n')[0]).toBe('id,at,last_at,visitor,site,analytics,identity,marketing,source,policy,gpc,page')
    expect(csv.trim().split('\n')).toHaveLength(whole.length + 1)
  })
})

describe('a search for contacts', () => {
  const found = async (q: string) =>
    (await server.get(`/api/v1/contacts?q=${encodeURIComponent(q)}`)).data.map((each: any) => each.id)

  test.each<[string, string[]]>([
    ['access-1', ['access-1']],
    ['anna.access@mail.example', ['access-1']],
    ['ANNA.ACCESS@MAIL.EXAMPLE', ['access-1']],
    ['anna müller-access', ['access-1']],
    ['MÜLLER', ['access-1']],
    ['muller anna', []],
    ['ben.acc', ['access-2']],
    ['Ben Access', ['access-2']],
    ['access-', ['access-1', 'access-2', 'access-3', 'access-many']],
    ['=cmd', []],
    ['100%', []],
    ['_', []],
  ])('%s', async (q, ids) => {
    expect(await found(q)).toEqual(ids)
  })

  test('is paged, and needs a text', async () => {
    const first = await server.get('/api/v1/contacts?q=access-&limit=2')
    expect(first.data.map((each: any) => each.id)).toEqual(['access-1', 'access-2'])
    const second = await server.get(`/api/v1/contacts?q=access-&limit=2&after=${first.next}`)
    expect(second.data.map((each: any) => each.id)).toEqual(['access-3', 'access-many'])
    for (const query of ['', 'q=', `q=${'a'.repeat(201)}`]) {
      expect((await server.api(`/api/v1/contacts?${query}`)).status).toBe(400)
    }
  })
})

test('each needs the scope, and leaves an audit row without an address', async () => {
  const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'segments:read,contacts:write')
  for (const path of ['contacts/access-1/export', 'consents', 'contacts?q=anna']) {
    const asked = (headers: Record<string, string>) => fetch(`${server.url}/api/v1/${path}`, { headers })
    expect((await asked({ authorization: `Bearer ${key}` })).status).toBe(403)
    expect((await asked({})).status).toBe(401)
  }
  const rows = await server.query<{ action: string; detail: string }>('select action, detail from audit')
  for (const action of ['contacts.export', 'consents.read', 'contacts.search']) {
    const own = rows.filter((row) => row.action === action)
    expect(own.length).toBeGreaterThan(0)
    expect(JSON.stringify(own)).not.toMatch(/access-\d|anna|mail\.example/i)
  }
})
