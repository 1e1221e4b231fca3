/**
 * `POST /api/v1/contacts`: rows pushed by a CRM. Pushes arrive late, twice and out of order; the outcome must
 * depend only on their content.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { problemOf } from '../support/requests.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let contactsKey: { id: string; key: string }
let eventsKey: { id: string; key: string }

beforeAll(async () => {
  server = await startServer()
  contactsKey = await server.cli('keys', 'create', '--scopes', 'contacts:write')
  eventsKey = await server.cli('keys', 'create', '--scopes', 'events:write,people:read')
})
afterAll(() => server.stop())

type Row = Record<string, unknown>
type Result = {
  created: number
  updated: number
  unchanged: number
  rejected: { row: number; code: string; message: string }[]
}

const push = (...rows: unknown[]) => server.post<Result>('/api/v1/contacts', rows)
/** The fields of a contact without visits. */
const known = (id: string) => server.get<Row>(`/api/v1/contacts/${encodeURIComponent(id)}`)
const counts = (created: number, updated: number, unchanged: number) => ({ created, updated, unchanged, rejected: [] })

let contacts = 0
const newId = () => `contact-${++contacts}`
const at = (minute: number) => `2026-03-01T09:${String(minute).padStart(2, '0')}:00Z`

function raw(body: string, headers: Record<string, string>) {
  return fetch(`${server.url}/api/v1/contacts`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  })
}

describe('the outcome of each row', () => {
  test('a new contact is created, a repeated row is unchanged, and a changed row updates it', async () => {
    const id = newId()
    const row = { id, email: 'anna@mail.example', attributes: { tier: 'gold' }, updated_at: at(1) }
    expect(await push(row)).toEqual(counts(1, 0, 0))
    expect(await push(row)).toEqual(counts(0, 0, 1))
    expect(await push({ ...row, updated_at: at(2) })).toEqual(counts(0, 0, 1))
    expect(await push({ ...row, attributes: { tier: 'silver' }, updated_at: at(3) })).toEqual(counts(0, 1, 0))
    expect(await push({ ...row, updated_at: at(0), attributes: { tier: 'old news' } })).toEqual(counts(0, 0, 1))
    expect(await known(id)).toMatchObject({ email: 'anna@mail.example', attributes: { tier: 'silver' } })
  })

  test('several rows of one contact are counted separately', async () => {
    const id = newId()
    expect(await push({ id, phone: '1', updated_at: at(1) }, { id, phone: '2', updated_at: at(2) })).toEqual(
      counts(1, 1, 0),
    )
    expect(await known(id)).toMatchObject({ phone: '2' })
  })

  test('an empty list changes nothing', async () => {
    expect(await push()).toEqual(counts(0, 0, 0))
  })

  test('1,200 rows are accepted in one request', async () => {
    const rows = Array.from({ length: 1200 }, (_, i) => ({ id: `many-${i}`, attributes: { i } }))
    expect(await push(...rows)).toEqual(counts(1200, 0, 0))
    expect(await known('many-1199')).toMatchObject({ attributes: { i: 1199 } })
  })

  test('the API returns every field that was pushed', async () => {
    const id = newId()
    await push({
      id,
      email: ' Anna@Mail.example ',
      phone: '+33 1 23',
      mail_consent: true,
      mail_consent_at: '2026-02-01T10:00:00+01:00',
      attributes: { first_name: 'Anna', children: 2, likes: ['rings'], vip: true },
    })
    expect(await known(id)).toMatchObject({
      id,
      email: 'Anna@Mail.example',
      phone: '+33 1 23',
      mail_consent: true,
      mail_consent_at: '2026-02-01T09:00:00.000Z',
      attributes: { first_name: 'Anna', children: 2, likes: ['rings'], vip: true },
      visitors: [],
      links: [],
      cart: null,
      orders: [],
      segments: [],
    })
  })

  test('a numeric id equals its text', async () => {
    await push({ id: 770077, phone: '1' })
    expect(await known('770077')).toMatchObject({ id: '770077', phone: '1' })
  })

  test('ids that differ in case or leading zeros are different contacts', async () => {
    expect(await push({ id: 'Case-7' }, { id: 'case-7' }, { id: '007' }, { id: '7' })).toEqual(counts(4, 0, 0))
  })
})

