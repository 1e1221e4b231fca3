/**
 * Recency, frequency and money: cuts, scores and groups, by tables in words, and against what the R package `rfm` says of
 * its 995 customers and pymc-marketing of six, where their files are at hand (`shared/data/rfm` beside the checkout).
 */
import { existsSync, readFileSync } from 'node:fs'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { collectBounds } from '../../server/domain/scores/parameters.ts'
import { createHistory, type ScoredOrder } from '../../server/domain/scores/person-scores.ts'
import { binOf, cutsOf } from '../../server/domain/scores/quantile.ts'
import { moneyOf, type RfmInput, rfmScore } from '../../server/domain/scores/rfm.ts'
import { RFM_GROUPS, rfmGroupOf } from '../../server/domain/scores/rfm-groups.ts'

const DAY_MS = 24 * 3600_000
const folder = new URL('../../../shared/data/rfm/', import.meta.url)
const isAbsent = !existsSync(folder)
const why = isAbsent ? ' (skipped: the references are not at hand)' : ''
const table = (name: string): Record<string, string>[] =>
  parse(readFileSync(new URL(name, folder), 'utf8'), { columns: true })

const dayOf = (date: string) => Date.parse(date) / DAY_MS
const order = (date: string, total: number | null = 100, currency = 'EUR'): ScoredOrder => {
  return { at: Date.parse(date), total, currency }
}
const ALL = { zone: 'UTC', currency: 'EUR', windowDays: null, money: 'total' } as const

const rfmBounds = (customers: RfmInput[]) => {
  const collected = collectBounds('EUR')
  for (const customer of customers) collected.add(customer)
  while (!collected.step());
  return collected.bounds()
}

describe('the cuts of five bins', () => {
  test.each<[what: string, values: number[], cuts: number[]]>([
    ['nothing', [], []],
    ['one value', [7], [7, 7, 7, 7]],
    ['whole numbers, as quantile(1:10, type = 7)', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [2.8, 4.6, 6.4, 8.2]],
    ['a list that the bins divide evenly', [0, 10, 20, 30, 40, 50], [10, 20, 30, 40]],
    ['mostly one value', [1, 1, 1, 1, 1, 1, 1, 2, 3], [1, 1, 1, 1.4]],
    ['all the same', [3, 3, 3], [3, 3, 3, 3]],
  ])('%s', (_, values, cuts) => {
    expect(cutsOf(Float64Array.from(values), 5)).toEqual(cuts)
    expect(cutsOf(Float64Array.from(values.toReversed()), 5)).toEqual(cuts)
  })

  test('a value on a cut belongs to the bin above, and equal cuts leave bins empty', () => {
    const bins = (cuts: number[], values: number[]) => values.map((value) => binOf(value, cuts))
    expect(bins([10, 20, 30, 40], [-5, 9.99, 10, 19, 20, 39.9, 40, 999])).toEqual([0, 0, 1, 1, 2, 3, 4, 4])
    expect(bins([1, 1, 1, 1.4], [1, 2])).toEqual([3, 4])
  })

  test('thirds of whole numbers are cut without rounding errors', () => {
    // 0.1 + 0.2 has no say here: a value that is exactly on its cut is above it.
    for (let n = 2; n < 200; n++) {
      const values = Array.from({ length: n }, (_, i) => i * 35)
      for (const cut of cutsOf(Float64Array.from(values), 5)) if (Number.isInteger(cut)) expect(cut % 7).toBe(0)
    }
  })
})

test('the cuts of any list are those of the sorted one', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 60 }), (values) => {
      const sorted = values.toSorted((a, b) => a - b)
      const last = values.length - 1
      const expected = [1, 2, 3, 4].map((bin) => {
        const [low, high] = [Math.floor((last * bin) / 5), Math.min(Math.floor((last * bin) / 5) + 1, last)]
        return sorted[low]! + (((last * bin) % 5) * (sorted[high]! - sorted[low]!)) / 5
      })
      expect(cutsOf(Float64Array.from(values), 5)).toEqual(expected)
    }),
  )
})

