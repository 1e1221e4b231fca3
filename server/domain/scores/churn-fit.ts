/**
 * Fits the BG/NBD model to a shop's customers by maximum likelihood. The search goes in steps, so that a caller can do other
 * work in between.
 */
import { itemAt } from '../lookup.ts'
import { type BuyingHistory, type ChurnParameters, likelihoodOf } from './churn.ts'

/** Histories, and how many customers have each. */
export type Counted = BuyingHistory & { customers: number }

/** A fit, the likelihood of all customers that it was fitted to, and how many repeated orders these have. */
export type ChurnFit = ChurnParameters & { logLikelihood: number; customers: number; repeatOrders: number }

/** A fit in a unit of time that is so many times longer: the likelihood is a density of times. */
export function fitIn(fit: ChurnFit, unit: number): ChurnFit {
  return { ...fit, alpha: fit.alpha / unit, logLikelihood: fit.logLikelihood + fit.repeatOrders * Math.log(unit) }
}

/** Why a shop's orders do not make a fit that means anything. */
export type NoFit = 'too_few_customers' | 'too_few_repeat_customers' | 'too_short'

/** What a fit needs: customers, customers who came back, and days between the first order and the last day. */
export const FIT_NEEDS = { customers: 100, repeatCustomers: 30, days: 28 }

/** The histories of customers, those that are equal together. */
export function grouped(histories: Iterable<BuyingHistory>): Counted[] {
  const counted = new Map<string, Counted>()
  for (const history of histories) {
    const key = `${history.frequency} ${history.recency} ${history.age}`
    const same = counted.get(key)
    if (same) same.customers++
    else counted.set(key, { ...history, customers: 1 })
  }
  return [...counted.values()]
}

/** Why histories, in days, do not suffice for a fit. Null if they do. */
export function lackOf(histories: readonly Counted[]): NoFit | null {
  const count = (those: readonly Counted[]) => those.reduce((sum, { customers }) => sum + customers, 0)
  if (count(histories) < FIT_NEEDS.customers) return 'too_few_customers'
  if (count(histories.filter(({ frequency }) => frequency > 0)) < FIT_NEEDS.repeatCustomers) {
    return 'too_few_repeat_customers'
  }
  return histories.some(({ age }) => age >= FIT_NEEDS.days) ? null : 'too_short'
}

/** A search: `step` goes on for about so many evaluations of a customer, and returns whether it has ended. */
export type FitSearch = { step(evaluations: number): boolean; result(): ChurnFit }

/** Parameters as the search sees them: the logarithms of `r`, `alpha`, `a` and `b`. */
type Point = readonly number[]
type Vertex = { point: Point; loss: number }
type Three = [Vertex, Vertex, Vertex]

/**
 * The search goes no further. Where customers are all alike, the likelihood rises, ever less, towards parameters without
 * end: those at the border say the same of everybody.
 */
const FARTHEST = 7

const TOLERANCE = 1e-11
const MAX_EVALUATIONS = 4000

/** Starts the search for the parameters that make histories most likely: Nelder and Mead's simplex, from several places. */
export function searchFit(histories: readonly Counted[]): FitSearch {
  const customers = histories.reduce((sum, each) => sum + each.customers, 0)
  // A unit in which ages are about 1, so that one set of starting points suits all shops.
  const unit = Math.max(1, histories.reduce((sum, each) => sum + each.age * each.customers, 0) / Math.max(1, customers))
  const scaled = histories.map(({ frequency, recency, age, ...rest }) => {
    return { frequency, recency: recency / unit, age: age / unit, ...rest }
  })
  const loss = (point: Point): number => {
    if (point.some((each) => !(Math.abs(each) <= FARTHEST))) return Infinity
    const logLikelihood = likelihoodOf(parametersAt(point))
    let sum = 0
    for (const history of scaled) sum -= logLikelihood(history) * history.customers
    return Number.isNaN(sum) ? Infinity : sum / Math.max(1, customers)
  }
  const search = simplexSearch(loss, STARTS)
  return {
    step(evaluations) {
      return search.step(Math.max(1, Math.floor(evaluations / Math.max(1, scaled.length))))
    },
    result() {
      const { point } = search.best()
      const { r, alpha, a, b } = parametersAt(point)
      const fit = { r, alpha: alpha * unit, a, b }
      const logLikelihood = likelihoodOf(fit)
      const sum = histories.reduce((total, each) => total + logLikelihood(each) * each.customers, 0)
      const repeatOrders = histories.reduce((total, each) => total + each.frequency * each.customers, 0)
      return { ...fit, logLikelihood: sum, customers, repeatOrders }
    },
  }
}

