/**
 * Contact files imported through the API and the command: both give the same result, what must not
 * be stored is nowhere on disk, and a long file takes no more memory than a short one.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Ran } from '../support/ask.ts'
import { amount } from '../support/long.ts'
import { filesHolding, problemOf } from '../support/requests.ts'
import { couture as runCommand, startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let folder: string

beforeAll(async () => {
  server = await startServer()
  folder = mkdtempSync(join(tmpdir(), 'couture-files-'))
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await server.stop()
})

type Column = { column: string; field: string | null; type: string; note?: string }
type Result = {
  created: number
  updated: number
  unchanged: number
  rejected: { row: number; code: string; message: string }[]
  rejected_total: number
  columns: Column[]
  dialect: Record<string, string | null>
}

function upload(
  body: string | Uint8Array<ArrayBuffer> | ReadableStream,
  query = '',
  type = 'text/csv',
): Promise<Response> {
  const init = { method: 'POST', headers: { 'content-type': type }, body, duplex: 'half' }
  return server.api(`/api/v1/contacts${query}`, init as RequestInit)
}

async function imported(...args: Parameters<typeof upload>): Promise<Result> {
  const response = await upload(...args)
  if (response.status !== 200) throw new Error(await response.text())
  return response.json() as Promise<Result>
}

/** Runs `couture import …` on a data folder. */
const couture = (dataDir: string, ...args: string[]): Promise<Ran> =>
  runCommand(['import', ...args], { ...process.env, DATA_DIR: dataDir })

