/**
 * Ids in JSON that are larger than a number can hold exactly: contacts and orders keep all their digits, or the row is
 * refused with a reason. Two ids never become one, whichever way they come: as an array, as NDJSON, or in a file.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let folder: string

beforeAll(async () => {
  server = await startServer()
  folder = mkdtempSync(join(tmpdir(), 'couture-large-ids-'))
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await server.stop()
})

type Outcome = { created: number; updated: number; rejected: { row: number; code: string; message: string }[] }
type Kind = 'contacts' | 'orders'

async function push(kind: Kind, type: string, body: string): Promise<Outcome> {
  const response = await server.api(`/api/v1/${kind}`, { method: 'POST', headers: { 'content-type': type }, body })
  expect(response.status, await response.clone().text()).toBe(200)
  return response.json() as Promise<Outcome>
}

async function importFile(kind: Kind, name: string, body: string): Promise<Outcome> {
  const file = join(folder, name)
  writeFileSync(file, body)
  return server.cli<Outcome>('import', kind, file)
}

/** The ways in. Each takes rows as JSON text, because a test's own numbers cannot hold what is tested. */
const WAYS: Record<string, (kind: Kind, rows: string[]) => Promise<Outcome>> = {
  'a JSON array': (kind, rows) => push(kind, 'application/json', `[${rows.join(',')}]`),
  'an indented JSON array': (kind, rows) =>
    push(
      kind,
      'application/json',
      `[\n${rows.map((row) => row.replaceAll('":', `":\n${' '.repeat(20)}`)).join(',\n')}\n]`,
    ),
  NDJSON: (kind, rows) => push(kind, 'application/x-ndjson', rows.join('\n')),
  'a file of JSON': (kind, rows) => importFile(kind, 'rows.json', `[${rows.join(',')}]`),
  'a file of NDJSON': (kind, rows) => importFile(kind, 'rows.ndjson', rows.join('\n')),
}

let used = 0
/** Two ids of which a number makes one, different in each test; the second one is even. */
function twins(): [string, string] {
  const even = 9007199254740994n + BigInt(10 * ++used)
  return [String(even + 1n), String(even)]
}

const idsOf = async (table: Kind, column: string, ...ids: string[]) =>
  (
    await server.query<{ id: string }>(
      `select ${column} as id from ${table} where ${column} in (${ids.map(() => '?')}) order by 1`,
      ...ids,
    )
  ).map(({ id }) => id)

describe.each(Object.entries(WAYS))('%s', (_, into) => {
  test('contacts keep the digits of their ids', async () => {
    const [odd, even] = twins()
    const outcome = await into('contacts', [`{"id":${odd}}`, `{"id":${even}}`, `{"id":-${odd}}`, `{"id":-${even}}`])
    expect(outcome).toMatchObject({ created: 4, updated: 0, rejected: [] })
    expect(await idsOf('contacts', 'contact_id', odd, even, `-${odd}`, `-${even}`)).toHaveLength(4)
  })

  test('ids in attributes and merges keep their digits', async () => {
    const [odd, even] = twins()
    const row = `{"id":"in-${odd}","merged_into":${even},"attributes":{"shop":{"ids":[${odd},${even}]},"n":1.5}}`
    expect(await into('contacts', [row])).toMatchObject({ created: 1, rejected: [] })
    const [kept] = await server.query<{ merged_into: string; attributes: string }>(
      'select merged_into, attributes from contacts where contact_id = ?',
      `in-${odd}`,
    )
    expect(kept!.merged_into).toBe(even)
    expect(JSON.parse(kept!.attributes)).toEqual({ shop: { ids: [odd, even] }, n: 1.5 })
  })

  test('an id whose digits are lost is refused', async () => {
    const [odd, even] = twins()
    const lost = [`${odd}e0`, `${even}.0`, '9.007199254740993e15', '-9.007199254740993E+15', '1e21', '1e400']
    const { created, rejected } = await into('contacts', [...lost.map((id) => `{"id":${id}}`), '{"id":17850.0}'])
    expect(created).toBeLessThanOrEqual(1)
    expect(rejected.map(({ row }) => row)).toEqual(lost.map((_, i) => i + 1))
    for (const { code, message } of rejected) {
      expect([code, message]).toEqual(['invalid_contact', expect.stringMatching(/^id must be .*text/)])
    }
    expect(await idsOf('contacts', 'contact_id', '17850')).toEqual(['17850'])
  })

  test('orders keep the digits of their ids, their contacts and their items', async () => {
    const [odd, even] = twins()
    const order = (id: string, items: string) =>
      `{"order_id":${id},"contact_id":${id},"at":"2026-03-01T09:30:00Z","total":2,"currency":"EUR","items":${items}}`
    const items = `[{"item_id":${odd},"price":1},{"product":{"id":${even}},"price":1}]`
    expect(await into('orders', [order(odd, items), order(even, items)])).toMatchObject({ created: 2, rejected: [] })
    const rows = await server.query<{ contact_id: string; items: string }>(
      'select contact_id, items from orders where order_id in (?, ?) order by order_id',
      odd,
      even,
    )
    expect(rows.map(({ contact_id }) => contact_id)).toEqual([even, odd])
    expect(JSON.parse(rows[0]!.items).map((item: { item_id: string }) => item.item_id)).toEqual([odd, even])
  })

  test('an order with an id whose digits are lost is refused', async () => {
    const order = (fields: string) => `{"at":"2026-03-01T09:30:00Z","total":2,"currency":"EUR",${fields}}`
    const { created, rejected } = await into('orders', [
      order('"order_id":9.007199254740993e15'),
      order('"order_id":"lost-1","contact_id":9007199254740993.0'),
      order('"order_id":"lost-2","items":[{"item_id":9.007199254740993e15,"price":1}]'),
      order('"order_id":"lost-3","items":[{"product":{"sku":1e16},"price":1}]'),
      order(`"order_id":"kept-${twins()[0]}"`),
    ])
    expect(created).toBe(1)
    expect(rejected.map(({ row, message }) => [row, message])).toEqual([
      [1, expect.stringMatching(/^order_id must be .*text/)],
      [2, expect.stringMatching(/^contact_id must be .*text/)],
      [3, expect.stringMatching(/^items must .*text/)],
      [4, expect.stringMatching(/^items must .*text/)],
    ])
  })
})

test('a list of items in a cell keeps the digits of its ids', async () => {
  const [odd, even] = twins()
  const items = `"[{""item_id"":${odd}},{""item_id"":${even}}]"`
  const csv = `order_id,contact_id,at,total,currency,items\ncell-${odd},c-1,2026-03-01T09:30:00Z,2,EUR,${items}\n`
  expect(await push('orders', 'text/csv', csv)).toMatchObject({ created: 1, rejected: [] })
  const [row] = await server.query<{ items: string }>('select items from orders where order_id = ?', `cell-${odd}`)
  expect(JSON.parse(row!.items).map((item: { item_id: string }) => item.item_id)).toEqual([odd, even])
})