describe('what orders come to', () => {
  const at = (orders: ScoredOrder[], date: string, counting = {}) =>
    createHistory(orders, { ...ALL, ...counting }).rfmAt(Date.parse(`${date}T23:59:59Z`), dayOf(date))

  test.each<[what: string, orders: ScoredOrder[], counting: object, input: RfmInput | null]>([
    ['nobody without an order', [], {}, null],
    ['nobody whose orders are all to come', [order('2024-03-02')], {}, null],
    ['an order of the same day', [order('2024-03-01T22:00:00Z', 50)], {}, { recency: 0, frequency: 1, money: 50 }],
    [
      'two orders of one day',
      [order('2024-02-29', 10), order('2024-02-29T12:00:00Z', 30)],
      {},
      { recency: 1, frequency: 2, money: 40 },
    ],
    [
      'the mean of orders',
      [order('2024-02-01', 10), order('2024-02-20', 31)],
      { money: 'mean' },
      { recency: 10, frequency: 2, money: 20.5 },
    ],
    [
      'an order worth nothing counts, and lowers the mean',
      [order('2024-02-01', 0), order('2024-02-20', 30)],
      { money: 'mean' },
      { recency: 10, frequency: 2, money: 15 },
    ],
    [
      'an order whose value nobody knows counts, and leaves the mean',
      [order('2024-02-01', null), order('2024-02-20', 30)],
      { money: 'mean' },
      { recency: 10, frequency: 2, money: 30 },
    ],
    [
      'another currency counts for recency and frequency only',
      [order('2024-02-01', 10), order('2024-02-20', 5000, 'JPY')],
      { money: 'mean' },
      { recency: 10, frequency: 2, money: 10 },
    ],
    [
      'nothing but another currency',
      [order('2024-02-20', 5000, 'JPY')],
      {},
      { recency: 10, frequency: 1, money: null },
    ],
    [
      'the first day of the window',
      [order('2024-02-21T00:00:00Z', 7)],
      { windowDays: 10 },
      { recency: 9, frequency: 1, money: 7 },
    ],
    ['the day before the window', [order('2024-02-20T23:59:59Z', 7)], { windowDays: 10 }, null],
    [
      'days of the shop, not of Greenwich',
      [order('2024-02-28T23:30:00Z', 7)],
      { zone: 'Europe/Paris' },
      { recency: 1, frequency: 1, money: 7 },
    ],
  ])('%s', (_, orders, counting, input) => {
    expect(at(orders, '2024-03-01', counting)).toEqual(input)
  })

  test('money is the mean or the total', () => {
    expect(moneyOf({ orders: 3, valued: 2, sum: 30 }, 'mean')).toBe(15)
    expect(moneyOf({ orders: 3, valued: 2, sum: 30 }, 'total')).toBe(30)
    expect(moneyOf({ orders: 3, valued: 0, sum: 0 }, 'mean')).toBeNull()
  })
})

describe('scores', () => {
  const customers = Array.from({ length: 10 }, (_, i) => ({
    recency: i * 10,
    frequency: 10 - i,
    money: (10 - i) * 100,
  }))

  test('are 5 for the most recent, most frequent and best paying, and 1 for the others', () => {
    const bounds = rfmBounds(customers)!
    expect(bounds).toEqual({ r: [19, 37, 55, 73], f: [3.8, 5.6, 7.4, 9.2], m: [380, 560, 740, 920] })
    expect(customers.map((each) => rfmScore(each, bounds)).map(({ r, f, m }) => `${r}${f}${m}`)).toEqual([
      ...['555', '544', '444', '433', '333', '322', '222', '211', '111', '111'],
    ])
  })

  test('are equal for equal customers, also where nearly all are', () => {
    const many = [...Array.from({ length: 90 }, () => ({ recency: 5, frequency: 1, money: 20 })), ...customers]
    const bounds = rfmBounds(many)!
    const [one, another] = [rfmScore(many[0]!, bounds), rfmScore(many[50]!, bounds)]
    expect(one).toEqual(another)
    expect([one.f, rfmScore({ recency: 5, frequency: 2, money: 20 }, bounds).f]).toEqual([1, 5])
  })

  test('of money are unknown where spending is', () => {
    const bounds = rfmBounds([...customers, { recency: 3, frequency: 9, money: null }])!
    expect(rfmScore({ recency: 3, frequency: 99, money: null }, bounds)).toEqual({
      r: 5,
      f: 5,
      m: null,
      group: 'others',
    })
    expect(rfmBounds([])).toBeNull()
    expect(rfmBounds([{ recency: 3, frequency: 9, money: null }])?.m).toEqual([])
  })
})

describe('a group', () => {
  test.each<[scores: string, group: string]>([
    ['555', 'champions'],
    ['554', 'potential_loyalist'],
    ['333', 'potential_loyalist'],
    ['222', 'loyal_customers'],
    ['424', 'loyal_customers'],
    ['313', 'promising'],
    ['511', 'new_customers'],
    ['144', 'cant_lose_them'],
    ['245', 'cant_lose_them'],
    ['255', 'at_risk'],
    ['124', 'at_risk'],
    ['133', 'need_attention'],
    ['311', 'about_to_sleep'],
    ['111', 'lost'],
    ['155', 'at_risk'],
    ['551', 'others'],
    ['215', 'others'],
  ])('of %s is %s', (scores, group) => {
    const [r, f, m] = [...scores].map(Number) as [number, number, number]
    expect(rfmGroupOf(r, f, m)).toBe(group)
  })

  test('is one of eleven', () => {
    expect(new Set(RFM_GROUPS).size).toBe(11)
  })
})

