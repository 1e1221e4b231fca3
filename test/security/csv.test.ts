/**
 * Files for spreadsheets: what strangers and customers wrote runs as a formula in no program and no locale, in any CSV that the
 * server or a command writes, and an import gives back exactly the text that was exported.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rejectedCsv } from '../../dashboard/pages/import/rejected-csv.ts'
import { guardCell, unguardCell } from '../../server/domain/csv-cell.ts'
import { newVisitor } from '../support/requests.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

const MINUTE = 60_000

/** Texts as an attacker writes them, and texts that only look so. */
const NAMES = [
  '=HYPERLINK("https://evil.example";"Click")',
  '+33 6 12 34 56 78',
  '-12',
  '@handle',
  '＝1+1',
  "'=1+1",
  "''@x",
  'Anna;=cmd|calc!A1',
  'Anna; "=1+1"',
  'Anna\t=1+1',
  'Anna\n=1+1',
  'Anna\r\n@x',
  'Müller, "Ännchen"; Co',
  "d'Arc",
]

/** Every cell that a program could see in a file: by any separator, with quotes honoured or not. */
function cellsIn(text: string): string[] {
  const cells: string[] = []
  for (const delimiter of [',', ';', '\t']) {
    const options = { delimiter, relax_quotes: true, relax_column_count: true, record_delimiter: ['\r\n', '\n', '\r'] }
    for (const row of parse(text, options) as string[][]) cells.push(...row)
  }
  // Excel joins pieces with a quote in the middle as they are.
  return [...cells, ...text.split(/[;\t\r\n]/)]
}

const RUN = /^[\s"']*[=+\-@＝＋－＠]/
const isText = (cell: string) => /^[\s"]*'/.test(cell) || !RUN.test(cell)

let server: TestServer
const folder = mkdtempSync(join(tmpdir(), 'couture-keys-'))
beforeAll(async () => {
  server = await startServer()
  const contacts = NAMES.map((name, i) => ({
    id: `${'=+-@'.charAt(i % 4)}${i}`,
    mail_consent: true,
    attributes: { name },
  }))
  await server.post('/api/v1/contacts', contacts)
  const ids = contacts.map(({ id }) => id)
  const { data } = await server.post('/api/v1/link-tokens', { site: 'demo', contacts: ids, message: 'letter' })
  await Promise.all(
    NAMES.map((name, i) =>
      sendAll(server, newVisitor(), [
        event('add_to_cart', 5 * MINUTE, {
          currency: 'EUR',
          items: [{ item_id: `;${name}`, item_name: name, price: 5 }],
        }),
        event('identify', 4 * MINUTE, { kind: 'link', link: data[i].token }),
      ]),
    ),
  )
  await settled(server)
})
afterAll(async () => {
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const csvOf = async (path: string, init?: RequestInit) => {
  const response = await server.api(path, init)
  expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8')
  return response.text()
}

describe('no cell can be run, whatever separates cells for the program', () => {
  test('in members and matches', async () => {
    for (const path of ['/api/v1/segments/cart_abandoned/members', '/api/v1/matches']) {
      const text = await csvOf(`${path}?format=csv`)
      expect(text).toContain('evil.example')
      expect(cellsIn(text).filter((cell) => !isText(cell))).toEqual([])
    }
  })

  test('in the links of a mailing', async () => {
    const body = JSON.stringify({ site: 'demo', segment: 'cart_abandoned', message: 'letter' })
    const headers = { 'content-type': 'application/json' }
    const text = await csvOf('/api/v1/link-tokens?format=csv', { method: 'POST', body, headers })
    expect(text.split('\n').length).toBeGreaterThan(NAMES.length)
    expect(cellsIn(text).filter((cell) => !isText(cell))).toEqual([])
  })

  test('in lists of rejected rows, by the command and the dashboard', async () => {
    const file = join(folder, 'customers.csv')
    const list = join(folder, 'rejected.csv')
    // The messages repeat the heading of the column.
    writeFileSync(file, '"=1+1;=2+2",email\ncrm-9,jp@example.com\n,other@example.com\n')
    await server.cli('import', 'contacts', file, '--map', '#1:id', '--rejected', list)
    const text = readFileSync(list, 'utf8')
    expect(text).toContain('1+1')
    expect(cellsIn(text).filter((cell) => !isText(cell))).toEqual([])
    const rejected = NAMES.map((message, row) => ({ row, code: 'bad_email', message }))
    expect(cellsIn(rejectedCsv(rejected, ['row', 'code', 'reason'])).filter((cell) => !isText(cell))).toEqual([])
  })
})

test('an import gives back the texts of an export', async () => {
  const text = await csvOf('/api/v1/segments/cart_abandoned/members?format=csv')
  const rows = parse(text, { columns: true }) as Record<string, string>[]
  const others = Object.keys(rows[0]!).filter((name) => !['contact_id', 'name'].includes(name))
  const map = { contact_id: 'id', name: 'copied', ...Object.fromEntries(others.map((name) => [name, '-'])) }
  const response = await server.api(`/api/v1/contacts?map=${encodeURIComponent(JSON.stringify(map))}`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: text,
  })
  expect(await response.json()).toMatchObject({ created: 0, updated: NAMES.length, rejected: [] })
  for (const [i, name] of NAMES.entries()) {
    const { attributes } = await server.get(`/api/v1/contacts/${encodeURIComponent(`${'=+-@'.charAt(i % 4)}${i}`)}`)
    expect(attributes).toEqual({ name, copied: name })
  }
})

test('every text comes back exactly, and none can be run', () => {
  const part = fc.constantFrom(...'=+-@＝−;,\t\r\n \'"a1\u00a0\u200b')
  fc.assert(
    fc.property(fc.string({ unit: part, maxLength: 30 }), (text) => {
      const cell = guardCell(text)
      expect(unguardCell(cell)).toBe(text)
      for (const piece of cell.split(/[;\t\r\n]/)) expect(piece).not.toMatch(/^[\s"\u200b]*[=+\-@＝−]/)
      expect(cell).not.toMatch(/^[\t\r\n]/)
    }),
    { numRuns: 2000 },
  )
})
