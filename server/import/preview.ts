/** The first rows of a file as they are understood, for somebody who looks before importing. */
import type { SourceRow } from './source-row.ts'

/** A row as the object that a JSON push would hold, or why it cannot be read. `row` is the line on which it starts. */
export type PreviewRow = { row: number; item: unknown } | { row: number; code: string; message: string }

/** How many rows are shown. */
const SHOWN = 20

/** Passes rows on, and notes the first of them. */
export function previewed(source: AsyncIterable<SourceRow[]>): {
  rows: AsyncIterable<SourceRow[]>
  first: PreviewRow[]
} {
  const first: PreviewRow[] = []
  async function* noted(): AsyncGenerator<SourceRow[]> {
    for await (const batch of source) {
      for (const row of batch.slice(0, SHOWN - first.length)) first.push(shown(row))
      yield batch
    }
  }
  return { rows: noted(), first }
}

function shown({ line, ...row }: SourceRow): PreviewRow {
  return 'value' in row ? { row: line, item: row.value } : { row: line, code: row.code, message: row.message }
}
