/**
 * A dry run of an import by HTTP: it reports the same as the import that follows, shows the first rows as they are
 * understood, changes nothing, leaves no audit row and no file, and does not hold up others.
 */
import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let key: string

beforeAll(async () => {
  server = await startServer()
  key = (await server.cli<{ key: string }>('keys', 'create', '--scopes', 'contacts:write,orders:write')).key
  await send('contacts', '', 'application/json', JSON.stringify([{ id: 'known', email: 'known@mail.example' }]))
})
afterAll(() => server?.stop())

type Report = {
  created: number
  updated: number
  unchanged: number
  rejected: unknown[]
  dry_run?: boolean
  preview?: { row: number; item?: Record<string, unknown>; code?: string }[]
}

async function send(kind: string, query: string, type: string, body: string): Promise<Report> {
  const answer = await fetch(`${server.url}/api/v1/${kind}${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': type },
    body,
  })
  const report = (await answer.json()) as Report
  expect(answer.status, JSON.stringify(report)).toBe(200)
  return report
}

const CONTACTS = [
  'id;E-Mail;Stadt',
  'known;known@mail.example;Kassel',
  'new-1;new1@mail.example;',
  'new-2;no address;Ulm',
].join('\n')
const ORDERS = [
  'order_id,contact_id,date,total,currency',
  't-1,known,2026-03-01T10:00:00Z,45.50,EUR',
  't-2,known,2026-03-02T10:00:00Z,free,EUR',
].join('\n')

const CASES: [string, string, string, string, Record<string, unknown>][] = [
  [
    'contacts in CSV',
    ...(['contacts', 'text/csv', CONTACTS] as const),
    { id: 'known', email: 'known@mail.example', attributes: { Stadt: 'Kassel' } },
  ],
  [
    'contacts in NDJSON',
    ...(['contacts', 'application/x-ndjson', '{"id":"nd-1","mail_consent":true}\n{"id":""}\n'] as const),
    { id: 'nd-1', mail_consent: true },
  ],
  [
    'contacts in JSON',
    ...(['contacts', 'application/json', '[{"id":"j-1","attributes":{"city":"Ulm"}},{"id":1,"x":2}]'] as const),
    { id: 'j-1', attributes: { city: 'Ulm' } },
  ],
  ['orders in CSV', 'orders', 'text/csv', ORDERS, { order_id: 't-1', contact_id: 'known' }],
]

describe.each(CASES)('%s', (_, kind, type, body, first) => {
  test('a dry run reports what the import then does, and shows its rows', async () => {
    const tables = ['contacts', 'contact_keys', 'orders', 'audit']
    const state = () => Promise.all(tables.map((table) => server.query(`select * from ${table}`)))
    const before = await state()
    const { preview, dry_run, ...report } = await send(kind, '?dry_run=true', type, body)
    expect(dry_run).toBe(true)
    expect(preview?.[0]).toMatchObject({ item: first })
    expect(preview).toHaveLength(body === CONTACTS ? 3 : 2)
    expect(await state()).toEqual(before)
    expect(readdirSync(server.dataDir).filter((name) => name.startsWith('dry-run-'))).toEqual([])

    const { created, updated, unchanged, rejected } = await send(kind, '', type, body)
    expect(report).toMatchObject({ created, updated, unchanged })
    expect(report.rejected).toEqual(rejected)
    expect(created).toBeGreaterThan(0)
    expect(rejected.length).toBeGreaterThan(0)
  })
})

test('only true and false are answers to whether it is a dry run', async () => {
  const answer = await fetch(`${server.url}/api/v1/contacts?dry_run=yes`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'text/csv' },
    body: CONTACTS,
  })
  expect(answer.status).toBe(400)
  expect(await answer.text()).toContain('dry_run must be true or false')
})

test('a dry run that fails leaves no file, and the server answers others while one runs', async () => {
  const rows = Array.from({ length: 20_000 }, (_, i) => `big-${i},big${i}@mail.example`)
  const running = send('contacts', '?dry_run=true', 'text/csv', `id,email\n${rows.join('\n')}\n`)
  let asked = 0
  let ended = false
  void running.finally(() => {
    ended = true
  })
  while (!ended) {
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
    asked++
  }
  expect(await running).toMatchObject({ created: 20_000 })
  expect(asked).toBeGreaterThan(3)
  const bad = await fetch(`${server.url}/api/v1/contacts?dry_run=true`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'text/csv' },
    body: 'id,email,id\n"never closed\n',
  })
  expect([200, 400]).toContain(bad.status)
  expect(readdirSync(server.dataDir).filter((name) => name.startsWith('dry-run-'))).toEqual([])
  expect(await server.query("select 1 from contacts where contact_id like 'big-%'")).toEqual([])
})
