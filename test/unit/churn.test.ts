/**
 * The model of churn: its formulas by tables of exact values and by simulation, and its fit to the CDNOW customers against
 * the published one, where the file is at hand (`shared/data/rfm` beside the checkout).
 */
import { existsSync, readFileSync } from 'node:fs'
import { parse } from 'csv-parse/sync'
import { describe, expect, test } from 'vitest'
import {
  type BuyingHistory,
  type ChurnParameters,
  expectedOrders,
  likelihoodOf,
  probabilityAlive,
  scaledHypergeometric,
} from '../../server/domain/scores/churn.ts'
import { grouped, lackOf, searchFit } from '../../server/domain/scores/churn-fit.ts'
import { logGamma } from '../../server/domain/scores/log-gamma.ts'
import { createHistory } from '../../server/domain/scores/person-scores.ts'

/** Fader, Hardie and Lee (2005), table 2, to the digits of the authors' spreadsheet; times in weeks. */
const PUBLISHED: ChurnParameters = { r: 0.2426, alpha: 4.4136, a: 0.7929, b: 2.4259 }

const fitted = (histories: BuyingHistory[]) => {
  const search = searchFit(grouped(histories))
  while (!search.step(50_000));
  return search.result()!
}

describe('the logarithm of the gamma function', () => {
  test.each<[x: number, value: number]>([
    [1, 0],
    [2, 0],
    [0.5, Math.log(Math.sqrt(Math.PI))],
    [5, Math.log(24)],
    [0.001, 6.907178885383853],
    [171, 706.5730622457874],
    [1e6, 12815504.569147611],
  ])('of %d', (x, value) => {
    expect(Math.abs(logGamma(x) - value)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(value)))
  })
})

describe('the hypergeometric function', () => {
  test.each<[what: string, value: number, expected: number]>([
    ['F(1, 1; 2; z) = -ln(1 - z) / z', scaledHypergeometric(1, 1, 2, 0.7, 0), -Math.log(0.3) / 0.7],
    ['F(a, b; b; z) = (1 - z) ** -a', scaledHypergeometric(2.5, 3.7, 3.7, 0.9, 0), 0.1 ** -2.5],
    ['F(1/2, 1; 3/2; z²) = atanh(z) / z', scaledHypergeometric(0.5, 1, 1.5, 0.64, 0), Math.atanh(0.8) / 0.8],
    ['times a power, beyond what a number can hold', scaledHypergeometric(2000, 7, 7, 0.5, 2000), 1],
    ['at 0', scaledHypergeometric(3, 4, 5, 0, 9), 1],
  ])('%s', (_, value, expected) => {
    expect(Math.abs(value / expected - 1)).toBeLessThan(1e-12)
  })
})

