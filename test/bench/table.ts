/** Prints the figures of a benchmark. */

/** One figure per line; groups of figures are expanded. */
export function printTable(name: string, line: Record<string, unknown>): void {
  console.log(`\n${name}`)
  const rows = Object.entries(line).flatMap(([key, value]): [string, unknown][] =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).map(([inner, figure]): [string, unknown] => [`${key} at ${inner}`, figure])
      : [[key, value]],
  )
  const width = Math.max(...rows.map(([key]) => key.length))
  for (const [key, value] of rows) console.log(`  ${key.padEnd(width)}  ${written(value)}`)
}

function written(figure: unknown): string {
  if (typeof figure !== 'object' || figure === null) return String(figure)
  return Object.entries(figure)
    .map(([name, value]) => `${name} ${typeof value === 'object' ? `(${written(value)})` : value}`)
    .join(', ')
}

/** The quantile `q` of a sorted list. */
export function quantile(values: number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}
