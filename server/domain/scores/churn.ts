/**
 * The BG/NBD model of repeated buying (Fader, Hardie and Lee 2005, "Counting Your Customers" the Easy Way): whether a customer
 * still is one, and how many orders to expect. Customers buy at rates that are gamma distributed (`r`, `alpha`), and leave
 * after an order with probabilities that are beta distributed (`a`, `b`). Times are in any unit, the same in all arguments.
 */
import { logGamma } from './log-gamma.ts'

/** The parameters of the model. `alpha` is a time. */
export type ChurnParameters = { r: number; alpha: number; a: number; b: number }

/**
 * What the model knows of a customer: `frequency`, the number of days with an order after the first; `recency`, the time from
 * the first to the last; and `age`, the time from the first until now (the model's T).
 */
export type BuyingHistory = { frequency: number; recency: number; age: number }

/** The parts of the likelihood that depend on nothing but the parameters and the frequency. */
export function likelihoodOf({ r, alpha, a, b }: ChurnParameters) {
  const constants = r * Math.log(alpha) - logGamma(r) + logGamma(a + b) - logGamma(b)
  const ofFrequency = new Map<number, number>()
  const frequencyPart = (x: number) => {
    let part = ofFrequency.get(x)
    if (part === undefined) {
      part = constants + logGamma(r + x) + logGamma(b + x) - logGamma(a + b + x)
      ofFrequency.set(x, part)
    }
    return part
  }
  /** The logarithm of the likelihood of a customer. */
  return ({ frequency: x, recency, age }: BuyingHistory): number => {
    const stayed = -(r + x) * Math.log(alpha + age)
    if (x === 0) return frequencyPart(x) + stayed
    const left = Math.log(a / (b + x - 1)) - (r + x) * Math.log(alpha + recency)
    const [more, less] = stayed > left ? [stayed, left] : [left, stayed]
    return frequencyPart(x) + more + Math.log1p(Math.exp(less - more))
  }
}

/**
 * The probability that a customer still is one. The model lets customers leave after a repeated order only, so who has
 * bought once still is one.
 */
export function probabilityAlive({ r, alpha, a, b }: ChurnParameters, history: BuyingHistory): number {
  const { frequency: x, recency, age } = history
  if (x === 0) return 1
  const odds = Math.log(a / (b + x - 1)) + (r + x) * Math.log((alpha + age) / (alpha + recency))
  return odds > MAX_ODDS ? 0 : 1 / (1 + Math.exp(odds))
}

/** Beyond these logarithmic odds of having left, nothing of the probability is left. */
export const MAX_ODDS = 700

/** How close to 1 `a` may be without losing digits, and how far from it the two sides are taken instead. */
const NEAR_ONE = 1e-4

/** The number of orders to expect of a customer within a time from now, as the mean of all customers with this history. */
export function expectedOrders(parameters: ChurnParameters, history: BuyingHistory, time: number): number {
  return probabilityAlive(parameters, history) * ordersWhileAlive(parameters, history, time)
}

function ordersWhileAlive(parameters: ChurnParameters, history: BuyingHistory, time: number): number {
  const { r, alpha, a, b } = parameters
  const { frequency: x, age } = history
  if (Math.abs(a - 1) < NEAR_ONE) {
    // At 1 the formula is 0 / 0, and smooth around it.
    const at = (side: number) => ordersWhileAlive({ r, alpha, a: 1 + side, b }, history, time)
    return (at(2 * NEAR_ONE) + at(-2 * NEAR_ONE)) / 2
  }
  const z = time / (alpha + age + time)
  const c = a + b + x - 1
  // Euler's transformation of the paper's function, whose own series hardly converges for frequent buyers. Where all
  // customers buy at nearly the same rate, it is the other way round.
  const left =
    a + b - 1 - r > -MOST_ALTERNATING
      ? scaledHypergeometric(a + b - 1 - r, a - 1, c, z, a - 1)
      : scaledHypergeometric(r + x, b + x, c, z, r + x)
  return (c / (a - 1)) * (1 - left)
}

/** Terms of alternating signs cancel each other's digits; so many do no harm. */
const MOST_ALTERNATING = 10

/** The series ends when a term adds nothing. It has at most so many, for what no sensible fit comes to. */
const MAX_TERMS = 100_000

/** Sums beyond this are divided by it, before they overflow. */
const LARGE = 1e200

/** (1 - z) ** power times the Gauss hypergeometric function 2F1(a, b; c; z), for 0 <= z < 1. */
export function scaledHypergeometric(a: number, b: number, c: number, z: number, power: number): number {
  let term = 1
  let sum = 1
  let exponent = power * Math.log1p(-z)
  for (let n = 0; n < MAX_TERMS; n++) {
    term *= (((a + n) * (b + n)) / ((c + n) * (n + 1))) * z
    sum += term
    if (Math.abs(term) <= 1e-16 * Math.abs(sum)) break
    if (Math.abs(sum) > LARGE) {
      term /= LARGE
      sum /= LARGE
      exponent += Math.log(LARGE)
    }
  }
  return Math.sign(sum) * Math.exp(exponent + Math.log(Math.abs(sum)))
}