describe('a field', () => {
  const full = {
    email: 'anna@mail.example',
    phone: '1',
    mail_consent: true,
    mail_consent_at: '2026-02-01T10:00:00.000Z',
    attributes: { tier: 'gold', city: 'Lyon' },
  }

  test('that is absent stays unchanged', async () => {
    const id = newId()
    await push({ id, ...full, updated_at: at(1) })
    await push({ id, updated_at: at(2) })
    expect(await known(id)).toMatchObject(full)
  })

  test.each<[string, Row, Row]>([
    ['email', { email: null }, { email: null }],
    ['phone', { phone: null }, { phone: null }],
    ['mail consent', { mail_consent: null }, { mail_consent: null }],
    ['the time of mail consent', { mail_consent_at: null }, { mail_consent_at: null }],
    ['one attribute', { attributes: { tier: null } }, { attributes: { city: 'Lyon' } }],
  ])('that is null is removed: %s', async (_, change, expected) => {
    const id = newId()
    await push({ id, ...full, updated_at: at(1) })
    expect(await push({ id, ...change, updated_at: at(2) })).toEqual(counts(0, 1, 0))
    expect(await known(id)).toMatchObject({ ...full, ...expected })
    expect((await known(id)).attributes).toEqual({ ...full, ...expected }.attributes)
  })

  test('is changed by a push without a time, which counts as made now', async () => {
    const id = newId()
    await push({ id, phone: '1', updated_at: at(1) })
    await push({ id, phone: '2' })
    await push({ id, phone: '3', updated_at: at(5) })
    expect(await known(id)).toMatchObject({ phone: '2' })
  })
})

describe('three pushes have the same outcome in any order', () => {
  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ]

  test.each<[string, Row[], Row]>([
    [
      'of the same fields',
      [
        { email: 'one@mail.example', phone: '1', mail_consent: true },
        { email: 'two@mail.example', phone: '2', mail_consent: false },
        { email: 'three@mail.example', phone: '3', mail_consent: true },
      ],
      { email: 'three@mail.example', phone: '3', mail_consent: true },
    ],
    [
      'of different fields',
      [
        { email: 'one@mail.example', attributes: { a: 1, b: 1 } },
        { phone: '2', attributes: { b: 2, c: 2 } },
        { mail_consent: false, attributes: { c: 3 } },
      ],
      { email: 'one@mail.example', phone: '2', mail_consent: false, attributes: { a: 1, b: 2, c: 3 } },
    ],
    [
      'of which the second removes a field',
      [
        { email: 'one@mail.example', phone: '1', attributes: { tier: 'gold' } },
        { email: null, phone: null, attributes: { tier: null } },
        { phone: '3' },
      ],
      { email: null, phone: '3', attributes: {} },
    ],
    [
      'of which the last removes a field',
      [
        { email: 'one@mail.example', phone: '1', mail_consent: true, attributes: { tier: 'gold' } },
        { phone: '2', attributes: { tier: 'silver', city: 'Lyon' } },
        { email: null, phone: null, mail_consent: null, attributes: { tier: null } },
      ],
      { email: null, phone: null, mail_consent: null, attributes: { city: 'Lyon' } },
    ],
  ])('%s', async (_, pushes, expected) => {
    for (const order of orders) {
      const id = newId()
      for (const i of order) await push({ id, ...pushes[i], updated_at: at(i) })
      const { email, phone, mail_consent, attributes } = await known(id)
      expect({ order, email, phone, mail_consent, attributes }).toEqual({
        order,
        mail_consent: null,
        attributes: {},
        ...expected,
      })
    }
  })
})

