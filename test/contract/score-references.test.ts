/**
 * Published references through the front door: the R package rfm's 995 customers and the customers of CDNOW are imported as
 * files, and the reports say of them what the references do. They are in `shared/data/rfm` beside the checkout.
 */
import { existsSync, readFileSync } from 'node:fs'
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

const folder = new URL('../../../shared/data/rfm/', import.meta.url)
const isAbsent = !existsSync(folder)
const why = isAbsent ? ' (skipped: the references are not at hand)' : ''

type Row = Record<string, string>
const table = (name: string): Row[] => parse(readFileSync(new URL(name, folder), 'utf8'), { columns: true })

describe.skipIf(isAbsent)(`the references${why}`, () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer()
    const invented = table('rfm_data_orders.csv')
    const cdnow = readFileSync(new URL('CDNOW_sample.txt', folder), 'utf8').trim().split('\n')
    const bought = cdnow.map((line) => line.trim().split(/\s+/))
    const ids = [...new Set([...invented.map((row) => row.customer_id!), ...bought.map(([, id]) => id!)])]
    await server.post(
      '/api/v1/contacts',
      ids.map((id) => ({ id })),
    )
    const day = (date: string) => date.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3')
    const orders = [
      ...invented.map((row, n) => ({
        ...{ order_id: `r-${n}`, contact_id: row.customer_id, at: row.order_date },
        ...{ total: Number(row.revenue), currency: 'USD' },
      })),
      ...bought.map(([, id, date, , dollars], n) => ({
        ...{ order_id: `c-${n}`, contact_id: id, at: day(date!), total: Number(dollars), currency: 'USD' },
      })),
    ]
    for (let from = 0; from < orders.length; from += 4000) {
      await server.post('/api/v1/orders', orders.slice(from, from + 4000))
    }
    await settled(server, 120_000)
  }, 240_000)
  afterAll(() => server?.stop())

  const csv = async (path: string): Promise<Row[]> => {
    const response = await server.api(`/api/v1/reports/${path}`)
    expect(response.status).toBe(200)
    return parse(await response.text(), { columns: true })
  }

  // The customers of CDNOW bought before 2001, so this window leaves them out.
  const RFM = 'as_of=2006-12-31&window=6y&money=total'

  test('the R package: bounds, scores and groups of all 995 customers, exactly', async () => {
    const report = await server.get<{ bounds: Record<string, number[]>; groups: { group: string; people: number }[] }>(
      `/api/v1/reports/rfm?${RFM}`,
    )
    const thresholds = table('rfm_pkg.rfm_data_orders.thresholds.csv')
    const lower = (name: string) => thresholds.map((row) => Number(row[`${name}_lower`])).slice(1)
    expect(report.bounds).toEqual({ r: lower('recency'), f: lower('frequency'), m: lower('monetary') })
    const name = (segment: string) => segment.toLowerCase().replace(/'/g, '').replaceAll(' ', '_')
    const own = (await csv(`rfm?${RFM}&format=csv`)).map((row) => Object.values(row).join()).sort()
    const theirs = table('rfm_pkg.rfm_data_orders.csv').map((row) => {
      const figures = [row.recency_days, row.transaction_count, row.amount]
      const scores = [row.recency_score, row.frequency_score, row.monetary_score]
      return [row.customer_id, ...figures, ...scores, name(row.segment!)].join()
    })
    expect(own).toEqual(theirs.sort())
    for (const row of table('rfm_pkg.rfm_data_orders.segments.csv')) {
      const group = report.groups.find((each) => each.group === name(row.segment!))
      expect([row.segment, group?.people]).toEqual([row.segment, Number(row.customers)])
    }
  })

  test('CDNOW: frequency, recency and T of all 2,357 customers, and the published fit', async () => {
    const own = new Map(
      (await csv('churn?as_of=1997-09-30&unit=week&format=csv')).map((row) => [Number(row.contact), row]),
    )
    const summary = table('cdnow_customers_summary.csv')
    expect(own.size).toBe(summary.length)
    const differing = summary.filter((row) => {
      const each = own.get(Number(row.ID))!
      const isClose = (name: 'recency' | 'T') => Math.abs(Number(each[name]) - Number(row[name])) < 0.00501
      return each.frequency !== row.frequency || !isClose('recency') || !isClose('T')
    })
    expect(differing).toEqual([])
    const { fit } = await server.get<{ fit: Record<string, number> }>(
      '/api/v1/reports/churn?as_of=1997-09-30&unit=week',
    )
    expect(fit.customers).toBe(2357)
    const published = { r: 0.243, alpha: 4.414, a: 0.793, b: 2.426 }
    for (const [name, value] of Object.entries(published)) expect(Math.abs(fit[name]! - value)).toBeLessThan(0.001)
    expect(fit.log_likelihood).toBeCloseTo(-9582.4, 1)
  })
})
