/**
 * Exports lists as files: CSV for people and spreadsheets, NDJSON for programs. Pages are written as the client reads
 * them, so that a list of millions of rows needs the memory of one page. The layout
 * of a CSV is in `csv-layout.ts`.
 */
import { z } from '@hono/zod-openapi'
import { type CsvLayout, csvQuery, csvText } from './csv-layout.ts'
import { MAX_LIMIT, pageQuery } from './paging.ts'
import { type json, jsonContent } from './shapes.ts'

/** The query of a list that can be exported as a file. Without `limit` a file holds the whole list. */
export const exportQuery = pageQuery.extend({
  limit: pageQuery.shape.limit.unwrap().optional(),
  format: z.enum(['json', 'ndjson', 'csv'], 'must be json, ndjson or csv').default('json'),
  ...csvQuery,
})

/** The file formats of such a list, besides JSON. */
const fileContents = {
  'application/x-ndjson': { schema: z.string().openapi({ description: 'One JSON object per line.' }) },
  'text/csv': { schema: z.string().openapi({ description: 'One row per line, after a header.' }) },
}

/** A JSON or file reply. It has the type of the JSON, the only format that typed clients request. */
export function jsonOrFile<T extends z.ZodType>(description: string, schema: T) {
  return { description, content: { ...jsonContent(schema), ...fileContents } } as unknown as ReturnType<typeof json<T>>
}

/** A page of rows, and whether there are more. */
export type Page<T> = { rows: T[]; more: boolean }

/** The pages of a file: one page of `limit` rows if a limit is given, otherwise all pages. */
export function paged<T>(next: (size: number) => Promise<Page<T>>, limit: number | undefined) {
  return {
    next: async (): Promise<Page<T>> =>
      limit === undefined ? next(MAX_LIMIT) : { rows: (await next(limit)).rows, more: false },
  }
}

/** The cells of a row, by column. */
export type Cells = Record<string, string | number | boolean | null | undefined>

/** Streams the pages as a file. `next` reads the next page; `cells` flattens a row for CSV. */
export function fileResponse<T>(options: {
  format: 'ndjson' | 'csv'
  layout: CsvLayout
  name: string
  next: () => Promise<Page<T>>
  columns: string[]
  cells: (row: T) => Cells
}): never {
  const { format, layout, name, next, columns, cells } = options
  const encoder = new TextEncoder()
  let first = true
  const text = (rows: T[]): string => {
    if (format === 'ndjson') return rows.map((row) => `${JSON.stringify(row)}\n`).join('')
    return csvText(rows.map(cells), columns, layout, first)
  }
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { rows, more } = await next()
      controller.enqueue(encoder.encode(text(rows)))
      first = false
      if (!more) controller.close()
    },
  })
  const response = new Response(body, {
    headers: {
      'content-type': format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson',
      'content-disposition': `attachment; filename="${name}.${format}"`,
    },
  })
  // The replies of these routes are typed as JSON, see `jsonOrFile`.
  return response as never
}

/** A body that is made as the client reads it. */
export function streamOf(bytes: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = bytes[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await iterator.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      await iterator.return?.()
    },
  })
}
