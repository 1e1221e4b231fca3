/** Pages of lists: `?after=CURSOR&limit=`, answered as `{data, next, has_more}`. Cursors are opaque to readers. */
import { z } from '@hono/zod-openapi'
import { Problem } from '../domain/problem.ts'

/** The rows of a page, where nobody asks for fewer. */
export const MAX_LIMIT = 1000

/** The query of every list. */
export const pageQuery = z.object({
  after: z.string().max(2000).optional().openapi({ description: 'The `next` of the page before.' }),
  limit: z.coerce
    .number({ error: `must be an integer from 1 to ${MAX_LIMIT}` })
    .int(`must be an integer from 1 to ${MAX_LIMIT}`)
    .min(1, `must be an integer from 1 to ${MAX_LIMIT}`)
    .max(MAX_LIMIT, `must be an integer from 1 to ${MAX_LIMIT}`)
    .default(MAX_LIMIT),
})

/** The reply of a list of `item`. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ data: z.array(item), next: z.string().nullable(), has_more: z.boolean() })
}

/** A cursor that only the same list understands. */
export function encodeCursor(list: string, position: unknown): string {
  return Buffer.from(JSON.stringify([list, position])).toString('base64url')
}

/** The position in a cursor of this list; 400 `bad_cursor` for anything else. Null where none was given. */
export function decodeCursor<T>(list: string, cursor: string | undefined, schema: z.ZodType<T>): T | null {
  if (cursor === undefined || cursor === '') return null
  let parsed: unknown
  try {
    parsed = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    throw badCursor()
  }
  const checked = z.tuple([z.literal(list), schema]).safeParse(parsed)
  if (!checked.success) throw badCursor()
  return checked.data[1] as T
}

function badCursor(): Problem {
  return new Problem(400, 'bad_cursor', 'after must be the `next` of a page of this same list')
}
