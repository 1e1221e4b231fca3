/**
 * Attributes of contacts have one name and one type for the whole installation, whichever file or push brings them: they are
 * listed with examples and counts, and their type can be changed by the API and the command.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { problemOf } from '../support/requests.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let key: string

beforeAll(async () => {
  server = await startServer()
  key = (await server.cli<{ key: string }>('keys', 'create', '--scopes', 'contacts:write,contacts:read')).key
})
afterAll(() => server.stop())

type Listed = {
  name: string
  type: string
  set_by: string
  count: number
  unfit: number
  examples: string[]
  last_file: string | null
}

function call(method: string, path: string, body?: string, type = 'application/json'): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': type }) }
  return fetch(`${server.url}/api/v1${path}`, { method, headers, ...(body === undefined ? {} : { body }) })
}
async function imported(lines: string[], query = '') {
  const response = await call('POST', `/contacts${query}`, lines.join('\n'), 'text/csv')
  if (response.status !== 200) throw new Error(await response.text())
  return (await response.json()) as {
    created: number
    columns: { column: string; field: string; type: string; note?: string }[]
  }
}
const push = (...rows: unknown[]) => call('POST', '/contacts', JSON.stringify(rows))
const attributesOf = async (id: string) =>
  (await server.get(`/api/v1/contacts/${id}`)).attributes as Record<string, unknown>
const listed = async () => ((await (await call('GET', '/attributes')).json()) as { data: Listed[] }).data
const one = async (name: string) => (await listed()).find((each) => each.name === name)
const retype = (name: string, type: string) =>
  call('PUT', `/attributes/${encodeURIComponent(name)}`, JSON.stringify({ type }))

test('a file gives its attributes types by the evidence of whole columns', async () => {
  const { columns } = await imported(
    [
      'Client ID;E-mail;Ville;Total achats;Remise;VIP;Date de naissance;Centres d’intérêt',
      'a-1;a-1@x.example;Lyon;1 890,50 €;12,5 %;Oui;31/12/84;or|argent',
      'a-2;a-2@x.example;Lyon;12,00 €;7 %;non;01/02/90;or',
      'a-3;a-3@x.example;Lyon;1 000,00 €;0 %;Non;05/03/91;or|argent',
    ],
    '?file=jeweller.csv',
  )
  expect(columns.map(({ type }) => type)).toEqual([
    ...['text', 'text', 'text', 'decimal', 'decimal', 'boolean', 'date', 'list'],
  ])
  expect(await attributesOf('a-1')).toEqual({
    ...{ Ville: 'Lyon', total_achats: 1890.5, Remise: 12.5, VIP: true, date_de_naissance: '1984-12-31' },
    centres_dintérêt: ['or', 'argent'],
  })
  expect(await attributesOf('a-2')).toMatchObject({ VIP: false, date_de_naissance: '1990-02-01' })
  expect(await one('Ville')).toEqual({
    ...{ name: 'Ville', type: 'text', set_by: 'evidence', count: 3, unfit: 0, examples: ['Lyon'] },
    last_file: 'jeweller.csv',
  })
  expect(await one('total_achats')).toMatchObject({ type: 'number', count: 3, examples: ['1…'] })
})

test('another file keeps the types and names, in whatever case, accents and writing it has them', async () => {
  const { columns } = await imported(
    [
      'client id,VILLE,Total Achats,vip,date de naissance',
      'b-1,Paris,1234.5,yes,1985-06-30',
      'b-2,Nice,unknown,false,n/a',
    ],
    '?file=second.csv',
  )
  expect(columns.map(({ field, type }) => [field, type])).toEqual([
    ...[
      ['id', 'text'],
      ['attributes.Ville', 'text'],
      ['attributes.total_achats', 'decimal'],
    ],
    ...[
      ['attributes.VIP', 'boolean'],
      ['attributes.date_de_naissance', 'date'],
    ],
  ])
  expect(await attributesOf('b-1')).toEqual({
    ...{ Ville: 'Paris', total_achats: 1234.5, VIP: true, date_de_naissance: '1985-06-30' },
  })
  // What does not fit is kept, and counted.
  expect(await attributesOf('b-2')).toMatchObject({ total_achats: 'unknown', date_de_naissance: 'n/a' })
  expect(await one('total_achats')).toMatchObject({ type: 'number', count: 5, unfit: 1, last_file: 'second.csv' })
})

describe('a push', () => {
  test('follows the types, and its own new attributes take theirs', async () => {
    await push(
      {
        id: 'c-1',
        attributes: { Ville: 'Metz', total_achats: '12,5', VIP: 'oui', visits: 3, Zip: '75001', tags: ['a'] },
      },
      { id: 'c-2', attributes: { VILLE: null, vip: 1, visits: '4', zip: 69002, tags: 'a; b', born: '1990-05-01' } },
    )
    expect(await attributesOf('c-1')).toEqual({
      ...{ Ville: 'Metz', total_achats: 12.5, VIP: true, visits: 3, Zip: '75001', tags: ['a'] },
    })
    expect(await attributesOf('c-2')).toEqual({
      ...{ VIP: true, visits: 4, Zip: '69002', tags: ['a', 'b'], born: '1990-05-01' },
    })
    expect((await listed()).map(({ name, type }) => [name, type])).toEqual(
      expect.arrayContaining([
        ...[
          ['visits', 'number'],
          ['Zip', 'text'],
          ['tags', 'list'],
          ['born', 'date'],
        ],
      ]),
    )
  })

  test('repeated in another spelling changes nothing', async () => {
    const row = { id: 'c-3', updated_at: '2026-03-01T10:00:00Z', attributes: { Ville: 'Metz', vip: 'Oui' } }
    expect(await (await push(row)).json()).toMatchObject({ created: 1 })
    const other = { ...row, attributes: { VILLE: 'Metz', VIP: true } }
    expect(await (await push(other)).json()).toMatchObject({ unchanged: 1 })
  })

  test('by NDJSON follows them as well, and so does a dry run', async () => {
    const body = JSON.stringify({ id: 'c-4', attributes: { VILLE: 'Brest', vip: 'non' } })
    const dry = await call('POST', '/contacts?dry_run=true', `${body}\n`, 'application/x-ndjson')
    expect(await dry.json()).toMatchObject({ created: 1 })
    await call('POST', '/contacts', `${body}\n`, 'application/x-ndjson')
    expect(await attributesOf('c-4')).toEqual({ Ville: 'Brest', VIP: false })
  })
})

describe('the type of an attribute', () => {
  test('can be changed: texts are read again, and what does not fit stays and is counted', async () => {
    await push(
      ...['1.234,50', '12,00', 'ask', '3'].map((budget, i) => ({
        id: `d-${i}`,
        attributes: { Budget: budget, city: 'Ulm' },
      })),
    )
    expect(await one('Budget')).toMatchObject({ type: 'text', unfit: 0 })
    const reply = await retype('budget', 'number')
    expect([reply.status, await reply.json()]).toEqual([
      200,
      {
        ...{ name: 'Budget', type: 'number', set_by: 'operator', count: 4, unfit: 1, changed: 3, last_file: null },
        examples: expect.any(Array),
      },
    ])
    expect((await attributesOf('d-0')).Budget).toBe(1234.5)
    expect((await attributesOf('d-2')).Budget).toBe('ask')
    // A later push follows the new type, and the way back keeps everything.
    await push({ id: 'd-4', attributes: { budget: '7,5' } })
    expect((await attributesOf('d-4')).Budget).toBe(7.5)
    expect(await server.cli('attributes', 'set', 'BUDGET', 'text')).toEqual({
      ...{ name: 'Budget', type: 'text', count: 5, changed: 4, unfit: 0 },
    })
    expect((await attributesOf('d-0')).Budget).toBe('1234.5')
    expect((await attributesOf('d-2')).Budget).toBe('ask')
    const [row] = await server.query<{ action: string; detail: string }>(
      "select action, detail from audit where action = 'attributes.set' order by at limit 1",
    )
    expect(JSON.parse(row!.detail)).toEqual({ attribute: 'Budget', type: 'number', changed: 3, unfit: 1 })
  })

  test('of days written by hand follows all of them', async () => {
    await push(
      ...['03/04/1990', '25/12/1985', 'soon'].map((day, i) => ({ id: `e-${i}`, attributes: { wedding: day } })),
    )
    await retype('wedding', 'date')
    expect((await attributesOf('e-0')).wedding).toBe('1990-04-03')
    expect((await attributesOf('e-2')).wedding).toBe('soon')
    expect(await one('wedding')).toMatchObject({ type: 'date', count: 3, unfit: 1 })
  })

  test('must be a type, of a known attribute, and by who may write', async () => {
    expect((await retype('wedding', 'money')).status).toBe(400)
    const missing = await retype('shoe', 'number')
    expect([missing.status, (await problemOf(missing)).code]).toEqual([404, 'unknown_attribute'])
    await expect(server.cli('attributes', 'set', 'wedding', 'money')).rejects.toThrow(/the type must be text/)
    await expect(server.cli('attributes', 'set', 'shoe', 'text')).rejects.toThrow(/no contact has an attribute/)
    const { key: reader } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'contacts:read')
    const headers = { authorization: `Bearer ${reader}`, 'content-type': 'application/json' }
    const url = `${server.url}/api/v1/attributes`
    expect((await fetch(url, { headers })).status).toBe(200)
    const refused = await fetch(`${url}/wedding`, { method: 'PUT', headers, body: '{"type":"text"}' })
    expect(refused.status).toBe(403)
  })
})

test('the command lists what the API lists, and imports follow the types', async () => {
  expect(await server.cli('attributes', 'list')).toEqual(await listed())
  const folder = mkdtempSync(join(tmpdir(), 'couture-attributes-'))
  try {
    const file = join(folder, 'third.csv')
    writeFileSync(file, 'id,VISITS,wedding\nf-1,"1,5",12/31/1990\nf-2,many,01/02/1991\n')
    await server.cli('import', 'contacts', file)
    expect(await attributesOf('f-1')).toEqual({ visits: 1.5, wedding: '1990-12-31' })
    expect(await attributesOf('f-2')).toEqual({ visits: 'many', wedding: '1991-01-02' })
    expect(await one('visits')).toMatchObject({ last_file: 'third.csv', unfit: 1 })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('examples of what few contacts share are masked', async () => {
  await push(
    ...[0, 1, 2].map((i) => ({ id: `g-${i}`, attributes: { rank: 'gold', secret_wish: `ring for Zoé ${i}` } })),
  )
  expect((await one('rank'))?.examples).toEqual(['gold'])
  expect((await one('secret_wish'))?.examples).toEqual(['r…'])
})