function parametersAt(point: Point): ChurnParameters {
  const [r, alpha, a, b] = point.map(Math.exp) as [number, number, number, number]
  return { r, alpha, a, b }
}

/** Where the search starts: slow and quick buyers, who leave seldom and often. */
const STARTS: Point[] = [
  [-1, -1, -0.5, 0.5],
  [0, 0, 0, 1],
  [0.5, -2, -1.5, 2],
]

/** How wide a simplex begins, and how often it begins again at the best point so far. */
const WIDTH = 0.5
const RESTARTS = 3

/** Minimizes by Nelder and Mead's method from each start, then again around the best. */
function simplexSearch(loss: (point: Point) => number, starts: Point[]) {
  const waiting = [...starts]
  let best: Vertex = { point: itemAt(starts, 0), loss: Infinity }
  let restarts = 0
  let evaluations = 0
  let simplex: Vertex[] = []
  let budget = 0

  const at = (point: Point): Vertex => {
    budget--
    evaluations++
    return { point, loss: loss(point) }
  }
  const begin = (point: Point) => {
    const corners = point.map((_, i) => point.map((each, j) => (i === j ? each + WIDTH : each)))
    simplex = [point, ...corners].map(at)
  }
  /** Replaces the worst vertex by a better one, or draws all together. Returns whether nothing is left to gain. */
  const move = (): boolean => {
    simplex.sort((a, b) => a.loss - b.loss)
    const [first, second, worst] = [0, simplex.length - 2, simplex.length - 1].map((i) => itemAt(simplex, i)) as Three
    if (worst.loss - first.loss <= TOLERANCE * (1 + Math.abs(first.loss)) || evaluations >= MAX_EVALUATIONS) return true
    const others = simplex.slice(0, -1)
    const centre = first.point.map(
      (_, i) => others.reduce((sum, { point }) => sum + itemAt(point, i), 0) / others.length,
    )
    const along = (far: number) => at(centre.map((each, i) => each + far * (each - itemAt(worst.point, i))))
    const replace = (vertex: Vertex) => simplex.splice(-1, 1, vertex)
    const reflected = along(1)
    if (reflected.loss < first.loss) {
      const expanded = along(2)
      replace(expanded.loss < reflected.loss ? expanded : reflected)
    } else if (reflected.loss < second.loss) {
      replace(reflected)
    } else {
      const contracted = along(reflected.loss < worst.loss ? 0.5 : -0.5)
      if (contracted.loss < Math.min(reflected.loss, worst.loss)) replace(contracted)
      else {
        const shrunk = simplex
          .slice(1)
          .map(({ point }) => at(point.map((each, i) => (each + itemAt(first.point, i)) / 2)))
        simplex = [first, ...shrunk]
      }
    }
    return false
  }

  return {
    best: () => best,
    step(steps: number): boolean {
      budget = steps
      do {
        if (simplex.length === 0) {
          const start = waiting.shift() ?? (restarts++ < RESTARTS ? best.point : null)
          if (start === null) return true
          evaluations = 0
          begin(start)
        }
        if (move()) {
          const found = itemAt(simplex, 0)
          if (found.loss < best.loss) best = found
          simplex = []
        }
      } while (budget > 0)
      return false
    },
  }
}