function fileOf(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const known = (id: string) => server.get(`/api/v1/contacts/${encodeURIComponent(id)}`)

const SHOP = [
  'Kunden-Nr;E-Mail *;Passwort;Vorname;PLZ;Newsletter;Abgemeldet;Geburtstag',
  '007;Jörg@Shop.example;geheim-4711-marker;Jörg;01067;1;nein;31.12.1990',
  '8;zoe@shop.example;geheim-4712-marker;Zoé;75001;ja;ja;01.02.1991',
  '9;nobody;geheim-4713-marker;Max;10115;;;',
  ';lost@shop.example;geheim-4714-marker;Eva;10115;0;;',
  '10;eva@shop.example;geheim-4715-marker;"Eva\nMaria";10115;;nein;',
  '10;eva@shop.example;geheim-4715-marker;Eva;10115;;nein;',
  '{{id}};x@shop.example;geheim-4716-marker;X;1;;;',
].join('\r\n')

describe('a CSV file', () => {
  test('is imported with its mapping, and its bad rows are reported by line', async () => {
    const result = await imported(Buffer.from(SHOP, 'latin1'))
    expect(result).toMatchObject({ created: 3, updated: 1, unchanged: 0, rejected_total: 3 })
    expect(result.dialect).toEqual({ format: 'csv', encoding: 'windows-1252', delimiter: 'semicolon', newline: 'crlf' })
    expect(result.rejected).toEqual([
      { row: 4, code: 'invalid_contact', message: 'email must be a mail address' },
      { row: 5, code: 'no_id', message: 'Kunden-Nr must not be empty' },
      { row: 9, code: 'invalid_contact', message: expect.stringMatching(/^id must be the id of one contact/) },
    ])
    expect(result.columns.map(({ column, field, type }) => [column, field, type])).toEqual([
      ['Kunden-Nr', 'id', 'text'],
      ['E-Mail', 'email', 'text'],
      ['Passwort', null, 'text'],
      ['Vorname', 'attributes.first_name', 'text'],
      ['PLZ', 'attributes.PLZ', 'text'],
      ['Newsletter', 'mail_consent', 'text'],
      ['Abgemeldet', 'mail_consent', 'boolean'],
      ['Geburtstag', 'attributes.Geburtstag', 'date'],
    ])
    expect(result.columns[2]!.note).toMatch(/^dropped: /)
    expect(await known('007')).toMatchObject({
      email: 'Jörg@Shop.example',
      mail_consent: true,
      attributes: { first_name: 'Jörg', PLZ: '01067', Geburtstag: '1990-12-31' },
    })
    expect(await known('8')).toMatchObject({ mail_consent: false })
    expect(await known('10')).toMatchObject({ mail_consent: null, attributes: { first_name: 'Eva' } })
    expect(await filesHolding(server, '-marker')).toEqual([])
    expect(await filesHolding(server, 'zoe@shop.example')).not.toEqual([])
  })

  test('has the same outcome through the command, which also prints it for people', async () => {
    const path = fileOf('shop.csv', Buffer.from(SHOP, 'latin1'))
    const dataDir = join(folder, 'alone')
    mkdirSync(dataDir)
    await (await startServer({ dataDir })).stop({ wipe: false })
    const dry = await couture(dataDir, 'contacts', path, '--json', '--dry-run')
    expect(JSON.parse(dry.stdout)).toMatchObject({ created: 3, updated: 1, rejected_total: 3, dry_run: true })
    expect(await filesHolding({ ...server, dataDir }, 'zoe@shop.example')).toEqual([])
    const ran = await couture(dataDir, 'contacts', path)
    expect(ran.code).toBe(0)
    expect(ran.stderr).toBe('')
    expect(ran.stdout).toMatch(/Read as csv, windows-1252, semicolon, crlf/)
    expect(ran.stdout).toMatch(/Passwort +- {2}dropped/)
    expect(ran.stdout).toMatch(/contacts: 3 created, 1 updated, 0 unchanged, 3 rejected\./)
    expect(ran.stdout).toMatch(/row 4: email must be a mail address/)
    await imported(Buffer.from(SHOP, 'latin1'))
    // All rows are known by now, except for a contact whose two rows differ.
    const [http, cli] = [
      await imported(Buffer.from(SHOP, 'latin1')),
      await couture(dataDir, 'contacts', path, '--json'),
    ]
    // Each import has its own id in the history, and a dry run has none.
    const { id, ...same } = http as Result & { id: string }
    expect(id).toEqual(expect.any(String))
    expect(JSON.parse(cli.stdout)).toEqual({ ...same, id: expect.any(String), dry_run: false })
    expect(http).toMatchObject({ created: 0, updated: 2, unchanged: 2 })
    const dryAgain = await couture(server.dataDir, 'contacts', path, '--json', '--dry-run')
    expect(JSON.parse(dryAgain.stdout)).toEqual({ ...same, dry_run: true })
  })

  test('whose permissions cannot be read is asked by the command, with the way to answer', async () => {
    const path = fileOf('asked.csv', 'email,Newsletter\nasked@mail.example,Weekly\n')
    const ran = await couture(server.dataDir, 'contacts', path, '--dry-run')
    expect(ran.stdout).toMatch(/"Newsletter" has values that are neither a yes nor a no \("Weekly"\)\. 1 row leaves/)
    expect(ran.stdout).toMatch(/--map 'Newsletter:mail_consent=VALUE\|VALUE'/)
    const map = 'Newsletter:mail_consent=weekly'
    const mapped = await couture(server.dataDir, 'contacts', path, '--dry-run', '--json', '--map', map)
    expect(JSON.parse(mapped.stdout)).toMatchObject({ created: 1, questions: [] })
  })

  test('is mapped as the sender specifies', async () => {
    const text = 'A,B,C\nmapped-1,x,1\n'
    const map = encodeURIComponent('{"A":"id","B":"attributes.tier","C":"-"}')
    const result = await imported(text, `?map=${map}`)
    expect(result.columns).toMatchObject([{ field: 'id' }, { field: 'attributes.tier' }, { field: null }])
    expect((await known('mapped-1')).attributes).toEqual({ tier: 'x' })
    expect((await imported(text, '?map=A:id,B:tier,C:-')).unchanged).toBe(1)
  })

  test('without ids matches contacts by address, and uses the address as the id of new ones', async () => {
    await server.post('/api/v1/contacts', [
      { id: 'crm-1', email: 'Known@Mail.example' },
      { id: 'crm-2', email: 'twice@mail.example' },
      { id: 'crm-3', email: 'twice@mail.example' },
    ])
    const result = await imported(
      'email,tier\nknown@mail.example,gold\ntwice@mail.example,gold\nNew@Mail.example,gold\n',
    )
    expect(result).toMatchObject({ created: 1, updated: 1, unchanged: 0 })
    expect(result.rejected).toEqual([{ row: 3, code: 'ambiguous_identifier', message: expect.any(String) }])
    expect(await known('crm-1')).toMatchObject({ attributes: { tier: 'gold' } })
    expect(await known('new@mail.example')).toMatchObject({ email: 'New@Mail.example', attributes: { tier: 'gold' } })
  })

  test('with more bad rows than the list holds reports their count', async () => {
    const rows = Array.from({ length: 1500 }, (_, i) => `bad-${i},nothing`)
    const text = `id,email\ngood-1,good@mail.example\n${rows.join('\n')}\n`
    const result = await imported(text)
    expect(result).toMatchObject({ created: 1, rejected_total: 1500 })
    expect(result.rejected).toHaveLength(1000)
    expect(result.rejected[999]).toMatchObject({ row: 1002 })
    const out = join(folder, 'rejected.csv')
    const ran = await couture(server.dataDir, 'contacts', fileOf('bad.csv', text), '--rejected', out)
    expect(ran.stdout.match(/^ {2}row /gm)).toHaveLength(20)
    expect(ran.stdout).toMatch(/and 1,480 more; all are in /)
    expect(readFileSync(out, 'utf8').trim().split('\n')).toHaveLength(1501)
  })

  test('that a spreadsheet has damaged is reported as such', async () => {
    const { rejected } = await imported('id,x\n1.23457E+11,a\n')
    expect(rejected).toMatchObject([{ row: 2, message: expect.stringMatching(/rounded/) }])
  })

  test('leaves an audit row with counts and no address', async () => {
    await imported('id,email\naudited-csv,anna@audited-csv.example\n,b@audited-csv.example\n')
    const [row] = await server.query<{ action: string; detail: string }>('select * from audit order by at desc limit 1')
    expect(row).toMatchObject({ action: 'contacts.write' })
    const counts = { created: 1, updated: 0, unchanged: 0, rejected: 1 }
    expect(JSON.parse(row!.detail)).toEqual({ import: expect.any(String), ...counts })
    expect(await server.query("select * from audit where detail like '%audited-csv.example%'")).toEqual([])
  })
})

test('NDJSON is read line by line', async () => {
  const text =
    '{"id":"nd-1","email":"nd@mail.example","attributes":{"a":[1]}}\n\nnothing\n{"id":"nd-2","e_mail":1}\n{"id":"nd-3"}'
  const result = await imported(text, '', 'application/x-ndjson; charset=utf-8')
  expect(result).toMatchObject({ created: 2, rejected_total: 2, columns: [], dialect: { format: 'ndjson' } })
  expect(result.rejected).toMatchObject([
    { row: 3, code: 'not_json' },
    { row: 4, code: 'invalid_contact' },
  ])
  const ran = await couture(server.dataDir, 'contacts', fileOf('x.ndjson', text), '--json')
  expect(JSON.parse(ran.stdout)).toMatchObject({ unchanged: 2, rejected: result.rejected })
  const array = fileOf('x.json', '[{"id":"nd-1"},{"id":""},{"id":"nd-4"}]')
  expect(JSON.parse((await couture(server.dataDir, 'contacts', array, '--json')).stdout)).toMatchObject({
    created: 1,
    unchanged: 1,
    rejected: [{ row: 2, code: 'invalid_contact' }],
  })
})

describe('a file refused as a whole', () => {
  test.each([
    ['a file without an id column', 'city,country\nLyon,FR\n', '', 400, 'no_id_column', /"city", "country"/],
    ['a map with unknown columns', 'id\n1\n', '?map=Id:id', 400, 'bad_map', /"Id".*"id"/],
    ['nothing', ' ', '', 400, 'empty_file', /empty/],
    ['a damaged workbook', 'PK\x03\x04', '', 400, 'not_a_workbook', /save it again as .xlsx/],
  ])('%s', async (_, body, query, status, code, detail) => {
    const response = await upload(body, query)
    expect(response.status).toBe(status)
    const problem = await problemOf(response)
    expect(problem.code).toBe(code)
    expect(problem.detail).toMatch(detail)
  })

  test('another content type, a key without the scope, and a missing file are refused', async () => {
    const other = await upload('id\n1\n', '', 'text/plain')
    expect([other.status, (await problemOf(other)).code]).toEqual([415, 'unsupported_media_type'])
    const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'events:write')
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'text/csv' }
    const refused = await fetch(`${server.url}/api/v1/contacts`, { method: 'POST', headers, body: 'id\nno-scope\n' })
    expect([refused.status, (await problemOf(refused)).code]).toEqual([403, 'missing_scope'])
    for (const [file, sentence] of [
      [join(folder, 'nothing.csv'), /^there is no file/],
      [folder, /is a folder/],
      [fileOf('nobody.csv', 'city\nLyon\n'), /^the file must have a column of contact ids/],
      [fileOf('allbad.csv', 'id,x\n{{id}},1\n'), /^nothing of .* could be imported: all 1 rows were rejected/],
    ] as const) {
      const ran = await couture(server.dataDir, 'contacts', file)
      expect(ran.code).toBe(1)
      expect(ran.stderr.trim().split('\n')).toEqual([expect.stringMatching(sentence)])
    }
  })
})

