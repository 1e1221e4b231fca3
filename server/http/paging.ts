/** Paging of lists: `?after=CURSOR&limit=` returns `{data, next, has_more}`. Cursors are opaque to clients. */
import { z } from '@hono/zod-openapi'
import { Problem } from '../domain/problem.ts'

/** The most rows of a page, and the default. */
export const MAX_LIMIT = 1000

/** The query of every list. */
export const pageQuery = z.object({
  after: z.string().max(2000).optional().openapi({ description: 'The `next` of the previous page.' }),
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

/** Encodes a position of a list; only the same list accepts the cursor. */
export function encodeCursor(list: string, position: unknown): string {
  return Buffer.from(JSON.stringify([list, position])).toString('base64url')
}

/** Decodes a cursor of this list, or throws a 400 `bad_cursor`. Null without a cursor. */
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

/** `after` of a reader that reads a feed from its beginning, besides none. */
export const BEGINNING = '0'

const seq = z.number().int().nonnegative()

/** A feed's cursor: the last change of a reading that came to its end, or the reading that it continues. */
export const positionSchema = z.union([seq, z.tuple([seq, seq, seq])])

function badCursor(): Problem {
  return new Problem(400, 'bad_cursor', 'after must be the `next` of a page of the same list')
}