describe('the model', () => {
  test('gives the values that the authors publish of customers', () => {
    // Of their spreadsheet: customer 1 has x = 2, t_x = 30.43 and T = 38.86, and 1.226 orders are expected in 39 weeks.
    const first = { frequency: 2, recency: 30.43, age: 38.86 }
    expect(expectedOrders(PUBLISHED, first, 39)).toBeCloseTo(1.226, 3)
    expect(probabilityAlive(PUBLISHED, first)).toBeCloseTo(0.7266, 3)
    expect(likelihoodOf(PUBLISHED)(first)).toBeCloseTo(-9.4596, 3)
  })

  test('says that who has bought once is a customer, and that the longer a frequent buyer stays away the less they are', () => {
    expect(probabilityAlive(PUBLISHED, { frequency: 0, recency: 0, age: 200 })).toBe(1)
    const away = [0, 1, 4, 10, 30, 1000, 1e9].map((weeks) => {
      return probabilityAlive(PUBLISHED, { frequency: 8, recency: 30, age: 30 + weeks })
    })
    expect(away).toEqual([...away].sort((a, b) => b - a))
    expect(away.at(-1)).toBeLessThan(1e-20)
    expect(away.every((each) => each >= 0 && each <= 1)).toBe(true)
  })

  test.each<[what: string, parameters: ChurnParameters, history: BuyingHistory, time: number]>([
    ['a customer of CDNOW', PUBLISHED, { frequency: 2, recency: 30.43, age: 38.86 }, 39],
    ['one who has bought once', PUBLISHED, { frequency: 0, recency: 0, age: 12 }, 13],
    ['a very frequent buyer', PUBLISHED, { frequency: 400, recency: 100, age: 101 }, 13],
    ['long after a short time', { r: 0.3, alpha: 0.2, a: 0.6, b: 1.9 }, { frequency: 1, recency: 0.1, age: 0.1 }, 90],
    ['where a is 1', { r: 0.5, alpha: 6, a: 1, b: 3 }, { frequency: 3, recency: 20, age: 25 }, 13],
    ['where a is nearly 1', { r: 0.5, alpha: 6, a: 1.00003, b: 3 }, { frequency: 3, recency: 20, age: 25 }, 13],
    [
      'where rates hardly differ',
      { r: 1000, alpha: 30_000, a: 0.6, b: 3 },
      { frequency: 3, recency: 80, age: 120 },
      90,
    ],
    ['where all leave alike', { r: 0.8, alpha: 30, a: 300, b: 900 }, { frequency: 3, recency: 80, age: 120 }, 90],
    ['where hardly anybody leaves', { r: 0.8, alpha: 30, a: 0.5, b: 900 }, { frequency: 3, recency: 80, age: 120 }, 90],
    ['where a is large', { r: 2, alpha: 60, a: 4, b: 9 }, { frequency: 5, recency: 200, age: 210 }, 90],
  ])('expects orders as the integral over all customers says: %s', (_, parameters, history, time) => {
    const { r, alpha, a, b } = parameters
    const { frequency: x, age } = history
    // Orders until the customer leaves, over the probability to leave after each: Beta(a, b + x), by substitution of p.
    const norm = Math.exp(logGamma(a + b + x) - logGamma(a) - logGamma(b + x))
    const integrand = (p: number) => (1 - (1 + (p * time) / (alpha + age)) ** -(r + x)) / p
    const steps = 200_000
    let sum = 0
    for (let i = 0; i < steps; i++) {
      // p = u ** k makes the density of small a flat at 0.
      const k = Math.ceil(6 / Math.min(1, a))
      const u = (i + 0.5) / steps
      const p = u ** k
      sum += integrand(p) * p ** (a - 1) * (1 - p) ** (b + x - 1) * k * u ** (k - 1)
    }
    const expected = probabilityAlive(parameters, history) * norm * (sum / steps)
    expect(Math.abs(expectedOrders(parameters, history, time) / expected - 1)).toBeLessThan(1e-4)
  })

  test('its likelihood neither overflows nor vanishes for very frequent buyers', () => {
    const value = likelihoodOf(PUBLISHED)({ frequency: 3000, recency: 520, age: 521 })
    expect(Number.isFinite(value)).toBe(true)
    expect(probabilityAlive(PUBLISHED, { frequency: 3000, recency: 520, age: 5210 })).toBe(0)
  })
})

