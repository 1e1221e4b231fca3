/**
 * Excel workbooks: which cells become what, which sheet is read, by the API and the command alike, and that a file made to
 * take the server's memory or time is refused with a reason while the server goes on answering.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startServer, type TestServer } from '../support/server.ts'
import { archiveOf, type Cell, workbookOf } from '../support/workbook.ts'

const WORKBOOK = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

let server: TestServer
let folder: string
let key: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'couture-workbook-'))
  server = await startServer()
  key = (await server.cli<{ key: string }>('keys', 'create', '--scopes', 'contacts:write,orders:write,people:read')).key
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await server?.stop()
})

type Report = {
  created: number
  rejected: { row: number; code: string }[]
  dialect: unknown
  code?: string
  detail?: string
}

async function send(bytes: Uint8Array, query = '', kind = 'contacts', type = WORKBOOK): Promise<Report> {
  const answer = await fetch(`${server.url}/api/v1/${kind}${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': type },
    body: new Uint8Array(bytes),
  })
  return (await answer.json()) as Report
}

async function attributes(id: string): Promise<Record<string, unknown>> {
  const answer = await fetch(`${server.url}/api/v1/contacts/${encodeURIComponent(id)}`, {
    headers: { authorization: `Bearer ${key}` },
  })
  return ((await answer.json()) as { attributes: Record<string, unknown> }).attributes
}

const HEADINGS = ['id', 'E-mail', 'Prénom', 'Points', 'Né le', 'Dernière visite', 'Actif']
const row = (id: Cell, name: string): Cell[] => [
  ...[id, `${name.toLowerCase()}@mail.example`, name],
  ...[{ written: '44.990000000000002' }, { serial: 31_123 }, { serial: 46_000.5 }, true],
]

describe('cells', () => {
  test('numbers, dates, times and booleans are what Excel shows', async () => {
    const bytes = await workbookOf({ Clients: [HEADINGS, row(4711, 'Zoé'), row(4712, 'Anna')] })
    const report = await send(bytes)
    expect(report).toMatchObject({
      ...{ created: 2, rejected: [] },
      dialect: { format: 'xlsx', encoding: null, delimiter: null, newline: null },
    })
    expect(Object.values(await attributes('4711'))).toEqual(
      expect.arrayContaining(['Zoé', expect.stringMatching(/^1985-03-17/), expect.stringMatching(/^2025-12-09.12:00/)]),
    )
    expect(JSON.stringify(await attributes('4711'))).toContain('44.99')
    expect(JSON.stringify(await attributes('4711'))).not.toContain('44.990')
  })

  test('ids keep their digits, and quotes, newlines, separators and markup in a text are text', async () => {
    const text = 'a;b,"c"\n<d>&'
    const ids: Cell[] = ['00123', { written: '123456789012345' }, 'x-1']
    const rows = ids.map((id, i): Cell[] => [id, `k${i}@mail.example`, text])
    expect(await send(await workbookOf({ A: [['id', 'email', 'note'], ...rows] }))).toMatchObject({ created: 3 })
    for (const id of ['00123', '123456789012345', 'x-1']) expect(await attributes(id)).toEqual({ note: text })
  })

  test('empty cells, empty rows and errors of formulas are no values, and a bad row is told by its row', async () => {
    const rows: Cell[][] = [
      ['id', 'email', 'city'],
      [],
      ['e-1', 'e1@mail.example', { error: '#N/A' }],
      [null, null, null],
      [null, 'no-address', 'Paris'],
    ]
    const report = await send(await workbookOf({ A: rows }))
    expect(report).toMatchObject({ created: 1, rejected: [{ row: 5 }] })
    expect(await attributes('e-1')).toEqual({})
  })
})

describe('sheets', () => {
  const sheets = {
    Notes: [['Exported on Monday']],
    Clients: [
      ['id', 'email'],
      ['s-1', 's1@mail.example'],
    ],
  }

  test.each([
    ['its name', '?sheet=Clients'],
    ['its number', '?sheet=2'],
  ])('another than the first is read by %s', async (_, query) => {
    expect(await send(await workbookOf(sheets), query)).toMatchObject({ rejected: [] })
    expect(await attributes('s-1')).toEqual({})
  })

  test('one that does not exist is refused with the names of those that do', async () => {
    const report = await send(await workbookOf(sheets), '?sheet=Kunden')
    expect(report).toMatchObject({ code: 'no_sheet' })
    expect(report.detail).toContain('Clients')
  })

  test('the command reads a workbook whatever its name', async () => {
    const file = join(folder, 'clients.csv')
    writeFileSync(
      file,
      await workbookOf({
        ...sheets,
        Clients: [
          ['id', 'email'],
          ['cli-1', 'c1@mail.example'],
        ],
      }),
    )
    const outcome = await server.cli('import', 'contacts', file, '--sheet', 'Clients')
    expect(outcome).toMatchObject({ created: 1, dialect: { format: 'xlsx' } })
  })

  test('orders are read from a workbook too', async () => {
    const rows: Cell[][] = [
      ['order_id', 'email', 'date', 'total', 'currency'],
      ['w-1', 's1@mail.example', { serial: 46_000 }, 45.5, 'EUR'],
    ]
    expect(await send(await workbookOf({ Orders: rows }), '', 'orders')).toMatchObject({ created: 1, rejected: [] })
  })
})

describe('what is no workbook', () => {
  /** A workbook whose directory says another unpacked size than its files have. */
  async function lying(size: number): Promise<Buffer> {
    const bytes = await workbookOf({
      A: [
        ['id', 'email'],
        ['l-1', 'l1@mail.example'],
      ],
    })
    for (let at = 0; at >= 0; ) {
      at = bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2]), at)
      if (at < 0) break
      bytes.writeUInt32LE(size, at + 24)
      at += 46
    }
    return bytes
  }
  const bomb = async () => {
    const bytes = await workbookOf({
      A: [
        ['id', 'email'],
        ['b-1', 'x'.repeat(300 * 1024 * 1024)],
      ],
    })
    expect(bytes.length).toBeLessThan(1024 * 1024)
    return bytes
  }
  const cut = async () => (await workbookOf({ A: [['id'], ['1']] })).subarray(0, -30)
  /** One cell at the far corner of the sheet. */
  const sparse = () =>
    archiveOf({
      'xl/workbook.xml': '<workbook xmlns:r="r"><sheets><sheet name="A" sheetId="1" r:id="rId1"/></sheets></workbook>',
      'xl/_rels/workbook.xml.rels':
        '<Relationships><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
      'xl/worksheets/sheet1.xml':
        '<worksheet><sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>',
    })

  test.each<[string, () => Promise<Buffer>, RegExp]>([
    ['a file cut short', cut, /not_a_workbook/],
    ['an archive of other files', () => archiveOf({ 'a.txt': 'a' }), /not_text/],
    ['an OpenDocument sheet', () => archiveOf({ mimetype: 'm', 'content.xml': '<a/>' }), /not_text/],
    ['300 MB in a file of 300 kB', bomb, /too_large/],
    ['a file that says it has 4 GB', () => lying(0xfffffff0), /too_large/],
    ['a file that says it is empty', () => lying(0), /not_a_workbook|too_large/],
    ['a cell at the far corner of the sheet', sparse, /too_large|not_a_workbook/],
    ['sheets that are no XML', () => archiveOf({ 'xl/workbook.xml': 'no', 'xl/a.xml': '<<<' }), /not_a_workbook/],
  ])('%s is refused, and nothing waits for it', async (_, bytes, code) => {
    const made = await bytes()
    const answer = send(made)
    const asked = performance.now()
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
    expect(performance.now() - asked).toBeLessThan(2000)
    expect((await answer).code).toMatch(code)
  })

  test.each([
    ['an old spreadsheet', Buffer.from('d0cf11e0a1b11ae1', 'hex'), /\.xls/],
    ['a PDF', Buffer.from('%PDF-1.7\n'), /PDF/],
    ['vCards', Buffer.from('BEGIN:VCARD\nVERSION:3.0\nFN:Anna\nEND:VCARD\n'), /vCards/],
    ['an HTML table named .xls', Buffer.from('<html><table><tr><td>id</td></tr></table>'), /page/],
    ['XML', Buffer.from('<?xml version="1.0"?><a/>'), /XML/],
  ])('%s is refused with what to send instead', async (_, bytes, message) => {
    const { detail } = await send(bytes, '', 'contacts', 'text/csv')
    expect(detail).toMatch(message)
    expect(detail).toMatch(/\.xlsx or CSV/)
  })
})
