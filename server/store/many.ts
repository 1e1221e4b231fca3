/** Sizes of statements: both engines bound the number of parameters, and a long list reads no faster than two. */

/** The most parameters that a statement may have, on any engine. */
const MAX_PARAMETERS = 30_000

/** Cuts rows so that each part fits a multi-row `values`. */
export function chunksOf<T extends object>(rows: readonly T[]): T[][] {
  const width = rows[0] ? Object.keys(rows[0]).length : 1
  return chunks(rows, Math.max(1, Math.min(500, Math.floor(MAX_PARAMETERS / width))))
}

/** Cuts a list into parts of at most `size`. */
export function chunks<T>(list: readonly T[], size: number): T[][] {
  const parts: T[][] = []
  for (let i = 0; i < list.length; i += size) parts.push(list.slice(i, i + size))
  return parts
}
