/**
 * Scores of customers through the front door: orders by the API, the reports of RFM and churn as figures and as files, a
 * contact's scores, and segments about them, which agree with one another. Refunds, cancellations and merges count at once.
 */
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RFM_GROUPS, rfmGroupOf } from '../../server/domain/scores/rfm-groups.ts'
import { problemOf } from '../support/requests.ts'
import { judged } from '../support/segments.ts'
import { settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

const DAY_MS = 24 * 3600_000
const CUSTOMERS = 140

type Row = Record<string, string>
type Order = { order_id: string; contact_id: string; at: string; total: number | null; currency: string }
type Sums = { people: number; mailable: number; value: number }
type Rfm = {
  as_of: string
  version: number | null
  window: string
  money: string
  currency: string | null
  bounds: { r: number[]; f: number[]; m: number[] }
  groups: (Sums & { group: string })[]
  grid: (Sums & { r: number; f: number })[]
}
type Fit = { r: number; alpha: number; a: number; b: number; log_likelihood: number; customers: number }
type Churn = {
  as_of: string
  version: number | null
  unit: string
  fit: Fit | null
  why_no_fit?: string
  detail?: string
}
type Scores = {
  rfm: { r: number; f: number; m: number | null; group: string; version: number; as_of: string; since: string } | null
  alive: number | null
  expected_orders_90d: number | null
  fit: { version: number; why_no_fit?: string } | null
}

let server: TestServer
const orders: Order[] = []

beforeAll(async () => {
  server = await startServer({ movable: true })
  const ids = Array.from({ length: CUSTOMERS }, (_, i) => `c${String(i).padStart(3, '0')}`)
  await server.post(
    '/api/v1/contacts',
    ids.map((id, i) => ({ id, email: `${id}@scores.example`, mail_consent: i % 2 === 0 })),
  )
  // Noon of the day so long ago, so that no run falls on another day halfway.
  const noon = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS / 2
  const at = (daysAgo: number) => new Date(noon - (daysAgo - 1) * DAY_MS).toISOString()
  for (const [i, id] of ids.entries()) {
    const last = 2 + ((i * 37) % 300)
    for (let n = 0; n <= i % 6; n++) {
      const total = 20 + ((i * 53) % 400) + n
      orders.push({ order_id: `${id}-${n}`, contact_id: id, at: at(last + n * (5 + (i % 25))), total, currency: 'EUR' })
    }
  }
  await server.post('/api/v1/orders', orders)
  await publish()
})
afterAll(() => server.stop())

const rfm = (query = '') => server.get<Rfm>(`/api/v1/reports/rfm${query}`)
const churn = (query = '') => server.get<Churn>(`/api/v1/reports/churn${query}`)
const csv = async (path: string): Promise<Row[]> => {
  const response = await server.api(`/api/v1/reports/${path}`)
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8'])
  return parse(await response.text(), { columns: true })
}
const scoresOf = async (id: string) => (await server.get<{ scores: Scores }>(`/api/v1/contacts/${id}`)).scores
const push = (...rows: object[]) => server.post('/api/v1/orders', rows)

/** Has the scores published from all that was sent, and waits until everybody was looked at. */
async function publish(): Promise<void> {
  await settled(server)
  const { requested_at } = await server.post<{ requested_at: string }>('/api/v1/reports/scores', null)
  await until(async () => {
    const [row] = await server.query<{ value: string }>("select value from meta where name = 'scores'")
    const work = row && (JSON.parse(row.value) as { at: number; judgedVersion: number })
    const [last] = await server.query<{ version: number }>('select max(version) as version from score_versions')
    return work && work.at >= Date.parse(requested_at) && work.judgedVersion === Number(last?.version)
  }, 'scores to be published')
  await settled(server)
}

async function segment(id: string, node: object): Promise<() => Promise<string[]>> {
  await server.post('/api/v1/segments', { id, name: id, node })
  const members = async () => {
    await judged(server)
    const { data } = await server.get<{ data: { person: { id: string } }[] }>(`/api/v1/segments/${id}/members`)
    return data.map(({ person }) => person.id).sort()
  }
  const preview = await server.post<{ people: number }>('/api/v1/segments/preview', { node })
  expect(preview.people).toBe((await members()).length)
  return members
}

describe('the report of RFM', () => {
  test('says the same as its file: groups, grid, bounds and values', async () => {
    const report = await rfm()
    const rows = await csv('rfm?format=csv')
    expect(report).toMatchObject({ version: expect.any(Number), window: '24m', money: 'mean', currency: 'EUR' })
    expect(Object.keys(rows[0]!)).toEqual(['contact', 'recency_days', 'frequency', 'money', 'r', 'f', 'm', 'group'])
    expect(rows.length).toBe(CUSTOMERS)
    expect(report.groups.map(({ group }) => group)).toEqual(RFM_GROUPS)
    for (const { group, people } of report.groups) {
      expect([group, people]).toEqual([group, rows.filter((row) => row.group === group).length])
    }
    expect(report.grid.length).toBe(25)
    for (const { r, f, people } of report.grid) {
      expect(people).toBe(rows.filter((row) => Number(row.r) === r && Number(row.f) === f).length)
    }
    const value = orders.reduce((sum, { total }) => sum + (total ?? 0), 0)
    for (const list of [report.groups, report.grid]) {
      expect(list.reduce((sum, each) => sum + each.people, 0)).toBe(CUSTOMERS)
      expect(list.reduce((sum, each) => sum + each.value, 0)).toBeCloseTo(value, 6)
    }
    for (const row of rows) {
      const own = orders.filter(({ contact_id }) => contact_id === row.contact)
      expect(Number(row.frequency)).toBe(own.length)
      expect(Number(row.money)).toBeCloseTo(own.reduce((sum, { total }) => sum + total!, 0) / own.length, 6)
      const [r, f, m] = [Number(row.r), Number(row.f), Number(row.m)]
      expect(row.group).toBe(rfmGroupOf(r, f, m))
      const bin = (name: 'r' | 'f' | 'm', figure: string) =>
        report.bounds[name].filter((bound) => Number(figure) >= bound).length
      expect([r, f, m]).toEqual([
        5 - bin('r', row.recency_days!),
        1 + bin('f', row.frequency!),
        1 + bin('m', row.money!),
      ])
    }
  })

  test('counts otherwise where it is asked to, and then has no version', async () => {
    const total = await rfm('?money=total')
    expect(total).toMatchObject({ version: null, money: 'total', window: '24m' })
    const narrow = await csv('rfm?window=60d&format=csv')
    expect((await rfm('?window=60d')).window).toBe('60d')
    expect(narrow.every((row) => Number(row.recency_days) < 60)).toBe(true)
    expect(narrow.length).toBeLessThan(CUSTOMERS)
    for (const window of ['all', '2y', '24', '104w'])
      expect((await server.api(`/api/v1/reports/rfm?window=${window}`)).status).toBe(200)
  })

  test('of a past day knows only the orders until its end', async () => {
    const day = new Date(Date.now() - 100 * DAY_MS).toISOString().slice(0, 10)
    const rows = await csv(`rfm?as_of=${day}&window=all&format=csv`)
    const known = orders.filter(({ at }) => at.slice(0, 10) <= day)
    expect(rows.length).toBe(new Set(known.map(({ contact_id }) => contact_id)).size)
    for (const row of rows) {
      const own = known.filter(({ contact_id }) => contact_id === row.contact)
      const last = own
        .map(({ at }) => at.slice(0, 10))
        .sort()
        .at(-1)!
      expect([row.frequency, row.recency_days].map(Number)).toEqual([
        own.length,
        (Date.parse(day) - Date.parse(last)) / DAY_MS,
      ])
    }
    expect((await rfm('?as_of=2001-01-01')).bounds).toBeNull()
    expect((await csv('rfm?as_of=2001-01-01&format=csv')).length).toBe(0)
  })

  test.each([
    ['rfm?as_of=yesterday', 'as_of must be a day such as 2026-03-01'],
    ['rfm?window=soon', 'window must be a window such as 24m (months), 730d, 104w, 2y, or all'],
    ['rfm?money=median', 'money must be mean or total'],
    ['churn?unit=month', 'unit must be day or week'],
    ['churn?format=xml', 'format must be json or csv'],
  ])('%s is refused', async (path, detail) => {
    expect(await problemOf(await server.api(`/api/v1/reports/${path}`))).toMatchObject({ status: 400, detail })
  })

  test('needs the scope of reports', async () => {
    const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'orders:write')
    for (const [path, method] of [
      ['rfm', 'GET'],
      ['churn', 'GET'],
      ['scores', 'POST'],
    ]) {
      const headers = { authorization: `Bearer ${key}` }
      expect((await fetch(`${server.url}/api/v1/reports/${path}`, { method: method!, headers })).status).toBe(403)
    }
  })
})

