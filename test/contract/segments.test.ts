/**
 * Changing segments: the API of definitions, which members a change adds and removes, and the reasons of memberships.
 * Presets follow the releases unless the shop has edited them.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newVisitor, problemOf, type SiteView, signLogin } from '../support/requests.ts'
import { judged } from '../support/segments.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { openStore } from '../support/store.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const ITEM = { currency: 'EUR', items: [{ item_id: 'ring', price: 120 }] }

let server: TestServer
let secret: string
beforeAll(async () => {
  server = await startServer()
  secret = (await server.cli<SiteView>('sites', 'show', 'demo')).identity_secret
})
afterAll(() => server?.stop())

const call = (method: string, path: string, body?: unknown) =>
  server.api(`/api/v1/segments${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })

type Segment = {
  id: string
  name: unknown
  node: unknown
  definition: unknown
  version: number
  origin: string
  edited_at: string | null
  judging: { done: number; total: number } | null
}
type Member = { person: { kind: string; id: string }; entered_at: string; reason: string }

const list = async () => (await server.get<{ data: Segment[] }>('/api/v1/segments')).data
const find = async (id: string) => (await list()).find((segment) => segment.id === id)
const membersOf = async (id: string) => (await server.get<{ data: Member[] }>(`/api/v1/segments/${id}/members`)).data
const reasons = async (id: string) =>
  Object.fromEntries((await membersOf(id)).map(({ person, reason }) => [person.id, reason]))

async function login(visitor: string, contact: string): Promise<void> {
  await sendAll(server, visitor, [event('identify', 0, { kind: 'login', token: await signLogin(secret, contact) })])
}

describe('definitions', () => {
  test('a new installation has the presets in both languages', async () => {
    await judged(server)
    expect(await list()).toContainEqual({
      id: 'cart_abandoned',
      name: { fr: 'Panier abandonné', en: 'Cart abandoned' },
      node: { cart: { state: 'abandoned', idle: { max: '7d' } } },
      currency: null,
      definition: { cart: { state: 'abandoned', idle: { max: '7d' } } },
      sentence: {
        fr: 'Les personnes qui ont abandonné un panier et y ont touché il y a moins de 7 jours.',
        en: 'Persons who have abandoned a cart and touched it less than 7 days ago.',
      },
      version: 1,
      updated_at: expect.any(String),
      origin: 'preset',
      edited_at: null,
      judging: null,
    })
  })

  test('a segment can be added, changed and deleted, and each version is kept', async () => {
    const made = await call('POST', '', { id: 'known', name: 'Known', node: { matched: true } })
    expect(made.status).toBe(201)
    expect(await made.json()).toMatchObject({ id: 'known', name: 'Known', version: 1, origin: 'shop', edited_at: null })
    const again = await call('POST', '', { id: 'known', name: 'Known', node: { matched: true } })
    expect(await problemOf(again)).toMatchObject({ status: 409, code: 'segment_exists' })

    const name = { fr: 'Connus', en: 'Known' }
    const changed = await call('PUT', '/known', { name, node: { all: [{ matched: true }, { cart: {} }] } })
    expect(changed.status).toBe(200)
    expect(await changed.json()).toMatchObject({ id: 'known', name, version: 2, origin: 'shop', edited_at: null })
    const same = await call('PUT', '/known', { name, node: { all: [{ matched: true }, { cart: {} }] } })
    expect(await same.json()).toMatchObject({ version: 2 })

    const versions = await server.get('/api/v1/segments/known/versions')
    expect(versions.data).toMatchObject([
      { version: 2, at: expect.any(String), actor: expect.any(String), name, node: expect.any(Object) },
      { version: 1, at: expect.any(String), actor: expect.any(String), name: 'Known', node: { matched: true } },
    ])

    expect((await call('DELETE', '/known')).status).toBe(204)
    for (const [method, path, body] of [
      ['DELETE', '/known'],
      ['PUT', '/known', { name: 'x', node: { matched: true } }],
      ['GET', '/known/versions'],
      ['GET', '/known/members'],
    ] as const) {
      const gone = await call(method, path, body)
      expect(await problemOf(gone), `${method} ${path}`).toMatchObject({ status: 404, code: 'unknown_segment' })
    }
    const back = await call('POST', '', { id: 'known', name: 'Known', node: { matched: true } })
    expect(await back.json()).toMatchObject({ version: 4 })
    expect((await call('DELETE', '/known')).status).toBe(204)

    const audit = await server.query<{ action: string }>(
      "select action from audit where action in ('segment.create', 'segment.update', 'segment.delete') order by at",
    )
    expect(audit.map((row) => row.action)).toEqual([
      ...['segment.create', 'segment.update', 'segment.update', 'segment.delete', 'segment.create', 'segment.delete'],
    ])
    await judged(server)
  })

  test.each([
    [{ id: 'x', name: 'X' }, 'node must be an object'],
    [{ id: 'x', name: 'X', node: { matched: true }, color: 'red' }, 'the body must not have the member color'],
    [{ id: 'X y', name: 'X', node: { matched: true } }, 'id must be 1 to 64 of a-z 0-9 _ -, a letter first'],
    [{ id: 'x', name: '', node: { matched: true } }, 'name must be a text of 1 to 100 characters, or {"fr": …'],
    [
      { id: 'x', name: { en: 'X' }, node: { matched: true } },
      'name must be a text of 1 to 100 characters, or {"fr": …',
    ],
    [
      { id: 'x', name: 'X', node: { all: [{ matched: true }, { eval: '1' }] } },
      'node.all.1 must not have the member eval',
    ],
    [{ id: 'x', name: 'X', node: { cart: { idle: { min: '1 h' } } } }, 'node.cart.idle.min must be a length of time'],
  ])('%j is refused with the path of the error', async (body, detail) => {
    const refused = await problemOf(await call('POST', '', body))
    expect(refused).toMatchObject({ status: 400, code: 'invalid_request' })
    expect(refused.detail).toContain(detail)
  })

  test('a definition above the limits is refused', async () => {
    const name = 'x'.repeat(70_000)
    expect(await problemOf(await call('POST', '', { id: 'x', name, node: { matched: true } }))).toMatchObject({
      status: 413,
    })
  })

  test('a key with read permission cannot change anything', async () => {
    const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'segments:read')
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const body = JSON.stringify({ id: 'mine', name: 'Mine', node: { matched: true } })
    for (const [method, path] of [
      ['POST', ''],
      ['PUT', '/cart_abandoned'],
      ['DELETE', '/cart_abandoned'],
    ] as const) {
      const init = { method, headers, ...(method === 'DELETE' ? {} : { body }) }
      expect((await fetch(`${server.url}/api/v1/segments${path}`, init)).status).toBe(403)
    }
    expect((await fetch(`${server.url}/api/v1/segments/cart_abandoned/versions`, { headers })).status).toBe(200)
  })
})

describe('members', () => {
  test('enter and leave with a definition, dated by their behaviour, and the feed publishes it', async () => {
    await server.post('/api/v1/contacts', [{ id: 'crm-a', email: 'a@example.com', mail_consent: true }])
    const added = event('add_to_cart', 3 * MINUTE, ITEM)
    await sendAll(server, 'visitor-of-a-aaaaaaaaaa', [added])
    await login('visitor-of-a-aaaaaaaaaa', 'crm-a')
    await sendAll(server, 'visitor-browsing-bbbbbbb', [event('page', HOUR)])
    await settled(server)
    const { next } = await server.get('/api/v1/matches')

    await call('POST', '', { id: 'with_cart', name: { fr: 'Avec panier', en: 'With a cart' }, node: { cart: {} } })
    await judged(server)
    expect(await membersOf('with_cart')).toMatchObject([
      { person: { kind: 'contact', id: 'crm-a' }, entered_at: added.at, reason: 'definition' },
    ])
    const entered = await server.get(`/api/v1/matches?after=${next}`)
    expect(entered.data).toMatchObject([
      {
        contact: { id: 'crm-a' },
        change: 'updated',
        segments: [
          { id: 'cart_abandoned' },
          { id: 'prospects' },
          { id: 'with_cart', name: 'With a cart', entered_at: added.at },
        ],
      },
    ])

    // Members that stay have not entered again.
    await call('PUT', '/with_cart', { name: 'With a cart', node: { all: [{ cart: {} }, { matched: true }] } })
    await judged(server)
    expect(await reasons('with_cart')).toEqual({ 'crm-a': 'definition' })

    await call('PUT', '/with_cart', { name: 'Without', node: { all: [{ cart: {} }, { matched: false }] } })
    await judged(server)
    expect(await membersOf('with_cart')).toEqual([])
    const left = await server.get(`/api/v1/matches?segment=with_cart&after=`)
    expect(left.data).toMatchObject([{ contact: { id: 'crm-a' }, change: 'unmatched', reason: 'left_segment' }])

    await call('PUT', '/with_cart', { name: 'With a cart', node: { cart: {} } })
    await judged(server)
    expect(await membersOf('with_cart')).toHaveLength(1)
    await call('DELETE', '/with_cart')
    await judged(server)
    expect(await server.query("select * from segment_members where segment_id = 'with_cart'")).toEqual([])
    const contact = await server.get('/api/v1/contacts/crm-a')
    expect(contact.segments.map((segment: { id: string }) => segment.id)).toEqual(['cart_abandoned', 'prospects'])
  })

  test('a changed name does not cause a new judging', async () => {
    await call('POST', '', { id: 'renamed', name: 'Before', node: { matched: true } })
    await judged(server)
    const changed = await call('PUT', '/renamed', { name: 'After', node: { matched: true } })
    expect(await changed.json()).toMatchObject({ name: 'After', version: 2, judging: null })
    await call('DELETE', '/renamed')
    await judged(server)
  })

  test('have a reason: an event, time, a link, the CRM, a definition or a rebuild', async () => {
    await call('POST', '', { id: 'filling', name: 'Filling', node: { cart: { state: 'open' } } })
    await call('POST', '', { id: 'mailable', name: 'Mailable', node: { consent: { mail: true } } })
    await call('POST', '', { id: 'any_cart', name: 'Any cart', node: { cart: {} } })
    await server.post('/api/v1/contacts', [{ id: 'crm-b', email: 'b@example.com' }])
    await judged(server)

    await sendAll(server, 'visitor-of-b-aaaaaaaaaa', [event('add_to_cart', 10 * MINUTE, ITEM)])
    await sendAll(server, 'visitor-filling-bbbbbbbb', [event('add_to_cart', 0, ITEM)])
    await settled(server)
    expect(await reasons('filling')).toEqual({ 'visitor-filling-bbbbbbbb': 'event' })
    expect(await reasons('any_cart')).toMatchObject({ 'visitor-of-b-aaaaaaaaaa': 'event' })
    expect(await reasons('cart_abandoned')).toMatchObject({ 'visitor-of-b-aaaaaaaaaa': 'time' })

    // The cart was abandoned long before a claim assigned it to a contact.
    await login('visitor-of-b-aaaaaaaaaa', 'crm-b')
    await settled(server)
    expect(await reasons('cart_abandoned')).toMatchObject({ 'crm-b': 'link' })
    expect(await reasons('any_cart')).toMatchObject({ 'crm-b': 'link' })

    const told = { id: 'crm-b', mail_consent: true, mail_consent_at: new Date(Date.now() - 9 * HOUR).toISOString() }
    await server.post('/api/v1/contacts', [told])
    await settled(server)
    expect(await reasons('mailable')).toMatchObject({ 'crm-b': 'import', 'crm-a': 'definition' })

    await server.change("delete from segment_members where segment_id = 'any_cart'")
    await server.cli('rebuild')
    await settled(server)
    expect(await reasons('any_cart')).toMatchObject({ 'crm-b': 'rebuild', 'visitor-filling-bbbbbbbb': 'rebuild' })
    // Members that the rebuild did not change keep their reasons.
    expect(await reasons('mailable')).toMatchObject({ 'crm-b': 'import', 'crm-a': 'definition' })
    for (const id of ['filling', 'mailable', 'any_cart']) await call('DELETE', `/${id}`)
    await judged(server)
  })
})

describe('a preset', () => {
  /** The preset of the previous release: every idle cart, without an upper limit. */
  const OLD = { cart: { state: 'abandoned' } }

  /** Puts the store in the state of the previous release, and starts this one. */
  async function upgrade(...statements: string[]): Promise<void> {
    await server.stop({ wipe: false })
    const store = await openStore(server.dataDir)
    for (const statement of statements) await store.change(statement)
    await store.close({ wipe: false })
    server = await startServer({ dataDir: server.dataDir, port: server.port })
    await judged(server)
  }
  /** Runs a command, which brings the presets up to date as a start does. */
  const prepareAgain = () => server.cli('keys', 'list')
  const shippedBefore = `update segments set node = '${JSON.stringify(OLD)}', preset_version = 1 where id = 'cart_abandoned'`

  test('changed by the release is updated, and every person is judged by it', async () => {
    const before = await reasons('cart_abandoned')
    await upgrade(shippedBefore, "delete from segment_members where segment_id = 'cart_abandoned'")
    expect(await find('cart_abandoned')).toMatchObject({
      ...{ name: { en: 'Cart abandoned' }, node: { cart: { state: 'abandoned', idle: { max: '7d' } } } },
      ...{ version: 2, origin: 'preset', edited_at: null },
    })
    expect(await reasons('cart_abandoned')).toEqual(
      Object.fromEntries(Object.keys(before).map((person) => [person, 'definition'])),
    )
    const { data } = await server.get('/api/v1/segments/cart_abandoned/versions')
    expect(data.map((version: { version: number; actor: string }) => [version.version, version.actor])).toEqual([
      [2, 'preset'],
      [1, 'preset'],
    ])
    await prepareAgain()
    expect(await find('cart_abandoned')).toMatchObject({ version: 2 })
  })

  test('new in the release is added', async () => {
    await upgrade(
      ...['segments', 'segment_members'].map((table) => `delete from ${table}`),
      "delete from segment_versions where segment_id = 'cart_abandoned'",
    )
    expect(await find('cart_abandoned')).toMatchObject({ version: 1, origin: 'preset' })
    expect(Object.values(await reasons('cart_abandoned'))).toContain('definition')
  })

  test('edited by the shop is left alone and reported as edited', async () => {
    await call('PUT', '/cart_abandoned', { name: 'Ours', node: OLD })
    await upgrade(shippedBefore)
    expect(await find('cart_abandoned')).toMatchObject({
      ...{ name: 'Ours', node: OLD, version: 2, origin: 'preset', edited_at: expect.any(String) },
    })
  })

  test('deleted by the shop stays deleted, and its id is free', async () => {
    await call('DELETE', '/cart_abandoned')
    await prepareAgain()
    expect(await find('cart_abandoned')).toBeUndefined()
    await call('POST', '', { id: 'cart_abandoned', name: 'Ours', node: OLD })
    await prepareAgain()
    expect(await find('cart_abandoned')).toMatchObject({ name: 'Ours', node: OLD, origin: 'shop', edited_at: null })
  })

  test('no longer shipped by the release stays', async () => {
    const columns = 'id, name, node, version, updated_at, origin, preset_version'
    const values = `'gone', '"Gone"', '{"matched":true}', 1, 1, 'preset', 1`
    await upgrade(`insert into segments (${columns}) values (${values})`)
    expect(await find('gone')).toMatchObject({ name: 'Gone', origin: 'preset' })
  })
})