describe('a bad row is refused with its reason, and the good rows are kept', () => {
  test.each<[string, unknown, RegExp]>([
    ['has no id', { email: 'anna@mail.example' }, /^id\b/],
    ['has an empty id', { id: '' }, /^id must/],
    ['has a blank id', { id: '   ' }, /^id must/],
    ['has null as its id', { id: null }, /^id\b/],
    ['has an id of 201 characters', { id: 'i'.repeat(201) }, /^id\b/],
    ...[
      'null',
      'undefined',
      '0',
      '-1',
      'N/A',
      '{{contact.id}}',
      '*|ID|*',
      '%%id%%',
      '[object Object]',
      '"guest"',
      '00000000-0000-0000-0000-000000000000',
    ].map((id): [string, unknown, RegExp] => [`is called ${id}`, { id }, /^id must be the id of one contact/]),
    ['has an invalid address', { id: 'bad-1', email: 'anna' }, /^email must be a mail address/],
    [
      'has two addresses in one',
      { id: 'bad-1', email: 'a@mail.example, b@mail.example' },
      /^email must be a mail address/,
    ],
    ['has a noreply address', { id: 'bad-1', email: 'noreply@mail.example' }, /^email must be a mail address/],
    ['has an invalid hash', { id: 'bad-1', email_sha256: 'abc' }, /^email_sha256 must be SHA-256/],
    ['has yes as mail consent', { id: 'bad-1', mail_consent: 'yes' }, /^mail_consent must be true or false/],
    ['has 1 as minor', { id: 'bad-1', minor: 1 }, /^minor must be true or false/],
    [
      'has a date without a time as updated_at',
      { id: 'bad-1', updated_at: '2026-03-01' },
      /^updated_at must be an ISO 8601 time/,
    ],
    ['has a list as attributes', { id: 'bad-1', attributes: ['a'] }, /^attributes\b/],
    ['has an unknown field', { id: 'bad-1', e_mail: 'anna@mail.example' }, /e_mail/],
    ['is a text', 'bad-1', /object/],
    ['is null', null, /object/],
  ])('one that %s', async (_, bad, message) => {
    const [first, last] = [newId(), newId()]
    const result = await push({ id: first }, bad, { id: last })
    expect(result).toEqual({
      created: 2,
      updated: 0,
      unchanged: 0,
      rejected: [{ row: 2, code: expect.stringMatching(/^[a-z_]+$/), message: expect.stringMatching(message) }],
    })
    expect(await known(last)).toMatchObject({ id: last })
    expect((await server.api('/api/v1/contacts/bad-1')).status).toBe(404)
  })
})

describe('a request refused as a whole', () => {
  const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

  test.each([
    ['a contact that is not in a list', '{"id":"whole-1"}', /must be an array/],
    ['a text', '"whole-1"', /must be an array/],
    ['a body that is not JSON', '[{"id":"whole-1"}', /./],
  ])('%s is 400', async (_, body, detail) => {
    const response = await raw(body, bearer(contactsKey.key))
    expect(response.status).toBe(400)
    expect((await problemOf(response)).detail).toMatch(detail)
    expect((await server.api('/api/v1/contacts/whole-1')).status).toBe(404)
  })

  test.each<[string, number, string, () => Record<string, string>]>([
    ['without a key', 401, 'not_signed_in', () => ({})],
    ['with an unknown key', 401, 'unknown_key', () => bearer('ck_none')],
    ['with a key of other scopes', 403, 'missing_scope', () => bearer(eventsKey.key)],
  ])('a push %s is %i %s', async (_, status, code, headers) => {
    const response = await raw('[{"id":"whole-2"}]', headers())
    expect(response.status).toBe(status)
    expect((await problemOf(response)).code).toBe(code)
    expect((await server.api('/api/v1/contacts/whole-2')).status).toBe(404)
  })
})

test('every push leaves an audit row with actor, time and counts, but no address', async () => {
  const before = Date.now()
  const response = await raw('[{"id":"audited","email":"anna@audited.example"},{"id":""}]', {
    authorization: `Bearer ${contactsKey.key}`,
  })
  expect(response.status).toBe(200)
  const rows = await server.query<{ at: number; actor: string; action: string; detail: string }>(
    'select at, actor, action, detail from audit where actor = ? order by at desc limit 1',
    `key:${contactsKey.id}`,
  )
  expect(rows).toEqual([
    { at: expect.any(Number), actor: `key:${contactsKey.id}`, action: 'contacts.write', detail: expect.any(String) },
  ])
  expect(rows[0]!.at).toBeGreaterThanOrEqual(before)
  expect(JSON.parse(rows[0]!.detail)).toEqual({ created: 1, updated: 0, unchanged: 0, rejected: 1 })
  expect(await server.query("select * from audit where detail like '%audited.example%'")).toEqual([])
})

test('a NUL character, which not every engine can store, is stored as U+FFFD', async () => {
  const id = newId()
  expect(await push({ id: `${id}\0`, phone: '1\0', attributes: { 'a\0': ['b\0'] } })).toEqual(counts(1, 0, 0))
  expect(await known(`${id}\uFFFD`)).toMatchObject({ attributes: { 'a\uFFFD': ['b\uFFFD'] } })
  expect((await server.api('/api/v1/contacts/%00')).status).toBe(404)
})

test('a contact that was never pushed is 404', async () => {
  const response = await server.api('/api/v1/contacts/nobody')
  expect(response.status).toBe(404)
  expect((await problemOf(response)).code).toBe('unknown_contact')
})
