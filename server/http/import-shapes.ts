/** What the routes that take files are asked with and answer, for the description of the API. */
import { z } from '@hono/zod-openapi'

/** A row that was not taken. */
export const rejectedSchema = z.object({
  row: z.number().openapi({ description: 'Its position in a JSON array; else the line on which it begins, from 1.' }),
  code: z.string(),
  message: z.string(),
})

/** What is added to the reply for NDJSON and CSV. */
export const importedFields = {
  rejected_total: z.number().optional().openapi({ description: 'NDJSON and CSV: `rejected` lists the first 1,000.' }),
  columns: z
    .array(
      z.object({
        column: z.string(),
        field: z.string().nullable().openapi({ description: 'Null: the column is left out; `note` says why.' }),
        type: z.enum(['text', 'integer', 'decimal', 'boolean', 'date', 'timestamp']),
        note: z.string().optional(),
      }),
    )
    .optional()
    .openapi({ description: 'CSV: what was made of each column.' }),
  dialect: z
    .object({
      format: z.enum(['csv', 'ndjson', 'json']),
      encoding: z.string(),
      delimiter: z.enum(['comma', 'semicolon', 'tab', 'pipe']).nullable(),
      newline: z.enum(['lf', 'crlf', 'cr']).nullable(),
    })
    .optional(),
}

/** The query of imports. */
export const importQuery = z.object({
  map: z
    .string()
    .max(20_000)
    .optional()
    .openapi({
      description:
        'CSV: which column is which field, as a JSON object or as `column:field,column:field`. A column is its heading or ' +
        '`#3` for the third; a field is one of the JSON push, `attributes.NAME`, or `-` to leave it out. Others are guessed.',
      example: 'Kunden-Nr:id,Mail:email,Notiz:-',
    }),
  currency: z
    .string()
    .max(3)
    .optional()
    .openapi({ description: 'CSV: the currency of amounts that name none.', example: 'EUR' }),
})

/** Adds the bodies that are read row by row: they are described here and never reach the route's own check. */
export function withTexts<T extends object>(content: T): T {
  return {
    ...content,
    'application/x-ndjson': { schema: { type: 'string', description: 'One object of the JSON push a line.' } },
    'text/csv': {
      schema: { type: 'string', description: 'Any delimiter and encoding; the first line is of headings.' },
    },
  }
}