describe('a fit', () => {
  /** Customers as the model describes them, from a generator with a fixed beginning. */
  function simulated(parameters: ChurnParameters, customers: number): BuyingHistory[] {
    let state = 42
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return (state + 0.5) / 2 ** 32
    }
    const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random())
    // Marsaglia and Tsang.
    const gamma = (shape: number): number => {
      if (shape < 1) return gamma(shape + 1) * random() ** (1 / shape)
      const d = shape - 1 / 3
      for (;;) {
        const v = (1 + normal() / Math.sqrt(9 * d)) ** 3
        if (v > 0 && Math.log(random()) < 0.5 * normal() ** 2 + d - d * v + d * Math.log(v)) return d * v
      }
    }
    return Array.from({ length: customers }, () => {
      const rate = gamma(parameters.r) / parameters.alpha
      const [left, right] = [gamma(parameters.a), gamma(parameters.b)]
      const leaving = left / (left + right)
      const age = 200 + Math.floor(random() * 200)
      let [frequency, recency] = [0, 0]
      let next = -Math.log(random()) / rate
      while (next < age) {
        frequency++
        recency = next
        next = random() < leaving ? Infinity : next - Math.log(random()) / rate
      }
      return { frequency, recency, age }
    })
  }

  test('finds again the parameters of simulated customers', { timeout: 20_000 }, () => {
    const parameters = { r: 0.8, alpha: 40, a: 0.9, b: 3 }
    const fit = fitted(simulated(parameters, 6000))
    for (const name of ['r', 'alpha', 'a', 'b'] as const) {
      expect(Math.abs(fit[name] / parameters[name] - 1), `${name} ${fit[name]}`).toBeLessThan(0.25)
    }
  })

  test('is the same in days and in weeks', () => {
    const days = simulated({ r: 0.8, alpha: 40, a: 0.9, b: 3 }, 1000)
    const weeks = days.map(({ frequency, recency, age }) => ({ frequency, recency: recency / 7, age: age / 7 }))
    const [inDays, inWeeks] = [fitted(days), fitted(weeks)]
    expect(inDays.r / inWeeks.r).toBeCloseTo(1, 3)
    expect(inDays.alpha / 7 / inWeeks.alpha).toBeCloseTo(1, 3)
  })

  test('goes in steps that do little each', () => {
    const histories = grouped(simulated(PUBLISHED, 500))
    const search = searchFit(histories)
    let steps = 0
    while (!search.step(histories.length)) steps++
    expect(steps).toBeGreaterThan(100)
    expect(search.result()?.customers).toBe(500)
  })

  const once = { frequency: 0, recency: 0, age: 100 }
  const twice = { frequency: 1, recency: 40, age: 100 }
  test.each<[what: string, histories: BuyingHistory[], lack: string | null]>([
    ['nobody', [], 'too_few_customers'],
    ['99 customers', Array.from({ length: 99 }, () => twice), 'too_few_customers'],
    ['customers of whom hardly anybody came back', [...Array(500).fill(once), twice], 'too_few_repeat_customers'],
    ['customers of a few days', Array(500).fill({ frequency: 1, recency: 3, age: 9 }), 'too_short'],
    ['enough', [...Array(70).fill(once), ...Array(30).fill(twice)], null],
  ])('says what it lacks: %s', (_, histories, lack) => {
    expect(lackOf(grouped(histories))).toBe(lack)
  })

  test('of customers who all come back for ever says that they will', () => {
    // Rates that do not differ, and nobody leaves: the likelihood has no maximum, and the search ends at its border.
    const regular = { frequency: 10, recency: 100, age: 100 }
    const fit = fitted(Array.from({ length: 400 }, () => regular))
    expect(probabilityAlive(fit, regular)).toBeGreaterThan(0.99)
    expect(expectedOrders(fit, regular, 90)).toBeCloseTo(9, 0)
  })

  test('of customers who all leave after the second order says that they have', () => {
    const gone = { frequency: 1, recency: 10, age: 500 }
    const fit = fitted([...Array.from({ length: 300 }, () => gone), ...Array.from({ length: 50 }, () => once)])
    expect(probabilityAlive(fit, gone)).toBeLessThan(0.05)
    expect(expectedOrders(fit, gone, 90)).toBeLessThan(0.2)
  })
})

const folder = new URL('../../../shared/data/rfm/', import.meta.url)
const isAbsent = !existsSync(folder)
const why = isAbsent ? ' (skipped: the references are not at hand)' : ''