describe.skipIf(isAbsent)(`the reference of the R package rfm${why}`, () => {
  const AS_OF = '2006-12-31'
  // Amounts in its minor units, as the store keeps them.
  const histories = () =>
    [...Map.groupBy(table('rfm_data_orders.csv'), (row) => row.customer_id!)].map(([id, rows]) => {
      const orders = rows.map((row) => order(row.order_date!, Number(row.revenue) * 100))
      return { id, input: createHistory(orders, ALL).rfmAt(Date.parse(AS_OF), dayOf(AS_OF))! }
    })

  test('bounds are the thresholds of the package, exactly', () => {
    const bounds = rfmBounds(histories().map(({ input }) => input))!
    const lower = (name: string) =>
      table('rfm_pkg.rfm_data_orders.thresholds.csv').map((row) => Number(row[`${name}_lower`]))
    expect(bounds.r).toEqual(lower('recency').slice(1))
    expect(bounds.f).toEqual(lower('frequency').slice(1))
    expect(bounds.m.map((each) => each / 100)).toEqual(lower('monetary').slice(1))
  })

  test('each of the 995 customers has the same recency, frequency, money, scores and group', () => {
    const all = histories()
    const bounds = rfmBounds(all.map(({ input }) => input))!
    const reference = new Map(table('rfm_pkg.rfm_data_orders.csv').map((row) => [row.customer_id!, row]))
    expect(all.length).toBe(995)
    const name = (segment: string) => segment.toLowerCase().replace(/'/g, '').replaceAll(' ', '_')
    const differing = all.filter(({ id, input }) => {
      const row = reference.get(id)!
      const { r, f, m, group } = rfmScore(input, bounds)
      const own = [input.recency, input.frequency, input.money! / 100, r, f, m, group].join()
      const theirs = [row.recency_days, row.transaction_count, row.amount, row.recency_score, row.frequency_score]
      return own !== [...theirs, row.monetary_score, name(row.segment!)].join()
    })
    expect(differing).toEqual([])
    const sizes = Map.groupBy(all, ({ input }) => rfmScore(input, bounds).group)
    for (const row of table('rfm_pkg.rfm_data_orders.segments.csv')) {
      expect([row.segment, sizes.get(name(row.segment!) as never)?.length]).toEqual([
        row.segment,
        Number(row.customers),
      ])
    }
  })
})

describe.skipIf(isAbsent)(`the vectors of pymc-marketing${why}`, () => {
  type Rows = number[][]
  const vectors = isAbsent ? {} : JSON.parse(readFileSync(new URL('pymc_rfm_vectors.json', folder), 'utf8'))
  /** The orders of each customer; `periodOf` gives the day of each, or what stands for it. */
  const customers = (periodOf: (day: number) => number) =>
    [...Map.groupBy(vectors.transactions as [number, string, number][], ([id]) => id)].map(([id, rows]) => {
      const counted = Map.groupBy(rows, ([, date]) => periodOf(dayOf(date)))
      // They add up the orders of a day before they count.
      const orders = [...counted].map(([period, own]) => {
        return { at: period * DAY_MS, total: own.reduce((sum, [, , value]) => sum + value, 0), currency: 'EUR' }
      })
      return { id, orders }
    })
  const end = (periodOf: (day: number) => number) => periodOf(dayOf(vectors.observation_end))
  const ofDay = (day: number) => day

  test('frequency, recency, T and the mean value of repeated orders, by day', () => {
    const own = customers(ofDay).map(({ id, orders }) => {
      const { frequency, recency, age } = createHistory(orders, ALL).buyingAt(Infinity, end(ofDay))!
      const repeated = createHistory(orders.slice(1), { ...ALL, money: 'mean' }).rfmAt(Infinity, end(ofDay))
      return [id, frequency, recency, age, repeated?.money ?? 0]
    })
    expect(own).toEqual(vectors['summary_days_[id,frequency,recency,T,monetary]'] as Rows)
  })

  test('orders, days since the last one, and the mean value', () => {
    const own = customers(ofDay).map(({ id, orders }) => {
      const { recency, frequency, money } = createHistory(orders, { ...ALL, money: 'mean' }).rfmAt(
        Infinity,
        end(ofDay),
      )!
      return [id, frequency, recency, money]
    })
    expect(own).toEqual(vectors['include_first_[id,orders,days_since_last,avg_per_purchase_day]'] as Rows)
  })

  test('frequency, recency and T by calendar week, with the number of the week in the place of the day', () => {
    const ofWeek = (day: number) => Math.floor((day + 3) / 7)
    const own = customers(ofWeek).map(({ id, orders }) => {
      const { frequency, recency, age } = createHistory(orders, ALL).buyingAt(Infinity, end(ofWeek))!
      return [id, frequency, recency, age]
    })
    expect(own).toEqual(vectors['weekly_[id,frequency,recency,T]'] as Rows)
  })
})