describe('the report of churn', () => {
  test('has the published fit, in days and in weeks', async () => {
    const [days, weeks] = [await churn('?unit=day'), await churn('?unit=week')]
    expect([days.version, days.fit?.customers]).toEqual([(await rfm()).version, CUSTOMERS])
    expect(weeks.fit!.alpha).toBeCloseTo(days.fit!.alpha / 7, 9)
    const repeated = orders.length - CUSTOMERS
    expect(weeks.fit!.log_likelihood).toBeCloseTo(days.fit!.log_likelihood + repeated * Math.log(7), 6)
  })

  test('has a row a contact', async () => {
    const rows = await csv('churn?unit=week&format=csv')
    expect(Object.keys(rows[0]!)).toEqual(['contact', 'frequency', 'recency', 'T', 'alive', 'expected_orders_90d'])
    expect(rows.length).toBe(CUSTOMERS)
    for (const row of rows) {
      const own = orders.filter(({ contact_id }) => contact_id === row.contact).map(({ at }) => Date.parse(at) / DAY_MS)
      expect(Number(row.frequency)).toBe(own.length - 1)
      expect(Number(row.recency)).toBeCloseTo((Math.max(...own) - Math.min(...own)) / 7, 9)
      if (own.length === 1) expect(row.alive).toBe('1')
      expect(Number(row.alive)).toBeGreaterThanOrEqual(0)
      expect(Number(row.expected_orders_90d)).toBeGreaterThan(0)
    }
  })

  test('says why there is no fit where there are too few orders', async () => {
    const first = orders.map(({ at }) => at.slice(0, 10)).sort()[3]!
    const report = await churn(`?as_of=${first}`)
    expect(report).toMatchObject({
      fit: null,
      why_no_fit: 'too_few_customers',
      detail: expect.stringContaining('too few orders'),
    })
    const rows = await csv(`churn?as_of=${first}&format=csv`)
    expect(rows.every((row) => row.alive === '' && row.expected_orders_90d === '')).toBe(true)
  })
})

