/** The logarithm of the gamma function. */

/** From here on the series is exact to the last digits. */
const LARGE = 10

/** The coefficients of Stirling's series: B(2k) / (2k (2k - 1)). */
const SERIES = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156]

const HALF_LOG_2_PI = Math.log(2 * Math.PI) / 2

/** The logarithm of the gamma function of a positive number. */
export function logGamma(x: number): number {
  let product = 1
  let n = x
  for (; n < LARGE; n++) product *= n
  const inverse = 1 / (n * n)
  const series = SERIES.reduceRight((sum, coefficient) => sum * inverse + coefficient, 0) / n
  return (n - 0.5) * Math.log(n) - n + HALF_LOG_2_PI + series - Math.log(product)
}