const ROWS = amount(10_000, 200_000)
const canMeasure = existsSync('/proc/self/status')
;(canMeasure ? test : test.skip)(
  `${ROWS} rows take no more memory than a few${canMeasure ? '' : ' (skipped: no /proc here)'}`,
  async () => {
    const memory = (what: 'VmRSS' | 'VmHWM') => {
      const status = readFileSync(`/proc/${server.process.pid}/status`, 'utf8')
      return Number(new RegExp(`${what}:\\s+(\\d+)`).exec(status)![1]) / 1024
    }
    const encoder = new TextEncoder()
    const rowsFrom = (prefix: string, rows: number) => {
      let at = 0
      return new ReadableStream({
        pull(controller) {
          if (at === 0) controller.enqueue(encoder.encode('id,email,first name,city,newsletter,spent\n'))
          if (at === rows) return controller.close()
          const line = (n: number) => `${prefix}${n},${prefix}${n}@rows.example,Anna,Lyon,${n % 2},${n % 1000}.50\n`
          controller.enqueue(encoder.encode(Array.from({ length: 1000 }, (_, i) => line(at + i)).join('')))
          at += 1000
        },
      })
    }
    const started = memory('VmRSS')
    // The first few thousand rows fill the store's caches, as a long file does.
    expect(await imported(rowsFrom('few-', 20_000))).toMatchObject({ created: 20_000 })
    const before = memory('VmHWM')
    expect(await imported(rowsFrom('r', ROWS))).toMatchObject({ created: ROWS, rejected_total: 0 })
    const growth = memory('VmHWM') - before
    const figures = [started, before - started, growth].map(Math.round)
    console.log(`MB at first, more for 20,000 rows, more for ${ROWS}: ${figures.join(', ')}`)
    expect(growth).toBeLessThan(300)
    expect(await server.query("select count(*) n from contacts where contact_id like 'r%'")).toEqual([{ n: ROWS }])
    expect(await known(`r${ROWS - 1}`)).toMatchObject({ mail_consent: true, attributes: { spent: 999.5 } })
  },
  300_000,
)