test('halves of characters in what visitors and the CRM send stop no question about everybody', async () => {
  // The last are cut in the middle of a character by what takes their address out, whatever the parity.
  const texts = [
    'a\ud800b',
    '\udc00',
    `${'\u{1f48d}'.repeat(40)}@mail.example`,
    `x${'\u{1f48d}'.repeat(40)}@mail.example`,
  ]
  for (const text of texts) {
    const quiz = event('Quiz', 0, { answer: text, list: [text], [`k${text}`]: 1, nested: { [text]: text } })
    const cart = event('view_cart', 0, { currency: 'EUR', items: [{ item_id: text, item_name: text, price: 2 }] })
    await sendAll(server, newVisitor(), [quiz, cart, event('search', 0, { search_term: text })])
  }
  const plain = newVisitor()
  await sendAll(server, plain, [event('Quiz', 0, { answer: 'plain' })])
  await server.post('/api/v1/contacts', [
    { id: 'half', attributes: { city: 'Paris\ud83d', '\udc8d': 'ring' } },
    { id: 'whole', attributes: { city: 'Paris' } },
  ])
  await settled(server)
  const counted = async (node: unknown) => (await server.post('/api/v1/segments/preview', { node })).people
  expect(await counted({ event: { type: 'Quiz', where: { 'props.answer': 'plain' } } })).toBe(1)
  expect(await counted({ event: { type: 'Quiz', where: { 'props.answer': { contains: 'a' } } } })).toBeGreaterThan(1)
  expect(await counted({ event: { type: 'view_cart', where: { item_name: 'nothing' } } })).toBe(0)
  expect(await server.query('select * from derive_failures')).toEqual([])
})