test('a contact has the scores of the files, and since when', async () => {
  const [row] = await csv('rfm?format=csv')
  const modelled = (await csv('churn?format=csv')).find(({ contact }) => contact === row!.contact)!
  const { rfm: own, alive, expected_orders_90d, fit } = await scoresOf(row!.contact!)
  const { version } = await rfm()
  expect(own).toMatchObject({ r: Number(row!.r), f: Number(row!.f), m: Number(row!.m), group: row!.group, version })
  expect([own!.as_of, fit]).toEqual([new Date().toISOString().slice(0, 10), { version }])
  expect(Date.parse(own!.since)).toBeLessThanOrEqual(Date.now())
  expect([alive, expected_orders_90d]).toEqual([Number(modelled.alive), Number(modelled.expected_orders_90d)])
  await server.post('/api/v1/contacts', [{ id: 'never-bought' }])
  expect(await scoresOf('never-bought')).toEqual({
    rfm: null,
    alive: null,
    expected_orders_90d: null,
    fit: { version },
  })
})

describe('a segment', () => {
  const group = async (name: string) =>
    (await csv('rfm?format=csv')).flatMap((row) => (row.group === name ? row.contact! : [])).sort()

  test('about a group, about scores and about the probability has those whom the files name', async () => {
    const rows = await csv('rfm?format=csv')
    const modelled = await csv('churn?format=csv')
    const by = (list: Row[], holds: (row: Row) => boolean) =>
      list
        .filter(holds)
        .map((row) => row.contact!)
        .sort()
    const loyal = await segment('loyals', { rfm: { group: { in: ['loyal_customers', 'potential_loyalist'] } } })
    expect(await loyal()).toEqual(by(rows, (row) => ['loyal_customers', 'potential_loyalist'].includes(row.group!)))
    const recent = await segment('recent', { rfm: { r: { gte: 4 }, f: { lt: 4 }, m: { not: 3 } } })
    expect(await recent()).toEqual(by(rows, (row) => Number(row.r) >= 4 && Number(row.f) < 4 && row.m !== '3'))
    const leaving = await segment('leaving', { alive: { lt: 0.6 } })
    expect(await leaving()).toEqual(by(modelled, (row) => Number(row.alive) < 0.6))
    expect((await leaving()).length).toBeGreaterThan(0)
    const others = await segment('not-champions', { not: { rfm: { group: 'champions' } } })
    const champions = await group('champions')
    expect((await others()).filter((id) => champions.includes(id))).toEqual([])
  })

  test('is entered with the order that changes the scores, and left when it is cancelled', async () => {
    const id = (await group('lost'))[0]!
    const members = await segment('fresh', { rfm: { r: 5 } })
    expect(await members()).not.toContain(id)
    const order = { order_id: 'again', contact_id: id, at: new Date().toISOString(), total: 90, currency: 'EUR' }
    await push(order)
    expect((await scoresOf(id)).rfm?.r).toBe(5)
    expect(await members()).toContain(id)
    const { data } = await server.get<{ data: { person: { id: string }; entered_at: string; reason: string }[] }>(
      '/api/v1/segments/fresh/members',
    )
    expect(data.find(({ person }) => person.id === id)).toMatchObject({ entered_at: order.at, reason: 'event' })
    await push({ ...order, status: 'cancelled' })
    expect((await scoresOf(id)).rfm?.r).toBe(1)
    expect(await members()).not.toContain(id)
  })

  test('unknown groups and scores are refused', async () => {
    const refused = async (node: object) => {
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify({ id: 'refused', name: 'refused', node })
      return (await problemOf(await server.api('/api/v1/segments', { method: 'POST', headers, body }))).detail
    }
    expect(await refused({ rfm: { group: 'heroes' } })).toContain('node.rfm.group')
    expect(await refused({ rfm: {} })).toBe('node.rfm must have group, r, f or m')
    expect(await refused({ rfm: { r: 'high' } })).toContain('node.rfm.r')
    expect(await refused({ alive: 'yes' })).toContain('node.alive')
    expect(await refused({ rfm: { x: 1 } })).toBe('node.rfm must not have the member x')
  })
})

