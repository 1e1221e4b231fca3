/** Members and matches as files: CSV that a spreadsheet reads as text, or NDJSON for programs, complete or by page. */
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

const MINUTE = 60_000
const MEMBERS = '/api/v1/segments/cart_abandoned/members'
const ANONYMOUS = 1005
let server: TestServer

beforeAll(async () => {
  server = await startServer()
  const attributes = { first_name: '=HYPERLINK("https://evil.example")', last_name: 'Müller, "Ännchen"\nII' }
  await server.post('/api/v1/contacts', [{ id: '+41', email: 'jp@example.com', mail_consent: true, attributes }])
  const cart = { currency: 'EUR', items: [{ item_id: 'ring', item_name: '-ring-', price: 890, quantity: 2 }] }
  const { data } = await server.post('/api/v1/link-tokens', { site: 'demo', contacts: ['+41'], message: 'letter' })
  await sendAll(server, 'known-aaaaaaaaaaaaaaaaaa', [
    event('add_to_cart', 5 * MINUTE, cart),
    event('identify', 4 * MINUTE, { kind: 'link', link: data[0].token }),
  ])
  for (let i = 0; i < ANONYMOUS; i += 15) {
    await Promise.all(
      Array.from({ length: 15 }, (_, n) =>
        sendAll(server, `visitor-${String(i + n).padStart(14, '0')}`, [event('add_to_cart', 10 * MINUTE, cart)]),
      ),
    )
  }
  await settled(server)
})
afterAll(() => server?.stop())

const file = async (path: string) => {
  const response = await server.api(path)
  expect(response.status).toBe(200)
  return { text: Buffer.from(await response.arrayBuffer()).toString('utf8'), headers: response.headers }
}
const rowsOf = (text: string) => parse(text, { columns: true }) as Record<string, string>[]

test('a CSV contains every member, more than one page of them, with a single header', async () => {
  const { text, headers } = await file(`${MEMBERS}?format=csv`)
  expect(headers.get('content-type')).toBe('text/csv; charset=utf-8')
  expect(headers.get('content-disposition')).toBe('attachment; filename="cart_abandoned-members.csv"')
  const rows = rowsOf(text)
  expect(rows).toHaveLength(ANONYMOUS + 1)
  expect(new Set(rows.map((row) => row.person_id)).size).toBe(ANONYMOUS + 1)
  const known = rows.find((row) => row.person_kind === 'contact')
  expect(known).toMatchObject({
    email: 'jp@example.com',
    evidence: 'email_click',
    cart_value: '1780',
    cart_currency: 'EUR',
  })
})

test('cells that a spreadsheet would run as a formula are escaped', async () => {
  const { text } = await file(`${MEMBERS}?format=csv`)
  const known = rowsOf(text).find((row) => row.person_kind === 'contact')!
  expect(known.name).toBe('\'=HYPERLINK("https://evil.example") Müller, "Ännchen"\nII')
  expect(known.contact_id).toBe("'+41")
  for (const row of rowsOf(text)) {
    for (const cell of Object.values(row)) expect(cell).not.toMatch(/^[=+\-@\t\r]/)
  }
})

test('a byte order mark is present only on request', async () => {
  expect((await file(`${MEMBERS}?format=csv&limit=1`)).text.startsWith('\uFEFF')).toBe(false)
  expect((await file(`${MEMBERS}?format=csv&limit=1&bom=true`)).text.startsWith('\uFEFF')).toBe(true)
})

test('NDJSON contains the same members as JSON, one per line', async () => {
  const { text } = await file(`${MEMBERS}?format=ndjson`)
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  const first = await server.get(MEMBERS)
  expect(first.data).toHaveLength(1000)
  const second = await server.get(`${MEMBERS}?after=${first.next}`)
  expect(lines).toEqual([...first.data, ...second.data])
})

test('a file with a limit contains that many rows', async () => {
  expect(rowsOf((await file(`${MEMBERS}?format=csv&limit=7`)).text)).toHaveLength(7)
})

test('matches can be downloaded too, without what a contact may not be mailed about', async () => {
  const rows = rowsOf((await file('/api/v1/matches?format=csv')).text)
  expect(rows).toMatchObject([
    {
      change: 'matched',
      contact_id: "'+41",
      mailable: 'true',
      cart_item_ids: 'ring',
      segments: 'cart_abandoned newsletter_readers prospects',
    },
  ])
  await server.post('/api/v1/contacts', [{ id: '+41', mail_consent: false }])
  await settled(server)
  const masked = rowsOf((await file('/api/v1/matches?format=csv')).text).at(-1)
  expect(masked).toMatchObject({
    mailable: 'false',
    why_not_mailable: 'no_mail_consent',
    cart_item_ids: '',
    segments: '',
  })
})

test('a file is laid out for the program that opens it', async () => {
  const lines = async (query: string) => (await file(`/api/v1/matches?format=csv&limit=1${query}`)).text.split('\n')
  for (const [query, begin, sign, end] of [
    ['', 'seq,', ',', ''],
    ['&separator=comma', 'seq,', ',', ''],
    ['&separator=semicolon', 'seq;', ';', ''],
    ['&separator=tab', 'seq\t', '\t', ''],
    ['&separator=semicolon&bom=true', '\uFEFFseq;', ';', ''],
    ['&profile=excel-fr', '\uFEFFseq;', ';', '\r'],
    ['&profile=excel-fr&bom=false', 'seq;', ';', '\r'],
    ['&profile=excel-fr&separator=tab', '\uFEFFseq\t', '\t', '\r'],
  ] as const) {
    const [head = '', row = ''] = await lines(query)
    expect({ query, begins: head.startsWith(begin), ends: head.endsWith(`cart_grade${end}`) }).toEqual({
      query,
      begins: true,
      ends: true,
    })
    expect(row.split(sign).length).toBeGreaterThan(10)
    expect(row).toContain(`${sign}false${sign}`)
  }
  for (const query of ['separator=pipe', 'profile=excel-xx']) {
    expect((await server.api(`/api/v1/matches?format=csv&${query}`)).status).toBe(400)
  }
})

test('an unknown format is refused with the allowed ones', async () => {
  const response = await server.api(`${MEMBERS}?format=xlsx`)
  expect(response.status).toBe(400)
  expect((await response.json()).detail).toBe('format must be json, ndjson or csv')
})
