/** The requests and replies of the import routes, as the API document describes them. */
import { z } from '@hono/zod-openapi'
import { isZone } from '../domain/zone.ts'

/** A row that was not imported. */
export const rejectedSchema = z.object({
  row: z.number().openapi({
    description: 'Its position in the JSON array, or the line of the file on which it starts, counted from 1.',
  }),
  code: z.string(),
  message: z.string(),
})

/** The fields that the reply of a dry run has. */
const rehearsedFields = {
  dry_run: z.boolean().optional().openapi({ description: 'True if nothing was written, because it was a dry run.' }),
  preview: z
    .array(
      z.union([
        z.object({ row: z.number(), item: z.unknown() }),
        z.object({ row: z.number(), code: z.string(), message: z.string() }),
      ]),
    )
    .optional()
    .openapi({ description: 'Dry run: the first 20 rows as they were understood, each as a JSON push would hold it.' }),
}

/** The fields that the reply has for NDJSON and CSV only. */
export const importedFields = {
  id: z.string().optional().openapi({ description: 'Files: the import in the history (`/api/v1/imports`).' }),
  rejected_total: z.number().optional().openapi({
    description: 'NDJSON and CSV: the number of all rejected rows, of which `rejected` lists the first 1,000.',
  }),
  notes: z
    .array(z.object({ code: z.string(), count: z.number(), message: z.string() }))
    .optional()
    .openapi({ description: 'What was noticed: in which zone times were read, rows that were joined to one order.' }),
  columns: z
    .array(
      z.object({
        column: z.string(),
        field: z
          .string()
          .nullable()
          .openapi({ description: 'Null if the column is skipped; `note` gives the reason.' }),
        type: z.enum(['text', 'integer', 'decimal', 'boolean', 'date', 'timestamp', 'list']),
        note: z.string().optional(),
        permission: z
          .enum([
            ...['grants', 'forbids', 'status', 'state', 'no_only', 'doubt', 'unread', 'date_of_yes'],
            ...['date_of_no', 'date_of_change'],
          ] as const)
          .optional()
          .openapi({ description: 'What it says about the permission to mail.' }),
      }),
    )
    .optional()
    .openapi({ description: 'CSV: the field to which each column was mapped.' }),
  ...rehearsedFields,
  questions: z
    .array(
      z.object({
        column: z.string(),
        code: z.enum(['unknown_values', 'unknown_heading', 'odd_legend']),
        examples: z
          .array(z.string())
          .openapi({ description: 'The first values, or words of the heading, that are not known.' }),
        rows: z.number(),
      }),
    )
    .optional()
    .openapi({
      description:
        'CSV: columns whose word about mail could not be read. Answer by importing again with `map`: `mail_consent` if a ' +
        'yes in the column allows mail, `mail_refusal` if it refuses, `mail_consent=Weekly|Monthly|!Paper` to say which ' +
        'values allow and (after `!`) refuse, `-` if it is not about mail.',
    }),
  dialect: z
    .object({
      format: z.enum(['csv', 'ndjson', 'json', 'xlsx']),
      encoding: z.string().nullable(),
      delimiter: z.enum(['comma', 'semicolon', 'tab', 'pipe', 'spaces']).nullable(),
      newline: z.enum(['lf', 'crlf', 'cr']).nullable(),
    })
    .optional(),
}

/** The query of an import. */
export const importQuery = z.object({
  map: z
    .string()
    .max(20_000)
    .optional()
    .openapi({
      description:
        'CSV: maps columns to fields, as a JSON object or as `column:field,column:field`. A column is given by its ' +
        'heading, or as `#3` for the third. A field is one of the JSON push, `attributes.NAME`, or `-` to skip the ' +
        'column. The fields of other columns are guessed.',
      example: 'Kunden-Nr:id,Mail:email,Notiz:-',
    }),
  dry_run: z
    .enum(['true', 'false'])
    .optional()
    .openapi({ description: 'Reports what the import would do, and writes nothing.' }),
  file: z
    .string()
    .max(1000)
    .optional()
    .openapi({ description: 'The name of the file, for the history of imports.', example: 'clients.csv' }),
  sheet: z
    .string()
    .max(100)
    .optional()
    .openapi({ description: 'Workbook: the name or number of the sheet; else the first.', example: 'Clients' }),
  match: z
    .enum(['email', 'id'], 'must be email or id')
    .optional()
    .openapi({
      description:
        'CSV: how rows find their contacts, where the import asks (`foreign_ids`): by their address, because the ids are ' +
        'another system’s, or by their ids, because they are right.',
    }),
  currency: z
    .string()
    .max(3)
    .optional()
    .openapi({ description: 'CSV: the currency of amounts that have none.', example: 'EUR' }),
})

/** What the `timezone` of an import must be. */
export const MUST_BE_ZONE = 'timezone must be an IANA time zone such as Europe/Paris'

/** The query of an import of orders. */
export const orderQuery = importQuery.extend({
  timezone: z.string().max(100).refine(isZone, MUST_BE_ZONE).optional().openapi({
    description: 'The time zone of times that name none; otherwise the setting `timezone` of the sites, or UTC.',
    example: 'Europe/Paris',
  }),
  site: z.string().max(64).optional().openapi({
    description: 'The site whose settings `timezone` and `currency` apply; without it those that all sites agree on.',
    example: 'demo',
  }),
  anonymous: z
    .enum(['true', 'false'])
    .optional()
    .openapi({ description: 'CSV: `true` takes a file in which no column names the customers.' }),
})

/** Describes the bodies that are streamed, which never reach the route's own check. */
export function withStreamedBodies<T extends object>(content: T): T {
  return {
    ...content,
    'application/x-ndjson': { schema: { type: 'string', description: 'One object of the JSON push per line.' } },
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': {
      schema: { type: 'string', format: 'binary', description: 'A workbook (.xlsx) of at most 32 MB, read like CSV.' },
    },
    'text/csv': {
      schema: { type: 'string', description: 'Any delimiter and encoding. The first line holds the headings.' },
    },
  }
}