describe.skipIf(isAbsent)(`the 2,357 customers of CDNOW${why}`, () => {
  const DAY_MS = 24 * 3600_000
  const AS_OF = Date.parse('1997-09-30')
  const ALL = { zone: 'UTC', currency: 'USD', windowDays: null, money: 'mean' } as const
  const purchases = () => {
    const rows = readFileSync(new URL('CDNOW_sample.txt', folder), 'utf8').trim().split('\n')
    const read = rows
      .map((row) => row.trim().split(/\s+/))
      .map(([, id, date, , dollars]) => ({
        id: Number(id),
        at: Date.parse(date!.replace(/(....)(..)(..)/, '$1-$2-$3')),
        total: Math.round(Number(dollars) * 100),
        currency: 'USD',
      }))
    return [...Map.groupBy(read, ({ id }) => id)]
  }
  const histories = () =>
    purchases().map(([id, orders]) => ({
      id,
      ...createHistory(orders, ALL).buyingAt(AS_OF, AS_OF / DAY_MS)!,
      later: orders.filter(({ at }) => at > AS_OF).length,
    }))

  test('have the frequency, recency and T of the published summary, in weeks to its two decimals', () => {
    const summary = parse(readFileSync(new URL('cdnow_customers_summary.csv', folder), 'utf8'), { columns: true })
    const own = histories()
    expect(own.length).toBe(2357)
    const reference = new Map((summary as Record<string, string>[]).map((row) => [Number(row.ID), row]))
    const differing = own.filter(({ id, frequency, recency, age }) => {
      const row = reference.get(id)!
      const isClose = (days: number, weeks: string) => Math.abs(days / 7 - Number(weeks)) < 0.00501
      return frequency !== Number(row.frequency) || !isClose(recency, row.recency!) || !isClose(age, row.T!)
    })
    expect(differing).toEqual([])
  })

  test('give the published fit: r 0.243, alpha 4.414, a 0.793, b 2.426, log-likelihood -9582.4', () => {
    const weeks = histories().map(({ frequency, recency, age }) => ({ frequency, recency: recency / 7, age: age / 7 }))
    const fit = fitted(weeks)
    console.info('CDNOW', fit)
    expect(fit.r).toBeCloseTo(0.243, 3)
    expect(fit.alpha).toBeCloseTo(4.414, 2)
    expect(fit.a).toBeCloseTo(0.793, 3)
    expect(fit.b).toBeCloseTo(2.426, 2)
    expect(fit.logLikelihood).toBeCloseTo(-9582.4, 1)
  })

  test('split at week 39, are ranked at least as well as by the days since the last order', () => {
    const customers = histories()
    const fit = fitted(customers)
    const auc = (risk: (customer: (typeof customers)[number]) => number) =>
      areaUnderCurve(customers.map((each) => ({ risk: risk(each), isLost: each.later === 0 })))
    const byRecency = auc(({ recency, age }) => age - recency)
    const byModel = auc((customer) => -expectedOrders(fit, customer, 90))
    console.info(`AUC of who buys no more: expected orders ${byModel.toFixed(4)}, last order ${byRecency.toFixed(4)}`)
    expect(byModel).toBeGreaterThanOrEqual(byRecency)
    // Among those who came back, the probability alone ranks as well.
    const repeated = customers.filter(({ frequency }) => frequency > 0)
    const ofRepeated = (risk: (customer: (typeof customers)[number]) => number) =>
      areaUnderCurve(repeated.map((each) => ({ risk: risk(each), isLost: each.later === 0 })))
    const [alive, last] = [
      ofRepeated((each) => -probabilityAlive(fit, each)),
      ofRepeated((each) => each.age - each.recency),
    ]
    console.info(`AUC among those who came back: probability alive ${alive.toFixed(4)}, last order ${last.toFixed(4)}`)
  })
})

/** The probability that somebody who is lost has a higher risk than somebody who is not; a tie counts for half. */
function areaUnderCurve(customers: { risk: number; isLost: boolean }[]): number {
  const sorted = customers.toSorted((a, b) => a.risk - b.risk)
  let [rankSum, lost] = [0, 0]
  for (let from = 0; from < sorted.length; ) {
    let to = from
    while (to < sorted.length && sorted[to]!.risk === sorted[from]!.risk) to++
    const inTie = sorted.slice(from, to).filter(({ isLost }) => isLost).length
    rankSum += inTie * ((from + 1 + to) / 2)
    lost += inTie
    from = to
  }
  return (rankSum - (lost * (lost + 1)) / 2) / (lost * (sorted.length - lost))
}