describe('an order', () => {
  const contact = async (id: string, ...rows: object[]) => {
    await server.post('/api/v1/contacts', [{ id, email: `${id}@scores.example` }])
    const now = new Date(Date.now() - DAY_MS).toISOString()
    await push(...rows.map((row, n) => ({ order_id: `${id}-${n}`, contact_id: id, at: now, currency: 'EUR', ...row })))
    await settled(server)
    return (await csv('rfm?format=csv')).find((row) => row.contact === id)
  }

  test.each<[what: string, rows: object[], frequency: string | undefined, money: string | undefined]>([
    ['is one', [{ total: 100 }], '1', '100'],
    ['worth nothing is one, and counts as 0', [{ total: 100 }, { total: 0 }], '2', '50'],
    [
      'refunded in part is worth what is left',
      [{ total: 100, status: 'partially_refunded', refunds: [{ total: 40 }] }],
      '1',
      '60',
    ],
    ['refunded as a whole is none', [{ total: 100 }, { total: 70, status: 'refunded' }], '1', '100'],
    ['cancelled is none', [{ total: 100, status: 'cancelled' }], undefined, undefined],
    ['that nobody has paid is none', [{ total: 100, status: 'pending' }], undefined, undefined],
    [
      'in another currency counts for recency and frequency only',
      [{ total: 100 }, { total: 9000, currency: 'JPY' }],
      '2',
      '100',
    ],
    ['in nothing but another currency has no money', [{ total: 9000, currency: 'JPY' }], '1', ''],
  ])('%s', async (what, rows, frequency, money) => {
    const row = await contact(what.replaceAll(/\W/g, '-'), ...rows)
    expect([row?.frequency, row?.money]).toEqual([frequency, money])
    if (money === '') expect([row?.m, row?.group]).toEqual(['', 'others'])
  })

  test('of a merged record belongs to the contact that survives', async () => {
    await contact('survivor', { total: 10 })
    await contact('merged', { total: 30 })
    await server.post('/api/v1/contacts', [{ id: 'merged', merged_into: 'survivor' }])
    await settled(server)
    const rows = await csv('rfm?format=csv')
    expect(rows.find((row) => row.contact === 'survivor')).toMatchObject({ frequency: '2', money: '20' })
    expect(rows.find((row) => row.contact === 'merged')).toBeUndefined()
  })
})

test('a version is published anew on request only if something has changed', async () => {
  await publish()
  const { version } = await rfm()
  await publish()
  expect((await rfm()).version).toBe(version)
  await push({ order_id: 'large', contact_id: 'c001', at: new Date().toISOString(), total: 5000, currency: 'EUR' })
  await publish()
  expect((await rfm()).version).toBe(version! + 1)
  const versions = await server.query<{ version: number; at: number }>(
    'select version, at from score_versions order by version',
  )
  const times = versions.map(({ at }) => Number(at))
  expect(times).toEqual([...times].sort((a, b) => a - b))
})

test('as days pass, customers leave at midnight, and are found by the segment without anybody asking', async () => {
  const members = await segment('sleeping', { alive: { lt: 0.5 } })
  const before = await members()
  const { version } = await rfm()
  await server.setClock(45 * DAY_MS)
  await until(async () => ((await rfm()).version ?? 0) > version!, 'the parameters of the day')
  await publish()
  const after = await members()
  const rows = await csv('churn?format=csv')
  expect(after).toEqual(
    rows
      .filter((row) => Number(row.alive) < 0.5)
      .map((row) => row.contact)
      .sort(),
  )
  const came = after.filter((id) => !before.includes(id))
  expect(came.length).toBeGreaterThan(0)
  type Member = { person: { id: string }; entered_at: string; reason: string }
  const { data } = await server.get<{ data: Member[] }>('/api/v1/segments/sleeping/members')
  const versions = await server.query<{ at: number }>('select at from score_versions')
  for (const { entered_at, reason } of data.filter(({ person }) => came.includes(person.id))) {
    const isMidnight = Date.parse(entered_at) % DAY_MS === 0
    expect(isMidnight || versions.some(({ at }) => Number(at) === Date.parse(entered_at))).toBe(true)
    expect(reason).toBe('time')
  }
})
